import EmakiPlatform

/// Plain threads: they may write a group themselves (leader and followers), so that a lone thread
/// pays for its write and for nothing else.
///
/// A thread whose events are durable when it wakes up returns without the lock: of a large group
/// all wake at once, and would wait for one another.
extension Committer {
    private enum Awakening {
        /// Its events are durable. The only one without the lock.
        case durable
        case called
        /// The loop may be busy for longer than it should be.
        case late
    }

    /// Blocks until the durable position reaches `end`, writing groups while that is this thread's
    /// to do. Called with the lock; returns without it.
    func waitOnThread(for end: Position) -> Signal {
        while true {
            if core.durableEnd >= end { return leave(.durable) }
            if core.isPoisoned { return leave(.poisoned) }
            if isClosed { return leave(.closed) }
            // The loop has the lease's next turn while it runs jobs, unless it overruns.
            if isLoopResting, queue.lead(hasStaged: core.hasStaged) {
                writeGroup()
                lock.lock()
                continue
            }
            switch sleepOnThread(for: end) {
            case .durable: return .durable
            case .called: continue
            case .late:
                let isLate =
                    core.durableEnd < end
                    && queue.leadInstead(
                        hasStaged: core.hasStaged, after: overrunLimit,
                        now: SystemClock.monotonicNanoseconds())
                guard isLate else { continue }
                writeGroup()
                lock.lock()
            }
        }
    }

    /// While a thread that was called to lead was on its way, others relied on it: now that it
    /// leaves, the loop takes over what is left. Called with the lock; returns without it.
    ///
    /// Nobody relies on a thread that returns without the lock. If it was called to lead, then the
    /// group of its own events; somebody else wrote that, and has looked after the next one since.
    /// (One that was let go is never called in another's place: see `SleepingThreads.wakeOne`.)
    private func leave(_ signal: Signal) -> Signal {
        let mustWake = loopIsNeeded()
        lock.unlock()
        if mustWake { loop.wake() }
        return signal
    }

    /// Sleeps until the group that carries `end` is durable, or until this thread should lead.
    /// Called with the lock; returns with it, unless `end` is durable.
    private func sleepOnThread(for end: Position) -> Awakening {
        // A group that carries it and is not durable is being written: a failure would poison.
        let isWriting = writingEnd >= end
        let place = sleepers.enter(isWriting ? writeCount : writeCount + 1)
        // The end of a write wakes its own threads. For the next group it may do nothing, because
        // the loop is about to write that; then the loop may get a long job first.
        let patience =
            traffic.value.loopMayOverrun(isWriting: isWriting)
            ? queue.timeToLead(
                after: overrunLimit, now: SystemClock.monotonicNanoseconds()) : nil
        lock.unlock()
        var isInTime = true
        if let patience {
            isInTime = place.word.wait(while: place.seen, nanoseconds: patience)
        } else {
            place.word.wait(while: place.seen)
        }
        // Published before those who wait for it are woken, and so not counted any more.
        if publishedEnd.value >= end.rawValue { return .durable }
        lock.lock()
        sleepers.leave(place)
        if place.group == writeCount + 1 { isLeaderCalled = false }
        return isInTime ? .called : .late
    }

    /// After a write: lets the threads of its group go, and wakes one of the next group's to lead.
    /// Called with the lock, after the lease came back.
    /// - Returns: to be made without the lock.
    func wakeThreads(all: Bool) -> SleepingThreads.Call {
        var call = SleepingThreads.Call()
        if all {
            sleepers.letGo(writeCount + 1, by: &call)
        } else if traffic.value.callsLeader(hasStaged: core.hasStaged),
            sleepers.wakeOne(writeCount + 1)
        {
            isLeaderCalled = true
        }
        sleepers.letGo(writeCount, by: &call)
        return call
    }

    // MARK: Blocking calls

    /// Stages a batch and blocks until it is decided and durable.
    func commitOnThread<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) throws(LogError) -> Commitment {
        guard !loop.isCurrent else { throw .wouldDeadlock }
        var attempt = Attempt.first
        while true {
            lock.lock()
            let outcome = stage(batch, attempt: &attempt, version: report)
            if case .lookUp(let question) = outcome {
                leaveOvertaken(&attempt)
                lock.unlock()
                guard let found = try find(question, batch) else { continue }
                for (section, version) in found.versions.enumerated() { report(section, version) }
                lock.lock()
                let signal = waitOnThread(for: found.outcome.decidedAt ?? .start)
                return try Commitment(found.outcome, signal)
            }
            guard let end = outcome.decidedAt else {
                do throws(LogError) {
                    try waitForRoomOnThread(outcome)
                } catch {
                    lock.withLock { leaveOvertaken(&attempt) }
                    throw error
                }
                if attempt == .first { attempt = .again }
                continue
            }
            let mustPrepare = core.wantsSegment()
            let signal = waitOnThread(for: end)
            if mustPrepare { kickWorker() }
            return try Commitment(outcome, signal)
        }
    }

    /// Called with the lock; returns without it.
    private func waitForRoomOnThread(_ outcome: StageOutcome) throws(LogError) {
        guard case .wait(let reason) = outcome else { preconditionFailure("decided already") }
        // Also for a segment: the log rotates only once what is staged is out.
        if queue.lead(hasStaged: core.hasStaged) {
            writeGroup()
            return
        }
        // A parked thread is woken through the same queue as a task, by way of a word of its own.
        let signal = OneSignal()
        let mustPrepare = core.wantsSegment(for: reason)
        threadAdmissions.append(
            ThreadAdmission(signal: signal, reason: reason, attempt: preparationCount))
        lock.unlock()
        if mustPrepare { kickWorker() }
        switch signal.wait() {
        case .retry, .durable, .cancelled: return
        case .poisoned: throw .poisoned
        case .closed: throw .closed
        case .refused(let error): throw error
        }
    }
}

/// A thread that waits for room.
struct ThreadAdmission {
    let signal: OneSignal
    let reason: WaitReason
    /// How many attempts to make a segment ready had begun before.
    let attempt: UInt64
}

/// Hands one signal to one thread.
final class OneSignal: @unchecked Sendable {
    private let word = WaitWord()
    private let lock = Lock()
    private var signal: Committer.Signal?

    func send(_ signal: Committer.Signal) {
        lock.withLock { self.signal = signal }
        word.bump()
        word.wakeOne()
    }

    func wait() -> Committer.Signal {
        while true {
            let seen = word.value
            if let signal = lock.withLock({ signal }) { return signal }
            word.wait(while: seen)
        }
    }
}
