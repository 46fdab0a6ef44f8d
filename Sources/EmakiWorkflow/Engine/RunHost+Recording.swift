// Letting events in: into the history, then into the code.
extension RunHost {
    /// Faults of a run's code before the run is paused.
    static let taskFailuresMax = 5

    /// Records an event, and lets the code see it if it may.
    func record(_ body: HistoryEvent.Body, _ draft: inout CommitDraft) async {
        guard var current = machine else { return }
        let now = max(engine.timers.now, current.time)
        var event = HistoryEvent(id: current.lastID + 1, time: now, commandCount: nil, body: body)
        let mayActivate = body.isInput && current.unseen.isEmpty && current.mayActivate(at: now)
        if mayActivate, await isWarm(&draft), let decider {
            let activation = Activation(event: event, key: current.key(of: body), isReplay: false)
            let decision = decider.activate(activation)
            if let failure = decision.taskFailure ?? current.fault(in: decision.commands) {
                append(event, &draft)
                failTask(failure, &draft)
                return
            }
            event.commandCount = decision.commands.count
            append(event, &draft)
            obey(decision, &draft)
            return
        }
        // A fault of the code may have been recorded while it was made warm.
        current = machine ?? current
        event.id = current.lastID + 1
        append(event, &draft)
        await showUnseen(&draft)
    }

    /// Lets the code see what it has not seen.
    func showUnseen(_ draft: inout CommitDraft) async {
        while let current = machine, let unseen = current.unseen.first {
            let now = max(engine.timers.now, current.time)
            guard current.mayActivate(at: now), await isWarm(&draft), let decider else { return }
            guard let current = machine else { return }
            var late = unseen.event
            late.time = now
            let decision = decider.activate(
                Activation(event: late, key: unseen.key, isReplay: false))
            if let failure = decision.taskFailure ?? current.fault(in: decision.commands) {
                failTask(failure, &draft)
                return
            }
            append(
                HistoryEvent(
                    id: current.lastID + 1, time: now, commandCount: decision.commands.count,
                    body: .activated(event: unseen.event.id)), &draft)
            obey(decision, &draft)
        }
    }

    /// The code is there. It cannot be brought there while a draft holds events that the store
    /// does not have: then it sees them after the next commit.
    private func isWarm(_ draft: inout CommitDraft) async -> Bool {
        if decider != nil { return true }
        let isNew = draft.events.isEmpty && draft.successor == nil
        guard isNew || machine?.lastID == 0 else { return false }
        return await warm(&draft)
    }

    func append(_ event: HistoryEvent, _ draft: inout CommitDraft) {
        machine?.apply(event)
        draft.events.append(event)
    }

    private func obey(_ decision: Decision, _ draft: inout CommitDraft) {
        for command in decision.commands {
            guard let current = machine else { return }
            let now = max(engine.timers.now, current.time)
            let successor = engine.successorID(of: current.start.runID)
            guard let body = try? current.body(of: command, successor: successor) else {
                continue
            }
            append(
                HistoryEvent(
                    id: current.lastID + 1, time: now, commandCount: nil, body: body), &draft)
            if case .closed(let outcome) = body, case .close(let closing) = command {
                ended(outcome, closing, now, &draft)
            }
        }
        if decision.hasReturned { hasReturned = true }
    }

    /// Records how a run ended, and begins the next of its chain.
    func ended(
        _ outcome: HistoryEvent.Outcome, _ closing: Command.Closing?, _ now: Int64,
        _ draft: inout CommitDraft
    ) {
        guard let current = machine else { return }
        var record = IDRecord(.closed, current.start.runID)
        record.isUnsettled = !current.children.isEmpty || !current.sent.isEmpty
        draft.records.append(record)
        guard case .continuedAsNew(let runID, _) = outcome, let closing else { return }
        let chance = StableMix.fraction(current.start.seed)
        let next = current.successor(of: closing, runID: runID, at: now, chance: chance)
        var opened = IDRecord(.opened, runID)
        opened.workflowType = next.workflowType
        draft.records.append(opened)
        draft.successor = HistoryEvent(
            id: 1, time: now, commandCount: nil, body: .started(next))
    }

    /// Records a fault of the run's code, once, and lets go of the code.
    func failTask(_ failure: Failure, _ draft: inout CommitDraft) {
        decider?.evict()
        decider = nil
        guard let current = machine, current.isOpen else { return }
        let now = max(engine.timers.now, current.time)
        engine.observer.taskFailed(workflowID: workflowID, runID: current.start.runID, failure)
        if current.lastTaskFailure != failure || current.taskFailureCount == 0 {
            append(
                HistoryEvent(
                    id: current.lastID + 1, time: now, commandCount: nil,
                    body: .taskFailed(failure)), &draft)
        }
        machine?.taskFailureCount += 1
        let count = machine?.taskFailureCount ?? 0
        guard count < Self.taskFailuresMax else {
            append(
                HistoryEvent(
                    id: (machine?.lastID ?? 0) + 1, time: now, commandCount: nil,
                    body: .paused(.taskFailures(failure))), &draft)
            return
        }
        let retryAt = now + engine.options.taskRetryInterval.nanoseconds << Int64(count - 1)
        machine?.taskRetryAt = retryAt
        machine?.due.add(.task, at: retryAt)
    }
}

extension RunMachine {
    /// Why these commands cannot be obeyed: the decider is at fault.
    func fault(in commands: [Command]) -> Failure? {
        var newSteps: Set<String> = []
        var newTimers: Set<String> = []
        for command in commands {
            switch command {
            case .schedule(let step): newSteps.insert(step.key)
            case .startTimer(let key, _): newTimers.insert(key)
            case .cancelStep(let key) where stepIDs[key] == nil && !newSteps.contains(key),
                .cancelTimer(let key) where timerIDs[key] == nil && !newTimers.contains(key):
                return Failure(
                    .misuse, type: "UnknownKey",
                    message: "\(key) is not open, and cannot be cancelled")
            case .completeUpdate(let id, _) where !openUpdates.contains(id) && id <= lastID,
                .failUpdate(let id, _) where !openUpdates.contains(id) && id <= lastID:
                return Failure(
                    .misuse, type: "UnknownUpdate", message: "update \(id) is not open")
            default: continue
            }
        }
        return nil
    }
}
