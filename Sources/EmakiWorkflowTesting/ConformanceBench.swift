import EmakiWorkflow

/// A store under test, and how it is asked: patiently, where it may be slow to know.
struct ConformanceBench {
    typealias Part = HistoryCommit.Part
    typealias Event = HistoryCommit.NewEvent

    /// Answers that say nothing, one after the other, before a check gives up.
    private static let patience = 1_000

    let check: HistoryStoreConformance.Check
    let first: any HistoryStore
    let second: any HistoryStore
    private(set) var epoch: UInt64 = 0
    private var number: UInt64 = 0

    init(
        _ check: HistoryStoreConformance.Check, _ first: any HistoryStore,
        _ second: any HistoryStore
    ) {
        self.check = check
        self.first = first
        self.second = second
    }

    // MARK: Verdicts

    func broken(_ message: String) -> HistoryStoreConformance.Broken {
        HistoryStoreConformance.Broken(check: check, message: message)
    }

    func require(_ claim: Bool, _ message: @autoclosure () -> String) throws {
        if !claim { throw broken(message()) }
    }

    // MARK: Making

    /// New events, each with an id that no other has.
    mutating func events(_ count: Int, payload: [UInt8]? = nil) -> [Event] {
        (0..<count).map { _ in
            number += 1
            return Event(
                id: (0xc0ff_ee00, number), type: "Tested\(number % 3)",
                metadata: Array("metadata \(number)".utf8),
                payload: payload ?? Array("payload \(number)".utf8))
        }
    }

    func commit(_ parts: [Part], epoch: UInt64? = nil) -> HistoryCommit {
        HistoryCommit(partition: 7, epoch: epoch ?? self.epoch, parts: parts)
    }

    func commit(
        _ stream: String, _ expecting: VersionToken?, _ events: [Event], epoch: UInt64? = nil
    ) -> HistoryCommit {
        commit([Part(stream: stream, expecting: expecting, events: events)], epoch: epoch)
    }

    // MARK: Asking

    /// The first view becomes the owner.
    mutating func claim() async throws { epoch = try await claimed(by: first) }

    func claimed(by store: any HistoryStore) async throws -> UInt64 {
        try await patiently { try await store.claim() }
    }

    private func patiently<R>(_ body: () async throws -> R) async throws -> R {
        var count = 0
        while true {
            do { return try await body() } catch {
                count += 1
                if count > Self.patience { throw error }
            }
        }
    }

    /// A definite answer: as long as nobody knows, the same commit is offered again.
    ///
    /// A store may refuse with `conflict` for a moment what it stores later, so a conflict is asked
    /// for three times.
    func answer(
        _ commit: HistoryCommit, by store: (any HistoryStore)? = nil
    ) async throws -> CommitAnswer {
        let store = store ?? first
        var conflicts = 0
        for _ in 0..<Self.patience {
            let answer = await store.append(commit)
            switch answer {
            case .unknown, .noSpace: continue
            case .conflict where conflicts < 2: conflicts += 1
            default: return answer
            }
        }
        throw broken("no definite answer after \(Self.patience) times")
    }

    /// - Returns: the streams' new tokens.
    @discardableResult
    func stored(
        _ commit: HistoryCommit, by store: (any HistoryStore)? = nil
    ) async throws -> [VersionToken] {
        let answer = try await answer(commit, by: store)
        guard case .committed(let tokens) = answer else {
            throw broken("a commit that should be stored is answered \(answer)")
        }
        try require(
            tokens.count == commit.parts.count,
            "\(tokens.count) tokens for \(commit.parts.count) streams")
        return tokens
    }

    func conflicts(_ commit: HistoryCommit, _ what: String) async throws {
        let answer = try await answer(commit)
        guard case .conflict = answer else {
            throw broken("\(what) is answered \(answer), not conflict")
        }
    }

    /// All events of a stream, by pages, and the last page's token.
    func read(
        _ stream: String, from index: Int = 0, limit: Int = 1_000,
        by store: (any HistoryStore)? = nil
    ) async throws -> (events: [HistoryPage.Stored], token: VersionToken?) {
        let store = store ?? first
        var events: [HistoryPage.Stored] = []
        var next = index
        while true {
            let place = next
            let page = try await patiently {
                try await store.read(stream, from: place, limit: limit)
            }
            next = page.next ?? place + page.events.count
            try require(page.events.count <= limit, "a page of more than \(limit) events")
            events += page.events
            if page.isLast { return (events, page.token) }
            try require(!page.events.isEmpty, "an empty page that is not the last")
        }
    }

    func removed(_ stream: String, expecting: VersionToken?) async throws -> Bool {
        let (first, epoch) = (first, epoch)
        return try await patiently {
            try await first.remove(stream, expecting: expecting, epoch: epoch)
        }
    }

    func streams(
        _ prefix: String, after: String? = nil, limit: Int = 1_000
    ) async throws -> [String] {
        let first = first
        return try await patiently {
            try await first.streams(prefix: prefix, after: after, limit: limit)
        }
    }

    /// A stream holds these events and no others, as both views see it.
    func holds(_ stream: String, _ events: [Event]) async throws {
        for store in [first, second] {
            let found = try await read(stream, by: store).events
            let expected = events.map {
                HistoryPage.Stored(metadata: $0.metadata, payload: $0.payload)
            }
            try require(
                found == expected,
                "\(stream) holds \(found.count) events instead of \(expected.count), or others")
        }
    }
}
