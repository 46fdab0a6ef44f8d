import EmakiPlatform
import EmakiWorkflowTesting

@testable import EmakiWorkflow

/// A store whose removals wait while it is closed.
final class GatedStore: JournaledStore {
    private struct State {
        var isOpen = true
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let base: MemoryHistoryStore.Session
    private let lock = Lock()
    private let state = Guarded(State())

    init(_ base: MemoryHistoryStore.Session) { self.base = base }

    func close() { lock.withLock { state.value.isOpen = false } }

    func open() {
        let waiting = lock.withLock {
            state.value.isOpen = true
            defer { state.value.waiting = [] }
            return state.value.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    var journal: any HistoryJournal { base.journal }
    var capabilities: HistoryStoreCapabilities { base.capabilities }

    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        await base.append(commit)
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
        await withCheckedContinuation { continuation in
            let isOpen = lock.withLock { () -> Bool in
                if !state.value.isOpen { state.value.waiting.append(continuation) }
                return state.value.isOpen
            }
            if isOpen { continuation.resume() }
        }
        return try await base.remove(stream, expecting: expecting, epoch: epoch)
    }
}
