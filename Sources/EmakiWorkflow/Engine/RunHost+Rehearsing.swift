// What an engine does for an operator that has the code and does not run the workflows: it puts
// questions to the code, and leaves.
//
// The code goes ahead of what is recorded, in memory: it sees what nobody has shown it yet, and
// what it asks for then is looked at. To answer a question that is thrown away, together with the
// code. For an update it is recorded, but only if no attempt at a step is among it: a step that is
// recorded counts as begun, whoever finds it (G2, G3), and nobody is here to make the attempt. So
// an operator begins nothing, ever, and what it records is whole, as after a crash that came just
// then: timers run off, children are started and messages delivered by the next engine that runs
// the workflows.

/// What the code of a run is asked without the run going on by it.
enum Rehearsal: Sendable {
    case query(String, Payload, HostInput.Reply<Payload>)
    /// Whether a message would be taken now.
    case validation(Message, isUpdate: Bool, HostInput.Reply<Void>)
    /// To handle what it has not seen, an update that was accepted among it.
    case update(requestID: String, HostInput.Reply<UpdateStanding>)

    func fail(_ error: any Error) {
        switch self {
        case .query(_, _, let reply): reply(.failure(error))
        case .validation(_, _, let reply): reply(.failure(error))
        case .update(_, let reply): reply(.failure(error))
        }
    }
}

/// How far an update is.
enum UpdateStanding: Sendable, Equatable {
    case completed(Payload)
    /// It is recorded, and this is why nobody has handled it to the end yet.
    case accepted(String)
}

extension RunHost {
    /// - Returns: false if the draft has to be committed first.
    func rehearse(_ rehearsal: Rehearsal, _ draft: inout CommitDraft) -> Bool {
        // What is thrown away must be nobody else's.
        guard draft.isEmpty else { return false }
        guard let machine else {
            let error = WorkflowError.notFound(workflowID: workflowID)
            draft.replies.append { _ in rehearsal.fail(error) }
            return true
        }
        switch rehearsal {
        case .query(let name, let input, let reply):
            lookAhead(reply, &draft) { code throws in
                guard let code else { throw WorkflowError.refused(self.reasonForNoCode) }
                return try code.query(name, input)
            }
        case .validation(let message, let isUpdate, let reply):
            let name: String =
                isUpdate ? .update(message.requestID) : .signal(message.requestID)
            if machine.requests[name] != nil {
                draft.answer(reply, ())
                return true
            }
            lookAhead(reply, &draft) { code throws in
                try self.validate(message, isUpdate, machine, code)
            }
        case .update(let requestID, let reply):
            return goOn(machine, requestID, reply, &draft)
        }
        return true
    }

    /// Lets the code see all that it has not seen, asks it, and throws away what it did.
    /// - Parameter ask: is given nil if the code cannot be had.
    private func lookAhead<Answer: Sendable>(
        _ reply: @escaping HostInput.Reply<Answer>, _ draft: inout CommitDraft,
        _ ask: ((any Decider)?) throws -> Answer
    ) {
        isRehearsing = true
        var seen = -1
        // What it asks for may be more than fits into a draft.
        while let machine, machine.nextUnseen != nil, machine.lastID != seen {
            seen = machine.lastID
            var thrownAway = CommitDraft(begunAt: 0)
            showUnseen(&thrownAway)
        }
        isRehearsing = false
        do {
            draft.answer(reply, try ask(decider))
        } catch let error as WorkflowError {
            draft.refuse(reply, error)
        } catch {
            draft.refuse(reply, .refused(Failure(describing: error)))
        }
        discard()
    }

    private func validate(
        _ message: Message, _ isUpdate: Bool, _ machine: RunMachine, _ code: (any Decider)?
    ) throws {
        guard machine.isOpen, !hasReturned else {
            throw WorkflowError.closed(workflowID: workflowID, runID: machine.start.runID)
        }
        guard let code else {
            // A signal is taken without code, too.
            if isUpdate { throw WorkflowError.refused(reasonForNoCode) }
            return
        }
        if let failure = code.validate(message, isUpdate: isUpdate) {
            throw WorkflowError.refused(failure)
        }
    }

    private var reasonForNoCode: Failure {
        if case .failed(let failure) = coldProblem { return failure }
        return absence
    }

    // MARK: Updates

    /// Records an update that was validated; the code does not see it yet.
    func accept(
        _ message: Message, _ reply: @escaping HostInput.Reply<Void>, _ draft: inout CommitDraft
    ) {
        if machine?.requests[.update(message.requestID)] != nil { return draft.answer(reply, ()) }
        guard open(reply, &draft) != nil else { return }
        draft.answer(reply, ())
        record(.updateAccepted(message), &draft)
    }

    /// Lets the code handle an update, if nothing begins by that.
    private func goOn(
        _ machine: RunMachine, _ requestID: String,
        _ reply: @escaping HostInput.Reply<UpdateStanding>,
        _ draft: inout CommitDraft
    ) -> Bool {
        let id = machine.requests[.update(requestID)] ?? 0
        if machine.updateAnswers[id] == nil {
            // Number 0 is of an earlier run.
            guard machine.isOpen, id > 0 else {
                draft.refuse(
                    reply, .closed(workflowID: workflowID, runID: machine.start.runID))
                return true
            }
            if let reason = reasonToLeave(machine, &draft) {
                draft.answer(reply, .accepted(reason))
                return true
            }
            // There was no room for everything: the rest comes after this.
            if machine.nextUnseen != nil, !draft.isEmpty { return false }
        }
        switch machine.updateAnswers[id] {
        case .success(let payload)?: draft.answer(reply, .completed(payload))
        case .failure(let failure)?:
            draft.replies.append { reply(.failure($0 ?? .updateFailed(failure))) }
        case nil:
            let text = machine.explanation(at: engine.timers.now, versionNeeded: nil)
            draft.answer(reply, .accepted("its handler is not done: the run " + text))
        }
        return true
    }

    /// Lets the code see all, into the draft.
    /// - Returns: why that is not to be recorded; then the draft is as it was.
    private func reasonToLeave(_ machine: RunMachine, _ draft: inout CommitDraft) -> String? {
        guard decider != nil else { return reasonForNoCode.description }
        if versionToAdopt != nil {
            let last = machine.fingerprint
            return (last.isEmpty ? "no engine has begun the run yet" : "other code has it, \(last)")
                + "; the next engine that runs its workflows handles the update"
        }
        let before = draft
        isRehearsing = true
        showUnseen(&draft)
        isRehearsing = false
        guard let reason = draft.events.lazy.compactMap(\.body.reasonToLeave).first else {
            return nil
        }
        discard()
        draft = before
        return reason
    }
}

extension HistoryEvent.Body {
    /// Why an operator's engine does not record this for the code.
    fileprivate var reasonToLeave: String? {
        switch self {
        case .stepScheduled(let step):
            "its code asks for \(step.key); the next engine that runs its workflows "
                + "makes the attempt"
        case .taskFailed(let failure), .paused(.taskFailures(let failure)):
            "its code fails: \(failure)"
        default: nil
        }
    }
}
