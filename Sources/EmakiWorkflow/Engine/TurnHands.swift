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

    private final class Hand {
        // Guarded by the lock.
        var isInTurn = false
        var turnCount = 0
        /// At the watchdog's last look.
        var seenCount = -1
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
    func push(_ host: RunHost) {
        let (mustWake, mustStart) = lock.withLock { () -> (Bool, Bool) in
            heavy.append(host, isLate: host.isLate)
            return (idleCount > 0, idleCount == 0 && hands.count < usualCount)
        }
        // Always, for one that is about to sleep.
        word.bump()
        if mustWake { word.wakeOne() }
        if mustStart { start(most: usualCount) }
    }

    /// Of the watchdog: if all are held up, another one begins.
    /// - Returns: whether anybody is at work, or should be.
    func look() -> Bool {
        let (isBusy, mustStart) = lock.withLock { () -> (Bool, Bool) in
            var heldUp = 0
            for hand in hands {
                if hand.isInTurn, hand.turnCount == hand.seenCount { heldUp += 1 }
                hand.seenCount = hand.turnCount
            }
            let isBusy = !heavy.isEmpty || hands.contains(where: \.isInTurn)
            return (isBusy, heldUp == hands.count && !heavy.isEmpty)
        }
        if mustStart { start(most: Self.handsMax) }
        return isBusy
    }

    private func start(most: Int) {
        let hand = lock.withLock { () -> Hand? in
            guard hands.count < most else { return nil }
            hands.append(Hand())
            return hands.last
        }
        guard let hand else { return }
        // Safe to send: it is only looked into under the lock.
        nonisolated(unsafe) let own = hand
        SystemThread.start(name: "emaki-turns") { [self] in unsafe run(own) }
    }

    private func run(_ hand: Hand) {
        let slot = marks?.takeSlot()
        defer { marks?.giveBack(slot) }
        while true {
            let seen = word.value
            if let host = next(hand) {
                marks?.mark(slot, host.partition)
                host.turn()
                marks?.unmark(slot)
                continue
            }
            let mayWait = lock.withLock { () -> Bool in
                guard hands.count <= usualCount else {
                    hands.removeAll { $0 === hand }
                    return false
                }
                idleCount += 1
                return true
            }
            guard mayWait else { return }
            let isCalled = word.wait(while: seen, nanoseconds: Self.restNanoseconds)
            let isOver = lock.withLock { () -> Bool in
                idleCount -= 1
                guard !isCalled, heavy.isEmpty else { return false }
                hands.removeAll { $0 === hand }
                return true
            }
            if isOver { return }
        }
    }

    private func next(_ hand: Hand) -> RunHost? {
        lock.withLock {
            let host = heavy.popFirst()
            hand.isInTurn = host != nil
            if host != nil { hand.turnCount += 1 }
            return host
        }
    }
}

/// How long the turns of a type's runs take. Those of a slow type are not given on the executor,
/// where others' commits wait for them.
final class TypePace: @unchecked Sendable {
    /// A turn that takes longer is slow.
    private static let slowNanoseconds: Int64 = 1_000_000
    /// Slow turns of a slow type: the first ones of a process find everything cold.
    private static let slowTurnsMin = 4

    private let lock = Lock()
    // Guarded by `lock`.
    private var slowTurns = 0

    var isSlow: Bool { lock.withLock { slowTurns >= Self.slowTurnsMin } }

    /// Gives a turn, and notes how long it took.
    ///
    /// By the wall clock, which is cheap; once it said that a turn was slow, by the time for which
    /// the turn had a processor, because others may have had it.
    static func measure(_ host: RunHost, _ turn: () -> Void) {
        let isSuspected = host.pace?.isSuspected ?? false
        let began = clock(isSuspected)
        turn()
        guard let pace = host.pace, clock(isSuspected) - began > slowNanoseconds else { return }
        pace.lock.withLock { pace.slowTurns += 1 }
    }

    private var isSuspected: Bool { lock.withLock { slowTurns > 0 } }

    private static func clock(_ isOwn: Bool) -> Int64 {
        isOwn ? SystemClock.threadCPUNanoseconds() : SystemClock.monotonicNanoseconds()
    }
}
