/// A child whose type only its name tells.
package struct UntypedChild: Sendable {
    static let startedSuffix = "+started"

    let scope: RunScope
    let identity: Identity
    let type: String
    /// The child's workflow id.
    package let id: String

    /// Waits until it has begun.
    /// - Throws: `StepFailure` if it could not be started.
    func hasBegun(_ cancellation: CancellationType, at place: SourcePlace) async throws {
        let started = Identity(
            branch: identity.branch,
            component: Branch.Component(
                name: identity.component.text + Self.startedSuffix, ordinal: 1))
        do {
            _ = try await scope.wait(
                started, cancellation, takeBack: takeBack(cancellation), at: place)
        } catch let failure as Failure {
            throw StepFailure(step: type, key: identity.text, cause: failure)
        }
    }

    /// Waits for its result.
    /// - Throws: `StepFailure` if it failed, or could not be started.
    package func result(
        _ cancellation: CancellationType, at place: SourcePlace? = nil
    ) async throws -> Payload {
        try await scope.enterWaiting("result")
        do {
            return try await scope.wait(
                identity, cancellation, takeBack: takeBack(cancellation), at: place)
        } catch let failure as Failure {
            if failure.kind == .cancelled, Task.isCancelled { throw CancellationError() }
            throw StepFailure(step: type, key: identity.text, cause: failure)
        }
    }

    private func takeBack(_ cancellation: CancellationType) -> Command? {
        guard cancellation != .abandon else { return nil }
        return .send(
            SentMessage(
                key: identity.text + RunScope.cancelSuffix, kind: .cancel, workflowID: id, name: "",
                input: .empty))
    }
}

extension WorkflowContext {
    /// As `startChild(_:id:_:options:)`, of a workflow that only its name tells.
    package func startChild(
        named type: String, id: String, _ input: Payload, options: ChildOptions,
        file: String = #fileID, line: UInt32 = #line
    ) async throws -> UntypedChild {
        let place = SourcePlace(file: file, line: line)
        let child = try await initiate(type, id, input, options, at: place)
        try await child.hasBegun(options.cancellation, at: place)
        return child
    }

    func initiate(
        _ type: String, _ id: String, _ input: Payload, _ options: ChildOptions,
        at place: SourcePlace
    ) async throws -> UntypedChild {
        try await scope.enterWaiting("startChild")
        try await scope.checkCancelled()
        let identity = scope.branch.next(type)
        var runOptions = options.run
        runOptions.headers.merge(scope.start.headers) { own, _ in own }
        scope.ask(
            .startChild(
                ChildStart(
                    key: identity.text, workflowType: type, workflowID: id,
                    closePolicy: options.closePolicy, cancellation: options.cancellation,
                    options: runOptions, idUse: options.idUse, input: input)), at: place)
        return UntypedChild(scope: scope, identity: identity, type: type, id: id)
    }
}
