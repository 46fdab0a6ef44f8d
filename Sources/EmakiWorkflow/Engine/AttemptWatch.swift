import EmakiPlatform

/// Tells observers of one attempt, and puts the interceptors around it. There is none where nobody
/// watches.
final class AttemptWatch: Sendable {
    private let engine: EngineCore
    private let attempt: ObservedAttempt
    /// By the clock that only goes forward.
    private let dispatchedAt = SystemClock.monotonicNanoseconds()

    /// Of the turn that dispatches the attempt.
    init(_ engine: EngineCore, _ machine: RunMachine, _ id: Int, _ step: RunMachine.OpenStep) {
        self.engine = engine
        attempt = ObservedAttempt(
            run: machine.observed, step: ObservedStep(id, step),
            queue: step.schedule.options.queue, queueWait: .zero,
            isPulled: !engine.queues.isServed(step.schedule.options.queue))
    }

    /// A worker has it from now on.
    /// - Returns: the attempt, with how long it waited.
    @discardableResult
    func begins() -> ObservedAttempt {
        var begun = attempt
        begun.queueWait = .nanoseconds(SystemClock.monotonicNanoseconds() - dispatchedAt)
        engine.observer.attemptBegan(begun)
        return begun
    }

    /// Executes it.
    /// - Parameter limit: bytes of a result.
    func perform(_ limit: Int, _ body: () async throws -> Payload) async throws -> Payload {
        let begun = begins()
        let beganAt = SystemClock.monotonicNanoseconds()
        do {
            let result = try ActivityPool.bounded(
                try await engine.options.interceptors.attempt(begun, body), limit)
            ended(begun, .completed, since: beganAt)
            return result
        } catch {
            let isHandedOver = error is ActivityContext.CompletesLater
            ended(
                begun, isHandedOver ? .handedOver : .failed(Failure(describing: error)),
                since: beganAt)
            throw error
        }
    }

    private func ended(_ begun: ObservedAttempt, _ end: AttemptEnd, since beganAt: Int64) {
        let running = SystemClock.monotonicNanoseconds() - beganAt
        engine.observer.attemptEnded(begun, end, running: .nanoseconds(running))
    }
}
