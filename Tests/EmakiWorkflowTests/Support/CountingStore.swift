import EmakiWorkflow
import EmakiWorkflowTesting
import Synchronization

/// A store that counts how often something is read.
final class CountingStore: HistoryStore {
    private let base: MemoryHistoryStore.Session
    private let reads = Atomic(0)

    init(_ base: MemoryHistoryStore.Session) { self.base = base }

    var readCount: Int { reads.load(ordering: .relaxed) }

    /// It removes nothing.
    var capabilities: HistoryStoreCapabilities {
        var capabilities = base.capabilities
        capabilities.removesStreams = false
        return capabilities
    }

    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        await base.append(commit)
    }

    func mayHave(_ stream: String) -> Bool { base.mayHave(stream) }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        reads.add(1, ordering: .relaxed)
        return try await base.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }
}
