import EmakiPlatform

/// The commit thread, which is an executor: it runs every ready job, makes all that they appended
/// durable with one write, and resumes the waiters on the same thread.
///
/// Run code here with `Task(executorPreference: log.loop)`,
/// `withTaskExecutorPreference(log.loop) { … }`, or `addTask(executorPreference:)`. Tasks that live
/// here share every write and pay no hop between threads. Keep jobs short: a job that runs for
/// milliseconds delays everybody's commits. Never block here: blocking calls of the log throw
/// `LogError.wouldDeadlock`.
///
/// It goes on running jobs after the log is closed, so that no task is left hanging.
public final class CommitLoop: TaskExecutor, SerialExecutor, @unchecked Sendable {
    /// What the loop does for a log between its jobs.
    enum Step {
        /// Something was written, so there may be jobs.
        case again
        /// Nothing to do until this instant, or until woken.
        case rest(until: Int64?)
        /// The log is closed.
        case leave
    }

    /// Jobs between two looks at the clock.
    private static let jobsPerClockRead = 8
    /// Of a round's time, as a divisor.
    private static let leastShareOfOthers: Int64 = 4
    /// A loop without a log ends its thread after this long without a job; the next job starts one.
    private static let lingerNanoseconds: Int64 = 10_000_000

    private let id: UInt64
    /// Bumped by whoever has something for a sleeping loop.
    private let word = WaitWord()

    // The loop's thread only.
    private var ready = ReadyJobs()
    private var stopsGathering = false
    private var patience: GatherPatience
    /// Longest time between two looks at the clock while jobs ran: at most `jobsPerClockRead` jobs.
    private var stretchMax: Int64 = 0

    // Guarded by `lock`.
    private let lock = Lock()
    private var inbox: ContiguousArray<UnownedJob> = []
    private var isSleeping = false
    private var hasThread = false
    private var step: (@Sendable () -> Step)?

    init(gatherLimit: Int64, entropy: any Entropy) {
        patience = GatherPatience(configured: gatherLimit)
        id = entropy.next() | 1
        inbox.reserveCapacity(1024)
    }

    /// True on the loop's thread.
    var isCurrent: Bool { CurrentLoop.id == id }

    /// A thread is running jobs or waits for some, or is about to.
    var hasThreadNow: Bool { lock.withLock { hasThread } }

    // MARK: Executor

    /// Called by the runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            ready.push(job)
            return
        }
        lock.lock()
        inbox.append(job)
        let mustWake = isSleeping
        isSleeping = false
        let mustStart = !hasThread
        hasThread = true
        lock.unlock()
        if mustWake { wake() }
        if mustStart { startThread() }
    }

    // MARK: The log's side

    /// Gives the loop a log to commit for, and starts its thread.
    func start(_ step: @escaping @Sendable () -> Step) {
        let mustStart = lock.withLock { () -> Bool in
            self.step = step
            defer { hasThread = true }
            return !hasThread
        }
        if mustStart { startThread() }
    }

    /// Wakes the loop's thread if it sleeps.
    func wake() {
        word.bump()
        word.wakeOne()
    }

    /// Runs `resume`, which resumes waiters of a commit: if they live here, they run before the
    /// jobs that are left over.
    func resuming(_ origin: ReadyJobs.Origin, _ resume: () -> Void) {
        guard isCurrent else { return resume() }
        ready.origin = origin
        resume()
        ready.origin = .elsewhere
    }

    /// Longest time since the last call in which the loop ran jobs without looking at the clock. On
    /// the loop's thread only.
    func takeStretchMax() -> Int64 {
        defer { stretchMax = 0 }
        return stretchMax
    }

    /// Takes in how long a write of the log took. On the loop's thread only.
    func note(write: Int64) { patience.note(write: write) }

    /// Ends the gathering of this round: the group is full. On the loop's thread only.
    func stopGathering() { stopsGathering = true }

    // MARK: The thread

    nonisolated private func startThread() {
        SystemThread.start(name: "emaki-commit") { self.run() }
    }

    private func run() {
        CurrentLoop.id = id
        defer { CurrentLoop.id = 0 }
        while true {
            let seen = word.value
            drainInbox()
            gather()
            switch currentStep()?() {
            case .again: continue
            case .rest(let instant):
                guard ready.isEmpty else { continue }
                sleep(while: seen, until: instant)
            case .leave:
                lock.withLock { step = nil }
            case nil:
                guard ready.isEmpty else { continue }
                if lingerAndEnd(while: seen) { return }
            }
        }
    }

    private func currentStep() -> (@Sendable () -> Step)? { lock.withLock { step } }

    private func drainInbox() {
        lock.lock()
        isSleeping = false
        if !inbox.isEmpty { ready.drain(&inbox) }
        lock.unlock()
    }

    /// Runs ready jobs until there are none, the group is full, or somebody has waited long enough.
    private func gather() {
        stopsGathering = false
        var now = SystemClock.monotonicNanoseconds()
        let limit = patience.limit
        let deadline = now + limit
        let isInTime = run(until: deadline, now: &now) { ready.popResumed() }
        let isFull = stopsGathering
        stopsGathering = false
        ready.endLine(isFull: isFull, isInTime: isInTime)
        // However late it is, and even if the group is full, the others get some time in each
        // round, until one of them finds no room.
        let share = now + limit / Self.leastShareOfOthers
        _ = run(until: isFull ? share : max(deadline, share), now: &now) { ready.popOther() }
    }

    /// - Returns: false if the time was over before the jobs were.
    private func run(
        until deadline: Int64, now: inout Int64, _ next: () -> UnownedJob?
    ) -> Bool {
        while true {
            for _ in 0..<Self.jobsPerClockRead {
                guard !stopsGathering, let job = next() else {
                    lookAtClock(&now)
                    return true
                }
                runUnisolatedJob(job, on: self)
            }
            lookAtClock(&now)
            if now > deadline { return false }
        }
    }

    private func lookAtClock(_ now: inout Int64) {
        let before = now
        now = SystemClock.monotonicNanoseconds()
        stretchMax = max(stretchMax, now - before)
    }

    private func sleep(while seen: UInt32, until instant: Int64?) {
        let mayRest = lock.withLock { () -> Bool in
            isSleeping = inbox.isEmpty
            return isSleeping
        }
        guard mayRest else { return }
        guard let instant else {
            word.wait(while: seen)
            return
        }
        let left = instant - SystemClock.monotonicNanoseconds()
        if left > 0 { _ = word.wait(while: seen, nanoseconds: left) }
    }

    /// - Returns: true if the thread ends; a later job starts another.
    private func lingerAndEnd(while seen: UInt32) -> Bool {
        sleep(
            while: seen,
            until: SystemClock.monotonicNanoseconds() + Self.lingerNanoseconds)
        return lock.withLock {
            isSleeping = false
            guard inbox.isEmpty, step == nil else { return false }
            hasThread = false
            return true
        }
    }
}
