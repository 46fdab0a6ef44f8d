import EmakiPlatform
import EmakiWorkflowTesting

@testable import EmakiWorkflow

/// A store in memory in which something happens while it is asked, and which counts what it is
/// asked.
final class HookedStore: ForwardingStore, JournaledStore {
    struct Hooks {
        /// Once a stream was read, before the reader hears of it.
        var hasRead: @Sendable (_ stream: String) async -> Void = { _ in }
        /// Before a commit is offered.
        var appends: @Sendable (HistoryCommit) async -> Void = { _ in }
        /// Answers a commit in place of the store.
        var answer: @Sendable (HistoryCommit) -> CommitAnswer? = { _ in nil }
        /// Answers a removal in place of the store.
        var removes: @Sendable (_ stream: String) async throws -> Bool? = { _ in nil }
        var capabilities: @Sendable (inout HistoryStoreCapabilities) -> Void = { _ in }
        /// Streams that were asked for.
        var read: [String] = []
        var removed: [String] = []
        var commitCount = 0
    }

    let base: MemoryHistoryStore.Session
    private let lock = Lock()
    private let hooks = Guarded(Hooks())

    init(_ store: MemoryHistoryStore) { base = store.session() }

    var now: Hooks { lock.withLock { hooks.value } }
    func change(_ body: (inout Hooks) -> Void) { lock.withLock { body(&hooks.value) } }

    var journal: any HistoryJournal { base.journal }

    var capabilities: HistoryStoreCapabilities {
        var capabilities = base.capabilities
        now.capabilities(&capabilities)
        return capabilities
    }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        change { $0.commitCount += 1 }
        await now.appends(commit)
        if let answer = now.answer(commit) { return answer }
        return await base.append(commit)
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        change { $0.read.append(stream) }
        let page = try await base.read(stream, from: index, limit: limit)
        await now.hasRead(stream)
        return page
    }

    func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool {
        change { $0.removed.append(stream) }
        if let answer = try await now.removes(stream) { return answer }
        return try await base.remove(stream, expecting: expecting, epoch: epoch)
    }
}
