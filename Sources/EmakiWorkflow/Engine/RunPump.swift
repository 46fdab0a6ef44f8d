import EmakiPlatform

/// Gives hosts their turns, in the order in which they asked for one: on the store's executor, so
/// that what they submit meets in one commit.
///
/// A turn runs the code of a workflow, and code may compute for ever. So a watchdog looks at the
/// pump: if one turn takes longer than some milliseconds, another thread gives the turns from then
/// on, and makes durable what was submitted, until the one that is held up comes back.
final class RunPump: @unchecked Sendable {
    /// Turns before others get time on the executor, so that what was submitted is written.
    private static let turnsPerStretch = 16
    /// A turn that takes longer is taken for one that holds the pump up.
    private static let turnMax: Int64 = 5_000_000
    /// Looks of the watchdog without a turn before it goes to sleep.
    private static let idleLooksMax = 200
    /// Between two looks of a relief thread for what was submitted.
    private static let reliefNanoseconds: Int64 = 1_000_000

    private let executor: any TaskExecutor
    private let store: any HistoryStore
    private let marks: RunMarks?
    /// Bumped for a relief thread that sleeps.
    private let reliefWord = WaitWord()
    /// Bumped for a watchdog that sleeps.
    private let watchWord = WaitWord()

    private let lock = Lock()
    // Guarded by `lock`.
    private var ready: ContiguousArray<RunHost> = []
    private var firstReady = 0
    /// Somebody gives turns, or is about to.
    private var isRunning = false
    /// Who gives them; bumped when somebody else takes over.
    private var shift = 0
    private var isRelieved = false
    private var turnCount = 0
    private var isInTurn = false
    private var watch = Watch.absent

    private enum Watch {
        case absent, looking, asleep
    }

    init(_ executor: any TaskExecutor, _ store: any HistoryStore, _ marks: RunMarks?) {
        self.executor = executor
        self.store = store
        self.marks = marks
    }

    deinit {
        watchWord.bump()
        watchWord.wakeOne()
    }

    /// Gives a host its turn, soon.
    func push(_ host: RunHost) {
        lock.lock()
        ready.append(host)
        let wakesRelief = isRelieved
        let mustStart = !isRunning
        isRunning = true
        let watch = watch
        if mustStart { self.watch = .looking }
        lock.unlock()
        if wakesRelief {
            reliefWord.bump()
            reliefWord.wakeOne()
        }
        guard mustStart else { return }
        // Detached, so that it inherits nothing of whoever woke it.
        Task.detached(executorPreference: executor) { [self] in await run() }
        switch watch {
        case .looking: break
        case .absent: startWatching()
        case .asleep:
            watchWord.bump()
            watchWord.wakeOne()
        }
    }

    private func run() async {
        var shift = lock.withLock { self.shift }
        let slot = marks?.takeSlot()
        while true {
            for _ in 0..<Self.turnsPerStretch {
                guard let host = take(&shift, isHome: true) else {
                    marks?.giveBack(slot)
                    return
                }
                turn(of: host, slot)
            }
            await Task.yield()
        }
    }

    private func turn(of host: RunHost, _ slot: Int?) {
        marks?.mark(slot, host.partition)
        host.turn()
        marks?.unmark(slot)
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
        guard firstReady < ready.count else {
            ready.removeAll(keepingCapacity: true)
            firstReady = 0
            isInTurn = false
            if isHome { isRunning = false }
            return nil
        }
        isInTurn = true
        turnCount += 1
        let host = ready[firstReady]
        firstReady += 1
        if firstReady > 1_024, firstReady * 2 > ready.count {
            ready.removeFirst(firstReady)
            firstReady = 0
        }
        return host
    }

    // MARK: The watchdog

    private func startWatching() {
        SystemThread.start(name: "emaki-watchdog") { [weak self, watchWord] in
            var seenTurn = 0
            var idleLooks = 0
            while true {
                let seen = watchWord.value
                guard let next = self?.look(&seenTurn, &idleLooks) else { return }
                if next {
                    _ = watchWord.wait(while: seen, nanoseconds: Self.turnMax)
                } else {
                    watchWord.wait(while: seen)
                }
            }
        }
    }

    /// - Returns: whether to look again soon; otherwise when woken.
    private func look(_ seenTurn: inout Int, _ idleLooks: inout Int) -> Bool {
        lock.lock()
        let isHeldUp = isInTurn && turnCount == seenTurn
        seenTurn = turnCount
        idleLooks = isRunning ? 0 : idleLooks + 1
        let mayLook = idleLooks < Self.idleLooksMax
        if !mayLook { watch = .asleep }
        if isHeldUp {
            shift += 1
            isRelieved = true
            isInTurn = false
        }
        let shift = shift
        lock.unlock()
        if isHeldUp { startRelief(shift) }
        if !mayLook { idleLooks = 0 }
        return mayLook
    }

    /// A thread that gives turns while the one before is held up.
    private func startRelief(_ first: Int) {
        SystemThread.start(name: "emaki-relief") { [self] in
            var shift = first
            let slot = marks?.takeSlot()
            defer { marks?.giveBack(slot) }
            while isOnDuty(shift) {
                let seen = reliefWord.value
                while let host = take(&shift, isHome: false) { turn(of: host, slot) }
                store.relieveExecutor()
                _ = reliefWord.wait(while: seen, nanoseconds: Self.reliefNanoseconds)
            }
        }
    }

    private func isOnDuty(_ shift: Int) -> Bool { lock.withLock { self.shift == shift } }
}
