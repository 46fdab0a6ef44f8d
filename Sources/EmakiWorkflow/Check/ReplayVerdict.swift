/// What became of a history when code replayed it that may be other code than recorded it.
public struct ReplayVerdict: Sendable, Equatable, Codable {
    /// In short.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// The code asks for what was recorded, as far as the history goes.
        case same
        /// It asks for something else.
        case diverges
        /// It fails where it did not fail before: an error that ends a task, or a payload that it
        /// cannot read.
        case fails
        /// There is no code that the run may go on with.
        case blocked
        /// The history makes no sense, or is of a newer version.
        case damaged
        /// The code ended the process.
        case traps
        /// The code was not done in time.
        case spins
    }

    /// In short.
    public var kind: Kind
    /// Of the code that was replayed; nil: of none.
    public var fingerprint: String?
    /// The last event that the code was shown.
    public var event: Int?
    /// Of a divergence: the branch of the code in which it is; empty: the main one.
    public var branch: String?
    /// What the history has there; nil: nothing more.
    public var recorded: String?
    /// What the code asks for there; nil: nothing more.
    public var found: String?
    /// Where the code asks for that; where it waits instead, if for nothing more. Nil: that is not
    /// known, as of a run's end, which is no call.
    public var place: SourcePlace?
    /// The last command in which both agree, of the branch if there was one lately.
    public var lastEqual: String?
    /// Where the code asks for that.
    public var lastEqualPlace: SourcePlace?
    /// A name for `patched(_:)` that would tell runs that were there already from others.
    public var suggestedPatch: String?
    /// Ids of `patched(_:)` of which the run has gone the new way; nil: none.
    public var patchesTaken: [String]?
    /// Those of which it has gone the old way; nil: none.
    public var patchesDeclined: [String]?
    /// A sentence for people.
    public var message: String

    /// A verdict.
    public init(
        _ kind: Kind, fingerprint: String? = nil, event: Int? = nil, message: String = ""
    ) {
        self.kind = kind
        self.fingerprint = fingerprint
        self.event = event
        self.message = message
    }

    init(_ divergence: Divergence, fingerprint: String) {
        self.init(
            .diverges, fingerprint: fingerprint, event: divergence.event,
            message: divergence.failure.message)
        branch = divergence.branch
        recorded = divergence.recorded
        found = divergence.found
        place = divergence.place
        lastEqual = divergence.lastEqual
        lastEqualPlace = divergence.lastEqualPlace
        suggestedPatch = divergence.suggestedPatch
    }

    /// Of a divergence: what may be done about it, in one line.
    package var advice: String { Divergence.advice(suggestedPatch) }
}

extension ReplayVerdict {
    /// Notes which ways a run has gone. Of an id that is decided for each call, each counts.
    mutating func note(taken: [String], declined: [String]) {
        let (taken, declined) = (Self.ids(taken), Self.ids(declined))
        patchesTaken = taken.isEmpty ? nil : taken
        patchesDeclined = declined.isEmpty ? nil : declined
    }

    /// Of `branch/patched ID#2#each` the id.
    private static func ids(_ names: [String]) -> [String] {
        let mark = "patched "
        let ids = names.map { name -> String in
            guard name.hasSuffix("#each"), let end = name.end(ofLast: mark) else {
                return name
            }
            return String(name[end...].prefix { $0 != "#" })
        }
        return Set(ids).sorted()
    }
}

extension String {
    /// Where the text behind the last occurrence of another one begins.
    fileprivate func end(ofLast text: String) -> String.Index? {
        var index = endIndex
        while index > startIndex {
            index = self.index(before: index)
            if self[index...].hasPrefix(text) { return self.index(index, offsetBy: text.count) }
        }
        return nil
    }
}
