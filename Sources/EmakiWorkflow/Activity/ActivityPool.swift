/// Runs attempts: of activities and of steps' closures, each as a task of its own on Swift's pool.
/// When each begins is the queues' affair.
final class ActivityPool: Sendable {
    private let activities: [String: AnyActivity]
    private let codec: any PayloadCodec

    init(_ activities: [any Activity], codec: any PayloadCodec) throws {
        var table: [String: AnyActivity] = [:]
        for activity in activities {
            let (name, erased) = Self.erase(activity, codec)
            guard table[name] == nil else {
                throw WorkflowError.invalid("two activities are called \(name)")
            }
            table[name] = erased
        }
        self.activities = table
        self.codec = codec
    }

    private static func erase<A: Activity>(
        _ activity: A, _ codec: any PayloadCodec
    ) -> (String, AnyActivity) {
        (A.activityName, AnyActivity(activity, codec: codec))
    }

    // MARK: Beginning

    /// The turn of an attempt that waited has come. Where its history is to say so first, it begins
    /// once that is durable.
    func begin(_ entry: TaskQueues.Entry) {
        let (host, key) = (entry.host, entry.key)
        // Counted from here on, so that no clock skips while it is on its way.
        host.engine.begins()
        guard host.begins(key) else {
            host.tookBack(key)
            return leave(entry)
        }
        guard entry.schedule.beginsByRecord else {
            guard host.attempts.leavesQueue(key) else { return leave(entry) }
            run(entry)
            return host.enqueue(.began(runID: key.runID, step: key.step, attempt: key.attempt))
        }
        host.enqueue(
            .begins(runID: key.runID, step: key.step, attempt: key.attempt) { [self] result in
                if case .success(true) = result, host.attempts.leavesQueue(key) {
                    return run(entry)
                }
                leave(entry)
            })
    }

    /// It does not begin after all.
    private func leave(_ entry: TaskQueues.Entry) {
        let engine = entry.host.engine
        engine.queues.ended(entry.info.token, in: entry.schedule.options.queue)
        engine.ends()
    }

    /// Runs an attempt that has a place among those that run.
    func run(_ entry: TaskQueues.Entry) {
        let (host, key) = (entry.host, entry.key)
        let task = Task.detached { [self] in
            let result = await attempt(entry)
            // Whoever is next begins before this one's end lets a clock skip.
            host.engine.queues.ended(entry.info.token, in: entry.schedule.options.queue)
            tell(result, of: key, to: host)
        }
        host.attempts.runs(key, in: task)
    }

    /// Runs an attempt at a step's closure on the executor that is committing: no thread is
    /// changed.
    func runInline(_ entry: TaskQueues.Entry) {
        let (host, key) = (entry.host, entry.key)
        let task = Task.detached(executorPreference: host.engine.executor) { [self] in
            tell(await attempt(entry), of: key, to: host)
        }
        host.attempts.runs(key, in: task)
    }

    // MARK: Running

    /// - Returns: nil if somebody outside has the token and will say how it ended.
    private func attempt(_ entry: TaskQueues.Entry) async -> Result<Payload, Failure>? {
        let host = entry.host
        guard host.begins(entry.key), !host.engine.isClosed else {
            return .failure(.cancelled("not wanted any more"))
        }
        let marks = host.engine.marks
        let slot = marks?.takeSlot()
        marks?.mark(slot, host.partition, step: entry.key.step)
        defer { marks?.giveBack(slot) }
        do {
            let limit = host.engine.payloadBytesMax
            guard let watch = entry.watch else {
                return .success(try Self.bounded(try await execute(entry), limit))
            }
            return .success(try await watch.perform(limit) { try await execute(entry) })
        } catch is ActivityContext.CompletesLater {
            return nil
        } catch {
            return .failure(Failure(describing: error))
        }
    }

    /// What may be recorded.
    static func bounded(_ payload: Payload, _ limit: Int) throws(Failure) -> Payload {
        guard payload.bytes.count > limit else { return payload }
        var failure = Failure(
            .application, type: "PayloadTooLarge",
            message: "a result of \(payload.bytes.count) bytes; at most \(limit)",
            isNonRetryable: true)
        // What it is the result of has happened.
        failure.mayHaveHappened = true
        throw failure
    }

    private func execute(_ entry: TaskQueues.Entry) async throws -> Payload {
        if let closure = entry.closure { return try await closure.body(entry.info) }
        let schedule = entry.schedule
        guard let activity = activities[schedule.name] else {
            throw Failure(
                .misuse, type: "UnknownActivity",
                message: "the engine has no activity \(schedule.name)")
        }
        let (host, key) = (entry.host, entry.key)
        let limit = schedule.options.heartbeat
        let context = ActivityContext(
            info: entry.info,
            report: { details in try host.report(key, details, limit: limit) }, codec: codec)
        return try await activity.run(context, schedule.input)
    }

    private func tell(
        _ result: Result<Payload, Failure>?, of key: RunHost.AttemptKey, to host: RunHost
    ) {
        guard let result else {
            // That somebody else has it is recorded, so that a restart knows.
            return host.enqueue(
                .handedOver(runID: key.runID, step: key.step, attempt: key.attempt) { _ in })
        }
        host.enqueue(
            .ended(runID: key.runID, step: key.step, attempt: key.attempt, result) { _ in })
    }
}
