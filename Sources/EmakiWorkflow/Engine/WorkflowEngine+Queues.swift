/// An attempt at an activity that a worker took from a named queue.
///
/// That it was handed over is recorded: it is this worker's until it is completed or failed by its
/// token, or runs into a time-out, also if the engine is opened anew meanwhile.
public struct QueuedAttempt: Sendable {
    /// The activity.
    public let name: String
    /// Which attempt at which step this is; its idempotency key is for the other side.
    public let info: AttemptInfo
    /// What the activity is given.
    public let input: Payload
    /// Limits and retries: a worker that reports does so within `heartbeat`.
    public let options: ActivityOptions
    let codec: any PayloadCodec

    /// Names the attempt.
    public var token: TaskToken { info.token }

    /// What the activity is given, as a value.
    public func input<Value: Codable & Sendable>(as type: Value.Type) throws -> Value {
        try codec.decode(type, from: input)
    }
}

/// Named queues: activities whose options name one wait there for whoever pulls, and are not run by
/// the engine, unless `EngineOptions.queues` says otherwise.
extension WorkflowEngine {
    /// Takes the next attempt from a named queue, once there is one that the queue's limits let
    /// begin. Of one priority the first one that waits is taken, of limit keys in turns; of those
    /// that became late together, every second one at most.
    ///
    /// Returns once it is durable that the attempt was handed over: from then on `startToClose` and
    /// `heartbeat` count. If the caller is lost before it acts, they end the attempt.
    ///
    /// - Throws: `CancellationError` if the calling task is cancelled while it waits;
    ///   `WorkflowError.engineClosed`; what recording it throws.
    public func nextAttempt(from queue: String) async throws -> QueuedAttempt {
        guard !core.queues.isServed(queue) else {
            throw WorkflowError.invalid("the queue \(queue) is served by the engine itself")
        }
        while true {
            let entry = try await core.queues.take(queue)
            let key = entry.key
            // Counted while it is on its way to the worker.
            core.begins()
            defer { core.ends() }
            guard entry.host.begins(key) else {
                entry.host.tookBack(key)
                core.queues.returned(entry.info.token, to: queue)
                continue
            }
            let isHandedOver: Bool
            do {
                isHandedOver = try await withCheckedThrowingContinuation { continuation in
                    entry.host.enqueue(
                        .handedOver(runID: key.runID, step: key.step, attempt: key.attempt) {
                            continuation.resume(with: $0)
                        })
                }
            } catch {
                core.queues.returned(entry.info.token, to: queue)
                throw error
            }
            guard isHandedOver else {
                core.queues.returned(entry.info.token, to: queue)
                continue
            }
            if core.isObserved { entry.watch?.begins() }
            return QueuedAttempt(
                name: entry.schedule.name, info: entry.info, input: entry.schedule.input,
                options: entry.schedule.options, codec: core.options.codec)
        }
    }

    /// What waits in which queue, in the order of their names.
    public func queueStatus() -> [QueueStatus] { core.queues.status }

    /// Says that an attempt that was handed over is alive, and how far it is. Details that are new
    /// are made durable, so report them no more often than half of the activity's `heartbeat`.
    /// - Returns: false if nobody waits for the attempt any more, or it is asked to stop.
    public func heartbeat<Details: Codable & Sendable>(
        _ token: TaskToken, _ details: Details
    ) async throws -> Bool {
        let details = try core.encode(details)
        return try await core.ask(token.workflowID) {
            .heartbeat(
                runID: token.runID, step: token.step, attempt: token.attempt, details, $0)
        }
    }
}
