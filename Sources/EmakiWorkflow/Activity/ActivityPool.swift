import EmakiPlatform

/// Runs attempts: of activities and of steps' closures, each as a task of its own on Swift's pool,
/// a bounded number at a time.
final class ActivityPool: @unchecked Sendable {
    private let activities: [String: AnyActivity]
    private let codec: any PayloadCodec
    private let limit: Int
    private let lock = Lock()
    // Guarded by `lock`.
    private var runningCount = 0
    private var waiting = FairQueue<@Sendable () -> Void>()

    init(_ activities: [any Activity], codec: any PayloadCodec, limit: Int) throws {
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
        self.limit = max(1, limit)
    }

    /// Attempts that run, and that wait.
    var counts: (running: Int, waiting: Int) { lock.withLock { (runningCount, waiting.count) } }

    private static func erase<A: Activity>(
        _ activity: A, _ codec: any PayloadCodec
    ) -> (String, AnyActivity) {
        (A.activityName, AnyActivity(activity, codec: codec))
    }

    /// Runs an attempt at an activity.
    /// - Returns: whether it runs now; otherwise it waits for its turn.
    func run(
        _ schedule: StepSchedule, _ info: AttemptInfo, _ host: RunHost,
        _ key: RunHost.AttemptKey, _ watch: AttemptWatch?
    ) -> Bool {
        guard let activity = activities[schedule.name] else {
            let failure = Failure(
                .misuse, type: "UnknownActivity",
                message: "the engine has no activity \(schedule.name)")
            finish(host, key, .failure(failure))
            return true
        }
        let limit = schedule.options.heartbeat
        let context = ActivityContext(
            info: info,
            report: { details in try host.report(key, details, limit: limit) }, codec: codec)
        let input = schedule.input
        return perform(host, key, watch) { try await activity.run(context, input) }
    }

    /// Runs an attempt at a step's closure.
    /// - Returns: whether it runs now; otherwise it waits for its turn.
    func run(
        _ closure: StepClosure, _ info: AttemptInfo, _ host: RunHost,
        _ key: RunHost.AttemptKey, _ watch: AttemptWatch?
    ) -> Bool {
        if closure.isInline, !host.engine.pump.isRelievedNow {
            // On the executor that is committing: no thread is changed.
            let task = Task.detached(executorPreference: host.engine.executor) {
                await self.attempt(host, key, watch) { try await closure.body(info) }
            }
            host.attempts.runs(key, in: task)
            return true
        }
        return perform(host, key, watch) { try await closure.body(info) }
    }

    private func perform(
        _ host: RunHost, _ key: RunHost.AttemptKey, _ watch: AttemptWatch?,
        _ body: @escaping @Sendable () async throws -> Payload
    ) -> Bool {
        let start: @Sendable () -> Void = { [self] in
            let task = Task.detached { [self] in
                await attempt(host, key, watch, body)
                leave()
            }
            host.attempts.runs(key, in: task)
        }
        let mayStart = lock.withLock { () -> Bool in
            guard runningCount < limit else {
                let startLater: @Sendable () -> Void = {
                    start()
                    host.enqueue(
                        .began(runID: key.runID, step: key.step, attempt: key.attempt))
                }
                // Of the turn in which it is dispatched.
                waiting.append(startLater, isLate: host.isLate)
                return false
            }
            runningCount += 1
            return true
        }
        if mayStart { start() }
        return mayStart
    }

    private func leave() {
        let next = lock.withLock { () -> (@Sendable () -> Void)? in
            let next = waiting.popFirst()
            if next == nil { runningCount -= 1 }
            return next
        }
        next?()
    }

    private func attempt(
        _ host: RunHost, _ key: RunHost.AttemptKey, _ watch: AttemptWatch?,
        _ body: () async throws -> Payload
    ) async {
        guard host.begins(key), !host.engine.isClosed else {
            return finish(host, key, .failure(.cancelled("not wanted any more")))
        }
        let marks = host.engine.marks
        let slot = marks?.takeSlot()
        marks?.mark(slot, host.partition, step: key.step)
        defer { marks?.giveBack(slot) }
        do {
            let limit = host.engine.payloadBytesMax
            let payload =
                if let watch {
                    try await watch.perform(limit, body)
                } else {
                    try Self.bounded(try await body(), limit)
                }
            finish(host, key, .success(payload))
        } catch is ActivityContext.CompletesLater {
            // Somebody outside has the token, and that is recorded, so that a restart knows.
            host.enqueue(
                .handedOver(runID: key.runID, step: key.step, attempt: key.attempt) { _ in })
        } catch {
            finish(host, key, .failure(Failure(describing: error)))
        }
    }

    /// What may be recorded.
    static func bounded(_ payload: Payload, _ limit: Int) throws(Failure) -> Payload {
        guard payload.bytes.count > limit else { return payload }
        throw Failure(
            .application, type: "PayloadTooLarge",
            message: "a result of \(payload.bytes.count) bytes; at most \(limit)",
            isNonRetryable: true)
    }

    private func finish(
        _ host: RunHost, _ key: RunHost.AttemptKey, _ result: Result<Payload, Failure>
    ) {
        host.enqueue(
            .ended(runID: key.runID, step: key.step, attempt: key.attempt, result) { _ in })
    }
}
