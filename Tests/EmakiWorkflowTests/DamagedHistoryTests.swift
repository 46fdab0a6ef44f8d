import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// A history of which a byte is not what was recorded.
@Suite struct DamagedHistoryTests {
    /// A store in which the run `o` waits for somebody outside.
    private func waiting() async throws -> (MemoryHistoryStore, TaskToken) {
        let store = MemoryHistoryStore()
        let engine = try await makeEngine([Outside.self], [Later()], on: store.session())
        let handle = try await engine.start(Outside.self, id: "o", Nothing())
        var step: Int?
        while step == nil {
            if case .attemptHandedOver(let id, _, _) = try await handle.history().last?.body {
                step = id
            }
            await Task.yield()
        }
        let token = TaskToken(
            workflowID: "o", runID: try await handle.describe().runID, step: try #require(step),
            attempt: 1)
        engine.close()
        return (store, token)
    }

    @Test("everybody who asks for something of a damaged run is told, and nothing is recorded")
    func told() async throws {
        let (store, token) = try await waiting()
        let spoiled = SpoiledStore(store.session())
        let engine = try await makeEngine(
            [Outside.self, AccountTransfer.self],
            [
                Later(), Debit(world: World()), Credit(world: World()),
                Refund(world: World()),
            ],
            on: spoiled, clock: SkippingClock(skips: false))
        let handle = engine.handle(Outside.self, id: "o")
        func isDamaged(_ body: () async throws -> Void) async throws {
            do {
                try await body()
                Issue.record("it was answered")
            } catch WorkflowError.damaged(let id, _) {
                #expect(id == "o")
            }
        }
        try await isDamaged { _ = try await engine.complete(token, "done") }
        let failure = Failure(.application, type: "No", message: "no")
        try await isDamaged { _ = try await engine.fail(token, failure) }
        try await isDamaged { _ = try await handle.describe() }
        try await isDamaged { _ = try await handle.result() }
        try await isDamaged { try await handle.cancel() }
        try await isDamaged { try await handle.terminate(reason: "gone") }
        try await isDamaged { _ = try await engine.start(Outside.self, id: "o", Nothing()) }
        // The others are not concerned.
        let receipt = try await engine.execute(AccountTransfer.self, id: "t", Transfer(amount: 1))
        #expect(receipt == "debited 1, credited 1")
        engine.close()
        // It was the reading, so the run is as it was.
        let next = try await makeEngine([Outside.self], [Later()], on: store.session())
        #expect(try await next.complete(token, "done"))
        #expect(try await next.handle(Outside.self, id: "o").result() == "done")
        next.close()
    }
}

/// A store whose events of the run `o` are not what was stored.
private final class SpoiledStore: HistoryStore {
    private let base: MemoryHistoryStore.Session

    init(_ base: MemoryHistoryStore.Session) { self.base = base }

    var capabilities: HistoryStoreCapabilities { base.capabilities }
    func claim() async throws -> UInt64 { try await base.claim() }
    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        await base.append(commit)
    }
    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        var page = try await base.read(stream, from: index, limit: limit)
        guard stream.hasPrefix("run/o/") else { return page }
        for place in page.events.indices where place + index == 1 {
            page.events[place].metadata[0] ^= 0xff
        }
        return page
    }
    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }
}
