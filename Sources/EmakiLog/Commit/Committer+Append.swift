import EmakiPlatform

/// What a finished append reports.
struct Commitment {
    var positions: Range<Position>
    var wasStoredBefore: Bool

    /// Turns what was staged, and what the waiter was told, into a result.
    init(_ outcome: StageOutcome, _ signal: Committer.Signal) throws(LogError) {
        switch (signal, outcome) {
        case (.durable, .staged(let positions)):
            self.positions = positions
            wasStoredBefore = false
        case (.durable, .repeated(let positions)):
            self.positions = positions
            wasStoredBefore = true
        case (.durable, .refused(let error, _)): throw error
        // What a refusal rests on was not durable yet; the refused batch itself is certainly not.
        case (.poisoned, .refused), (.poisoned, .wait), (.poisoned, .lookUp): throw .poisoned
        case (.poisoned, .staged), (.poisoned, .repeated): throw .outcomeUnknown
        case (.refused(let error), _): throw error
        case (.closed, _): throw .closed
        case (.retry, _), (.cancelled, _), (_, .wait), (_, .lookUp):
            throw .wouldWait(.pendingEvents)
        }
    }
}

extension StageOutcome {
    /// The durable position at which the outcome holds; nil if nothing was decided.
    var decidedAt: Position? {
        switch self {
        case .staged(let positions), .repeated(let positions): positions.upperBound
        case .refused(_, let after): after
        case .wait, .lookUp: nil
        }
    }
}

extension StageOutcome {
    /// What it waits for; nil if it does not.
    var waitReason: WaitReason? {
        if case .wait(let reason) = self { reason } else { nil }
    }
}

extension Committer {
    /// How often an append has tried to find room.
    enum Attempt {
        case first
        /// It waited for a commit.
        case again
        /// It waited in vain, and is counted in `overtakenCount`.
        case overtaken
    }

    /// Offers a batch to the core. Called with the lock.
    func stage<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, attempt: inout Attempt,
        version report: (Int, StreamVersion) -> Void
    ) -> StageOutcome {
        guard !queue.isClosing else { return .refused(.closed) }
        // Only while a commit is due, which wakes whoever waits.
        let isDue = !queue.isIdle(hasStaged: core.hasStaged)
        let mustQueue = overtakenCount > 0 && attempt != .overtaken && isDue
        let outcome = mustQueue ? .wait(.groupBytes) : core.stage(batch, version: report)
        if gatheringSince == nil, core.hasStaged {
            gatheringSince = SystemClock.monotonicNanoseconds()
        }
        if outcome.decidedAt != nil {
            leaveOvertaken(&attempt)
        } else if attempt == .again, case .wait = outcome {
            overtakenCount += 1
            attempt = .overtaken
        }
        return outcome
    }

    /// Called with the lock.
    func leaveOvertaken(_ attempt: inout Attempt) {
        guard attempt == .overtaken else { return }
        overtakenCount -= 1
        attempt = .again
    }

    /// Stages a batch and suspends until it is decided and durable. Place and waiter are registered
    /// under one lock, so no wake-up can be lost.
    @inline(__always)
    nonisolated(nonsending) func commit<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) async throws(LogError) -> Commitment {
        var attempt = Attempt.first
        while true {
            var outcome = StageOutcome.wait(.pendingEvents)
            let signal = await WaitSlot<Signal>.wait { slot in
                offer(batch, slot, &outcome, &attempt, version: report)
            }
            if case .lookUp(let question) = outcome, case .retry = signal {
                if attempt == .overtaken { lock.withLock { leaveOvertaken(&attempt) } }
                guard let found = try await lookUp(question, for: batch) else { continue }
                for (section, version) in found.versions.enumerated() { report(section, version) }
                let decided = await wait(until: found.outcome.decidedAt ?? .start)
                return try Commitment(found.outcome, decided)
            }
            guard case .retry = signal else {
                if attempt == .overtaken { lock.withLock { leaveOvertaken(&attempt) } }
                return try Commitment(outcome, signal)
            }
            if attempt == .first { attempt = .again }
        }
    }

    private func offer<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, _ slot: WaitSlot<Signal>, _ outcome: inout StageOutcome,
        _ attempt: inout Attempt, version report: (Int, StreamVersion) -> Void
    ) {
        lock.lock()
        outcome = stage(batch, attempt: &attempt, version: report)
        var answer: Signal?
        if let end = outcome.decidedAt {
            answer = wait(for: end, slot)
        } else if case .wait(let reason) = outcome {
            admissions.append(
                slot, reason: reason, attempt: preparationCount,
                wasOvertaken: attempt == .overtaken)
            if loop.isCurrent { loop.stopGathering() }
        }
        if case .lookUp = outcome { answer = .retry }
        let baton = nextAdmission(answered: answer != nil)
        let mustPrepare = core.wantsSegment(for: outcome.waitReason)
        let mustWake = loopIsNeeded()
        lock.unlock()
        if mustWake { loop.wake() }
        if mustPrepare { kickWorker() }
        baton?.resume(returning: .retry)
        if let answer { slot.resume(returning: answer) }
    }

    /// Waiting appends are woken by commits. One that was woken and staged nothing causes no
    /// commit, so it passes its turn on. (What was staged is not answered at once.)
    func nextAdmission(answered: Bool) -> WaitSlot<Signal>? {
        let turns = queue.turnsToPass(isAnswered: answered, hasStaged: core.hasStaged)
        return admissions.take(turns).first
    }

    /// Stages a batch without waiting.
    func reserve<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) throws(LogError) -> StageOutcome {
        lock.lock()
        var attempt = Attempt.first
        let outcome = stage(batch, attempt: &attempt, version: report)
        let cause =
            core.isAtUnsealedLimit
            ? core.sealingFailure : core.segmentFailure ?? core.reserveFailure
        let failure = core.readyForEvents <= 0 ? cause : nil
        let durable = core.durableEnd
        let mustPrepare = core.wantsSegment(for: outcome.waitReason)
        let mustWake = loopIsNeeded()
        lock.unlock()
        if mustWake { loop.wake() }
        if mustPrepare { kickWorker() }
        switch outcome {
        case .wait(let reason):
            if loop.isCurrent { loop.stopGathering() }
            if reason == .segment, let failure { throw failure }
            throw .wouldWait(reason)
        case .lookUp(let question):
            throw .needsLookup(stream: batch.source.stream(question.section))
        case .refused(let error, let after) where after <= durable: throw error
        case .refused, .staged, .repeated: return outcome
        }
    }

    /// Suspends until the durable position reaches `end`.
    nonisolated(nonsending) func wait(until end: Position) async -> Signal {
        await WaitSlot<Signal>.wait { slot in
            lock.lock()
            let answer = wait(for: end, slot)
            let mustWake = loopIsNeeded()
            lock.unlock()
            if mustWake { loop.wake() }
            if let answer { slot.resume(returning: answer) }
        }
    }

    /// As `wait(until:)`, and ends early with `.cancelled` when the task is cancelled.
    nonisolated(nonsending) func waitCancellably(until end: Position) async -> Signal {
        let id = lock.withLock { () -> UInt64 in
            nextWaiterID += 1
            return nextWaiterID
        }
        return await withTaskCancellationHandler {
            await WaitSlot<Signal>.wait { slot in
                lock.lock()
                // Cancelled before it was registered: the handler found nothing to resume.
                let answer = Task.isCancelled ? .cancelled : wait(for: end, slot, id: id)
                lock.unlock()
                if let answer { slot.resume(returning: answer) }
            }
        } onCancel: {
            cancel(id)
        }
    }
}
