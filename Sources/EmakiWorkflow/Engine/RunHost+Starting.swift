// How a run begins.
extension RunHost {
    /// - Returns: false if the input has to wait for the commit of this draft.
    func start(
        _ request: StartRequest, _ reply: @escaping HostInput.Reply<String>,
        _ draft: inout CommitDraft
    ) -> Bool {
        if let runID = startedBy[request.requestID] {
            draft.answer(reply, runID)
            return true
        }
        if let machine, let name = request.message?.requestName, machine.requests[name] != nil {
            draft.answer(reply, machine.start.runID)
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
                if let message = request.message { record(message, &draft) }
                return true
            case .terminateExisting:
                recordAny(
                    .closed(
                        .terminated(
                            reason: "another run takes its place",
                            uncompensated: uncompensated(machine))), &draft)
                return false
            }
        }
        guard draft.isEmpty else { return false }
        if let machine, !request.reuse.allows(machine.outcome) {
            draft.refuse(
                reply, .alreadyUsed(workflowID: workflowID, runID: machine.start.runID))
            return true
        }
        let before = machine
        var start = engine.runStart(request)
        start.earlierRequests = machine?.requestsToKeep ?? []
        begin(start)
        draft.answer(reply, start.runID)
        var record = IDRecord(.opened, start.runID)
        record.requestID = request.requestID
        record.workflowType = start.workflowType
        if idToken != nil { record.follow(before?.outcome, of: before?.start.workflowType) }
        draft.records.append(record)
        startedBy[request.requestID] = start.runID
        self.record(.started(start), &draft)
        if let message = request.message { self.record(message, &draft) }
        return true
    }

    /// A run that is not in the store yet.
    func begin(_ start: RunStart) {
        letGo()
        hasReturned = false
        machine = RunMachine(start)
        setPace(start.workflowType)
        runToken = nil
        disarm()
        closuresWanted = []
        coldProblem = nil
        unfit = nil
        passedOver = nil
        versionToAdopt = nil
    }
}

extension HistoryEvent.Body {
    /// Under which the request of a message is known.
    fileprivate var requestName: String? {
        switch self {
        case .signalReceived(let message): .signal(message.requestID)
        case .updateAccepted(let message): .update(message.requestID)
        default: nil
        }
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
