// What a run is told: letting inputs in.
extension RunHost {
    /// Records what is due by now.
    func takeDue(_ draft: inout CommitDraft) {
        takeReports(&draft)
        while let machine, machine.isOpen, hasRoom(draft) {
            let now = engine.timers.now
            guard let first = machine.due.first, first.instant <= now else { break }
            guard let body = machine.nextDue(at: now, chance: chance(0)) else { continue }
            recordAny(body, &draft)
        }
        showUnseen(&draft)
    }

    /// Reports that were not handed on count, too, once it is about a time-out.
    private func takeReports(_ draft: inout CommitDraft) {
        guard let machine, let first = machine.due.first, first.instant <= engine.timers.now
        else { return }
        for report in attempts.reports(of: machine.start.runID) {
            guard
                machine.reported(step: report.key.step, attempt: report.key.attempt, at: report.at)
            else { continue }
            recordDetails(report.key.step, report.key.attempt, report.details, &draft)
        }
    }

    private func recordDetails(
        _ step: Int, _ attempt: Int, _ details: Payload, _ draft: inout CommitDraft
    ) {
        guard details != .empty, machine?.steps[step]?.heartbeatDetails != details else { return }
        record(.heartbeat(step: step, attempt: attempt, details), &draft)
    }

    /// Records an event that may end the run.
    func recordAny(_ body: HistoryEvent.Body, _ draft: inout CommitDraft) {
        guard case .closed(let outcome) = body else { return record(body, &draft) }
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
    func take(_ input: HostInput, _ draft: inout CommitDraft) -> Bool {
        switch input {
        case .load:
            // What is taken up acts at once, so nothing that is not durable may be there.
            guard draft.isEmpty else { return false }
            takeUp(&draft)
        case .start(let request, let reply):
            return start(request, reply, &draft)
        case .ended, .began, .begins, .handedOver, .heartbeat: takeOfAttempt(input, &draft)
        case .childStarted, .childClosed, .delivered: takeFromOthers(input, &draft)
        case .settled(let runID): settled(runID, &draft)
        case .due: disarm()
        case .quarantine(let tries, let step, let reply):
            draft.answer(reply, ())
            quarantine(tries, step, &draft)
        case .leave: break
        default: return takeCall(input, &draft)
        }
        return true
    }

    private func takeOfAttempt(_ input: HostInput, _ draft: inout CommitDraft) {
        switch input {
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
                return
            }
            draft.answer(reply, true)
            record(body, &draft)
        case .began(let runID, let step, let attempt):
            guard let machine, machine.start.runID == runID,
                machine.steps[step]?.attempt == attempt
            else { return }
            let key = AttemptKey(runID: runID, step: step, attempt: attempt)
            machine.began(step: step, at: attempts.beganAt(key) ?? engine.timers.now)
        case .begins(let runID, let step, let attempt, let reply):
            begins(AttemptKey(runID: runID, step: step, attempt: attempt), reply, &draft)
        case .handedOver(let runID, let step, let attempt, let reply):
            draft.ended.append(AttemptKey(runID: runID, step: step, attempt: attempt))
            guard let machine, machine.start.runID == runID, let open = machine.steps[step],
                machine.isOpen, open.attempt == attempt, open.hasAttempt
            else {
                draft.answer(reply, false)
                return
            }
            if open.phase == .handedOver {
                // It was recorded after all, and is let in once more; or another owner did it.
                draft.answer(reply, open.handedOverBy == engine.epoch)
                return
            }
            // Nothing leaves a queue while the run rests.
            if open.isYetToBegin, machine.isResting {
                draft.answer(reply, false)
                return
            }
            draft.answer(reply, true)
            record(.attemptHandedOver(step: step, attempt: attempt, by: engine.epoch), &draft)
        case .heartbeat(let runID, let step, let attempt, let details, let reply):
            guard let machine, machine.start.runID == runID else {
                draft.answer(reply, false)
                return
            }
            guard machine.reported(step: step, attempt: attempt, at: engine.timers.now) else {
                draft.answer(reply, false)
                // Of an attempt before the current one nothing is to be stopped.
                let isOld = machine.steps[step].map { $0.attempt != attempt } ?? false
                if !isOld { stop(runID: runID, step: step) }
                return
            }
            draft.answer(reply, true)
            recordDetails(step, attempt, details, &draft)
        default: break
        }
    }

    /// An attempt whose beginning is recorded is to begin.
    private func begins(
        _ key: AttemptKey, _ reply: @escaping HostInput.Reply<Bool>, _ draft: inout CommitDraft
    ) {
        guard let machine, machine.start.runID == key.runID, let open = machine.steps[key.step],
            machine.isOpen, open.attempt == key.attempt, open.phase == .running,
            // It was recorded after all, and is let in once more; or another owner did it.
            open.isBeginningRecorded
                ? open.beganBy == engine.epoch : !engine.isDraining && !machine.isResting
        else {
            draft.ended.append(key)
            return draft.answer(reply, false)
        }
        if open.isBeginningRecorded { return draft.answer(reply, true) }
        guard open.isCancelRequested else {
            draft.answer(reply, true)
            let body = HistoryEvent.Body.attemptBegan(
                step: key.step, attempt: key.attempt, by: engine.epoch)
            return record(body, &draft)
        }
        draft.ended.append(key)
        draft.answer(reply, false)
        let body = machine.ended(
            step: key.step, attempt: key.attempt, .failure(.cancelled("not wanted any more")),
            at: engine.timers.now, chance: 0)
        if let body { record(body, &draft) }
    }

    private func settled(_ runID: String, _ draft: inout CommitDraft) {
        guard machine != nil else { return }
        unsettled.remove(runID)
        draft.records.append(IDRecord(.settled, runID))
    }

    /// Lets the run rest before its code, or an attempt, is tried again.
    private func quarantine(_ tries: Int, _ step: Int, _ draft: inout CommitDraft) {
        guard let machine, machine.isOpen, machine.pause == nil else { return }
        let place = machine.steps[step].map { ", in \($0.schedule.name)" } ?? ""
        let failure = Failure(
            .misuse, type: "Quarantined",
            message: "the process ended \(tries) times while only this run was tried\(place)")
        record(.paused(.quarantined(failure)), &draft)
    }

    private func takeFromOthers(_ input: HostInput, _ draft: inout CommitDraft) {
        guard let machine, machine.isOpen else { return }
        switch input {
        case .childStarted(let runID, let child, let childRunID):
            guard machine.start.runID == runID, let open = machine.children[child],
                open.runID == nil
            else { return }
            record(.childStarted(child: child, runID: childRunID), &draft)
        case .childClosed(let runID, let child, let outcome):
            guard machine.start.runID == runID, machine.children[child] != nil else { return }
            record(.childClosed(child: child, outcome), &draft)
        case .delivered(let runID, let message, let failure):
            guard machine.start.runID == runID, machine.sent[message] != nil else { return }
            record(.messageAnswered(message: message, failure), &draft)
        default: break
        }
    }

    /// After a restart: what was under way counts as one attempt of unknown outcome.
    private func takeUp(_ draft: inout CommitDraft) {
        let back = engine.queues.takeComing(workflowID)
        guard let machine, machine.isOpen, engine.options.executesCode else { return }
        let runID = machine.start.runID
        // Before anything is recorded that is not durable yet.
        if unfit == nil { resumeEffects(machine) }
        // What the code asks for now begins once that is durable.
        let known = machine.steps.keys.sorted()
        // What was asked for meanwhile, to stop for instance, comes before anything is done again.
        showUnseen(&draft)
        for id in known {
            guard let step = machine.steps[id], step.phase == .running else { continue }
            let key = AttemptKey(runID: runID, step: id, attempt: step.attempt)
            if attempts.contains(key) {
                // Memory was discarded, the attempt was not.
                if let beganAt = attempts.beganAt(key) { machine.began(step: id, at: beganAt) }
                continue
            }
            let place = TaskQueues.Place(workflowID: workflowID, runID: runID, step: id)
            // It waits outside of memory, and comes when there is room.
            if engine.queues.isAway(place) { continue }
            // Nothing of what cannot be gone on with here is done over again.
            if closuresWanted.contains(id) || unfit != nil { continue }
            // It waited outside of memory, or its beginning would be recorded: it has not begun.
            if back.contains(place) || step.isYetToBegin {
                dispatch(id, machine.start)
                continue
            }
            // The code may have changed everything meanwhile, so it is asked for each.
            guard let body = machine.interrupted(step: id, at: engine.timers.now) else { continue }
            record(body, &draft)
        }
        showUnseen(&draft)
    }

    /// What is recorded cannot be read: whoever asked is told. What is not a question comes again.
    func refuseAll(_ inputs: [HostInput], _ error: any Error) {
        engine.observer.storeFailed(error)
        for input in inputs where !input.mustArrive { input.fail(error) }
        let left = inputs.filter(\.mustArrive)
        if engine.isUnusable || EngineCore.isForGood(error) {
            // Nobody brings it back to its queues, and others need the room there.
            _ = engine.queues.takeComing(workflowID)
            // It does not come again: who waits for it is told, too.
            for input in left { input.fail(error) }
            return
        }
        let again = HostInput.afterLoading(left)
        engine.later { [self] in for input in again { enqueue(input) } }
    }
}

extension HostInput {
    /// Nobody will say it again.
    var mustArrive: Bool {
        switch self {
        case .load, .ended, .begins, .handedOver, .childStarted, .childClosed, .delivered, .due,
            .settled,
            .quarantine:
            true
        default: false
        }
    }

    var isQuarantine: Bool {
        if case .quarantine = self { return true }
        return false
    }

    private var isLoad: Bool {
        if case .load = self { return true }
        return false
    }

    var isRehearsal: Bool {
        if case .rehearse = self { return true }
        return false
    }

    /// Inputs to be let in once what is recorded was read again; no code is executed before a
    /// quarantine is recorded.
    static func afterLoading(_ inputs: [HostInput]) -> [HostInput] {
        inputs.filter(\.isQuarantine) + [.load]
            + inputs.filter { !$0.isQuarantine && !$0.isLoad }
    }

    /// Tells whoever asked that it came to nothing.
    func fail(_ error: any Error) {
        switch self {
        case .start(_, let reply): reply(.failure(error))
        case .signal(_, let reply), .cancel(_, _, _, let reply), .terminate(_, _, _, let reply),
            .pause(_, let reply), .resume(_, let reply), .warm(let reply), .dropped(_, let reply):
            reply(.failure(error))
        case .update(_, let accepted, let completed):
            accepted(.failure(error))
            completed(.failure(error))
        case .query(_, _, let reply): reply(.failure(error))
        case .rehearse(let rehearsal): rehearsal.fail(error)
        case .accept(_, let reply): reply(.failure(error))
        case .result(_, let reply): reply(.failure(error))
        case .describe(let reply): reply(.failure(error))
        case .reset(_, _, let reply), .run(_, let reply): reply(.failure(error))
        case .fork(_, let reply): reply(.failure(error))
        case .delete(_, let reply): reply(.failure(error))
        case .ended(_, _, _, _, let reply), .begins(_, _, _, let reply),
            .handedOver(_, _, _, let reply),
            .heartbeat(_, _, _, _, let reply):
            reply(.failure(error))
        case .quarantine(_, _, let reply): reply(.failure(error))
        default: break
        }
    }
}
