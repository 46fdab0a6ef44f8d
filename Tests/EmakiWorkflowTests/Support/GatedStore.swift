import EmakiPlatform
import EmakiWorkflowTesting

@testable import EmakiWorkflow

/// A store whose removals wait while it is closed.
final class GatedStore: ForwardingStore, JournaledStore {
    private struct State {
        var isOpen = true
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let base: MemoryHistoryStore.Session
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
