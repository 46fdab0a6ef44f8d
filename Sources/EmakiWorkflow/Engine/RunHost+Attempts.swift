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
        if let attempt = attempts.remove(key), attempt.queue == nil { engine.ends() }
    }

    /// Asks the attempts at a step to stop; nil: at all steps.
    func stop(runID: String, step: Int?) {
        for key in attempts.stop(runID: runID, step: step) { takeBack(key) }
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

    // MARK: In named queues

    /// The attempt waits in a named queue, which is no work: a clock may skip over it.
    func waits(_ key: AttemptKey, in queue: String) {
        attempts.waits(key, in: queue)
        engine.ends()
    }

    /// Nobody wants the attempt any more; a worker has not taken it.
    private func takeBack(_ key: AttemptKey) {
        let token = TaskToken(
            workflowID: workflowID, runID: key.runID, step: key.step, attempt: key.attempt)
        guard let queue = attempts.queue(of: key), engine.queues.remove(token, from: queue) else {
            return
        }
        tookBack(key)
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
