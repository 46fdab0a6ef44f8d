// What comes from outside, and what the history says of it.
extension RunMachine {
    /// An attempt ended.
    /// - Parameter chance: from 0 up to 1, for the jitter of a retry.
    /// - Returns: the event to record; nil if the attempt is not the current one any more.
    func ended(
        step id: Int, attempt: Int, _ result: Result<Payload, Failure>, at now: Int64,
        chance: Double
    ) -> HistoryEvent.Body? {
        guard outcome == nil, let step = steps[id], step.attempt == attempt, step.hasAttempt
        else { return nil }
        switch result {
        case .success(let payload):
            return .stepCompleted(step: id, attempt: attempt, payload)
        case .failure(let failure):
            return failed(id, step, failure, at: now, chance: chance)
        }
    }

    private func failed(
        _ id: Int, _ step: OpenStep, _ failure: Failure, at now: Int64, chance: Double
    ) -> HistoryEvent.Body {
        let retry = step.schedule.options.retry
        var last = failure
        last.mayHaveHappened = step.mayHaveHappened || failure.leavesDoubt
        let final = HistoryEvent.Body.stepFailed(step: id, attempt: step.attempt, last)
        guard !step.isCancelRequested, retry.allows(attemptAfter: step.attempt, failure),
            failure.timeout != .scheduleToClose, failure.timeout != .scheduleToStart
        else { return final }
        let wait =
            failure.kind == .outcomeUnknown
            ? 0 : retry.interval(afterAttempt: step.attempt, chance: chance)
        if let deadline = step.closeDeadline, now + wait >= deadline {
            return final
        }
        return .attemptFailed(
            step: id, attempt: step.attempt, failure, retryAt: now + wait)
    }

    /// What is recorded, when a history is taken up again, of a step that had begun and has no
    /// result: each counts as one attempt of unknown outcome.
    func interrupted(step id: Int, at now: Int64) -> HistoryEvent.Body? {
        guard steps[id]?.phase == .running else { return nil }
        return lost(step: id, "when the process ended", at: now)
    }

    /// What is recorded of a step whose attempt is somebody else's now.
    func lost(step id: Int, _ when: String, at now: Int64) -> HistoryEvent.Body? {
        guard outcome == nil, let step = steps[id], step.hasAttempt else { return nil }
        let failure = Failure(
            .outcomeUnknown, type: "OutcomeUnknown",
            message: "attempt \(step.attempt) was under way \(when)")
        return failed(id, step, failure, at: now, chance: 0.5)
    }

    /// Takes out of the queue what nobody waits for any more, as far as it comes first, so that the
    /// run is not woken for it.
    func forgetStale() { while let first = due.first, isStale(first.item) { due.removeFirst() } }

    private func isStale(_ item: Due) -> Bool {
        switch item {
        case .timer(let id): timers[id] == nil
        case .stepClose(let id): steps[id] == nil
        case .retry(let id, let attempt): steps[id].map { $0.attempt >= attempt } ?? true
        case .attempt(let id, let attempt, let timeout):
            steps[id].map { step in
                step.attempt != attempt || !step.hasAttempt
                    || (timeout == .scheduleToStart && step.hasBegun)
            } ?? true
        case .start, .run, .task: false
        }
    }

    /// The next thing that is due, if there is one, as the event to record.
    func nextDue(at now: Int64, chance: Double) -> HistoryEvent.Body? {
        while let first = due.first, first.instant <= now {
            guard let item = due.removeFirst() else { return nil }
            if let body = body(of: item, at: now, chance: chance) { return body }
        }
        return nil
    }

    private func body(
        of item: Due, at now: Int64, chance: Double
    ) -> HistoryEvent.Body? {
        guard outcome == nil else { return nil }
        switch item {
        case .timer(let id): return timers[id] == nil ? nil : .timerFired(timer: id)
        case .retry(let id, let attempt):
            guard let step = steps[id], case .retrying = step.phase,
                step.attempt + 1 == attempt, !isResting, !isWithoutCode
            else { return nil }
            guard !step.isCancelRequested else {
                var failure = Failure.cancelled("cancelled before its next attempt")
                failure.mayHaveHappened = step.mayHaveHappened
                return .stepFailed(step: id, attempt: step.attempt, failure)
            }
            return .attemptStarted(step: id, attempt: attempt)
        case .stepClose(let id):
            guard let step = steps[id] else { return nil }
            effects.append(.stop(step: id))
            var failure = Failure.timedOut(
                .scheduleToClose, "\(step.schedule.name) took too long in all")
            let mayHaveBegun = step.hasAttempt && !step.isYetToBegin
            failure.mayHaveHappened = step.mayHaveHappened || mayHaveBegun
            return .stepFailed(step: id, attempt: step.attempt, failure)
        case .attempt(let id, let attempt, let timeout):
            return attemptTimedOut(id, attempt, timeout, at: now, chance: chance)
        case .run:
            return .closed(.timedOut(uncompensated: compensable))
        case .start, .task: return nil
        }
    }

    private func attemptTimedOut(
        _ id: Int, _ attempt: Int, _ timeout: Failure.Timeout, at now: Int64, chance: Double
    ) -> HistoryEvent.Body? {
        guard let step = steps[id], step.attempt == attempt, step.hasAttempt else {
            return nil
        }
        if timeout == .heartbeat, let deadline = step.heartbeatDeadline, deadline > now {
            due.add(.attempt(step: id, attempt: attempt, .heartbeat), at: deadline)
            return nil
        }
        if timeout == .scheduleToStart {
            // What rests is not allowed to begin; the limit counts anew when it goes on.
            if step.hasBegun || (isResting && step.isYetToBegin) { return nil }
        }
        let message =
            switch timeout {
            case .scheduleToStart: "no worker took \(step.schedule.name) in time"
            case .heartbeat: "\(step.schedule.name) stopped reporting"
            default: "attempt \(attempt) at \(step.schedule.name) took too long"
            }
        effects.append(.stop(step: id))
        return failed(id, step, .timedOut(timeout, message), at: now, chance: chance)
    }

    /// Nothing is begun until somebody resumes it.
    var isResting: Bool {
        switch pause {
        case .requested, .quarantined: true
        default: false
        }
    }

    /// The running attempt at a step begins at this instant: from now on its limits count.
    func began(step id: Int, at now: Int64) {
        guard let step = steps[id], step.hasAttempt else { return }
        steps[id]?.hasBegun = true
        let options = step.schedule.options
        if let limit = options.startToClose {
            due.add(
                .attempt(step: id, attempt: step.attempt, .startToClose),
                at: now + max(0, limit.nanoseconds))
        }
        guard let limit = options.heartbeat else { return }
        let deadline = now + max(0, limit.nanoseconds)
        steps[id]?.heartbeatDeadline = deadline
        due.add(.attempt(step: id, attempt: step.attempt, .heartbeat), at: deadline)
    }

    /// The attempt at a step waits for a worker since this instant, unless it begins at once.
    func waits(step id: Int, since now: Int64) {
        guard let step = steps[id], let limit = step.schedule.options.scheduleToStart
        else { return }
        due.add(
            .attempt(step: id, attempt: step.attempt, .scheduleToStart),
            at: now + max(0, limit.nanoseconds))
    }

    /// The running attempt reported.
    /// - Returns: false if it is not the current one any more, or is asked to stop.
    func reported(step id: Int, attempt: Int, at now: Int64) -> Bool {
        guard outcome == nil, let step = steps[id], step.attempt == attempt, step.hasAttempt
        else { return false }
        if let limit = step.schedule.options.heartbeat {
            steps[id]?.heartbeatDeadline = now + max(0, limit.nanoseconds)
        }
        return !step.isCancelRequested
    }
}
