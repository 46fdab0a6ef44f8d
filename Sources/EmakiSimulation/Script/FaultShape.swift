/// A fault of the disk that a script asks for. It takes the place of those before it.
package struct FaultShape: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// No more faults.
        case none
        /// Every kind of failing call, in turn.
        case failures
        /// Every kind of damage, in turn.
        case damage

        // Calls that fail.
        case failedRead = "failed-read"
        case failedOpen = "failed-open"
        case failedList = "failed-list"
        case failedRename = "failed-rename"
        case failedRemove = "failed-remove"
        case failedResize = "failed-resize"
        /// Nothing of the write is done.
        case failedWrite = "failed-write"
        /// A part of the write is done.
        case partWrite = "part-write"
        /// All of the call is done; only its caller does not know.
        case lateError = "late-error"
        case noSpace = "no-space"
        /// What was to be synced is written with the next sync.
        case failedSync = "failed-sync"
        /// It is shown until the cache is dropped, and never written.
        case droppedSync = "dropped-sync"
        /// It is gone at once.
        case revertedSync = "reverted-sync"
        /// From the n-th call on there is no space for anything new; what was written before can
        /// be overwritten.
        case fullDisk = "full-disk"
        /// No failure: a write that is two calls.
        case splitWrite = "split-write"

        // Damage, of which the caller is not told.
        case flippedBit = "flipped-bit"
        case zeroedSector = "zeroed-sector"
        case swappedSectors = "swapped-sectors"
        case misdirectedWrite = "misdirected-write"
        case lostWrite = "lost-write"
        case shortRead = "short-read"

        /// A disk that says that something is durable which is not (N2). No log withstands that,
        /// and none is excused for it: it shows that what is lost is noticed.
        case lyingSync = "lying-sync"
    }

    package enum Moment: Equatable, Sendable {
        /// The n-th call that the fault concerns, from here on.
        case call(Int)
        /// Of a thousand calls that it concerns, so many.
        case rate(perThousand: Int)
    }

    package var kind: Kind
    /// Nil only for `none`.
    package var moment: Moment?

    package init(_ kind: Kind, _ moment: Moment? = nil) {
        precondition((kind == .none) == (moment == nil), "a fault has a moment")
        self.kind = kind
        self.moment = moment
    }

    var text: String {
        switch moment {
        case nil: kind.rawValue
        case .call(let number): "\(kind.rawValue) at \(number)"
        case .rate(let perThousand): "\(kind.rawValue) rate \(perThousand)"
        }
    }

    init(_ words: inout Words) throws(ScriptError) {
        let word = try words.take("fault")
        guard let kind = Kind(rawValue: word) else {
            throw ScriptError(words.line, "there is no fault \"\(word)\"")
        }
        guard kind != .none else {
            self.init(.none)
            return
        }
        if words.takes("at") {
            self.init(kind, .call(try words.number("call", in: 1...1_000_000)))
        } else if words.takes("rate") {
            self.init(kind, .rate(perThousand: try words.number("rate", in: 0...1000)))
        } else {
            throw ScriptError(words.line, "\"at\" or \"rate\" is missing")
        }
    }
}

extension FaultShape.Kind {
    static let everyFailure: [FaultShape.Kind] = [
        .failedRead, .failedOpen, .failedList, .failedRename, .failedRemove, .failedResize,
        .failedWrite, .partWrite, .lateError, .noSpace, .failedSync, .droppedSync, .revertedSync,
        .splitWrite,
    ]
    static let everyDamage: [FaultShape.Kind] = [
        .flippedBit, .zeroedSector, .swappedSectors, .misdirectedWrite, .lostWrite, .shortRead,
    ]

    /// What a caller is told may be wrong.
    var isDamage: Bool { self == .damage || Self.everyDamage.contains(self) }
}
