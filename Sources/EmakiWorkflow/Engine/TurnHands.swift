import EmakiPlatform

/// Threads that give turns beside the executor's, to runs whose turns take long.
///
/// They start when they are needed, and end when they have had nothing to do for a while. Code of a
/// run may hold one up for ever; then the watchdog sees to it that there is another.
final class TurnHands: @unchecked Sendable {
    /// Without work, before a thread ends.
    private static let restNanoseconds: Int64 = 1_000_000_000
    /// Those that are held up included.
    private static let handsMax = 64
    private static let usualMax = 4

    private final class Hand: @unchecked Sendable {
        // Guarded by the lock of the hands.
        var isInTurn = false
        var turnCount = 0
        /// At the watchdog's last look.
        var seenCount = -1
        /// It was in one turn from look to look.
        var isHeldUp = false
    }

    private enum Next {
        case turn(RunHost, wantsHelp: Bool)
        case rest
        case leave
    }

    /// As many as there are processors beside the executor's.
    private let usualCount = max(1, min(TurnHands.usualMax, SystemProcess.processorCount - 1))
    private let marks: RunMarks?
    private let word = WaitWord()
    private let lock = Lock()
    // Guarded by `lock`.
    private var heavy = FairQueue<RunHost>()
    private var hands: [Hand] = []
    private var idleCount = 0

    init(_ marks: RunMarks?) { self.marks = marks }

    /// Gives a host its turn, soon, and not on the executor.
    /// - Returns: false if so many are held up that nobody can.
    func push(_ host: RunHost) -> Bool {
        let (isTaken, mustWake, mustStart) = lock.withLock { () -> (Bool, Bool, Bool) in
            if hands.count >= Self.handsMax, liveCount == 0 { return (false, false, false) }
            heavy.append(host, isLate: host.isLate)
            return (true, idleCount > 0, hands.isEmpty)
        }
        guard isTaken else { return false }
        // Always, for one that is about to sleep.
        word.bump()
        if mustWake { word.wakeOne() }
        if mustStart { start() }
        return true
    }

    /// Of the watchdog: whom it finds in the same turn twice is held up, and another one begins.
    /// - Returns: whether anybody is at work, or should be.
    func look() -> Bool {
        let (isBusy, mustStart) = lock.withLock { () -> (Bool, Bool) in
            for hand in hands {
                hand.isHeldUp = hand.isInTurn && hand.turnCount == hand.seenCount
                hand.seenCount = hand.turnCount
            }
            let isBusy = !heavy.isEmpty || hands.contains(where: \.isInTurn)
            return (isBusy, !heavy.isEmpty && liveCount < usualCount)
        }
        if mustStart { start() }
        return isBusy
    }

    /// Called with the lock held.
    private var liveCount: Int { hands.count { !$0.isHeldUp } }

    private func start() {
        let hand = lock.withLock { () -> Hand? in
            guard liveCount < usualCount, hands.count < Self.handsMax else { return nil }
            hands.append(Hand())
            return hands.last
        }
        guard let hand else { return }
        SystemThread.start(name: "emaki-turns") { [self] in run(hand) }
    }

    private func run(_ hand: Hand) {
        let slot = marks?.takeSlot()
        defer { marks?.giveBack(slot) }
        while true {
            let seen = word.value
            switch next(hand) {
            case .turn(let host, let wantsHelp):
                if wantsHelp { start() }
                marks?.mark(slot, host.partition)
                host.turn()
                marks?.unmark(slot)
            case .rest:
                let isCalled = word.wait(while: seen, nanoseconds: Self.restNanoseconds)
                if mayLeave(hand, isCalled: isCalled) { return }
            case .leave: return
            }
        }
    }

    private func next(_ hand: Hand) -> Next {
        lock.withLock {
            hand.isHeldUp = false
            if let host = heavy.popFirst() {
                hand.isInTurn = true
                hand.turnCount += 1
                return .turn(host, wantsHelp: heavy.count > idleCount && liveCount < usualCount)
            }
            hand.isInTurn = false
            guard liveCount <= usualCount else {
                hands.removeAll { $0 === hand }
                return .leave
            }
            idleCount += 1
            return .rest
        }
    }

    private func mayLeave(_ hand: Hand, isCalled: Bool) -> Bool {
        lock.withLock {
            idleCount -= 1
            guard !isCalled, heavy.isEmpty else { return false }
            hands.removeAll { $0 === hand }
            return true
        }
    }
}

/// How long the turns of a type's runs take. Those of a slow type are not given on the executor,
/// where others' commits wait for them.
final class TypePace: @unchecked Sendable {
    /// A turn that takes longer is slow.
    private static let slowNanoseconds: Int64 = 1_000_000
    /// What a slow turn counts against as many quick ones, when a type becomes slow, when it is
    /// quick again, and how much is remembered at most. The first turns of a process find
    /// everything cold, so one does not make a type slow.
    private static let slowWeight = 4
    private static let slowScore = 12
    private static let quickScore = 4
    private static let scoreMax = 32

    private let lock = Lock()
    // Guarded by `lock`.
    private var score = 0
    private var isSlowNow = false

    var isSlow: Bool { lock.withLock { isSlowNow } }

    /// Gives a turn, and notes how long it took.
    ///
    /// By the wall clock, which is cheap; once it said that a turn was slow, by the time for which
    /// the turn had a processor, because others may have had it.
    static func measure(_ host: RunHost, _ turn: () -> Void) {
        // The host may be somebody else's by the end of the turn.
        guard let pace = host.ownPace else { return turn() }
        let isSuspected = pace.isSuspected
        let began = clock(isSuspected)
        turn()
        pace.note(isSlow: clock(isSuspected) - began > slowNanoseconds)
    }

    private func note(isSlow: Bool) {
        lock.withLock {
            guard isSlow || score > 0 else { return }
            score = isSlow ? min(Self.scoreMax, score + Self.slowWeight) : score - 1
            if score >= Self.slowScore { isSlowNow = true }
            if score <= Self.quickScore { isSlowNow = false }
        }
    }

    private var isSuspected: Bool { lock.withLock { score > 0 } }

    private static func clock(_ isOwn: Bool) -> Int64 {
        isOwn ? SystemClock.threadCPUNanoseconds() : SystemClock.monotonicNanoseconds()
    }
}
