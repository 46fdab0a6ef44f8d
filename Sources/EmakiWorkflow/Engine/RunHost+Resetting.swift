// Runs that begin with the events of another one.
extension RunHost {
    /// The newest run ends, and another one goes on from a point of it; all in one commit.
    func reset(
        _ cut: RunCut, _ reason: String, _ reply: @escaping HostInput.Reply<String?>,
        _ draft: inout CommitDraft
    ) {
        if let runID = startedBy[cut.start.requestID] { return draft.answer(reply, runID) }
        guard let machine else {
            return draft.refuse(reply, .notFound(workflowID: workflowID))
        }
        // A cut is made of what is durable: if the draft has events, it has none of them.
        guard machine.start.runID == cut.runID, machine.lastID == cut.lastEvent else {
            return draft.answer(reply, nil)
        }
        machine.keptEvents = cut.start.keptEvents(of: cut.runID)
        if machine.isOpen {
            let text = "reset as run \(cut.start.runID)" + (reason.isEmpty ? "" : ": \(reason)")
            recordAny(
                .closed(
                    .terminated(
                        reason: text.cut(to: Failure.messageBytesMax),
                        uncompensated: uncompensated(machine))), &draft)
        }
        note(cut, after: machine, &draft)
        draft.successor = cut.events
        draft.copied = (cut.copiedCount, cut.token)
        draft.answer(reply, cut.start.runID)
    }

    /// A run begins with the events of another workflow's.
    /// - Returns: false if the input has to wait for the commit of this draft.
    func fork(
        _ cut: RunCut, _ reply: @escaping HostInput.Reply<String>, _ draft: inout CommitDraft
    ) -> Bool {
        if let runID = startedBy[cut.start.requestID] {
            draft.answer(reply, runID)
            return true
        }
        if let machine, machine.isOpen {
            draft.refuse(
                reply, .alreadyRunning(workflowID: workflowID, runID: machine.start.runID))
            return true
        }
        guard draft.isEmpty else { return false }
        let before = machine
        begin(cut.start)
        runToken = cut.token
        for event in cut.events.prefix(cut.copiedCount) { machine?.apply(event) }
        for event in cut.events.dropFirst(cut.copiedCount) { append(event, &draft) }
        machine?.effects = []
        note(cut, after: before, &draft)
        draft.answer(reply, cut.start.runID)
        // What was begun in the other run is taken up as after a restart.
        draft.replies.append { [self] error in if error == nil { enqueue(.load) } }
        return true
    }

    /// The run of a cut is one of this id.
    private func note(_ cut: RunCut, after before: RunMachine?, _ draft: inout CommitDraft) {
        var record = IDRecord(.opened, cut.start.runID)
        record.requestID = cut.start.requestID
        record.workflowType = cut.start.workflowType
        if idToken != nil { record.follow(before?.outcome, of: before?.start.workflowType) }
        draft.records.append(record)
        startedBy[cut.start.requestID] = cut.start.runID
    }
}
