// Attempts in this process: what the engine, its clock and its queues are told of them.
extension RunHost {
    typealias AttemptKey = AttemptTable.Key

    func dispatched(_ key: AttemptKey) {
        engine.begins()
        attempts.add(key)
    }

    /// A worker takes the attempt now.
    /// - Returns: false if it is not wanted any more.
    func begins(_ key: AttemptKey) -> Bool { attempts.begins(key, at: engine.timers.now) }

    func forget(_ key: AttemptKey) {
        guard let attempt = attempts.remove(key) else {
            // Somebody outside may have ended a step that waits outside of memory.
            if machine?.steps[key.step] == nil {
                let place = TaskQueues.Place(
                    workflowID: workflowID, runID: key.runID, step: key.step)
                _ = engine.queues.takeBack(place)
            }
            return
        }
        guard let queue = attempt.queue else { return engine.ends() }
        // Somebody outside has said how it ended.
        _ = engine.queues.remove(token(key), from: queue)
    }

    private func token(_ key: AttemptKey) -> TaskToken {
        TaskToken(
            workflowID: workflowID, runID: key.runID, step: key.step, attempt: key.attempt)
    }

    /// Asks the attempts at a step to stop; nil: at all steps.
    func stop(runID: String, step: Int?) {
        for key in attempts.stop(runID: runID, step: step) { takeBack(key) }
        for step in step.map({ [$0] }) ?? Array((machine?.steps ?? [:]).keys) {
            let place = TaskQueues.Place(workflowID: workflowID, runID: runID, step: step)
            guard engine.queues.takeBack(place), let attempt = machine?.steps[step]?.attempt else {
                continue
            }
            tookBack(AttemptKey(runID: runID, step: step, attempt: attempt))
        }
    }

    /// An attempt reports.
    func report(_ key: AttemptKey, _ details: Payload, limit: Duration?) throws {
        guard details.bytes.count <= engine.payloadBytesMax else {
            throw WorkflowError.tooLarge(
                "details", limit: engine.payloadBytesMax, value: details.bytes.count)
        }
        let now = engine.timers.now
        guard try attempts.report(key, details, limit: limit, at: now) else { return }
        enqueue(
            .heartbeat(runID: key.runID, step: key.step, attempt: key.attempt, details) { _ in })
    }

    // MARK: In queues

    /// The attempt waits in a queue, which is no work: a clock may skip over it.
    func waits(_ key: AttemptKey, in queue: String) {
        attempts.waits(key, in: queue)
        engine.ends()
    }

    /// Nobody wants the attempt any more; a worker has not taken it.
    private func takeBack(_ key: AttemptKey) {
        guard let queue = attempts.queue(of: key), engine.queues.remove(token(key), from: queue)
        else { return }
        tookBack(key)
    }

    /// Tells the queues which attempts are in the hands of workers.
    func countHeld() {
        guard engine.queues.countsPulled else { return }
        var held: [(token: TaskToken, queue: String, key: String?)] = []
        if let machine, machine.isOpen {
            for (id, step) in machine.steps where step.phase == .handedOver {
                let key = AttemptKey(runID: machine.start.runID, step: id, attempt: step.attempt)
                held.append(
                    (token(key), step.schedule.options.queue, step.schedule.options.limitKey))
            }
        }
        engine.queues.holds(held, of: workflowID) { token in
            attempts.contains(
                AttemptKey(runID: token.runID, step: token.step, attempt: token.attempt))
        }
    }

    /// It left its queue and goes to no worker.
    func tookBack(_ key: AttemptKey) {
        enqueue(
            .ended(
                runID: key.runID, step: key.step, attempt: key.attempt,
                .failure(.cancelled("not wanted any more"))
            ) { _ in })
    }
}
