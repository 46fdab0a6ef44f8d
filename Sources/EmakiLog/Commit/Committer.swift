import EmakiPlatform

/// The concurrent shell around a core: its lock, its waiters, and the lease by which one thread at
/// a time writes. The only place where the log meets threads.
final class Committer: @unchecked Sendable {
    /// What a waiter is told.
    enum Signal: Sendable {
        /// What it waited for is durable, or was decided at once.
        case durable
        /// There may be room: offer the batch again.
        case retry
        /// A write failed while it waited.
        case poisoned
        /// There is no room and there will be none.
        /// Boxed, so that the signal of an append that is stored is a plain value.
        indirect case refused(LogError)
        case closed
        case cancelled
    }

    struct Waiter {
        /// Resumed once the durable position reaches this.
        var end: Position
        var slot: WaitSlot<Signal>
        /// For `cancel`; 0 cannot be cancelled.
        var id: UInt64 = 0
    }

    let lock = Lock()
    let loop: CommitLoop
    let core: LogCore
    let worker = WorkerThread(name: "emaki-segments")
    let lookups = WorkerThread(name: "emaki-lookups")
    let sealer = WorkerThread(name: "emaki-sealer")
    let merger = WorkerThread(name: "emaki-merger")
    /// After so long without a commit the loop is late: more than a round may last.
    let overrunLimit: Int64
    private static let overrunFactor: Int64 = 6
    private let lockFile: any FileLock
    /// By the monotonic clock.
    let openedAt = SystemClock.monotonicNanoseconds()

    // Guarded by `lock`.
    let traffic: Guarded<CommitTraffic>
    var admissions = AdmissionQueue()
    var threadAdmissions: [ThreadAdmission] = []
    /// Attempts to make a segment ready.
    var preparationCount: UInt64 = 0
    var isClosed = false
    var nextWaiterID: UInt64 = 1
    var followerCount = 0
    var latency = CommitLatency()
    /// Threads that wait in blocking calls, by the group that they wait for.
    var sleepers = SleepingThreads()
    /// A thread that slept on the gathering group was woken to lead it, and is on its way.
    var isLeaderCalled = false
    /// The number of the group that is being written, or was written last.
    var writeCount = 0
    var writingEnd: Position = .start
    /// Who waits for the close to be done.
    var closers: [WaitSlot<Void>] = []
    var threadClosers: [OneSignal] = []
    /// Who waits until the segments that were full when they came, up to this number, are sealed.
    var sealWaiters: [(number: UInt64, slot: WaitSlot<Result<Void, LogError>>)] = []
    /// Who waits until a sealed file, of this number, is written again.
    var rewriteWaiters: [(number: UInt64, slot: WaitSlot<Result<Void, LogError>>)] = []
    /// Since somebody asked for a merge nobody has emptied spare files for it.
    var mayEmptyForMerge = false
    /// Who waits until the sealed files that were there when they came, up to this position, are
    /// merged.
    var mergeWaiters: [(end: Position, slot: WaitSlot<Result<Void, LogError>>)] = []

    /// Answers other processes while the log is open.
    var control: ControlServer?
    /// Looks at sealed files in the background; stays when it has ended, for its figures.
    var scrubber: Scrubber?

    /// The durable position, for threads that have just been woken. Written with the lock.
    let publishedEnd: PublishedNumber

    // Whoever holds the lease.
    private var due: ContiguousArray<WaitSlot<Signal>> = []

    init(core: LogCore, loop: CommitLoop, lockFile: any FileLock) {
        self.core = core
        self.loop = loop
        self.lockFile = lockFile
        let configuration = core.configuration
        let queue = CommitQueue(idleMarkDelay: configuration.idleMarkDelay.wholeNanoseconds)
        traffic = Guarded(CommitTraffic(queue: queue))
        publishedEnd = PublishedNumber(core.durableEnd.rawValue)
        overrunLimit = Self.overrunFactor * configuration.gatherLimit.wholeNanoseconds
        due.reserveCapacity(1024)
    }

    func start() {
        startSealing()
        loop.start { [self] in step() }
        kickWorker()
    }

    // MARK: The loop's step

    private func step() -> CommitLoop.Step {
        let stretch = loop.takeStretchMax()
        lock.lock()
        latency.loopStretchMax = max(latency.loopStretchMax, stretch)
        isLoopResting = false
        let action = queue.next(
            hasStaged: core.hasStaged,
            wantsMark: core.wantsMark(isClosing: queue.isClosing),
            now: SystemClock.monotonicNanoseconds())
        switch action {
        case .write:
            writeGroup()
            return .again
        case .mark:
            writeMark()
            return .again
        case .rest(let instant):
            isLoopResting = true
            lock.unlock()
            return .rest(until: instant)
        case .leave:
            finishClosing()
            return .leave
        }
    }

    /// Writes the gathering group. Called with the lock and the lease; returns with neither.
    func writeGroup() {
        let write = core.beginGroup(at: SystemClock.wallNanoseconds())
        writeCount += 1
        isLeaderCalled = false
        writingEnd = write.end.nextPosition
        let started = SystemClock.monotonicNanoseconds()
        latency.gather.add(started - (gatheringSince ?? started))
        gatheringSince = nil
        lock.unlock()
        let error = perform(write)
        let ended = SystemClock.monotonicNanoseconds()
        if loop.isCurrent { loop.note(write: ended - started) }
        lock.lock()
        latency.write.add(ended - started)
        settle(write, error: error, now: ended)
    }

    private func writeMark() {
        let (frame, marked) = core.beginMark(
            isClosing: queue.isClosing, at: SystemClock.wallNanoseconds())
        lock.unlock()
        var error = frame.flatMap { perform($0) }
        lock.lock()
        if let frame, error == nil { core.finish(frame) }
        var slot: GroupWrite?
        if error == nil {
            let write = core.beginSlot(marked)
            lock.unlock()
            error = perform(write)
            slot = write
            lock.lock()
        }
        settle(slot, error: error, now: SystemClock.monotonicNanoseconds())
    }

    private func perform(_ write: GroupWrite) -> DiskError? {
        do {
            try write.perform()
            return nil
        } catch {
            return error
        }
    }

    /// Takes a write's outcome in, gives the lease back, and wakes whoever it concerns. Called with
    /// the lock; returns without it.
    private func settle(_ write: GroupWrite?, error: DiskError?, now: Int64) {
        let signal: Signal
        if error == nil {
            if let write { core.finish(write) }
            publishedEnd.set(core.durableEnd.rawValue)
            signal = .durable
            takeDueWaiters()
        } else {
            core.poison()
            signal = .poisoned
            takeAllWaiters()
        }
        let called = takeCallers(all: error != nil)
        // The waiters are resumed without the lock, and nobody else uses `due` before the next
        // lease: swap it out.
        var resumed: ContiguousArray<WaitSlot<Signal>> = []
        swap(&resumed, &due)
        let admitted = admissions.take(Limits.admissionsPerCommitMax)
        let threads = takeThreadAdmissions()
        queue.giveBack(now: now)
        let call = wakeThreads(all: error != nil)
        let mustWakeLoop = loopIsNeeded()
        lock.unlock()
        // Others rely on the loop from here on, so it is woken first.
        if mustWakeLoop { loop.wake() }
        if !call.isEmpty {
            call.make()
            lock.withLock { sleepers.report(call) }
        }
        loop.resuming(.admission) {
            for slot in admitted { slot.resume(returning: .retry) }
        }
        loop.resuming(.commit) {
            for slot in resumed { slot.resume(returning: signal) }
            for caller in called { caller.body(signal) }
        }
        for thread in threads { thread.signal.send(.retry) }
        resumed.removeAll(keepingCapacity: true)
        let wake = SystemClock.monotonicNanoseconds() - now
        lock.lock()
        if error == nil { latency.wake.add(wake) }
        // Keeps the buffer's capacity for the next group, so that resuming allocates nothing.
        if due.capacity < resumed.capacity { swap(&due, &resumed) }
        lock.unlock()
    }

    /// Moves the waiters whose position is durable to `due`, keeping the order of the others.
    private func takeDueWaiters() {
        let durable = core.durableEnd
        // Taken out and put back, so that exclusive access is checked once and not for each waiter.
        var waiting: ContiguousArray<Waiter> = []
        var resumed: ContiguousArray<WaitSlot<Signal>> = []
        swap(&waiting, &waiters)
        swap(&resumed, &due)
        var kept = 0
        for index in waiting.indices {
            if waiting[index].end <= durable {
                resumed.append(waiting[index].slot)
            } else {
                if kept != index { waiting[kept] = waiting[index] }
                kept += 1
            }
        }
        waiting.removeLast(waiting.count - kept)
        swap(&waiting, &waiters)
        swap(&resumed, &due)
    }

    private func takeThreadAdmissions() -> [ThreadAdmission] {
        defer { threadAdmissions.removeAll() }
        return threadAdmissions
    }

    private func takeAllWaiters() {
        for waiter in waiters { due.append(waiter.slot) }
        waiters.removeAll(keepingCapacity: true)
    }

    /// True if the loop sleeps and has something to do: a group nobody leads, a mark to time, or an
    /// end to make.
    func loopIsNeeded() -> Bool {
        let isNeeded = queue.needsLoop(
            isResting: isLoopResting, hasStaged: core.hasStaged, isLeaderCalled: isLeaderCalled,
            wantsMark: core.wantsMark(isClosing: queue.isClosing))
        if isNeeded { isLoopResting = false }
        return isNeeded
    }

    // MARK: Waiting

    /// Adds a waiter, or answers at once. Called with the lock.
    /// - Returns: nil if the waiter was added.
    func wait(for end: Position, _ slot: WaitSlot<Signal>, id: UInt64 = 0) -> Signal? {
        if core.durableEnd >= end { return .durable }
        if core.isPoisoned { return .poisoned }
        if isClosed { return .closed }
        waiters.append(Waiter(end: end, slot: slot, id: id))
        return nil
    }

    /// Resumes a waiter that gave up.
    func cancel(_ id: UInt64) {
        let slot: WaitSlot<Signal>? = lock.withLock {
            guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return waiters.remove(at: index).slot
        }
        slot?.resume(returning: .cancelled)
    }

    // MARK: Closing

    /// Starts closing: new work is refused, the loop writes what is staged, marks the end, and
    /// leaves. Called with the lock.
    /// - Returns: true if the loop must be woken.
    private func beginClosing() -> Bool {
        queue.close()
        return loopIsNeeded()
    }

    func close() async {
        await WaitSlot<Void>.wait { slot in
            lock.lock()
            let isDone = isClosed
            if !isDone { closers.append(slot) }
            let mustWake = isDone ? false : beginClosing()
            lock.unlock()
            if mustWake { loop.wake() }
            if isDone { slot.resume(returning: ()) }
        }
    }

    func closeOnThread() {
        let signal = OneSignal()
        lock.lock()
        guard !isClosed else {
            lock.unlock()
            return
        }
        threadClosers.append(signal)
        let mustWake = beginClosing()
        lock.unlock()
        if mustWake { loop.wake() }
        _ = signal.wait()
    }

    /// Closes without waiting, for a log that nobody holds any more.
    func closeLater() {
        let mustWake = lock.withLock { isClosed ? false : beginClosing() }
        if mustWake { loop.wake() }
    }

    /// The last step of the loop. Called with the lock; returns without it.
    private func finishClosing() {
        let (control, scrubber) = (control, scrubber)
        self.control = nil
        lock.unlock()
        control?.stop()
        scrubber?.stop()
        // A segment that is being made ready is finished first.
        // Sealer and merger hand their files to the worker, so they end first.
        sealer.stop()
        merger.stop()
        worker.stop()
        lookups.stop()
        // Under the lock, because readers may still look at the core.
        lock.withLock { core.closeFiles() }
        lockFile.unlock()
        lock.lock()
        isClosed = true
        let slots = waiters.map(\.slot) + admissions.take(.max)
        waiters.removeAll()
        let called = takeCallers(all: true)
        let threads = takeThreadAdmissions().map(\.signal) + threadClosers
        threadClosers.removeAll()
        let closing = closers
        closers.removeAll()
        let sealing =
            sealWaiters.map(\.slot) + mergeWaiters.map(\.slot) + rewriteWaiters.map(\.slot)
        rewriteWaiters.removeAll()
        sealWaiters.removeAll()
        mergeWaiters.removeAll()
        let call = wakeThreads(all: true)
        lock.unlock()
        call.make()
        for slot in slots { slot.resume(returning: .closed) }
        for caller in called { caller.body(.closed) }
        for thread in threads { thread.send(.closed) }
        for slot in sealing { slot.resume(returning: .failure(.closed)) }
        for slot in closing { slot.resume(returning: ()) }
    }
}

extension Duration {
    /// Nanoseconds, saturating at 36 years: instants can be added to it without an overflow.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let longest: Int64 = 1 << 60
        return overflow ? longest : min(longest, whole) + attoseconds / 1_000_000_000
    }
}
