/// Stands around what an engine does outside of workflows' code: starts that callers ask for, and
/// attempts that this process executes. Not around workflows' code itself, which is executed again
/// in every replay.
///
/// `proceed` is called once at most; without it, nothing happens.
public protocol EngineInterceptor: Sendable {
    /// A caller starts a run. In the caller's task.
    /// - Parameter proceed: starts it, and gives the run's id once that is durable: a new run, or
    ///   the one that an earlier request of this id started.
    func start(
        _ start: StartingRun, _ proceed: (StartingRun) async throws -> String
    ) async throws -> String

    /// An attempt is made. In the attempt's own task; what becomes durable is what this returns or
    /// throws.
    /// - Parameter proceed: executes the activity, or the step's closure. It throws
    ///   `ActivityContext.CompletesLater` if somebody outside will say how the attempt ends.
    func attempt(
        _ attempt: ObservedAttempt, _ proceed: () async throws -> Payload
    ) async throws -> Payload
}

extension EngineInterceptor {
    /// Proceeds.
    public func start(
        _ start: StartingRun, _ proceed: (StartingRun) async throws -> String
    ) async throws -> String {
        try await proceed(start)
    }

    /// Proceeds.
    public func attempt(
        _ attempt: ObservedAttempt, _ proceed: () async throws -> Payload
    ) async throws -> Payload {
        try await proceed()
    }
}

/// A run that a caller wants.
public struct StartingRun: Sendable {
    /// The workflow's type.
    public let workflowType: String
    /// The workflow's id.
    public let workflowID: String
    /// Of the request: a repeated one has no effect.
    public let requestID: String
    /// To be passed along to what the run starts, and recorded with its start. What is added here
    /// counts for `RunOptions.labelBytesMax`.
    public var headers: [String: String]
}

extension Sequence<any EngineInterceptor> {
    /// Starts a run with all of them around it.
    func start(
        _ start: StartingRun, _ proceed: (StartingRun) async throws -> String
    ) async throws -> String {
        var rest = Array(self)
        guard !rest.isEmpty else { return try await proceed(start) }
        let first = rest.removeFirst()
        return try await first.start(start) { try await rest.start($0, proceed) }
    }

    /// Makes an attempt with all of them around it.
    func attempt(
        _ attempt: ObservedAttempt, _ proceed: () async throws -> Payload
    ) async throws -> Payload {
        var rest = Array(self)
        guard !rest.isEmpty else { return try await proceed() }
        let first = rest.removeFirst()
        return try await first.attempt(attempt) { try await rest.attempt(attempt, proceed) }
    }
}
