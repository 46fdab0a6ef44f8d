import EmakiPlatform
import EmakiWorkflow

/// One process of a test: it sees a store until it ends after an event.
final class ProcessLife: ProcessSession {
    private struct State {
        var eventCount: Int
        var isOver = false
    }

    private let base: MemoryHistoryStore.Session
    private let endEvent: Int?
    private let onEnd: @Sendable () -> Void
    private let lock = Lock()
    private let state: Guarded<State>

    /// - Parameters:
    ///   - eventCount: events of runs that are stored already.
    ///   - endEvent: it ends once so many are.
    init(
        _ base: MemoryHistoryStore.Session, eventCount: Int, endEvent: Int?,
        onEnd: @escaping @Sendable () -> Void
    ) {
        self.base = base
        self.endEvent = endEvent
        self.onEnd = onEnd
        state = Guarded(State(eventCount: eventCount))
    }

    var isOver: Bool { lock.withLock { state.value.isOver } }
    /// Events of runs in the store.
    var eventCount: Int { lock.withLock { state.value.eventCount } }

    func end() { lock.withLock { state.value.isOver = true } }

    var capabilities: HistoryStoreCapabilities { base.capabilities }

    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        if isOver { return .unusable(MemoryHistoryStore.Session.Ended()) }
        let answer = await base.append(commit)
        guard case .committed = answer else { return answer }
        let ends = lock.withLock { () -> Bool in
            if state.value.isOver { return true }
            for part in commit.parts where part.stream.hasPrefix("run/") {
                state.value.eventCount += part.events.count
            }
            guard let endEvent, state.value.eventCount >= endEvent else { return false }
            state.value.isOver = true
            return true
        }
        guard ends else { return answer }
        onEnd()
        return .unusable(MemoryHistoryStore.Session.Ended())
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        if isOver { throw MemoryHistoryStore.Session.Ended() }
        return try await base.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        if isOver { throw MemoryHistoryStore.Session.Ended() }
        return try await base.streams(prefix: prefix, after: after, limit: limit)
    }

    func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool {
        if isOver { throw MemoryHistoryStore.Session.Ended() }
        return try await base.remove(stream, expecting: expecting, epoch: epoch)
    }
}
