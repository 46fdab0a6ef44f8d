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
    /// The last command of the branch in which they agree.
    var lastEqual: String?

    var failure: Failure {
        let agreed = lastEqual.map { "they agree up to \($0)" } ?? "nothing before it is equal"
        return Failure(
            .misuse, type: "Divergence",
            message: "after event \(event), in branch “\(branch)”, the history has "
                + "\(recorded ?? "nothing more") and the code asks for "
                + "\(found ?? "nothing more"); \(agreed)")
    }

    /// - Parameter comparesInput: an input that differs counts too.
    static func find(
        after event: Int, recorded: [HistoryEvent.Body], found: [HistoryEvent.Body],
        comparesInput: Bool
    ) -> Divergence? {
        var left = sequences(recorded, comparesInput)
        for (branch, commands) in sequences(found, comparesInput) {
            let expected = left.removeValue(forKey: branch) ?? []
            if let difference = first(expected, commands, after: event, in: branch) {
                return difference
            }
        }
        guard let (branch, missing) = left.min(by: { $0.key < $1.key }) else { return nil }
        return Divergence(
            event: event, recorded: missing.first, found: nil, branch: branch, lastEqual: nil)
    }

    private static func first(
        _ recorded: [String], _ found: [String], after event: Int, in branch: String
    ) -> Divergence? {
        guard recorded != found else { return nil }
        var equalCount = 0
        while equalCount < min(recorded.count, found.count),
            recorded[equalCount] == found[equalCount]
        { equalCount += 1 }
        func entry(_ list: [String]) -> String? {
            equalCount < list.count ? list[equalCount] : nil
        }
        return Divergence(
            event: event, recorded: entry(recorded), found: entry(found), branch: branch,
            lastEqual: equalCount > 0 ? recorded[equalCount - 1] : nil)
    }

    private static func sequences(
        _ bodies: [HistoryEvent.Body], _ comparesInput: Bool
    ) -> [String: [String]] {
        var sequences: [String: [String]] = [:]
        for body in bodies {
            let (key, text) = describe(body, comparesInput)
            let branch = key.flatMap { key in
                key.lastIndex(of: "/").map { String(key[..<$0]) }
            }
            sequences[branch ?? "", default: []].append(text)
        }
        return sequences
    }

    private static func describe(
        _ body: HistoryEvent.Body, _ comparesInput: Bool
    ) -> (key: String?, text: String) {
        let kind = body.kind.typeName
        switch body {
        case .stepScheduled(let step):
            let hash = comparesInput ? " of input \(String(step.inputHash, radix: 16))" : ""
            return (step.key, "\(kind) \(step.key) (\(step.name))\(hash)")
        case .timerStarted(let key, _): return (key, "\(kind) \(key)")
        case .childInitiated(let child):
            return (child.key, "\(kind) \(child.key) (\(child.workflowType))")
        case .messageSent(let message):
            return (message.key, "\(kind) \(message.key) (\(message.workflowID))")
        case .stepCancelRequested(let id), .timerCancelled(let id):
            return (nil, "\(kind) of event \(id)")
        case .updateCompleted(let id, _), .updateFailed(let id, _):
            return ("update:\(id)/", "\(kind) \(id)")
        case .patched(let id): return ("patch/\(id)/", "\(kind) \(id)")
        case .closed(let outcome): return (nil, "\(kind) (\(outcome.variant))")
        case .paused(.compensation(let key, _)): return (nil, "\(kind) at \(key)")
        default: return (nil, kind)
        }
    }
}
