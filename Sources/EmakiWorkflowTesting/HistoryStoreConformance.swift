import EmakiWorkflow

/// What a `HistoryStore` promises, as checks to which any store can be put.
///
///     @Suite struct MyStoreTests {
///         @Test("it keeps a store's promises", arguments: HistoryStoreConformance.Check.allCases)
///         func conforms(check: HistoryStoreConformance.Check) async throws {
///             let conformance = HistoryStoreConformance {
///                 let database = MyDatabase()
///                 return (MyStore(database), MyStore(database))
///             }
///             try await conformance.run(check)
///         }
///     }
///
/// A store may answer `unknown` or `noSpace`, refuse for a moment, or fail to read, as often as it
/// likes, but not for ever: a check then asks again, as an engine would. What a check says happened
/// has to have happened all the same. Durability itself, that what was `committed` is there after a
/// power cut, is not checked here: only the store's own tests can cut its power.
public struct HistoryStoreConformance: Sendable {
    /// One promise.
    public enum Check: String, CaseIterable, Sendable {
        /// A stream that was never written has no events and no token.
        case nothingIsThere
        /// What was committed is read, byte for byte, in order, by both views.
        case committedIsRead
        /// A read from an index gives what is there from it on; pages join without a gap.
        case pagesJoin
        /// Reads give the token that the commit gave.
        case tokensAgree
        /// A commit that expects an older place, or none, is a conflict, and nothing is stored.
        case oldTokensConflict
        /// A commit that expects a place in a stream that was never written is a conflict.
        case missingStreamConflicts
        /// A commit over several streams is stored whole.
        case severalAtOnce
        /// It is not stored at all if one of the streams is elsewhere, whichever.
        case severalOrNone
        /// The same commit again is stored once, and answered like the first time.
        case repeatedIsStoredOnce
        /// Also when other commits came between.
        case repeatedLaterIsStoredOnce
        /// The ids of another commit with other bytes are a conflict, not a repetition.
        case otherBytesConflict
        /// A newer owner fences the older, also when that repeats what it had committed.
        case newOwnerFences
        /// Of several commits that expect one place exactly one is stored.
        case oneOfManyWins
        /// Streams are listed by their beginning, in order, after a name, so many at most.
        case streamsAreListed
        /// Commits and payloads as large as the store says they may be are stored.
        case limitsAreHeld
        /// A read that begins after the answer sees the commit, whichever view made it.
        case readsAreCurrent
        /// A stream that was removed has no events and is not listed, and what is appended later
        /// goes on from its token. Of stores that remove streams.
        case removedIsGone
    }

    /// A promise that a store broke.
    public struct Broken: Error, CustomStringConvertible {
        /// Which.
        public var check: Check
        /// How.
        public var message: String

        /// Which, and how.
        public var description: String { "\(check.rawValue): \(message)" }
    }

    private let open: @Sendable () async throws -> (any HistoryStore, any HistoryStore)

    /// - Parameter open: gives two views of one store that is empty, as two processes have them, or
    ///   the same view twice.
    public init(
        _ open: @escaping @Sendable () async throws -> (any HistoryStore, any HistoryStore)
    ) {
        self.open = open
    }

    /// Puts a new store to one check.
    /// - Throws: `Broken` if it fails; what the store throws again and again.
    public func run(_ check: Check) async throws {
        let (first, second) = try await open()
        var bench = ConformanceBench(check, first, second)
        try await bench.claim()
        switch check {
        case .nothingIsThere: try await bench.nothingIsThere()
        case .committedIsRead: try await bench.committedIsRead()
        case .pagesJoin: try await bench.pagesJoin()
        case .tokensAgree: try await bench.tokensAgree()
        case .oldTokensConflict: try await bench.oldTokensConflict()
        case .missingStreamConflicts: try await bench.missingStreamConflicts()
        case .severalAtOnce: try await bench.severalAtOnce()
        case .severalOrNone: try await bench.severalOrNone()
        case .repeatedIsStoredOnce: try await bench.repeatedIsStoredOnce()
        case .repeatedLaterIsStoredOnce: try await bench.repeatedLaterIsStoredOnce()
        case .otherBytesConflict: try await bench.otherBytesConflict()
        case .newOwnerFences: try await bench.newOwnerFences()
        case .oneOfManyWins: try await bench.oneOfManyWins()
        case .streamsAreListed: try await bench.streamsAreListed()
        case .limitsAreHeld: try await bench.limitsAreHeld()
        case .readsAreCurrent: try await bench.readsAreCurrent()
        case .removedIsGone: try await bench.removedIsGone()
        }
    }

    /// Puts a new store to each check.
    /// - Throws: as `run`, at the first that fails.
    public func runAll() async throws {
        for check in Check.allCases { try await run(check) }
    }
}
