/// Compares what code asks for in a replay with what it asked for when the history was recorded.
///
/// Within a branch the sequence of kind and identity must be the same; branches may be interleaved
/// otherwise. A recorded command that the code does not ask for is a difference, too.
struct Divergence: Sendable, Equatable {
    /// The event after which the two differ.
    var event: Int
    /// What the history has there.
    var recorded: String?
    /// What the code wanted there.
    var found: String?
    /// The branch in which they differ.
    var branch: String
    /// The last command in which they agree, of the branch if there was one lately.
    var lastEqual: String?
    /// Where the code asks for what it wants; where it waits instead, if it wants nothing more.
    var place: SourcePlace?
    /// Where the code asks for the last command in which they agree.
    var lastEqualPlace: SourcePlace?

    var failure: Failure {
        let agreed =
            lastEqual.map { "they agree up to \($0)" + Self.text(", at", lastEqualPlace) }
            ?? "nothing before it is equal"
        let found =
            found.map { $0 + Self.text(", at", place) }
            ?? "nothing more" + Self.text(", and waits at", place)
        return Failure(
            .misuse, type: "Divergence",
            message: "after event \(event), in branch “\(branch)”, the history has "
                + "\(recorded ?? "nothing more") and the code asks for \(found); \(agreed); "
                + Self.advice(suggestedPatch))
    }

    private static func text(_ word: String, _ place: SourcePlace?) -> String {
        place.map { "\(word) \($0)" } ?? ""
    }

    /// One command, described so that a recorded and a new one can be compared. Nearly all are
    /// equal, so words are made of it only where it has to be told.
    struct Entry: Sendable, Equatable {
        /// What tells it from others of its kind.
        enum Name: Equatable {
            /// Nothing: there is one at most.
            case none
            /// The last of a branch path is its place in the branch.
            case inBranch(String)
            /// It belongs to no sequence.
            case alone(String)
        }

        var kind: EventKind
        var name = Name.none
        var what: String?
        /// If inputs are compared.
        var inputHash: UInt64?
        /// Of a new one. It is no part of what is compared.
        var place: SourcePlace?

        static func == (left: Self, right: Self) -> Bool {
            left.kind == right.kind && left.name == right.name && left.what == right.what
                && left.inputHash == right.inputHash
        }

        var branch: String {
            switch name {
            case .none: ""
            case .inBranch(let key): key.lastIndex(of: "/").map { String(key[..<$0]) } ?? ""
            case .alone: text
            }
        }

        var text: String {
            switch name {
            case .none: return kind.typeName
            case .alone(let id): return "\(kind.typeName) \(id)"
            case .inBranch(let key):
                let input = inputHash.map { ", input \(String($0, radix: 16))" } ?? ""
                return "\(kind.typeName) \(key)" + (what.map { " (\($0)\(input))" } ?? "")
            }
        }
    }

    static func find(
        after event: Int, recorded: [Entry], found: [Entry]
    ) -> Divergence? {
        if recorded == found { return nil }
        var left = Dictionary(grouping: recorded, by: \.branch)
        let branches = Dictionary(grouping: found, by: \.branch).sorted { $0.key < $1.key }
        for (branch, commands) in branches {
            let expected = left.removeValue(forKey: branch) ?? []
            if let difference = first(expected, commands, after: event, in: branch) {
                return difference
            }
        }
        guard let (branch, missing) = left.min(by: { $0.key < $1.key }) else { return nil }
        return Divergence(
            event: event, recorded: missing.first?.text, found: nil, branch: branch,
            lastEqual: nil)
    }

    private static func first(
        _ recorded: [Entry], _ found: [Entry], after event: Int, in branch: String
    ) -> Divergence? {
        guard recorded != found else { return nil }
        var equalCount = 0
        while equalCount < min(recorded.count, found.count),
            recorded[equalCount] == found[equalCount]
        { equalCount += 1 }
        func entry(_ list: [Entry]) -> Entry? {
            equalCount < list.count ? list[equalCount] : nil
        }
        let last = equalCount > 0 ? found[equalCount - 1] : nil
        return Divergence(
            event: event, recorded: entry(recorded)?.text, found: entry(found)?.text,
            branch: branch, lastEqual: last?.text, place: entry(found)?.place,
            lastEqualPlace: last?.place)
    }
}

// What may be done about it.
extension Divergence {
    /// A name for `patched(_:)` that tells runs that were there already from others; nil: such a
    /// call was taken out while there are runs that took the new way.
    ///
    /// Made of what the code asks for, or does not ask for any more: the same for all runs that
    /// part there, and another one where code changes again.
    var suggestedPatch: String? {
        if let found { return Self.name(found) }
        guard recorded?.hasPrefix(EventKind.patched.typeName) != true else { return nil }
        return "without-" + Self.name(recorded ?? "")
    }

    /// In one line, for people.
    static func advice(_ patch: String?) -> String {
        guard let patch else {
            return "keep the call of patched, its answer unused, until they have ended"
        }
        return "let both go on: if context.patched(\"\(patch)\") { … as now } "
            + "else { … as it was }"
    }

    /// Of `StepScheduled branch/charge-card#2 (ChargeCard)`: `charge-card-2`.
    private static func name(_ command: String) -> String {
        let words = command.split(separator: " ", maxSplits: 2)
        let key = words.count > 1 ? words[1] : words.first ?? ""
        let last = key.split(separator: "/").last ?? key
        let kept = last.map { $0.isLetter || $0.isNumber ? $0 : "-" }
        return String(kept).split(separator: "-").joined(separator: "-")
    }
}

extension RunMachine {
    /// Describes a command of the code. A divergence is found by comparing descriptions.
    /// - Parameter comparesInput: an input that differs counts too.
    static func describe(_ command: Command, comparesInput: Bool) -> Divergence.Entry {
        switch command {
        case .schedule(let step): describe(step, comparesInput)
        case .cancelStep(let key): entry(.stepCancelRequested, key)
        case .startTimer(let key, _): entry(.timerStarted, key)
        case .cancelTimer(let key): entry(.timerCancelled, key)
        case .patch(let id): alone(.patched, id)
        case .completeUpdate(let id, _): alone(.updateCompleted, "\(id)")
        case .failUpdate(let id, _): alone(.updateFailed, "\(id)")
        case .startChild(let child): entry(.childInitiated, child.key, child.workflowType)
        case .send(let message): entry(.messageSent, message.key, message.workflowID)
        case .pause(let key, _): entry(.paused, key)
        case .checkpoint: Divergence.Entry(kind: .checkpointed)
        case .close: Divergence.Entry(kind: .runClosed)
        }
    }

    /// Describes a recorded command, before it is applied.
    func describe(_ body: HistoryEvent.Body, comparesInput: Bool) -> Divergence.Entry {
        switch body {
        case .stepScheduled(let step): Self.describe(step, comparesInput)
        case .stepCancelRequested(let id):
            Self.entry(.stepCancelRequested, openKey(of: id) ?? "event \(id)")
        case .timerStarted(let key, _): Self.entry(.timerStarted, key)
        case .timerCancelled(let id):
            Self.entry(.timerCancelled, openKey(of: id) ?? "event \(id)")
        case .patched(let id): Self.alone(.patched, id)
        case .updateCompleted(let id, _): Self.alone(.updateCompleted, "\(id)")
        case .updateFailed(let id, _): Self.alone(.updateFailed, "\(id)")
        case .childInitiated(let child):
            Self.entry(.childInitiated, child.key, child.workflowType)
        case .messageSent(let message):
            Self.entry(.messageSent, message.key, message.workflowID)
        case .paused(.compensation(let key, _)): Self.entry(.paused, key)
        default: Divergence.Entry(kind: body.kind)
        }
    }

    private static func describe(
        _ step: StepSchedule, _ comparesInput: Bool
    ) -> Divergence.Entry {
        var described = entry(.stepScheduled, step.key, step.name)
        if comparesInput { described.inputHash = step.inputHash }
        return described
    }

    private static func entry(
        _ kind: EventKind, _ key: String, _ what: String? = nil
    ) -> Divergence.Entry {
        Divergence.Entry(kind: kind, name: .inBranch(key), what: what)
    }

    /// Of what belongs to no sequence.
    private static func alone(_ kind: EventKind, _ id: String) -> Divergence.Entry {
        Divergence.Entry(kind: kind, name: .alone(id))
    }
}
