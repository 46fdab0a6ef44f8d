import EmakiPlatform

/// Executes a workflow that is written in Swift, from its start or from a checkpoint to the next.
///
/// The run's body, its handlers and all their child tasks live on one first-in-first-out executor.
/// An event goes in when the run is quiescent; then the executor is drained, and whatever follows
/// from the run's own state (conditions that hold, cancelled waits) is done in the order of
/// identities, until nothing more follows.
final class SwiftFrame<W: Workflow>: @unchecked Sendable {
    private let executor = RunExecutor()
    private let scope: RunScope
    private let handlers: MessageHandlers<W>
    private let context: WorkflowContext<W>?
    /// Why there is no context.
    private let inputFailure: Failure?
    private let input: W.Input?
    private var body: Task<Void, Never>?
    /// Handlers under way, by the events of their messages.
    private var handling: [Int: Task<Void, Never>] = [:]
    private var result: Result<Payload, any Error>?
    private var isCancelRequested = false
    /// A handler broke a rule, or threw what is not declared.
    private var fault: Failure?
    private var hasClosed = false
    /// What a signal's handler threw, which fails the run.
    private var handlerError: (any Error)?

    /// - Parameter checkpoint: where it begins; nil: at the start.
    init(_ start: RunStart, from checkpoint: RunCheckpoint? = nil, codec: any PayloadCodec) {
        scope = RunScope(start, codec: codec, executor: executor, from: checkpoint)
        var handlers = MessageHandlers<W>()
        W.handle(&handlers)
        self.handlers = handlers
        do {
            let input = try codec.decode(W.Input.self, from: start.input)
            let state: W.State
            do {
                state = try checkpoint?.state(of: W.self, codec) ?? W.initialState(for: input)
            } catch {
                context = nil
                self.input = nil
                inputFailure = Self.failure(
                    "the checkpoint's state", error, "is no \(W.State.self)")
                return
            }
            context = WorkflowContext(scope: scope, box: StateBox(state))
            self.input = input
            inputFailure = nil
        } catch {
            context = nil
            input = nil
            inputFailure = Self.failure("the input", error, "is no \(W.Input.self)")
        }
    }

    /// What cannot be read now says nothing about the code.
    private static func failure(_ what: String, _ error: any Error, _ problem: String) -> Failure {
        if let error = error as? any UnreadablePayload { return Failure(unreadable: what, error) }
        return Failure(
            .misuse, type: "Undecodable", message: "\(what) \(problem): \(error)")
    }

    // MARK: What a decider is asked

    func activate(_ activation: Activation) -> Decision {
        if let inputFailure { return failing(inputFailure) }
        scope.begin(activation)
        scope.hasMoreMessages = activation.hasMoreMessages
        executor.drain { enter(activation) }
        var isSettled = false
        while !isSettled { executor.drain { isSettled = !scope.settle() } }
        return decision()
    }

    func uncompensated() -> [String] { scope.openSagas.flatMap(\.keysToUndo) }

    func validate(_ message: Message, isUpdate: Bool) -> Failure? {
        guard let context else { return inputFailure }
        let handlers = isUpdate ? self.handlers.updates : self.handlers.signals
        do {
            guard let entry = handlers[message.name] else {
                return Failure(
                    .misuse, type: "UnknownMessage",
                    message: "\(W.workflowName) has no handler for \(message.name)")
            }
            // Decodes, too.
            _ = try entry.run(context, message.input)
            try entry.validate?(context, message.input)
            return nil
        } catch let error as any UnreadablePayload {
            // It is for this code, which cannot see it now. A signal is recorded, and the run rests
            // until it can be read: who sent it may be a workflow, which would take it for lost.
            return isUpdate ? Failure(unreadable: "the input of \(message.name)", error) : nil
        } catch {
            return Failure(describing: error)
        }
    }

    func query(_ name: String, _ input: Payload) throws -> Payload {
        if let inputFailure { throw inputFailure }
        guard let context, let body = handlers.queries[name] else {
            throw Failure(
                .misuse, type: "UnknownMessage",
                message: "\(W.workflowName) has no query \(name)")
        }
        return try body(context, input)
    }

    func closure(of key: String) -> StepClosure? { scope.closures[key] }

    var declinedPatches: [String] { scope.declinedPatches.sorted() }

    func place(inBranch branch: String) -> SourcePlace? {
        scope.place(inBranch: branch.isEmpty ? "" : branch + "/")
    }

    func evict() {
        executor.drain {
            scope.evict()
            body?.cancel()
        }
        executor.abandon()
    }

    var hasLeaked: Bool { scope.isParked }

    // MARK: Letting events in

    private func enter(_ activation: Activation) {
        guard let context else { return }
        switch activation.event.body {
        case .started: begin(context)
        case .checkpointed(let checkpoint):
            begin(context)
            isCancelRequested = checkpoint.isCancelRequested
            if isCancelRequested { body?.cancel() }
        case .stepCompleted(_, _, let payload):
            if let key = activation.key {
                scope.closures[key] = nil
                scope.resolve(key, .completed(payload))
            }
        case .stepFailed(_, _, let failure):
            if let key = activation.key {
                scope.closures[key] = nil
                scope.resolve(key, .failed(failure))
            }
        case .timerFired: if let key = activation.key { scope.resolve(key, .fired) }
        case .signalReceived(let message):
            handle(message, handlers.signals[message.name], context, activation.event.id)
        case .updateAccepted(let message):
            handle(
                message, handlers.updates[message.name], context, activation.event.id,
                isUpdate: true)
        case .cancelRequested:
            isCancelRequested = true
            body?.cancel()
            // Those of messages that come later are not: they may be what the end waits for.
            for id in handling.keys.sorted() { handling[id]?.cancel() }
        case .childStarted(_, let runID):
            if let key = activation.key {
                scope.resolve(
                    key + UntypedChild.startedSuffix, .completed(Payload(text: runID)))
            }
        case .childClosed(_, let outcome): childClosed(activation.key, outcome)
        case .messageAnswered(_, let failure):
            if let key = activation.key {
                scope.resolve(key, failure.map { .failed($0) } ?? .completed(.empty))
            }
        case .resumed(let resumption): resume(resumption)
        default: break
        }
    }

    private func begin(_ context: WorkflowContext<W>) {
        guard let input else { return }
        body = Task.detached(executorPreference: executor) { [self] in
            do {
                let output = try await W.run(context: context, input: input)
                result = .success(try scope.encode(output))
            } catch {
                result = .failure(error)
            }
            if let handlerError { result = .failure(handlerError) }
        }
    }

    private func childClosed(_ key: String?, _ outcome: HistoryEvent.Outcome) {
        guard let key else { return }
        let resolution: RunScope.Resolution =
            switch outcome {
            case .completed(let payload): .completed(payload)
            default: .failed(Failure(childEnded: outcome))
            }
        scope.resolve(key + UntypedChild.startedSuffix, resolution)
        scope.resolve(key, resolution, keeps: true)
    }

    private func resume(_ resumption: Resumption) {
        switch resumption {
        case .plain: break
        case .retryCompensation(let key), .skipCompensation(let key, _):
            if let place = scope.pauses.removeValue(forKey: key) {
                scope.resolve(place, .resumed(resumption))
            }
        }
    }

    private func handle(
        _ message: Message, _ entry: MessageHandlers<W>.Entry?, _ context: WorkflowContext<W>,
        _ id: Int, isUpdate: Bool = false
    ) {
        guard let entry else {
            if isUpdate {
                let failure = Failure(
                    .misuse, type: "UnknownMessage",
                    message: "\(W.workflowName) has no handler for \(message.name)")
                scope.ask(.failUpdate(id, failure), at: nil)
            }
            return
        }
        let branch = scope.root.branch("\(isUpdate ? "update" : "signal"):\(id)")
        if !entry.isAbandoned { scope.handlerCount += 1 }
        scope.handlingCount += 1
        scope.messageCount += 1
        // Safe to send: the closure stays on the run's executor.
        let work = HandlerWork(entry: entry, message: message, update: isUpdate ? id : nil)
        handling[id] = Task.detached(executorPreference: executor) { [self] in
            await Branch.$current.withValue(branch) { await perform(work, context) }
            handling[id] = nil
            scope.handlingCount -= 1
            if !work.entry.isAbandoned { scope.handlerCount -= 1 }
        }
    }

    private struct HandlerWork: @unchecked Sendable {
        let entry: MessageHandlers<W>.Entry
        let message: Message
        let update: Int?
    }

    private func perform(_ work: HandlerWork, _ context: WorkflowContext<W>) async {
        let body: () async throws -> Payload
        do {
            body = try work.entry.run(context, work.message.input)
        } catch let error as any UnreadablePayload {
            // It is for this code, which did not see it.
            fault = fault ?? Failure(unreadable: "the input of \(work.message.name)", error)
            return
        } catch {
            // What cannot be decoded is not for this code; who sent it with an update is told.
            if let update = work.update {
                scope.ask(.failUpdate(update, Failure(describing: error)), at: nil)
            }
            return
        }
        do {
            let output = try await body()
            if let update = work.update, !scope.isEvicted {
                scope.ask(.completeUpdate(update, output), at: nil)
            }
        } catch {
            guard !scope.isEvicted, !(error is Evicted) else { return }
            let failure = Failure(describing: error)
            guard RunEnd.fails(W.self, error) else {
                fault = fault ?? undeclared(failure, "the handler of \(work.message.name)")
                return
            }
            if let update = work.update {
                scope.ask(.failUpdate(update, failure), at: nil)
            } else if isCancelRequested, failure.kind == .cancelled {
                // It was asked to stop, like the body, which says how the run ends.
            } else if result == nil {
                // The body ends, and undoes what it has to; then the run fails with this.
                handlerError = handlerError ?? error
                self.body?.cancel()
            }
        }
    }

    // MARK: What came of it

    private func decision() -> Decision {
        if let reported = executor.reported { return failing(Failure(describing: reported)) }
        if executor.hasEscaped { return failing(foreignWait()) }
        if let fault = fault ?? scope.misuse { return failing(fault) }
        var decision = Decision()
        if let result {
            decision.hasReturned = true
            if scope.handlerCount == 0, !hasClosed, !scope.hasMoreMessages {
                guard
                    let closing = RunEnd.closing(
                        W.self, result, isCancelRequested: isCancelRequested)
                else { return failing(fault(of: result)) }
                hasClosed = true
                scope.ask(.close(closing), at: nil)
            }
        } else if !scope.isWaiting, !scope.isEvicted {
            return failing(foreignWait())
        }
        (decision.commands, decision.places) = scope.takeCommands()
        decision.lines = scope.lines
        return decision
    }

    private func failing(_ failure: Failure) -> Decision {
        var decision = Decision()
        decision.taskFailure = failure
        return decision
    }

    private func fault(of result: Result<Payload, any Error>) -> Failure {
        guard case .failure(let error) = result else { return foreignWait() }
        return undeclared(Failure(describing: error), "run")
    }

    private func undeclared(_ failure: Failure, _ place: String) -> Failure {
        Failure(
            .misuse, type: failure.type,
            message: "\(place) threw an error that \(W.workflowName).failures does not declare: "
                + failure.message)
    }

    private func foreignWait() -> Failure {
        Failure(
            .misuse, type: "Escape",
            message: "\(W.workflowName) waits for something that the engine does not know: a "
                + "Task {}, Task.sleep, another actor, a stream or a callback. Use the context's "
                + "calls, async let, a task group, or an activity.")
    }
}

extension Failure {
    /// Why a child gave no result.
    init(childEnded outcome: HistoryEvent.Outcome) {
        switch outcome {
        case .failed(let failure): self = failure
        case .cancelled: self = .cancelled("the child was cancelled")
        case .terminated(let reason, _):
            self.init(.terminated, type: "Terminated", message: reason)
        case .timedOut: self = .timedOut(.run, "the child took too long")
        case .completed, .continuedAsNew:
            self.init(.misuse, type: "ChildEnded", message: "it goes on as another run")
        }
    }
}
