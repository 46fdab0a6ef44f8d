import EmakiLog

/// Runs workflows, in this process, on an event log.
///
///     let log = try await EventLog.open(at: "bank.emaki", .creating())
///     let engine = try await WorkflowEngine(
///         log: log, workflows: [AccountTransfer.self], activities: [Debit(bank), Credit(bank)])
///     let receipt = try await engine.execute(AccountTransfer.self, id: "transfer-7", transfer)
///
/// Every run that was under way when the process ended is taken up, the first ones before opening
/// returns, the others beside what is asked for. `Docs/workflows.md` numbers what is promised.
public final class WorkflowEngine: Sendable {
    let core: EngineCore

    /// An engine on a log.
    /// - Parameters:
    ///   - log: the log. Histories are in streams that start with `run/` and `workflow/`.
    ///   - workflows: the workflows that can run here.
    ///   - activities: the activities that can run here.
    /// - Throws: `WorkflowError.invalid` for two of one name; what reading the log throws.
    public convenience init(
        log: EventLog, workflows: [any Workflow.Type], activities: [any Activity] = [],
        options: EngineOptions = EngineOptions()
    ) async throws {
        try await self.init(
            log: log, definitions: workflows.map { WorkflowDefinition($0) },
            activities: activities, options: options)
    }

    /// An engine on a log, with definitions: several versions of one workflow, for instance.
    /// - Throws: `WorkflowError.invalid` for definitions that cannot be told apart; what reading
    ///   the log throws.
    public convenience init(
        log: EventLog, definitions: [WorkflowDefinition], activities: [any Activity] = [],
        options: EngineOptions = EngineOptions()
    ) async throws {
        try await self.init(
            store: EventLogStore(log), definitions: definitions, activities: activities,
            options: options)
        if options.answersControl { serve(log) }
    }

    /// An engine on any store.
    public init(
        store: any HistoryStore, definitions: [WorkflowDefinition],
        activities: [any Activity] = [], options: EngineOptions = EngineOptions()
    ) async throws {
        core = try await EngineCore(
            store: store, definitions: definitions, activities: activities, options: options)
        guard options.executesCode else { return }
        do {
            if let retention = options.retention { try core.keepFor(retention) }
            try await core.takeUp()
        } catch {
            core.close()
            throw error
        }
    }

    /// Nothing more is begun. What is under way in activities goes on, and its results are not
    /// recorded any more: the next engine takes it for attempts of unknown outcome.
    ///
    /// Returns once a last checkpoint of the projection was written, if that is worth while: with a
    /// million open runs it takes a part of a second.
    public func close() { core.close() }

    /// Lets what is at work come to its end, and closes.
    ///
    /// From now on no run's code goes on and no attempt begins: results of attempts under way, and
    /// what callers send, are recorded for the next engine, which goes on from there. So an attempt
    /// that ends in time is not one of unknown outcome.
    /// - Parameter limit: how long this waits for attempts under way at most.
    /// - Returns: whether all of them ended; those that did not are of unknown outcome, as after
    ///   `close()`.
    @discardableResult
    public func close(draining limit: Duration) async -> Bool {
        let isDrained = await core.drain(for: limit)
        core.close()
        return isDrained
    }

    /// How many times code that was let go swallowed every error, so that it had to be left in
    /// memory until the process ends. A number that grows tells of a `try?` around a call of the
    /// context in a loop.
    public var leakedCount: Int { core.leakedCount }

    // MARK: Starting

    /// Starts a workflow, and returns once that is durable.
    ///
    /// - Parameters:
    ///   - id: the workflow's id: 1 to 200 bytes, without a slash at its end.
    ///   - requestID: the same request twice starts one run.
    /// - Throws: `WorkflowError`.
    @discardableResult
    public func start<W: Workflow>(
        _ type: W.Type, id: String, _ input: W.Input, options: RunOptions = RunOptions(),
        reuse: IDReusePolicy = .allow, conflict: IDConflictPolicy = .fail,
        requestID: String? = nil
    ) async throws -> WorkflowHandle<W> {
        let payload = try encode(input)
        let request = request(
            W.workflowName, id, payload, options, reuse, conflict, requestID)
        return try await start(request)
    }

    /// Starts a workflow and waits for its result.
    /// - Throws: `WorkflowError`; `.ended` if it gave no result.
    public func execute<W: Workflow>(
        _ type: W.Type, id: String, _ input: W.Input, options: RunOptions = RunOptions(),
        requestID: String? = nil
    ) async throws -> W.Output {
        try await start(type, id: id, input, options: options, requestID: requestID).result()
    }

    /// Sends a signal to a workflow, starting it first if no run of the id is open; both are
    /// durable together.
    @discardableResult
    public func signalWithStart<W: Workflow, Input>(
        _ type: W.Type, id: String, _ input: W.Input, _ signal: Signal<W, Input>,
        _ argument: Input, options: RunOptions = RunOptions(), reuse: IDReusePolicy = .allow,
        requestID: String? = nil
    ) async throws -> WorkflowHandle<W> {
        let message = try core.message(signal.name, argument, requestID)
        var request = request(
            W.workflowName, id, try encode(input), options, reuse, .useExisting,
            message.requestID + "+start")
        request.message = .signalReceived(message)
        return try await start(request)
    }

    /// Changes a workflow and waits for the answer, starting it first if no run of the id is open.
    ///
    /// Both are asked for at once and become durable one after the other, as what validates the
    /// update is the code of a run that has begun: a run that was started stays, whatever becomes
    /// of the update. The same request twice starts one run, changes it once, and gets the first
    /// answer.
    /// - Parameter requestID: of both.
    /// - Returns: the run that was changed, and what the update gave.
    /// - Throws: `WorkflowError`; `.refused` if the update's validator refuses it, `.updateFailed`
    ///   if its handler throws, `.closed` if the run ended before it came, as one does that waits
    ///   for nothing.
    public func updateWithStart<W: Workflow, Input, Output>(
        _ type: W.Type, id: String, _ input: W.Input, _ update: Update<W, Input, Output>,
        _ argument: Input, options: RunOptions = RunOptions(), reuse: IDReusePolicy = .allow,
        requestID: String? = nil
    ) async throws -> (handle: WorkflowHandle<W>, output: Output) {
        let message = try core.message(update.name, argument, requestID)
        let request = request(
            W.workflowName, id, try encode(input), options, reuse, .useExisting,
            message.requestID + "+start")
        core.waits(1)
        defer { core.waits(-1) }
        var answer = Payload.empty
        let runID = try await core.start(request) { [core] request in
            let (runID, output): (String, Payload) = try await core.ask(id) {
                .start(request, $0)
            } then: {
                .update(message, accepted: { _ in }, completed: $0)
            }
            answer = output
            return runID
        }
        return (
            WorkflowHandle(core: core, id: id, runID: runID),
            try core.options.codec.decode(Output.self, from: answer)
        )
    }

    private func start<W: Workflow>(_ request: StartRequest) async throws -> WorkflowHandle<W> {
        let runID = try await core.start(request)
        return WorkflowHandle(core: core, id: request.workflowID, runID: runID)
    }

    private func request(
        _ type: String, _ id: String, _ input: Payload, _ options: RunOptions,
        _ reuse: IDReusePolicy, _ conflict: IDConflictPolicy, _ requestID: String?
    ) -> StartRequest {
        StartRequest(
            workflowType: type, workflowID: id, requestID: requestID ?? core.newRequestID(),
            input: input, options: options, reuse: reuse, conflict: conflict, parent: nil,
            message: nil)
    }

    private func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        try core.encode(value)
    }

    // MARK: Others

    /// The workflow of this id: its newest run.
    public func handle<W: Workflow>(_ type: W.Type, id: String) -> WorkflowHandle<W> {
        WorkflowHandle(core: core, id: id, runID: nil)
    }

    /// Completes an attempt from outside, by its token.
    /// - Returns: false if the attempt is not the current one any more.
    public func complete<Output: Codable & Sendable>(
        _ token: TaskToken, _ output: Output
    ) async throws -> Bool {
        try await end(token, .success(try encode(output)))
    }

    /// Fails an attempt from outside, by its token.
    /// - Returns: false if the attempt is not the current one any more.
    public func fail(_ token: TaskToken, _ failure: Failure) async throws -> Bool {
        try await end(token, .failure(failure))
    }

    private func end(_ token: TaskToken, _ result: Result<Payload, Failure>) async throws -> Bool {
        try await core.ask(token.workflowID) {
            .ended(
                runID: token.runID, step: token.step, attempt: token.attempt, result, $0)
        }
    }
}

extension EngineCore {
    /// Tells a workflow something and waits for its answer.
    func ask<Value: Sendable>(
        _ workflowID: String, _ input: (@escaping HostInput.Reply<Value>) -> HostInput
    ) async throws -> Value {
        if isClosed { throw WorkflowError.engineClosed }
        if isFenced { throw WorkflowError.fenced }
        if let problem = Self.problem(withID: workflowID) { throw problem }
        let host = host(workflowID)
        return try await withCheckedThrowingContinuation { continuation in
            host.enqueue(input { continuation.resume(with: $0) })
        }
    }

    /// Tells a workflow something and, in the turn in which that is done, something else.
    /// - Returns: both answers.
    /// - Throws: why the first was not done, and then the second was not asked for; or why the
    ///   second was not.
    func ask<First: Sendable, Second: Sendable>(
        _ workflowID: String, _ first: (@escaping HostInput.Reply<First>) -> HostInput,
        then second: @escaping @Sendable (@escaping HostInput.Reply<Second>) -> HostInput
    ) async throws -> (First, Second) {
        if isClosed { throw WorkflowError.engineClosed }
        if isFenced { throw WorkflowError.fenced }
        if let problem = Self.problem(withID: workflowID) { throw problem }
        let host = host(workflowID)
        return try await withCheckedThrowingContinuation { continuation in
            let input = first { result in
                do {
                    let one = try result.get()
                    host.enqueue(
                        second { other in continuation.resume(with: other.map { (one, $0) }) })
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            host.enqueue(input)
        }
    }

    /// Starts a run, for a caller whose task this is.
    /// - Returns: the run's id, once it is durable.
    func start(_ request: StartRequest) async throws -> String {
        try await start(request) { [self] request in
            try await ask(request.workflowID) { .start(request, $0) }
        }
    }

    /// Starts a run, with the interceptors around it.
    func start(
        _ request: StartRequest, _ proceed: (StartRequest) async throws -> String
    ) async throws -> String {
        if let problem = problem(with: request) { throw problem }
        if options.interceptors.isEmpty { return try await proceed(request) }
        let start = StartingRun(
            workflowType: request.workflowType, workflowID: request.workflowID,
            requestID: request.requestID, headers: request.options.headers)
        return try await options.interceptors.start(start) { start in
            var request = request
            request.options.headers = start.headers
            if let problem = problem(with: request) { throw problem }
            return try await proceed(request)
        }
    }

    /// A message to be sent by a caller.
    func message<Value: Encodable & Sendable>(
        _ name: String, _ input: Value, _ requestID: String?
    ) throws -> Message {
        let requestID = requestID ?? newRequestID()
        guard requestID.utf8.count <= Self.requestIDBytesMax else {
            throw WorkflowError.tooLarge(
                "request id", limit: Self.requestIDBytesMax, value: requestID.utf8.count)
        }
        return Message(name: name, requestID: requestID, input: try encode(input))
    }

    func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        let payload = try options.codec.encode(value)
        guard payload.bytes.count <= payloadBytesMax else {
            throw WorkflowError.tooLarge(
                "payload", limit: payloadBytesMax, value: payload.bytes.count)
        }
        return payload
    }
}
