import EmakiWorkflow
import EmakiWorkflowTesting

/// A store that never answers reads of some streams.
final class StuckStore: HistoryStore {
    private let base: MemoryHistoryStore.Session
    private let prefix: String

    init(_ base: MemoryHistoryStore.Session, prefix: String) {
        self.base = base
        self.prefix = prefix
    }

    var capabilities: HistoryStoreCapabilities { base.capabilities }

    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        await base.append(commit)
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        if stream.hasPrefix(prefix) {
            unsafe await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
        }
        return try await base.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }
}
