extension WorkflowContext {
    /// Starts another workflow as a child, and waits until it has begun.
    /// - Throws: `StepFailure` if it could not be started, for instance because the id is taken.
    public func startChild<Child: Workflow>(
        _ type: Child.Type, id: String, _ input: Child.Input,
        options: ChildOptions = ChildOptions()
    ) async throws -> ChildHandle<Child, Running> {
        let identity = try await initiate(type, id: id, input, options)
        let started = Identity(
            branch: identity.branch,
            component: Branch.Component(
                name: identity.component.text + ChildHandle<Child, Running>.startedSuffix,
                ordinal: 1))
        let handle = ChildHandle<Child, Running>(context: self, identity: identity, id: id)
        do {
            _ = try await scope.wait(
                started, options.cancellation, takeBack: handle.takeBack(options.cancellation))
        } catch let failure as Failure {
            throw StepFailure(step: Child.workflowName, key: identity.text, cause: failure)
        }
        return handle
    }

    /// Runs another workflow as a child and waits for its result.
    /// - Throws: `StepFailure` if it failed, or could not be started.
    public func runChild<Child: Workflow>(
        _ type: Child.Type, id: String, _ input: Child.Input,
        options: ChildOptions = ChildOptions()
    ) async throws -> Child.Output {
        let identity = try await initiate(type, id: id, input, options)
        let handle = ChildHandle<Child, Running>(context: self, identity: identity, id: id)
        return try await handle.result(options.cancellation)
    }

    private func initiate<Child: Workflow>(
        _ type: Child.Type, id: String, _ input: Child.Input, _ options: ChildOptions
    ) async throws -> Identity {
        try await scope.enterWaiting("startChild")
        try await scope.checkCancelled()
        let payload = try encode(input)
        let identity = scope.branch.next(Child.workflowName)
        var runOptions = options.run
        runOptions.headers.merge(scope.start.headers) { own, _ in own }
        scope.commands.append(
            .startChild(
                ChildStart(
                    key: identity.text, workflowType: Child.workflowName, workflowID: id,
                    closePolicy: options.closePolicy, cancellation: options.cancellation,
                    options: runOptions, input: payload)))
        return identity
    }

    /// Sends a signal to another workflow, and waits until it has arrived.
    /// - Throws: `StepFailure` if there is no such workflow, or it has ended.
    public func signal<Receiver: Workflow, Input>(
        _ id: String, _ signal: Signal<Receiver, Input>, _ input: Input
    ) async throws {
        try await scope.enterWaiting("signal")
        let payload = try encode(input)
        try await send(.signal, to: id, signal.name, payload)
    }

    /// Asks another workflow to stop, and waits until it was told.
    /// - Throws: `StepFailure` if there is no such workflow, or it has ended.
    public func cancelWorkflow(_ id: String) async throws {
        try await send(.cancel, to: id, "", .empty)
    }

    private func send(
        _ kind: SentMessage.Kind, to id: String, _ name: String, _ input: Payload
    ) async throws {
        try await scope.enterWaiting("send")
        try await scope.checkCancelled()
        let identity = scope.branch.next(kind == .signal ? "signal(\(name))" : "cancel")
        scope.commands.append(
            .send(
                SentMessage(
                    key: identity.text, kind: kind, workflowID: id, name: name, input: input)))
        do {
            _ = try await scope.wait(identity, .abandon, takeBack: nil)
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

    /// Options for a child.
    public init(
        closePolicy: ParentClosePolicy = .terminate, cancellation: CancellationType = .wait,
        run: RunOptions = RunOptions()
    ) {
        self.closePolicy = closePolicy
        self.cancellation = cancellation
        self.run = run
    }
}

/// A child that has begun.
public struct ChildHandle<Child: Workflow, Parent: Workflow>: Sendable {
    static var startedSuffix: String { "+started" }

    let context: WorkflowContext<Parent>
    let identity: Identity
    /// The child's workflow id.
    public let id: String

    /// Waits for the child's result.
    /// - Throws: `StepFailure` if it failed.
    public func result() async throws -> Child.Output { try await result(.wait) }

    func result(_ cancellation: CancellationType) async throws -> Child.Output {
        let scope = context.scope
        try await scope.enterWaiting("result")
        do {
            let payload = try await scope.wait(
                identity, cancellation, takeBack: takeBack(cancellation))
            return try context.decode(Child.Output.self, from: payload)
        } catch let failure as Failure {
            if failure.kind == .cancelled, Task.isCancelled { throw CancellationError() }
            throw StepFailure(step: Child.workflowName, key: identity.text, cause: failure)
        }
    }

    /// Sends the child a signal.
    public func signal<Input>(_ signal: Signal<Child, Input>, _ input: Input) async throws {
        try await context.signal(id, signal, input)
    }

    /// Asks the child to stop.
    public func cancel() async throws { try await context.cancelWorkflow(id) }

    func takeBack(_ cancellation: CancellationType) -> Command? {
        guard cancellation != .abandon else { return nil }
        return .send(
            SentMessage(
                key: identity.text + RunScope.cancelSuffix, kind: .cancel, workflowID: id, name: "",
                input: .empty))
    }
}
