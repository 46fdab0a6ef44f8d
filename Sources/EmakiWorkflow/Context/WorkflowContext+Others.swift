extension WorkflowContext {
    /// Starts another workflow as a child, and waits until it has begun.
    /// - Throws: `StepFailure` if it could not be started, for instance because the id is taken.
    public func startChild<Child: Workflow>(
        _ type: Child.Type, id: String, _ input: Child.Input,
        options: ChildOptions = ChildOptions(), file: String = #fileID, line: UInt32 = #line
    ) async throws -> ChildHandle<Child, Running> {
        let child = try await startChild(
            named: Child.workflowName, id: id, try encode(input), options: options, file: file,
            line: line)
        return ChildHandle(context: self, child: child)
    }

    /// Runs another workflow as a child and waits for its result.
    /// - Throws: `StepFailure` if it failed, or could not be started.
    public func runChild<Child: Workflow>(
        _ type: Child.Type, id: String, _ input: Child.Input,
        options: ChildOptions = ChildOptions(), file: String = #fileID, line: UInt32 = #line
    ) async throws -> Child.Output {
        let place = SourcePlace(file: file, line: line)
        let child = try await initiate(
            Child.workflowName, id, try encode(input), options, at: place)
        let result = try await child.result(options.cancellation, at: place)
        return try decode(Child.Output.self, from: result)
    }

    /// Sends a signal to another workflow, and waits until it has arrived.
    /// - Throws: `StepFailure` if there is no such workflow, or it has ended.
    public func signal<Receiver: Workflow, Input>(
        _ id: String, _ signal: Signal<Receiver, Input>, _ input: Input,
        file: String = #fileID, line: UInt32 = #line
    ) async throws {
        try await scope.enterWaiting("signal")
        let payload = try encode(input)
        try await send(
            .signal, to: id, signal.name, payload, at: SourcePlace(file: file, line: line))
    }

    /// Asks another workflow to stop, and waits until it was told.
    /// - Throws: `StepFailure` if there is no such workflow, or it has ended.
    public func cancelWorkflow(
        _ id: String, file: String = #fileID, line: UInt32 = #line
    ) async throws {
        try await send(.cancel, to: id, "", .empty, at: SourcePlace(file: file, line: line))
    }

    /// Ends another workflow at once, and waits until that is durable. Nothing is compensated.
    /// - Throws: `StepFailure` if there is no such workflow, or it has ended.
    public func terminateWorkflow(
        _ id: String, reason: String, file: String = #fileID, line: UInt32 = #line
    ) async throws {
        try await send(
            .terminate, to: id, reason, .empty, at: SourcePlace(file: file, line: line))
    }

    private func send(
        _ kind: SentMessage.Kind, to id: String, _ name: String, _ input: Payload,
        at place: SourcePlace
    ) async throws {
        try await scope.enterWaiting("send")
        try await scope.checkCancelled()
        let identity = scope.branch.next(kind == .signal ? "signal(\(name))" : "\(kind)")
        scope.ask(
            .send(
                SentMessage(
                    key: identity.text, kind: kind, workflowID: id, name: name, input: input)),
            at: place)
        do {
            _ = try await scope.wait(identity, .abandon, takeBack: nil, at: place)
        } catch let failure as Failure {
            throw StepFailure(step: id, key: identity.text, cause: failure)
        }
    }
}

/// How a child is started.
public struct ChildOptions: Sendable, Equatable {
    /// What happens to it when the parent ends first.
    public var closePolicy: ParentClosePolicy
    /// What cancelling the parent's wait does to it.
    public var cancellation: CancellationType
    /// Limits and labels.
    public var run: RunOptions
    /// What becomes of it if its id was used before.
    public var idUse: ChildIDUse

    /// Options for a child.
    public init(
        closePolicy: ParentClosePolicy = .terminate, cancellation: CancellationType = .wait,
        run: RunOptions = RunOptions(), idUse: ChildIDUse = .again
    ) {
        self.idUse = idUse
        self.closePolicy = closePolicy
        self.cancellation = cancellation
        self.run = run
    }
}

/// A child that has begun.
public struct ChildHandle<Child: Workflow, Parent: Workflow>: Sendable {
    let context: WorkflowContext<Parent>
    let child: UntypedChild
    /// The child's workflow id.
    public var id: String { child.id }

    /// Waits for the child's result.
    /// - Throws: `StepFailure` if it failed.
    public func result(
        file: String = #fileID, line: UInt32 = #line
    ) async throws -> Child.Output {
        let result = try await child.result(.wait, at: SourcePlace(file: file, line: line))
        return try context.decode(Child.Output.self, from: result)
    }

    /// Sends the child a signal.
    public func signal<Input>(
        _ signal: Signal<Child, Input>, _ input: Input, file: String = #fileID, line: UInt32 = #line
    ) async throws {
        try await context.signal(id, signal, input, file: file, line: line)
    }

    /// Asks the child to stop.
    public func cancel(file: String = #fileID, line: UInt32 = #line) async throws {
        try await context.cancelWorkflow(id, file: file, line: line)
    }
}
