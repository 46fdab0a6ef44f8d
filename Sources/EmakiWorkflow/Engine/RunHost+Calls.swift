// What callers ask of a run.
extension RunHost {
    /// - Returns: false if the input has to wait for the commit of this draft.
    func start(
        _ request: StartRequest, _ reply: @escaping HostInput.Reply<String>,
        _ draft: inout CommitDraft
    ) async -> Bool {
        if let runID = startedBy[request.requestID] {
            draft.answer(reply, runID)
            return true
        }
        if let machine, machine.isOpen {
            switch request.conflict {
            case .fail:
                draft.refuse(
                    reply,
                    .alreadyRunning(workflowID: workflowID, runID: machine.start.runID))
                return true
            case .useExisting:
                draft.answer(reply, machine.start.runID)
                await deliver(request.message, &draft)
                return true
            case .terminateExisting:
                await recordAny(
                    .closed(
                        .terminated(
                            reason: "another run takes its place",
                            uncompensated: machine.compensable)), &draft)
                return false
            }
        }
        guard draft.isEmpty else { return false }
        if let machine, !request.reuse.allows(machine.outcome) {
            draft.refuse(
                reply, .alreadyUsed(workflowID: workflowID, runID: machine.start.runID))
            return true
        }
        begin(engine.runStart(request))
        guard let start = machine?.start else { return true }
        draft.answer(reply, start.runID)
        var record = IDRecord(.opened, start.runID)
        record.requestID = request.requestID
        record.workflowType = start.workflowType
        draft.records.append(record)
        startedBy[request.requestID] = start.runID
        await self.record(.started(start), &draft)
        await deliver(request.message, &draft)
        return true
    }

    /// A run that is not in the store yet.
    func begin(_ start: RunStart) {
        decider?.evict()
        decider = nil
        hasReturned = false
        machine = RunMachine(start)
        runToken = nil
        armedAt = .max
        closuresWanted = []
        actedUpon = (start.runID, 0)
    }

    /// The message of a signal-with-start or update-with-start.
    private func deliver(
        _ message: HistoryEvent.Body?, _ draft: inout CommitDraft
    ) async {
        guard let message, let current = machine, current.isOpen else { return }
        if case .signalReceived(let signal) = message,
            current.requests[signal.requestID] != nil
        {
            return
        }
        await record(message, &draft)
    }

    func signal(
        _ message: Message, _ reply: @escaping HostInput.Reply<Void>,
        _ draft: inout CommitDraft
    ) async {
        if machine?.requests[message.requestID] != nil { return draft.answer(reply, ()) }
        guard open(reply, &draft) != nil, takesMessages(reply, &draft) else { return }
        if decider == nil, draft.isEmpty { _ = await warm(&draft) }
        if let failure = decider?.validate(update: message) {
            return draft.refuse(reply, .refused(failure))
        }
        draft.answer(reply, ())
        await record(.signalReceived(message), &draft)
    }

    func update(
        _ message: Message, _ accepted: @escaping HostInput.Reply<Void>,
        _ completed: @escaping HostInput.Reply<Payload>,
        _ draft: inout CommitDraft
    ) async {
        if let id = machine?.requests[message.requestID] {
            draft.answer(accepted, ())
            return answerUpdate(id, completed, &draft)
        }
        guard open(accepted, &draft) != nil, takesMessages(accepted, &draft) else {
            _ = open(completed, &draft) != nil && takesMessages(completed, &draft)
            return
        }
        if decider == nil, draft.isEmpty { _ = await warm(&draft) }
        if let failure = decider?.validate(update: message) {
            draft.refuse(accepted, .refused(failure))
            return draft.refuse(completed, .refused(failure))
        }
        guard let current = machine else { return }
        draft.answer(accepted, ())
        updateWaiters[current.lastID + 1, default: []].append(completed)
        await record(.updateAccepted(message), &draft)
    }

    private func answerUpdate(
        _ id: Int, _ completed: @escaping HostInput.Reply<Payload>, _ draft: inout CommitDraft
    ) {
        switch machine?.updateAnswers[id] {
        case .success(let payload): draft.answer(completed, payload)
        case .failure(let failure): draft.refuse(completed, .updateFailed(failure))
        case nil:
            guard let machine, machine.isOpen else {
                return draft.refuse(
                    completed, .closed(workflowID: workflowID, runID: machine?.start.runID ?? ""))
            }
            updateWaiters[id, default: []].append(completed)
            draft.inputs.removeLast()
        }
    }

    private func takesMessages<Value: Sendable>(
        _ reply: @escaping HostInput.Reply<Value>, _ draft: inout CommitDraft
    ) -> Bool {
        guard hasReturned, let machine else { return true }
        draft.refuse(reply, .closed(workflowID: workflowID, runID: machine.start.runID))
        return false
    }

    func resume(
        _ resumption: Resumption, _ reply: @escaping HostInput.Reply<Void>,
        _ draft: inout CommitDraft
    ) async {
        guard let current = open(reply, &draft) else { return }
        guard let pause = current.pause else { return draft.answer(reply, ()) }
        if let problem = resumption.problem(with: pause) {
            return draft.refuse(reply, .invalid(problem))
        }
        draft.answer(reply, ())
        await record(.resumed(resumption), &draft)
    }

    func query(
        _ name: String, _ payload: Payload, _ reply: @escaping HostInput.Reply<Payload>,
        _ draft: inout CommitDraft
    ) async {
        guard machine != nil else { return missing(reply, &draft) }
        if decider == nil, draft.isEmpty { _ = await warm(&draft) }
        guard let decider else {
            let failure =
                machine?.lastTaskFailure
                ?? Failure(.misuse, type: "NotReady", message: "ask again")
            return draft.refuse(reply, .refused(failure))
        }
        do {
            draft.answer(reply, try decider.query(name, payload))
        } catch {
            draft.refuse(reply, .refused(Failure(describing: error)))
        }
    }

    /// Answers when the run, or the last of its chain, has ended.
    func result(
        _ runID: String?, _ reply: @escaping HostInput.Reply<HistoryEvent.Outcome>,
        _ draft: inout CommitDraft
    ) async {
        guard let machine else { return missing(reply, &draft) }
        var wanted = runID ?? machine.start.runID
        do {
            while wanted != machine.start.runID {
                let history = try await engine.history(workflowID, wanted)
                guard case .closed(let outcome) = history.events.last?.body else {
                    return draft.refuse(reply, .notFound(workflowID: workflowID))
                }
                guard case .continuedAsNew(let next, _) = outcome else {
                    return draft.answer(reply, outcome)
                }
                wanted = next
            }
        } catch {
            return draft.replies.append { _ in reply(.failure(error)) }
        }
        if let outcome = machine.outcome, draft.isEmpty { return draft.answer(reply, outcome) }
        resultWaiters.append((wanted, reply))
        draft.inputs.removeLast()
    }
}

extension IDReusePolicy {
    fileprivate func allows(_ outcome: HistoryEvent.Outcome?) -> Bool {
        switch self {
        case .allow: return true
        case .reject: return false
        case .allowIfNotCompleted:
            if case .completed = outcome { return false }
            return true
        }
    }
}

extension Resumption {
    /// Why it does not fit to why the run rests.
    fileprivate func problem(with pause: PauseReason) -> String? {
        switch (self, pause) {
        case (.plain, .compensation(let key, _)):
            "the compensation of \(key) gave up: retry it or skip it"
        case (.plain, _): nil
        case (.retryCompensation(let key), .compensation(let paused, _)),
            (.skipCompensation(let key, _), .compensation(let paused, _)):
            key == paused ? nil : "it is the compensation of \(paused) that gave up, not \(key)"
        default: "no compensation gave up"
        }
    }
}

extension RunDescription {
    init(_ machine: RunMachine) {
        workflowID = machine.start.workflowID
        runID = machine.start.runID
        workflowType = machine.start.workflowType
        outcome = machine.outcome
        pause = machine.pause
        taskFailure = machine.taskFailureCount > 0 ? machine.lastTaskFailure : nil
        eventCount = machine.lastID
        compensable = machine.compensable
        waitsFor = []
        guard machine.isOpen else { return }
        for (_, step) in machine.steps.sorted(by: { $0.key < $1.key }) {
            waitsFor.append("\(step.schedule.key), attempt \(step.attempt)")
        }
        for (_, timer) in machine.timers.sorted(by: { $0.key < $1.key }) {
            waitsFor.append("timer \(timer.key)")
        }
        for (_, child) in machine.children.sorted(by: { $0.key < $1.key }) {
            waitsFor.append("child \(child.start.workflowID)")
        }
    }
}
