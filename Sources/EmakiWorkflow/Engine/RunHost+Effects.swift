// What leaves, once what it rests on is durable.
extension RunHost {
    /// The draft is durable.
    func act(upon draft: CommitDraft) async {
        guard let start = machine?.start else { return }
        let effects = machine?.effects ?? []
        machine?.effects = []
        actedUpon = (start.runID, machine?.lastID ?? 0)
        for reply in draft.replies { reply(nil) }
        engine.observer.recorded(workflowID: workflowID, runID: start.runID, draft.events)
        for effect in effects { await perform(effect, start) }
        if let successor = draft.successor { await follow(successor) }
        if engine.options.evictsAlways {
            decider?.evict()
            decider = nil
        }
    }

    private func perform(_ effect: RunMachine.Effect, _ start: RunStart) async {
        switch effect {
        case .dispatch(let step): dispatch(step, start)
        case .stop(let step): stop(runID: start.runID, step: step)
        case .startChild(let id): startChild(id, start)
        case .deliver(let id): deliver(id, start)
        case .answerUpdate(let id):
            guard let answer = machine?.updateAnswers[id],
                let waiting = updateWaiters.removeValue(forKey: id)
            else { return }
            for reply in waiting {
                reply(answer.mapError { WorkflowError.updateFailed($0) })
            }
        case .close: closed(start)
        }
    }

    /// After a restart, or when memory was discarded: what was to be done is done again; whoever is
    /// told twice knows it by the request id.
    func resumeEffects(_ current: RunMachine) {
        let start = current.start
        for id in current.children.keys.sorted() { startChild(id, start) }
        for id in current.sent.keys.sorted() { deliver(id, start) }
        let acted = actedUpon
        for id in current.steps.keys.sorted() {
            guard let step = current.steps[id], step.phase == .running,
                acted.runID == start.runID, step.begunBy > acted.event
            else { continue }
            dispatch(id, start)
        }
    }

    // MARK: Steps

    func dispatch(_ id: Int, _ start: RunStart) {
        guard let current = machine, current.isOpen, let step = current.steps[id],
            step.phase == .running
        else { return }
        let now = engine.timers.now
        let key = AttemptKey(runID: start.runID, step: id, attempt: step.attempt)
        guard !isRunning(key) else { return }
        let info = AttemptInfo(
            workflowID: workflowID, runID: start.runID, key: step.schedule.key,
            name: step.schedule.name, step: id, attempt: step.attempt,
            compensatedKey: step.schedule.compensates.map {
                AttemptInfo.idempotencyKey(workflowID, start.runID, $0)
            }, heartbeatDetails: step.heartbeatDetails)
        began(key)
        machine?.queued(step: id, at: now)
        machine?.began(step: id, at: now)
        if step.schedule.kind == .closure {
            guard let closure = decider?.closure(of: step.schedule.key) else {
                // The code is not there: it is brought back, and asks for the step again.
                forget(key)
                return needClosure(id)
            }
            engine.activities.run(closure, info, self, key)
        } else {
            engine.activities.run(step.schedule, info, self, key)
        }
    }

    /// A step's closure lives in the code; the next round brings the code back.
    private func needClosure(_ id: Int) { closuresWanted.insert(id) }

    // MARK: Other workflows

    private func startChild(_ id: Int, _ start: RunStart) {
        guard let child = machine?.children[id], machine?.isOpen == true else { return }
        let runID = start.runID
        if let childRunID = child.runID {
            return watch(id, runID, child.start.workflowID, childRunID)
        }
        let request = StartRequest(
            workflowType: child.start.workflowType, workflowID: child.start.workflowID,
            requestID: "child:\(runID)/\(child.start.key)", input: child.start.input,
            options: child.start.options, reuse: .allow, conflict: .fail,
            parent: RunStart.Parent(workflowID: workflowID, runID: runID), message: nil)
        engine.host(request.workflowID).enqueue(
            .start(request) { [self] result in
                switch result {
                case .success(let childRunID):
                    enqueue(.childStarted(runID: runID, child: id, childRunID: childRunID))
                    watch(id, runID, request.workflowID, childRunID)
                case .failure(let error):
                    childFailed(id, runID, error)
                }
            })
    }

    private func childFailed(_ id: Int, _ runID: String, _ error: any Error) {
        switch error as? WorkflowError {
        case .engineClosed, .outcomeUnknown, .fenced: return
        case .noSpace:
            engine.later { [self] in enqueue(.load) }
        default:
            enqueue(
                .childClosed(
                    runID: runID, child: id,
                    .failed(Failure(.application, type: "ChildStart", message: "\(error)"))))
        }
    }

    private func watch(_ id: Int, _ runID: String, _ childID: String, _ childRunID: String) {
        engine.host(childID).enqueue(
            .result(runID: childRunID) { [self] result in
                guard case .success(let outcome) = result else { return }
                enqueue(.childClosed(runID: runID, child: id, outcome))
            })
    }

    private func deliver(_ id: Int, _ start: RunStart) {
        guard let message = machine?.sent[id] else { return }
        let runID = start.runID
        let requestID = "message:\(runID)/\(message.key)"
        let reply: HostInput.Reply<Void> = { [self] result in
            switch result {
            case .success: enqueue(.delivered(runID: runID, message: id, nil))
            case .failure(let error):
                switch error as? WorkflowError {
                case .engineClosed, .outcomeUnknown, .fenced: return
                default: break
                }
                enqueue(
                    .delivered(
                        runID: runID, message: id,
                        Failure(.application, type: "NotDelivered", message: "\(error)")))
            }
        }
        let host = engine.host(message.workflowID)
        switch message.kind {
        case .signal:
            host.enqueue(
                .signal(
                    Message(name: message.name, requestID: requestID, input: message.input),
                    reply))
        case .cancel:
            host.enqueue(
                .cancel(requestID: requestID, reason: "asked by \(workflowID)", reply))
        }
    }

    // MARK: The end

    private func closed(_ start: RunStart) {
        guard let machine, let outcome = machine.outcome else { return }
        stop(runID: start.runID, step: nil)
        decider?.evict()
        decider = nil
        for replies in updateWaiters.values {
            for reply in replies {
                reply(
                    .failure(WorkflowError.closed(workflowID: workflowID, runID: start.runID)))
            }
        }
        updateWaiters = [:]
        settle(machine)
        guard case .continuedAsNew(let next, _) = outcome else {
            let waiting = resultWaiters
            resultWaiters = []
            for waiter in waiting { waiter.reply(.success(outcome)) }
            return
        }
        resultWaiters = resultWaiters.map { (next, $0.reply) }
    }

    /// Does what the end of a run asks for; all of it can be done again.
    func settle(_ machine: RunMachine) {
        guard !machine.children.isEmpty || !machine.sent.isEmpty else { return }
        let runID = machine.start.runID
        for id in machine.sent.keys.sorted() { deliver(id, machine.start) }
        for (id, child) in machine.children.sorted(by: { $0.key < $1.key }) {
            let host = engine.host(child.start.workflowID)
            switch child.start.closePolicy {
            case .abandon: continue
            case .requestCancel:
                host.enqueue(
                    .cancel(
                        requestID: "closed:\(runID)/\(id)", reason: "its parent ended"
                    ) { _ in })
            case .terminate:
                host.enqueue(.terminate(reason: "its parent ended") { _ in })
            }
        }
    }

    /// The next run of a chain begins, in the same home.
    private func follow(_ first: HistoryEvent) async {
        guard case .started(let next) = first.body else { return }
        begin(next)
        runToken = successorToken
        machine?.apply(first)
        actedUpon = (next.runID, 1)
    }

    /// Tells the timers when something is due next.
    func arm() {
        guard let machine, machine.isOpen, let next = machine.due.first?.instant,
            next < armedAt
        else { return }
        armedAt = next
        engine.timers.arm(self, at: next)
    }
}
