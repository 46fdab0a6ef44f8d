// What a run is told, one commit at a time.
extension RunHost {
    /// Lets inputs in, commits, acts.
    func work(_ inputs: [HostInput]) async {
        if engine.isClosed { return leave(inputs) }
        do {
            try await load()
        } catch {
            refuseAll(inputs, error)
            return
        }
        var draft = CommitDraft()
        for (index, input) in inputs.enumerated() {
            draft.inputs.append(input)
            guard await take(input, &draft) else {
                // A new run begins only when what was before it is durable.
                draft.inputs.removeLast()
                putBack(Array(inputs[index...]))
                break
            }
        }
        await takeDue(&draft)
        await finish(&draft)
        // Code that could not be made warm beside events that were not durable yet.
        while let machine, !machine.unseen.isEmpty, decider == nil,
            machine.mayActivate(at: engine.timers.now)
        {
            var more = CommitDraft()
            await showUnseen(&more)
            guard !more.isEmpty else { break }
            await finish(&more)
        }
        await bringClosures()
        arm()
    }

    /// Brings code back for the sake of the closures of its steps.
    private func bringClosures() async {
        while !closuresWanted.isEmpty, let current = machine, current.isOpen {
            let wanted = closuresWanted.sorted()
            closuresWanted = []
            var draft = CommitDraft()
            let isWarm = await warm(&draft)
            await finish(&draft)
            guard isWarm, decider != nil else { return }
            for id in wanted { dispatch(id, current.start) }
            // What the code still does not ask for, it never will.
            closuresWanted = []
        }
    }

    /// The engine is closed.
    private func leave(_ inputs: [HostInput]) {
        for input in inputs { input.fail(WorkflowError.engineClosed) }
        giveUp(CommitDraft(), .engineClosed)
    }

    private func finish(_ draft: inout CommitDraft) async {
        guard !draft.isEmpty else {
            for reply in draft.replies { reply(nil) }
            return
        }
        await commit(draft)
    }

    /// Records what is due by now.
    private func takeDue(_ draft: inout CommitDraft) async {
        while draft.events.count < engine.eventsPerCommitMax / 2, machine?.isOpen == true {
            let now = engine.timers.now
            guard let first = machine?.due.first, first.instant <= now else { break }
            let body = machine?.nextDue(at: now, chance: chance(0))
            guard let body else { continue }
            await recordAny(body, &draft)
        }
        await showUnseen(&draft)
    }

    /// Records an event that may end the run.
    func recordAny(_ body: HistoryEvent.Body, _ draft: inout CommitDraft) async {
        if case .closed(let outcome) = body {
            guard let current = machine, current.isOpen else { return }
            let now = max(engine.timers.now, current.time)
            append(
                HistoryEvent(
                    id: current.lastID + 1, time: now, commandCount: nil, body: body), &draft)
            ended(outcome, nil, now, &draft)
        } else {
            await record(body, &draft)
        }
    }

    /// A number from 0 up to 1 for the jitter of retries; nothing rests on it.
    private func chance(_ salt: Int) -> Double {
        StableMix.fraction(
            partition ^ UInt64(truncatingIfNeeded: engine.timers.now) ^ UInt64(salt))
    }

    // MARK: Inputs

    /// - Returns: false if the input has to wait for the commit of this draft.
    private func take(_ input: HostInput, _ draft: inout CommitDraft) async -> Bool {
        switch input {
        case .load: await takeUp(&draft)
        case .start(let request, let reply):
            return await start(request, reply, &draft)
        case .ended(let runID, let step, let attempt, let result, let reply):
            forget(AttemptKey(runID: runID, step: step, attempt: attempt))
            guard machine?.start.runID == runID,
                let body = machine?.ended(
                    step: step, attempt: attempt, result, at: engine.timers.now,
                    chance: chance(step))
            else {
                draft.answer(reply, false)
                return true
            }
            draft.answer(reply, true)
            await record(body, &draft)
        case .heartbeat(let runID, let step, let attempt, let details):
            await heartbeat(runID, step, attempt, details, &draft)
        case .childStarted(let runID, let child, let childRunID):
            guard machine?.start.runID == runID, machine?.isOpen == true,
                machine?.children[child]?.runID == nil, machine?.children[child] != nil
            else { return true }
            await record(.childStarted(child: child, runID: childRunID), &draft)
        case .childClosed(let runID, let child, let outcome):
            guard machine?.start.runID == runID, machine?.isOpen == true,
                machine?.children[child] != nil
            else { return true }
            await record(.childClosed(child: child, outcome), &draft)
        case .delivered(let runID, let message, let failure):
            guard machine?.start.runID == runID, machine?.isOpen == true,
                machine?.sent[message] != nil
            else { return true }
            await record(.messageAnswered(message: message, failure), &draft)
        case .due: armedAt = .max
        case .evict:
            decider?.evict()
            decider = nil
        default: await takeCall(input, &draft)
        }
        return true
    }

    /// Of callers.
    private func takeCall(_ input: HostInput, _ draft: inout CommitDraft) async {
        switch input {
        case .signal(let message, let reply):
            await signal(message, reply, &draft)
        case .update(let message, let accepted, let completed):
            await update(message, accepted, completed, &draft)
        case .cancel(let requestID, let reason, let reply):
            if machine?.requests[requestID] != nil { return draft.answer(reply, ()) }
            guard let current = open(reply, &draft) else { return }
            draft.answer(reply, ())
            if current.isCancelRequested { return }
            await record(.cancelRequested(requestID: requestID, reason: reason), &draft)
        case .terminate(let reason, let reply):
            guard let current = open(reply, &draft) else { return }
            draft.answer(reply, ())
            await recordAny(
                .closed(.terminated(reason: reason, uncompensated: current.compensable)), &draft)
        case .pause(let reason, let reply):
            guard let current = open(reply, &draft) else { return }
            draft.answer(reply, ())
            guard current.pause == nil else { return }
            await record(.paused(.requested(reason)), &draft)
        case .resume(let resumption, let reply):
            await resume(resumption, reply, &draft)
        case .query(let name, let payload, let reply):
            await query(name, payload, reply, &draft)
        case .result(let runID, let reply): await result(runID, reply, &draft)
        case .warm(let reply):
            guard open(reply, &draft) != nil else { return }
            if decider == nil, draft.isEmpty { _ = await warm(&draft) }
            draft.answer(reply, ())
        case .describe(let reply):
            guard let machine else { return missing(reply, &draft) }
            let description = RunDescription(machine)
            draft.answer(reply, description)
        default: break
        }
    }

    /// The open run; otherwise the caller is told.
    func open<Value: Sendable>(
        _ reply: @escaping HostInput.Reply<Value>, _ draft: inout CommitDraft
    ) -> RunMachine? {
        guard let machine else {
            missing(reply, &draft)
            return nil
        }
        guard machine.isOpen else {
            draft.refuse(
                reply, .closed(workflowID: workflowID, runID: machine.start.runID))
            return nil
        }
        return machine
    }

    func missing<Value: Sendable>(
        _ reply: @escaping HostInput.Reply<Value>, _ draft: inout CommitDraft
    ) {
        draft.refuse(reply, .notFound(workflowID: workflowID))
    }

    /// After a restart: what was under way counts as one attempt of unknown outcome.
    private func takeUp(_ draft: inout CommitDraft) async {
        guard let current = machine, current.isOpen else { return }
        await recordInterrupted(&draft)
        resumeEffects(current)
        await showUnseen(&draft)
    }

    func recordInterrupted(_ draft: inout CommitDraft) async {
        guard let current = machine else { return }
        let runID = current.start.runID
        let acted = actedUpon
        let bodies = current.interrupted(at: engine.timers.now) { id, step in
            isRunning(AttemptKey(runID: runID, step: id, attempt: step.attempt))
                || acted.runID == runID && step.begunBy > acted.event
        }
        for body in bodies { await record(body, &draft) }
    }

    private func heartbeat(
        _ runID: String, _ step: Int, _ attempt: Int, _ details: Payload,
        _ draft: inout CommitDraft
    ) async {
        guard machine?.start.runID == runID else { return }
        let isCurrent = machine?.reported(
            step: step, attempt: attempt, at: engine.timers.now)
        guard isCurrent == true else { return stop(runID: runID, step: step) }
        if details != .empty, machine?.steps[step]?.heartbeatDetails != details {
            await record(.heartbeat(step: step, attempt: attempt, details), &draft)
        }
    }

    /// What is recorded cannot be read: whoever asked is told.
    private func refuseAll(_ inputs: [HostInput], _ error: any Error) {
        engine.observer.storeFailed(error)
        for input in inputs { input.fail(error) }
    }
}

extension HostInput {
    /// Tells whoever asked that it came to nothing.
    func fail(_ error: any Error) {
        switch self {
        case .start(_, let reply): reply(.failure(error))
        case .signal(_, let reply), .cancel(_, _, let reply), .terminate(_, let reply),
            .pause(_, let reply), .resume(_, let reply), .warm(let reply):
            reply(.failure(error))
        case .update(_, let accepted, let completed):
            accepted(.failure(error))
            completed(.failure(error))
        case .query(_, _, let reply): reply(.failure(error))
        case .result(_, let reply): reply(.failure(error))
        case .describe(let reply): reply(.failure(error))
        case .ended(_, _, _, _, let reply): reply(.failure(error))
        default: break
        }
    }
}
