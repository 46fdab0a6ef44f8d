import EmakiPlatform

/// Gives hosts their turns, in the order in which they asked for one: on the store's executor, so
/// that what they submit meets in one commit. Those of the backlog get every second turn while
/// others wait, too.
///
/// A turn runs the code of a workflow, and code may compute for ever. So a watchdog looks at the
/// pump: if one turn takes longer than some milliseconds, another thread gives the turns from then
/// on, and makes durable what was submitted, until the one that is held up comes back. Runs whose
/// turns take long get them from other threads, where nobody waits for them (`TurnHands`).
final class RunPump: @unchecked Sendable {
    /// Turns before others get time on the executor, so that what was submitted is written.
    private static let turnsPerStretch = 64
    /// No turn is begun later than this in a stretch.
    private static let stretchNanoseconds: Int64 = 1_000_000
    /// Looks of the watchdog at hosts that wait while no turn is given at all, before it takes the
    /// executor itself for held up.
    private static let stallLooksMax = 10
    /// Looks of the watchdog without a turn before it looks no more.
    private static let idleLooksMax = 200
    /// Between two looks of a relief thread for what was submitted: at first, and at most.
    private static let reliefRest: Int64 = 1_000_000
    private static let reliefRestMax: Int64 = 16_000_000

    private let executor: any TaskExecutor
    /// The executor has a thread of its own; of Swift's pool a turn may be long in coming although
    /// nobody holds it up.
    private let hasOwnThread: Bool
    private let store: any HistoryStore
    private let marks: RunMarks?
    private let hands: TurnHands
    /// Bumped for a relief thread that sleeps.
    private let reliefWord = WaitWord()

    private let lock = Lock()
    // Guarded by `lock`.
    private var ready = FairQueue<RunHost>()
    /// Somebody gives turns, or is about to.
    private var isRunning = false
    /// Who gives them; bumped when somebody else takes over.
    private var shift = 0
    private var isRelieved = false
    private var turnCount = 0
    private var isInTurn = false
    private var isWatched = false

    /// - Parameter executor: nil: Swift's pool.
    init(_ executor: (any TaskExecutor)?, _ store: any HistoryStore, _ marks: RunMarks?) {
        self.executor = executor ?? globalConcurrentExecutor
        hasOwnThread = executor != nil
        self.store = store
        self.marks = marks
        hands = TurnHands(marks)
    }

    /// Gives a host its turn, soon.
    func push(_ host: RunHost) {
        // Of Swift's pool every thread is as good as any other.
        if hasOwnThread, host.isHeavy, hands.push(host) { return watch() }
        lock.lock()
        ready.append(host, isLate: host.isLate)
        let wakesRelief = isRelieved
        let mustStart = !isRunning
        isRunning = true
        let shift = shift
        lock.unlock()
        if wakesRelief {
            reliefWord.bump()
            reliefWord.wakeOne()
        }
        guard mustStart else { return }
        // Detached, so that it inherits nothing of whoever woke it.
        Task.detached(executorPreference: executor) { [self] in await run(shift) }
        watch()
    }

    private func watch() {
        let mustWatch = lock.withLock { () -> Bool in
            defer { isWatched = true }
            return !isWatched
        }
        if mustWatch { Watchdog.shared.watch(self) }
    }

    /// - Parameter first: the shift at which it was asked for: if somebody has taken over since,
    ///   because it did not come, it takes over again.
    private func run(_ first: Int) async {
        var shift = first
        let slot = marks?.takeSlot()
        while true {
            let end = SystemClock.monotonicNanoseconds() + Self.stretchNanoseconds
            for _ in 0..<Self.turnsPerStretch {
                guard let host = take(&shift, isHome: true) else {
                    marks?.giveBack(slot)
                    return
                }
                turn(of: host, slot)
                if SystemClock.monotonicNanoseconds() >= end { break }
            }
            endTurn(shift)
            await Task.yield()
        }
    }

    private func turn(of host: RunHost, _ slot: Int?) {
        marks?.mark(slot, host.partition)
        host.turn()
        marks?.unmark(slot)
    }

    /// Others get time on the executor now, which may take long.
    private func endTurn(_ shift: Int) {
        lock.withLock { if shift == self.shift { isInTurn = false } }
    }

    /// Ends a turn and takes the next.
    /// - Parameter isHome: of the executor's own task, which takes over again when it was relieved.
    /// - Returns: nil if there is none, or somebody else gives them.
    private func take(_ shift: inout Int, isHome: Bool) -> RunHost? {
        lock.lock()
        defer { lock.unlock() }
        if shift != self.shift {
            guard isHome else { return nil }
            self.shift += 1
            shift = self.shift
            isRelieved = false
            reliefWord.bump()
            reliefWord.wakeOne()
        }
        guard let host = ready.popFirst() else {
            isInTurn = false
            if isHome { isRunning = false }
            return nil
        }
        isInTurn = true
        turnCount += 1
        return host
    }

    // MARK: The watchdog

    /// What the watchdog remembers from look to look.
    struct Looks {
        fileprivate var turnCount = 0
        /// In a row, in which hosts waited and none got a turn.
        fileprivate var stalled = 0
        /// In a row, in which nobody was there.
        fileprivate var idle = 0
    }

    /// - Returns: whether to look again; otherwise the next push asks for it.
    func look(_ looks: inout Looks) -> Bool {
        lock.lock()
        let isHelped = hands.look()
        let isSame = turnCount == looks.turnCount
        let isWaiting = hasOwnThread && isRunning && !isRelieved && !ready.isEmpty
        looks.stalled = isSame && isWaiting && !isInTurn ? looks.stalled + 1 : 0
        let isHeldUp = (isInTurn && isSame) || looks.stalled >= Self.stallLooksMax
        looks.turnCount = turnCount
        looks.idle = isRunning || isHelped ? 0 : looks.idle + 1
        let mayLook = looks.idle < Self.idleLooksMax
        if !mayLook { isWatched = false }
        if isHeldUp {
            shift += 1
            isRelieved = true
            isInTurn = false
        }
        let shift = shift
        lock.unlock()
        if isHeldUp {
            looks.stalled = 0
            startRelief(shift)
        }
        return mayLook
    }

    /// A thread that gives turns while the one before is held up.
    private func startRelief(_ first: Int) {
        SystemThread.start(name: "emaki-relief") { [self] in
            var shift = first
            let slot = marks?.takeSlot()
            defer { marks?.giveBack(slot) }
            var rest = Self.reliefRest
            while isOnDuty(shift) {
                let seen = reliefWord.value
                var isBusy = false
                for _ in 0..<Self.turnsPerStretch {
                    guard let host = take(&shift, isHome: false) else { break }
                    turn(of: host, slot)
                    isBusy = true
                }
                endTurn(shift)
                if store.relieveExecutor() || isBusy {
                    rest = Self.reliefRest
                    continue
                }
                _ = reliefWord.wait(while: seen, nanoseconds: rest)
                rest = min(2 * rest, Self.reliefRestMax)
            }
        }
    }

    /// The executor is held up.
    var isRelievedNow: Bool { lock.withLock { isRelieved } }

    private func isOnDuty(_ shift: Int) -> Bool { lock.withLock { self.shift == shift } }
}
