import EmakiPlatform

/// Appends that nobody waits for: whoever offers one is called back.
extension Committer {
    /// Who is called once the durable position reaches `end`.
    struct Caller {
        var end: Position
        var body: @Sendable (Signal) -> Void
    }

    /// Stages a batch and registers who is to be called, under one lock. Does not wait.
    ///
    /// - Parameter done: called once, perhaps before this returns; not if this throws.
    /// - Throws: `.wouldWait`, `.needsLookup`, and refusals that hold already.
    func submit<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void,
        _ done: (StageOutcome) -> @Sendable (Signal) -> Void
    ) throws(LogError) {
        lock.lock()
        var attempt = Attempt.first
        let outcome = stage(batch, attempt: &attempt, version: report)
        guard let end = outcome.decidedAt, !outcome.isRefused(by: core.durableEnd) else {
            return try giveUp(outcome, batch)
        }
        let body = done(outcome)
        var answer: Signal?
        if core.durableEnd >= end {
            answer = .durable
        } else if core.isPoisoned {
            answer = .poisoned
        } else if isClosed {
            answer = .closed
        } else {
            callers.append(Caller(end: end, body: body))
        }
        let mustPrepare = core.wantsSegment()
        let mustWake = loopIsNeeded()
        lock.unlock()
        if mustWake { loop.wake() }
        if mustPrepare { kickWorker() }
        if let answer { body(answer) }
    }

    /// Nothing was staged. Called with the lock; returns without it.
    private func giveUp<Source: BatchSource>(
        _ outcome: StageOutcome, _ batch: MeasuredBatch<Source>
    ) throws(LogError) {
        let mustPrepare = core.wantsSegment(for: outcome.waitReason)
        let mustWake = loopIsNeeded()
        lock.unlock()
        if mustWake { loop.wake() }
        if mustPrepare { kickWorker() }
        switch outcome {
        case .refused(let error, _): throw error
        case .wait(let reason):
            if loop.isCurrent { loop.stopGathering() }
            throw .wouldWait(reason)
        case .lookUp(let question):
            throw .needsLookup(stream: batch.source.stream(question.section))
        case .staged, .repeated: preconditionFailure("what was decided is not given up")
        }
    }

    /// Those whose position is durable, or all of them, in order. Called with the lock.
    func takeCallers(all: Bool) -> ContiguousArray<Caller> {
        var taken: ContiguousArray<Caller> = []
        swap(&taken, &callers)
        guard !all else { return taken }
        let durable = core.durableEnd
        callers = ContiguousArray(taken.filter { $0.end > durable })
        taken.removeAll { $0.end > durable }
        return taken
    }

    /// Writes what is staged, on the calling thread, if nobody is writing: for a loop that a job
    /// holds up.
    /// - Returns: false if there was nothing to write, or somebody does.
    func leadOnThread() -> Bool {
        lock.lock()
        guard queue.lead(hasStaged: core.hasStaged) else {
            lock.unlock()
            return false
        }
        writeGroup()
        return true
    }
}

extension StageOutcome {
    /// Refused, for a reason that holds already.
    fileprivate func isRefused(by durable: Position) -> Bool {
        if case .refused(_, let after) = self { return after <= durable }
        return false
    }
}
