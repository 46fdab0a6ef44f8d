import EmakiPlatform
import EmakiWorkflow

/// Histories in memory, kept by a store that does everything to an engine that a `HistoryStore`
/// may do, and nothing else.
///
/// Its tokens are random. It answers `unknown` to commits that are stored, that are not, and that
/// will be later, when nobody expects them any more: until then reads are stale. It refuses for no
/// reason, is full, cannot be read, gives pages of a few events, and takes five seconds of the
/// clock to answer. A newer owner fences the older, whose late commits are dropped.
///
/// What it does is drawn from a seed; which call gets which draw depends on how threads take turns.
public final class HostileHistoryStore: Sendable {
    /// How likely it is that something goes wrong, each from 0 to 1.
    public struct Malice: Sendable {
        /// A commit is stored, and answered `unknown`.
        public var unknownStored = 0.06
        /// It is not stored, and answered `unknown`.
        public var unknownLost = 0.06
        /// It is answered `unknown`, and stored a few calls later, if that is still possible.
        public var unknownLate = 0.06
        /// It is refused with `conflict`, and not stored.
        public var conflict = 0.04
        /// It is answered `noSpace`, and not stored.
        public var noSpace = 0.02
        /// A read throws.
        public var unreadable = 0.05
        /// A commit takes five seconds of the clock.
        public var pause = 0.1
        /// Answers to commits that go wrong, of one session; then all go well.
        public var wrongAnswersMax = 6
        /// Pauses of one session.
        public var pausesMax = 1
        /// Events of a page; a read may ask for more.
        public var pageEventsMax = 3

        /// As bad as a story with time-outs of ten seconds and three attempts can bear.
        public init() {}

        /// Nothing goes wrong; pages are short, and tokens are random.
        public static var none: Malice {
            var none = Malice()
            none.wrongAnswersMax = 0
            none.pausesMax = 0
            none.unreadable = 0
            return none
        }
    }

    /// What a read that fails throws.
    public struct Unreadable: Error {
        /// The one value.
        public init() {}
    }

    /// What was done to the engines.
    public struct Tally: Sendable, Equatable {
        /// Commits that were asked for.
        public var commits = 0
        /// `unknown`, and stored.
        public var unknownStored = 0
        /// `unknown`, and not stored.
        public var unknownLost = 0
        /// `unknown`, and stored later.
        public var unknownLate = 0
        /// Of these, those that came too late to be stored.
        public var tooLate = 0
        /// Refused for no reason.
        public var conflicts = 0
        /// Refused for want of space.
        public var noSpace = 0
        /// Reads that failed.
        public var unreadable = 0
        /// Pauses of five seconds.
        public var pauses = 0
        /// Commits of owners that were not owners any more.
        public var fenced = 0

        /// Nothing.
        public init() {}
    }

    struct State {
        var random: UInt64
        var tally = Tally()
        /// To be stored once so many calls were made.
        var late: [(commit: HistoryCommit, calls: Int)] = []
        var stored: [HistoryCommit] = []
    }

    let memory = MemoryHistoryStore()
    let malice: Malice
    let lock = Lock()
    let state: Guarded<State>

    /// An empty store.
    public init(seed: UInt64, malice: Malice = Malice()) {
        self.malice = malice
        state = Guarded(State(random: seed))
    }

    /// A process's view of the store.
    /// - Parameter clock: what its pauses move.
    public func session(clock: SkippingClock? = nil) -> Session { Session(self, clock) }

    /// What was done so far.
    public var tally: Tally { lock.withLock { state.value.tally } }

    /// Every history, as it is stored; nothing goes wrong. What was to be stored later is, or not.
    public func settledHistories() throws(HistoryError) -> [[HistoryEvent]] {
        for commit in takeLate(all: true) { land(commit) }
        var histories: [[HistoryEvent]] = []
        for name in memory.names(prefix: "run/", after: nil, limit: .max) {
            var history: [HistoryEvent] = []
            for event in memory.read(name, from: 0, limit: .max).events {
                history.append(
                    try HistoryEvent(metadata: event.metadata, payload: event.payload))
            }
            histories.append(history)
        }
        return histories.filter(\.isOfBegunRun)
    }

    // MARK: What comes late

    /// One more call was made: commits whose time has come are stored.
    func landLate() {
        for commit in takeLate(all: false) { land(commit) }
    }

    private func takeLate(all: Bool) -> [HistoryCommit] {
        lock.withLock {
            var due: [HistoryCommit] = []
            for index in state.value.late.indices { state.value.late[index].calls -= 1 }
            state.value.late.removeAll { entry in
                guard all || entry.calls <= 0 else { return false }
                due.append(entry.commit)
                return true
            }
            return due
        }
    }

    private func land(_ commit: HistoryCommit) {
        if case .committed = store(commit) { return }
        lock.withLock { state.value.tally.tooLate += 1 }
    }

    // MARK: Storing

    func store(_ commit: HistoryCommit) -> CommitAnswer {
        lock.withLock {
            let answer = memory.append(commit)
            if case .committed = answer { state.value.stored.append(commit) }
            return answer
        }
    }

    /// What was stored, in order; a repeated commit as often as it was answered.
    public var commits: [HistoryCommit] { lock.withLock { state.value.stored } }

    /// The attempt that this is about is in the store, as it is now.
    public func hasRecorded(_ attempt: AttemptInfo) -> Bool {
        let stream = "run/\(attempt.workflowID)/\(attempt.runID)"
        let events = memory.read(stream, from: 0, limit: .max).events
        return events.contains { stored in
            guard
                let event = try? HistoryEvent(
                    metadata: stored.metadata, payload: stored.payload)
            else { return false }
            switch event.body {
            case .stepScheduled: return event.id == attempt.step && attempt.attempt == 1
            case .attemptStarted(let step, let number):
                return step == attempt.step && number == attempt.attempt
            default: return false
            }
        }
    }

    // MARK: Chance

    func count(_ body: (inout Tally) -> Void) { lock.withLock { body(&state.value.tally) } }

    /// From 0 up to 1.
    package func chance() -> Double { Double(draw() >> 11) * 0x1p-53 }

    func draw() -> UInt64 {
        lock.withLock {
            state.value.random &+= 0x9e37_79b9_7f4a_7c15
            var z = state.value.random
            z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
            return z ^ z >> 31
        }
    }
}
