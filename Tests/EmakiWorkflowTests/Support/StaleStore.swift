import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting

/// A store of which one read, when the test says so, sees a stream as it was after its first event:
/// as if all else had been committed just behind that read.
final class StaleStore: HistoryStore {
    private let base: MemoryHistoryStore.Session
    private let lock = Lock()
    private let staleStream = Guarded<String?>(nil)

    init(_ base: MemoryHistoryStore.Session) { self.base = base }

    func makeStale(_ stream: String) { lock.withLock { staleStream.value = stream } }

    var capabilities: HistoryStoreCapabilities { base.capabilities }

    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        await base.append(commit)
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        let isStale = lock.withLock { () -> Bool in
            guard staleStream.value == stream else { return false }
            staleStream.value = nil
            return true
        }
        guard isStale else { return try await base.read(stream, from: index, limit: limit) }
        var page = try await base.read(stream, from: 0, limit: 1)
        page.isLast = true
        return page
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }
}
