import EmakiPlatform
import EmakiWorkflow

extension HostileHistoryStore {
    /// A process's view of a hostile store.
    public final class Session: ProcessSession {
        private struct State {
            var wrongAnswers = 0
            var pauses = 0
            var commitCount = 0
            var isOver = false
            var moment: (commit: Int, body: @Sendable () -> Void)?
        }

        private enum Deed { case nothing, stored, lost, late, conflict, noSpace }

        private let store: HostileHistoryStore
        private let clock: SkippingClock?
        private let lock = Lock()
        private let state = Guarded(State())

        init(_ store: HostileHistoryStore, _ clock: SkippingClock?) {
            self.store = store
            self.clock = clock
        }

        /// The process is gone: what it does now reaches nobody.
        public var isOver: Bool { lock.withLock { state.value.isOver } }
        /// Commits that this session tried.
        public var commitCount: Int { lock.withLock { state.value.commitCount } }

        /// Ends the process: its commits are answered `unusable` from now on.
        public func end() { lock.withLock { state.value.isOver = true } }

        /// Calls back before a commit to come, for instance to let another owner in there.
        public func before(commit: Int, _ body: @escaping @Sendable () -> Void) {
            lock.withLock { state.value.moment = (commit, body) }
        }

        /// Small ones.
        public var capabilities: HistoryStoreCapabilities {
            HistoryStoreCapabilities(
                eventsPerCommitMax: 256, commitBytesMax: 256 << 10, payloadBytesMax: 64 << 10)
        }

        /// See `HistoryStore`.
        public func claim() async throws -> UInt64 {
            // What was late may land before the new owner is the owner, and never after.
            store.landLate()
            return store.memory.claim()
        }

        /// See `HistoryStore`.
        nonisolated(nonsending) public func append(
            _ commit: HistoryCommit
        ) async -> CommitAnswer {
            let moment = lock.withLock { () -> (@Sendable () -> Void)? in
                state.value.commitCount += 1
                guard state.value.commitCount == state.value.moment?.commit else { return nil }
                return state.value.moment?.body
            }
            moment?()
            if isOver { return .unusable(MemoryHistoryStore.Session.Ended()) }
            store.landLate()
            pauseMaybe()
            store.count { $0.commits += 1 }
            let answer = answer(to: commit, choose())
            if case .fenced = answer { store.count { $0.fenced += 1 } }
            return answer
        }

        private func answer(to commit: HistoryCommit, _ deed: Deed) -> CommitAnswer {
            switch deed {
            case .nothing: return store.store(commit)
            case .stored:
                _ = store.store(commit)
                store.count { $0.unknownStored += 1 }
                return .unknown
            case .lost:
                store.count { $0.unknownLost += 1 }
                return .unknown
            case .late:
                let calls = 2 + Int(store.draw() % 8)
                store.lock.withLock {
                    store.state.value.tally.unknownLate += 1
                    store.state.value.late.append((commit, calls))
                }
                return .unknown
            case .conflict:
                store.count { $0.conflicts += 1 }
                return .conflict
            case .noSpace:
                store.count { $0.noSpace += 1 }
                return .noSpace
            }
        }

        private func choose() -> Deed {
            let malice = store.malice
            let mayBeWrong = lock.withLock { state.value.wrongAnswers < malice.wrongAnswersMax }
            guard mayBeWrong else { return .nothing }
            var rest = store.chance()
            let deeds: [(Deed, Double)] = [
                (.stored, malice.unknownStored), (.lost, malice.unknownLost),
                (.late, malice.unknownLate), (.conflict, malice.conflict),
                (.noSpace, malice.noSpace),
            ]
            for (deed, chance) in deeds {
                if rest < chance {
                    lock.withLock { state.value.wrongAnswers += 1 }
                    return deed
                }
                rest -= chance
            }
            return .nothing
        }

        private func pauseMaybe() {
            guard let clock, store.chance() < store.malice.pause else { return }
            let mayPause = lock.withLock { () -> Bool in
                guard state.value.pauses < store.malice.pausesMax else { return false }
                state.value.pauses += 1
                return true
            }
            guard mayPause else { return }
            store.count { $0.pauses += 1 }
            clock.advance(by: .seconds(5))
        }

        /// See `HistoryStore`.
        public func read(
            _ stream: String, from index: Int, limit: Int
        ) async throws -> HistoryPage {
            try readMaybe()
            let page = store.memory.read(
                stream, from: index, limit: min(limit, store.malice.pageEventsMax))
            // After this read, so that what is late is not seen by the one that expects it.
            store.landLate()
            return page
        }

        /// See `HistoryStore`.
        public func streams(
            prefix: String, after: String?, limit: Int
        ) async throws -> [String] {
            try readMaybe()
            return store.memory.names(prefix: prefix, after: after, limit: limit)
        }

        private func readMaybe() throws {
            if isOver { throw MemoryHistoryStore.Session.Ended() }
            guard store.chance() < store.malice.unreadable else { return }
            store.count { $0.unreadable += 1 }
            throw Unreadable()
        }
    }
}
