// What a run is told, one commit at a time.
extension RunHost {
    /// Lets inputs in, commits, acts.
    func work(_ inputs: [HostInput]) async {
        if engine.isClosed { return leave(inputs) }
        do {
            try await load()
        } catch {
            discard()
            refuseAll(inputs, error)
            return
        }
        var draft = CommitDraft()
        for (index, input) in inputs.enumerated() {
            draft.inputs.append(input)
            let isTaken = hasRoom(draft) ? await take(input, &draft) : false
            guard isTaken else {
                // What was before it has to be durable first.
                draft.inputs.removeLast()
                putBack(Array(inputs[index...]))
                break
            }
        }
        await takeDue(&draft)
        await finish(draft)
        await catchUp()
        arm()
    }

    /// The engine is closed.
    private func leave(_ inputs: [HostInput]) {
        for input in inputs { input.fail(WorkflowError.engineClosed) }
        giveUp(CommitDraft(), .engineClosed)
    }

    private func finish(_ draft: CommitDraft) async {
        guard !draft.isEmpty else {
            for key in draft.ended { forget(key) }
            for reply in draft.replies { reply(nil) }
            return
        }
        await commit(draft)
    }

    /// What could not be done beside events that were not durable: the code sees what it has not
    /// seen, and gives the closures of steps.
    private func catchUp() async {
        while let machine, machine.nextUnseen != nil, machine.mayActivate(at: engine.timers.now) {
            var draft = CommitDraft()
            await showUnseen(&draft)
            guard !draft.isEmpty else { break }
            await finish(draft)
        }
        guard !closuresWanted.isEmpty, let machine, machine.mayActivate(at: engine.timers.now)
        else { return }
        var draft = CommitDraft()
        switch await warm() {
        case .warm: break
        case .failed(let failure):
            failTask(failure, &draft)
            return await finish(draft)
        case .later: return engine.later { [self] in enqueue(.due) }
        }
        let wanted = closuresWanted.sorted()
        closuresWanted = []
        for id in wanted { dispatch(id, machine.start) }
        // What the code does not ask for any more, it never will.
        closuresWanted = []
    }

    /// Records what is due by now.
    private func takeDue(_ draft: inout CommitDraft) async {
        await takeReports(&draft)
        while let machine, machine.isOpen, hasRoom(draft) {
            let now = engine.timers.now
            guard let first = machine.due.first, first.instant <= now else { break }
            guard let body = machine.nextDue(at: now, chance: chance(0)) else { continue }
            await recordAny(body, &draft)
        }
        await showUnseen(&draft)
    }

    /// Reports that were not handed on count, too, once it is about a time-out.
    private func takeReports(_ draft: inout CommitDraft) async {
        guard let machine, let first = machine.due.first, first.instant <= engine.timers.now
        else { return }
        for report in reports(of: machine.start.runID) {
            guard
                machine.reported(step: report.key.step, attempt: report.key.attempt, at: report.at)
            else { continue }
            await recordDetails(report.key.step, report.key.attempt, report.details, &draft)
        }
    }

    private func recordDetails(
        _ step: Int, _ attempt: Int, _ details: Payload, _ draft: inout CommitDraft
    ) async {
        guard details != .empty, machine?.steps[step]?.heartbeatDetails != details else { return }
        await record(.heartbeat(step: step, attempt: attempt, details), &draft)
    }

    /// Records an event that may end the run.
    func recordAny(_ body: HistoryEvent.Body, _ draft: inout CommitDraft) async {
        guard case .closed(let outcome) = body else { return await record(body, &draft) }
        guard let machine, machine.isOpen else { return }
        let now = max(engine.timers.now, machine.time)
        append(
            HistoryEvent(id: machine.lastID + 1, time: now, commandCount: nil, body: body), &draft)
        ended(outcome, nil, now, &draft)
    }

    /// A number from 0 up to 1 for the jitter of retries; nothing rests on it.
    func chance(_ salt: Int) -> Double {
        StableMix.fraction(
            partition ^ UInt64(truncatingIfNeeded: engine.timers.now) ^ UInt64(salt))
    }

    // MARK: Inputs

    /// - Returns: false if the input has to wait for the commit of this draft.
    private func take(_ input: HostInput, _ draft: inout CommitDraft) async -> Bool {
        switch input {
        case .load:
            // What is taken up acts at once, so nothing that is not durable may be there.
            guard draft.isEmpty else { return false }
            await takeUp(&draft)
        case .start(let request, let reply):
            return await start(request, reply, &draft)
        case .ended(let runID, let step, let attempt, let result, let reply):
            let key = AttemptKey(runID: runID, step: step, attempt: attempt)
            // Not before the end is durable: until then the attempt is this process's.
            draft.ended.append(key)
            guard let machine, machine.start.runID == runID,
                let body = machine.ended(
                    step: step, attempt: attempt, result, at: engine.timers.now,
                    chance: chance(step))
            else {
                draft.answer(reply, false)
                return true
            }
            draft.answer(reply, true)
            await record(body, &draft)
        case .began(let runID, let step, let attempt):
            guard let machine, machine.start.runID == runID,
                machine.steps[step]?.attempt == attempt
            else { return true }
            let key = AttemptKey(runID: runID, step: step, attempt: attempt)
            machine.began(step: step, at: beganAt(key) ?? engine.timers.now)
        case .handedOver(let runID, let step, let attempt):
            draft.ended.append(AttemptKey(runID: runID, step: step, attempt: attempt))
            guard let machine, machine.start.runID == runID, let open = machine.steps[step],
                open.attempt == attempt, open.phase == .running
            else { return true }
            await record(.attemptHandedOver(step: step, attempt: attempt), &draft)
        case .heartbeat(let runID, let step, let attempt, let details):
            guard let machine, machine.start.runID == runID else { return true }
            guard machine.reported(step: step, attempt: attempt, at: engine.timers.now) else {
                stop(runID: runID, step: step)
                return true
            }
            await recordDetails(step, attempt, details, &draft)
        case .childStarted, .childClosed, .delivered: await takeFromOthers(input, &draft)
        case .settled(let runID): draft.records.append(IDRecord(.settled, runID))
        case .due: armedAt = .max
        case .leave: break
        default: return await takeCall(input, &draft)
        }
        return true
    }

    private func takeFromOthers(_ input: HostInput, _ draft: inout CommitDraft) async {
        guard let machine, machine.isOpen else { return }
        switch input {
        case .childStarted(let runID, let child, let childRunID):
            guard machine.start.runID == runID, let open = machine.children[child],
                open.runID == nil
            else { return }
            await record(.childStarted(child: child, runID: childRunID), &draft)
        case .childClosed(let runID, let child, let outcome):
            guard machine.start.runID == runID, machine.children[child] != nil else { return }
            await record(.childClosed(child: child, outcome), &draft)
        case .delivered(let runID, let message, let failure):
            guard machine.start.runID == runID, machine.sent[message] != nil else { return }
            await record(.messageAnswered(message: message, failure), &draft)
        default: break
        }
    }

    /// After a restart: what was under way counts as one attempt of unknown outcome.
    private func takeUp(_ draft: inout CommitDraft) async {
        guard let machine, machine.isOpen else { return }
        let runID = machine.start.runID
        // Before anything is recorded that is not durable yet.
        resumeEffects(machine)
        for id in machine.steps.keys.sorted() {
            guard let step = machine.steps[id], step.phase == .running else { continue }
            let key = AttemptKey(runID: runID, step: id, attempt: step.attempt)
            if isRunning(key) {
                // Memory was discarded, the attempt was not.
                if let beganAt = beganAt(key) { machine.began(step: id, at: beganAt) }
                continue
            }
            if closuresWanted.contains(id) { continue }
            // The code may have changed everything meanwhile, so it is asked for each.
            guard let body = machine.interrupted(step: id, at: engine.timers.now) else { continue }
            await record(body, &draft)
        }
        await showUnseen(&draft)
    }

    /// What is recorded cannot be read: whoever asked is told. What is not a question comes again.
    private func refuseAll(_ inputs: [HostInput], _ error: any Error) {
        engine.observer.storeFailed(error)
        var again: [HostInput] = [.load]
        for input in inputs {
            if input.mustArrive { again.append(input) } else { input.fail(error) }
        }
        if case WorkflowError.damaged = error { return }
        if engine.isUnusable { return }
        let inputs = again
        engine.later { [self] in for input in inputs { enqueue(input) } }
    }
}

extension HostInput {
    /// Nobody will say it again.
    var mustArrive: Bool {
        switch self {
        case .load, .ended, .handedOver, .childStarted, .childClosed, .delivered, .due, .settled:
            true
        default: false
        }
    }

    /// Tells whoever asked that it came to nothing.
    func fail(_ error: any Error) {
        switch self {
        case .start(_, let reply): reply(.failure(error))
        case .signal(_, let reply), .cancel(_, _, _, let reply), .terminate(_, _, let reply),
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
