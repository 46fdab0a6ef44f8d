// What callers ask of a run.
extension RunHost {
    /// Of callers.
    /// - Returns: false if the input has to wait for the commit of this draft.
    func takeCall(_ input: HostInput, _ draft: inout CommitDraft) -> Bool {
        // The next run of a chain has it, once it has begun.
        if !draft.successor.isEmpty { return false }
        switch input {
        case .signal(let message, let reply): return signal(message, reply, &draft)
        case .update(let message, let accepted, let completed):
            return update(message, accepted, completed, &draft)
        case .query(let name, let payload, let reply):
            return query(name, payload, reply, &draft)
        case .rehearse(let rehearsal): return rehearse(rehearsal, &draft)
        case .accept(let message, let reply): accept(message, reply, &draft)
        case .cancel(let requestID, let reason, let parents, let reply):
            cancel(requestID, reason, parents, reply, &draft)
        case .terminate(let requestID, let reason, let parents, let reply):
            terminate(requestID, reason, parents, reply, &draft)
        case .pause(let reason, let reply):
            guard let open = open(reply, &draft) else { return true }
            draft.answer(reply, ())
            if open.pause == nil { record(.paused(.requested(reason)), &draft) }
        case .resume(let resumption, let reply): resume(resumption, reply, &draft)
        case .result(let runID, let reply): result(runID, reply, &draft)
        case .run(let requestID, let reply): draft.answer(reply, startedBy[requestID])
        case .reset(let cut, let reason, let reply): reset(cut, reason, reply, &draft)
        case .fork(let cut, let reply): return fork(cut, reply, &draft)
        case .delete(let instant, let reply): return delete(endedBefore: instant, reply, &draft)
        case .dropped(let runIDs, let reply):
            draft.answer(reply, ())
            if machine != nil { draft.records += runIDs.map { IDRecord(.dropped, $0) } }
        case .warm(let reply):
            guard open(reply, &draft) != nil else { return true }
            guard isReady(draft) else { return false }
            if let unfit {
                draft.refuse(reply, .refused(unfit))
            } else {
                draft.answer(reply, ())
            }
        case .describe(let reply):
            guard let machine else {
                missing(reply, &draft)
                return true
            }
            let needed = machine.isOpen ? unfit : nil
            draft.answer(
                reply, RunDescription(machine, versionNeeded: needed, at: engine.timers.now))
        default: break
        }
        return true
    }

    /// The code is there, or it cannot be had: it was to be brought before the draft was begun.
    /// - Returns: false if the draft has to be committed first.
    private func isReady(_ draft: CommitDraft) -> Bool {
        decider != nil || unfit != nil || draft.isEmpty
    }

    // MARK: Messages

    private func signal(
        _ message: Message, _ reply: @escaping HostInput.Reply<Void>,
        _ draft: inout CommitDraft
    ) -> Bool {
        if machine?.requests[.signal(message.requestID)] != nil {
            draft.answer(reply, ())
            return true
        }
        guard open(reply, &draft) != nil, takesMessages(reply, &draft) else { return true }
        guard isReady(draft) else { return false }
        if let failure = decider?.validate(message, isUpdate: false) {
            draft.refuse(reply, .refused(failure))
            return true
        }
        draft.answer(reply, ())
        record(.signalReceived(message), &draft)
        return true
    }

    private func update(
        _ message: Message, _ accepted: @escaping HostInput.Reply<Void>,
        _ completed: @escaping HostInput.Reply<Payload>, _ draft: inout CommitDraft
    ) -> Bool {
        if let id = machine?.requests[.update(message.requestID)] {
            draft.answer(accepted, ())
            answerUpdate(id, completed, &draft)
            return true
        }
        guard open(accepted, &draft) != nil, takesMessages(accepted, &draft) else {
            _ = open(completed, &draft) != nil && takesMessages(completed, &draft)
            return true
        }
        guard isReady(draft) else { return false }
        guard let machine, let decider else {
            let failure = absence
            draft.refuse(accepted, .refused(failure))
            draft.refuse(completed, .refused(failure))
            return true
        }
        if let failure = decider.validate(message, isUpdate: true) {
            draft.refuse(accepted, .refused(failure))
            draft.refuse(completed, .refused(failure))
            return true
        }
        draft.answer(accepted, ())
        record(.updateAccepted(message), &draft)
        // Where it is in the history only its recording says: a version may come before it.
        if let id = machine.requests[.update(message.requestID)] {
            waitForUpdate(id, completed, &draft)
        }
        return true
    }

    /// Why the run's code is not there.
    var absence: Failure {
        unfit ?? machine?.lastTaskFailure
            ?? Failure(.misuse, type: "NotReady", message: "the run's code cannot be had now")
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
                    completed,
                    .closed(workflowID: workflowID, runID: machine?.start.runID ?? ""))
            }
            guard machine.openUpdates.contains(id) else {
                let failure = Failure(
                    .misuse, type: "AnswerForgotten",
                    message: "the update was handled, and its answer was too large to be kept "
                        + "over a checkpoint")
                return draft.refuse(completed, .refused(failure))
            }
            waitForUpdate(id, completed, &draft)
        }
    }

    /// Tells who waits for an update that was accepted before: nobody here handles it.
    func refuseUpdates(_ failure: Failure) {
        let waiters = updateWaiters.values.joined()
        updateWaiters = [:]
        for waiter in waiters { waiter.reply(.failure(WorkflowError.refused(failure))) }
    }

    private func waitForUpdate(
        _ id: Int, _ reply: @escaping HostInput.Reply<Payload>, _ draft: inout CommitDraft
    ) {
        let token = nextToken()
        draft.waiterTokens.insert(token)
        updateWaiters[id, default: []].append(Waiter(token: token, reply: reply))
    }

    private func takesMessages<Value: Sendable>(
        _ reply: @escaping HostInput.Reply<Value>, _ draft: inout CommitDraft
    ) -> Bool {
        guard hasReturned, let machine else { return true }
        draft.refuse(reply, .closed(workflowID: workflowID, runID: machine.start.runID))
        return false
    }

    private func query(
        _ name: String, _ payload: Payload, _ reply: @escaping HostInput.Reply<Payload>,
        _ draft: inout CommitDraft
    ) -> Bool {
        guard machine != nil else {
            missing(reply, &draft)
            return true
        }
        guard isReady(draft) else { return false }
        guard let decider else {
            draft.refuse(reply, .refused(absence))
            return true
        }
        do {
            draft.answer(reply, try decider.query(name, payload))
        } catch {
            draft.refuse(reply, .refused(Failure(describing: error)))
        }
        return true
    }

    // MARK: Ending

    private func cancel(
        _ requestID: String, _ reason: String, _ parents: [String]?,
        _ reply: @escaping HostInput.Reply<Void>, _ draft: inout CommitDraft
    ) {
        if machine?.requests[.cancel(requestID)] != nil { return draft.answer(reply, ()) }
        guard let machine = open(reply, &draft) else { return }
        draft.answer(reply, ())
        if let parents, !machine.isChild(of: parents) { return }
        if machine.isCancelRequested { return }
        record(
            .cancelRequested(requestID: requestID, reason: reason.cut(to: Failure.messageBytesMax)),
            &draft)
    }

    private func terminate(
        _ requestID: String, _ reason: String, _ parents: [String]?,
        _ reply: @escaping HostInput.Reply<Void>, _ draft: inout CommitDraft
    ) {
        // It ended a run already, and the next one of the id is not meant.
        if endedBy.contains(requestID) { return draft.answer(reply, ()) }
        guard let machine = open(reply, &draft) else { return }
        draft.answer(reply, ())
        if let parents, !machine.isChild(of: parents) { return }
        recordAny(
            .closed(
                .terminated(
                    reason: reason.cut(to: Failure.messageBytesMax),
                    uncompensated: uncompensated(machine))), &draft)
        guard !requestID.isEmpty, let last = draft.records.indices.last else { return }
        draft.records[last].requestID = requestID
        endedBy.insert(requestID)
    }

    /// What ending the run now leaves as it is: as the code knows it, or else as the history does.
    func uncompensated(_ machine: RunMachine) -> [String] {
        let keys = decider?.uncompensated() ?? machine.compensable
        return Array(keys.prefix(Self.uncompensatedMax))
    }

    /// Keys that are listed.
    private static var uncompensatedMax: Int { 100 }

    private func resume(
        _ resumption: Resumption, _ reply: @escaping HostInput.Reply<Void>,
        _ draft: inout CommitDraft
    ) {
        guard let machine = open(reply, &draft) else { return }
        if let problem = resumption.problem(with: machine) {
            return draft.refuse(reply, .invalid(problem))
        }
        draft.answer(reply, ())
        if resumption == .plain, machine.pause == nil { return }
        record(.resumed(resumption), &draft)
    }

    /// Answers when the run, or the last of its chain, has ended.
    private func result(
        _ runID: String?, _ reply: @escaping HostInput.Reply<HistoryEvent.Outcome>,
        _ draft: inout CommitDraft
    ) {
        guard let machine else { return missing(reply, &draft) }
        let wanted = runID ?? machine.start.runID
        if wanted != machine.start.runID {
            // Answered apart, so not let in again with this draft.
            draft.inputs.removeLast()
            return follow(from: wanted, to: machine, reply)
        }
        if let outcome = machine.outcome, draft.isEmpty { return draft.answer(reply, outcome) }
        let token = nextToken()
        draft.waiterTokens.insert(token)
        resultWaiters.append((wanted, Waiter(token: token, reply: reply)))
    }

    /// Reads how an older run ended, and asks again for the run after it.
    private func follow(
        from first: String, to machine: RunMachine,
        _ reply: @escaping HostInput.Reply<HistoryEvent.Outcome>
    ) {
        let newest = machine.start.runID
        engine.begins()
        Task.detached { [self] in
            defer { engine.ends() }
            var wanted = first
            do {
                while wanted != newest {
                    let history = try await engine.history(workflowID, wanted)
                    if history.events.isEmpty {
                        // It was removed; the records of the id say what came after it.
                        wanted = try await successor(of: wanted)
                        continue
                    }
                    guard case .closed(let outcome) = history.events.last?.body else {
                        throw WorkflowError.notFound(workflowID: workflowID)
                    }
                    guard case .continuedAsNew(let next, _) = outcome else {
                        return reply(.success(outcome))
                    }
                    wanted = next
                }
                enqueue(.result(runID: wanted, reply))
            } catch {
                reply(.failure(error))
            }
        }
    }

    /// The run with which a run of this id went on, whose history is gone.
    /// - Throws: `.notFound` if it did not, or nobody knows.
    private func successor(of runID: String) async throws -> String {
        let records = IDRecord.live(try await engine.idRecords(workflowID).0)
            .filter { $0.kind == .opened }
        guard let index = records.firstIndex(where: { $0.runID == runID }),
            index + 1 < records.count,
            records[index + 1].outcomeBefore
                == HistoryEvent.Outcome.Variant.continuedAsNew.rawValue
        else { throw WorkflowError.notFound(workflowID: workflowID) }
        return records[index + 1].runID
    }

    // MARK: Who is asked

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

    private func missing<Value: Sendable>(
        _ reply: @escaping HostInput.Reply<Value>, _ draft: inout CommitDraft
    ) {
        draft.refuse(reply, .notFound(workflowID: workflowID))
    }
}

extension RunMachine {
    fileprivate func isChild(of runs: [String]) -> Bool {
        start.parent.map { runs.contains($0.runID) } ?? false
    }
}

extension Resumption {
    /// Why it does not fit to why the run rests.
    fileprivate func problem(with machine: RunMachine) -> String? {
        let stuck = machine.stuckCompensations.map(\.key)
        switch self {
        case .plain:
            guard machine.pause == nil, let key = stuck.first else { return nil }
            return "the compensation of \(key) gave up: retry it or skip it"
        case .retryCompensation(let key), .skipCompensation(let key, _):
            if stuck.contains(key) { return nil }
            return stuck.isEmpty
                ? "no compensation gave up"
                : "\(stuck.joined(separator: ", ")) gave up, not \(key)"
        }
    }
}
