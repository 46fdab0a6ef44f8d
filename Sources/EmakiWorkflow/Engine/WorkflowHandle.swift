/// A workflow that runs, or ran.
public struct WorkflowHandle<W: Workflow>: Sendable {
    let core: EngineCore
    /// The workflow's id.
    public let id: String
    /// The run, where a certain one is meant; nil: the newest.
    public let runID: String?

    /// Waits for the result, of the last run of the chain if there are several.
    /// - Throws: `WorkflowError.ended` if there is none.
    public func result() async throws -> W.Output {
        let runID = runID
        core.waits(1)
        defer { core.waits(-1) }
        let outcome: HistoryEvent.Outcome = try await core.ask(id) {
            .result(runID: runID, $0)
        }
        guard case .completed(let payload) = outcome else {
            throw WorkflowError.ended(workflowID: id, outcome)
        }
        return try core.options.codec.decode(W.Output.self, from: payload)
    }

    /// Sends a signal. Returns once it is durable; it is handled before the run may end.
    public func signal<Input>(
        _ signal: Signal<W, Input>, _ input: Input, requestID: String? = nil
    ) async throws {
        let message = try core.message(signal.name, input, requestID)
        try await core.ask(id) { .signal(message, $0) }
    }

    /// Asks a question. It sees everything that was acknowledged before.
    public func query<Input, Output>(
        _ query: Query<W, Input, Output>, _ input: Input
    ) async throws -> Output {
        let payload = try core.encode(input)
        if core.isClosed { throw WorkflowError.engineClosed }
        if let problem = EngineCore.problem(withID: id) { throw problem }
        let now: Payload? = try core.host(id).ask(query.name, payload)
        let answer: Payload
        if let now {
            answer = now
        } else {
            answer = try await core.ask(id) { .query(query.name, payload, $0) }
        }
        return try core.options.codec.decode(Output.self, from: answer)
    }

    /// Asks a question that needs no argument.
    public func query<Output>(_ query: Query<W, Nothing, Output>) async throws -> Output {
        try await self.query(query, Nothing())
    }

    /// Changes the run and waits for the answer.
    /// - Throws: `WorkflowError.refused` if its validator refuses it, `.updateFailed` if its
    ///   handler throws.
    public func update<Input, Output>(
        _ update: Update<W, Input, Output>, _ input: Input, requestID: String? = nil
    ) async throws -> Output {
        let message = try core.message(update.name, input, requestID)
        core.waits(1)
        defer { core.waits(-1) }
        let answer: Payload = try await core.ask(id) {
            .update(message, accepted: { _ in }, completed: $0)
        }
        return try core.options.codec.decode(Output.self, from: answer)
    }

    /// Changes the run, and returns once the update is accepted: it will be handled.
    public func startUpdate<Input, Output>(
        _ update: Update<W, Input, Output>, _ input: Input, requestID: String? = nil
    ) async throws {
        let message = try core.message(update.name, input, requestID)
        try await core.ask(id) { .update(message, accepted: $0, completed: { _ in }) }
    }

    /// Asks the run to stop: what its body and its handlers wait for throws `CancellationError`.
    /// Handlers of messages that come later go on.
    public func cancel(reason: String = "", requestID: String? = nil) async throws {
        let requestID = requestID ?? core.newRequestID()
        try await core.ask(id) { .cancel(requestID: requestID, reason: reason, childOf: nil, $0) }
    }

    /// Ends the run at once. Nothing is compensated.
    public func terminate(reason: String) async throws {
        try await core.ask(id) { .terminate(requestID: "", reason: reason, childOf: nil, $0) }
    }

    /// Lets the run rest: its code sees nothing, and nothing is retried, until it is resumed.
    public func pause(reason: String = "") async throws {
        try await core.ask(id) { .pause(reason: reason, $0) }
    }

    /// Lets the run go on.
    public func resume(_ resumption: Resumption = .plain) async throws {
        try await core.ask(id) { .resume(resumption, $0) }
    }

    /// What the run is about.
    public func describe() async throws -> RunDescription {
        try await core.ask(id) { .describe($0) }
    }

    /// Brings the run's code into memory, where its history ends, as the next message would.
    public func warm() async throws {
        try await core.ask(id) { .warm($0) }
    }

    /// The run's events.
    public func history() async throws -> [HistoryEvent] {
        let runID: String
        if let own = self.runID { runID = own } else { runID = try await describe().runID }
        return try await core.history(id, runID).events
    }
}

extension RunHost {
    /// Answers a query on this thread, if the run rests and its code is there.
    func ask(_ name: String, _ input: Payload) throws -> Payload? {
        try whileIdle { try decider?.query(name, input) }
    }
}
