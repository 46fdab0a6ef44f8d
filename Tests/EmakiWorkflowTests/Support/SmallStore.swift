import EmakiWorkflowTesting

@testable import EmakiWorkflow

/// A store of which a commit takes few events.
struct SmallStore: ForwardingStore, JournaledStore {
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

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        let isLarge = commit.parts.contains { $0.events.count > eventsPerCommitMax }
        if isLarge { return .refused(WorkflowError.invalid("more than the store takes")) }
        if let answer = answer(commit) { return answer }
        return await base.append(commit)
    }
}
