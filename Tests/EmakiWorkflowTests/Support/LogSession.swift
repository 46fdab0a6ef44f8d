import EmakiLog
import EmakiWorkflow
import EmakiWorkflowTesting

/// A real process's view of an event log: when it is gone, it is gone.
struct LogSession: ProcessSession {
    let store: EventLogStore

    init(_ log: EventLog) { store = EventLogStore(log) }

    var isOver: Bool { false }
    var capabilities: HistoryStoreCapabilities { store.capabilities }

    func claim() async throws -> UInt64 { try await store.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        await store.append(commit)
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        try await store.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await store.streams(prefix: prefix, after: after, limit: limit)
    }

    func mayHave(_ stream: String) -> Bool { store.mayHave(stream) }

    func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool {
        try await store.remove(stream, expecting: expecting, epoch: epoch)
    }
}
