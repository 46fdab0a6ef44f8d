import EmakiWorkflowTesting

@testable import EmakiWorkflow

/// A store of which a commit takes few events.
struct SmallStore: JournaledStore {
    let base: MemoryHistoryStore.Session
    var eventsPerCommitMax: Int
    /// Answers a commit in place of the store.
    var answer: @Sendable (HistoryCommit) -> CommitAnswer? = { _ in nil }

    var journal: any HistoryJournal { base.journal }

    var capabilities: HistoryStoreCapabilities {
        var capabilities = base.capabilities
        capabilities.eventsPerCommitMax = eventsPerCommitMax
        return capabilities
    }

    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        let isLarge = commit.parts.contains { $0.events.count > eventsPerCommitMax }
        if isLarge { return .refused(WorkflowError.invalid("more than the store takes")) }
        if let answer = answer(commit) { return answer }
        return await base.append(commit)
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        try await base.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }

    func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool {
        try await base.remove(stream, expecting: expecting, epoch: epoch)
    }
}
