// Letting events in: into the history, then into the code.
extension RunHost {
    /// Faults of a run's code before the run is paused.
    static let taskFailuresMax = 5

    /// The draft has room for what one more input may bring.
    func hasRoom(_ draft: CommitDraft) -> Bool {
        !draft.isLast && draft.byteCount < engine.commitBytesMax / 4
            && draft.events.count < engine.eventsPerCommitMax / 4
    }

    /// Records an event, and lets the code see it if it may.
    func record(_ body: HistoryEvent.Body, _ draft: inout CommitDraft) {
        guard let machine, machine.isOpen else { return }
        let now = max(engine.timers.now, machine.time)
        var event = HistoryEvent(id: machine.lastID + 1, time: now, commandCount: nil, body: body)
        guard body.isInput, machine.unseen.isEmpty, mayActivate(machine, at: now) else {
            append(event, &draft)
            return showUnseen(&draft)
        }
        switch prepare() {
        case .failed(let failure):
            append(event, &draft)
            failTask(failure, &draft)
        case .absent, .later, .unfit:
            append(event, &draft)
        case .warm:
            guard let decider else { return append(event, &draft) }
            adoptVersion(&draft)
            event.id = machine.lastID + 1
            event.time = max(event.time, machine.time)
            let decision = decider.activate(
                Activation(event: event, key: machine.key(of: body), isReplay: false))
            if let failure = decision.taskFailure ?? fault(in: decision.commands, after: event) {
                append(event, &draft)
                return failTask(failure, &draft)
            }
            event.commandCount = decision.commands.count
            append(event, &draft)
            obey(decision, &draft)
        }
    }

    /// Lets the code see what it has not seen.
    func showUnseen(_ draft: inout CommitDraft) {
        while let machine, let unseen = machine.nextUnseen, hasRoom(draft) {
            let now = max(engine.timers.now, machine.time)
            guard mayActivate(machine, at: now) else { return }
            switch prepare() {
            case .failed(let failure): return failTask(failure, &draft)
            case .absent, .later, .unfit: return
            case .warm: break
            }
            guard let decider else { return }
            adoptVersion(&draft)
            var late = unseen.event
            late.time = now
            var activation = Activation(event: late, key: unseen.key, isReplay: false)
            activation.hasMoreMessages = machine.hasMoreMessages(beside: late.id)
            let decision = decider.activate(activation)
            if let failure = decision.taskFailure ?? earlyEnd(decision, activation)
                ?? fault(in: decision.commands, after: nil)
            {
                return failTask(failure, &draft)
            }
            append(
                HistoryEvent(
                    id: machine.lastID + 1, time: now, commandCount: decision.commands.count,
                    body: .activated(event: unseen.event.id)), &draft)
            obey(decision, &draft)
        }
    }

    /// Why the run must not end yet, if it wants to: a message that was acknowledged would be lost.
    private func earlyEnd(_ decision: Decision, _ activation: Activation) -> Failure? {
        let closes = decision.commands.contains { command in
            if case .close = command { return true }
            return false
        }
        guard closes, activation.hasMoreMessages else { return nil }
        return Failure(
            .misuse, type: "EarlyEnd",
            message: "it ends at event \(activation.event.id) though messages wait that were "
                + "acknowledged: a decider heeds Activation.hasMoreMessages")
    }

    /// Records that other code goes on, so that the run is never given to the code before it.
    private func adoptVersion(_ draft: inout CommitDraft) {
        guard let machine, let version = versionToAdopt else { return }
        versionToAdopt = nil
        append(
            HistoryEvent(
                id: machine.lastID + 1, time: max(engine.timers.now, machine.time),
                commandCount: nil, body: .versionAdopted(version)), &draft)
    }

    /// Whether the code is there. It is brought before a draft is begun; where it is missing all
    /// the same, it sees what is recorded now after the commit.
    private func prepare() -> Warming {
        // An operator's engine lets code see nothing but what it is asked to rehearse.
        guard engine.options.executesCode || isRehearsing else { return .absent }
        if decider != nil { return .warm }
        if let coldProblem { return coldProblem }
        // A run that begins now has nothing to replay.
        return machine?.lastID == 0 ? makeCode() : .absent
    }

    func append(_ event: HistoryEvent, _ draft: inout CommitDraft) {
        var event = event
        event.frame = machine?.frame ?? 0
        if engine.isObserved { draft.note(machine?.observedStep(of: event)) }
        machine?.apply(event)
        draft.append(event)
    }

    private func obey(_ decision: Decision, _ draft: inout CommitDraft) {
        machine?.taskFailureCount = 0
        if decision.hasReturned { hasReturned = true }
        if engine.isObserved, !decision.lines.isEmpty { draft.lines += decision.lines }
        for command in decision.commands {
            guard let machine else { return }
            let now = max(engine.timers.now, machine.time)
            let body: HistoryEvent.Body
            do {
                body = try machine.body(of: gated(command), successor: EngineCore.successorID)
            } catch {
                // The number of commands is recorded already: a history without this one would
                // never be followed again.
                preconditionFailure("`fault` has looked at every command: \(error)")
            }
            append(
                HistoryEvent(
                    id: machine.lastID + 1, time: now, commandCount: nil, body: body), &draft)
            if case .closed(let outcome) = body, case .close(let closing) = command {
                ended(outcome, closing, now, &draft)
            }
        }
    }

    /// Of a step that may have to wait for others it is recorded when it begins.
    private func gated(_ command: Command) -> Command {
        guard case .schedule(var schedule) = command, engine.queues.limits(schedule),
            decider?.closure(of: schedule.key)?.isInline != true
        else { return command }
        schedule.isGated = true
        return .schedule(schedule)
    }

    /// Records how a run ended, and begins the next of its chain.
    func ended(
        _ outcome: HistoryEvent.Outcome, _ closing: Command.Closing?, _ now: Int64,
        _ draft: inout CommitDraft
    ) {
        guard let machine else { return }
        var record = IDRecord(closing: machine.start, outcome)
        record.time = now
        record.isUnsettled = !machine.childrenToSettle.isEmpty || !machine.messagesToSettle.isEmpty
        draft.records.append(record)
        if record.isUnsettled { unsettled.insert(record.runID) }
        guard case .continuedAsNew(let runID, _) = outcome, let closing else { return }
        let chance = StableMix.fraction(machine.start.seed)
        var next = machine.successor(of: closing, runID: runID, at: now, chance: chance)
        let isPinned = engine.codes.isPinned(machine.start)
        if isPinned { next.versioning = .pinned }
        let companion = isPinned ? machine.fingerprint : nil
        let code = engine.codes.code(beginning: next.workflowType, beside: companion)
        next.fingerprint = code?.fingerprint ?? next.fingerprint
        var opened = IDRecord(.opened, runID)
        opened.workflowType = next.workflowType
        opened.follow(outcome, of: next.workflowType)
        draft.records.append(opened)
        draft.successor = [
            HistoryEvent(id: 1, time: now, commandCount: nil, body: .started(next))
        ]
        guard machine.isCancelRequested else { return }
        draft.successor.append(
            HistoryEvent(
                id: 2, time: now, commandCount: nil,
                body: .cancelRequested(requestID: "", reason: "asked of the run before")))
    }

    /// Records a fault of the run's code, once, and lets go of the code.
    func failTask(_ failure: Failure, _ draft: inout CommitDraft) {
        letGo()
        guard let machine, machine.isOpen, machine.pause == nil else { return }
        let now = max(engine.timers.now, machine.time)
        engine.observer.taskFailed(in: machine.observed, failure)
        if machine.lastTaskFailure != failure || machine.taskFailureCount == 0 {
            append(
                HistoryEvent(
                    id: machine.lastID + 1, time: now, commandCount: nil,
                    body: .taskFailed(failure)), &draft)
        }
        machine.taskFailureCount += 1
        let count = machine.taskFailureCount
        guard count < Self.taskFailuresMax else {
            append(
                HistoryEvent(
                    id: machine.lastID + 1, time: now, commandCount: nil,
                    body: .paused(.taskFailures(failure))), &draft)
            return
        }
        let retryAt = now + engine.options.taskRetryInterval.nanoseconds << Int64(count - 1)
        machine.taskRetryAt = retryAt
        machine.due.add(.task, at: retryAt)
    }

    // MARK: What cannot be obeyed

    /// Why these commands cannot be obeyed: the code is at fault.
    /// - Parameter event: what is being let in, if it is not in the history yet.
    private func fault(in commands: [Command], after event: HistoryEvent?) -> Failure? {
        guard let machine else { return nil }
        var byteCount = 0
        var new: Set<String> = []
        var takenBack: Set<String> = []
        for command in commands {
            let (key, payload, extraBytes) = command.parts
            byteCount += (payload?.bytes.count ?? 0) + extraBytes + 2 * CommitDraft.eventBytes
            if let payload, payload.bytes.count > engine.payloadBytesMax {
                return tooLarge("a payload", engine.payloadBytesMax, payload.bytes.count)
            }
            if let key, key.utf8.count > Self.keyBytesMax {
                return tooLarge("an identity", Self.keyBytesMax, key.utf8.count)
            }
            if extraBytes > RunOptions.labelBytesMax + Self.keyBytesMax {
                return tooLarge(
                    "headers, memo and attributes", RunOptions.labelBytesMax, extraBytes)
            }
            switch command {
            case .schedule(let step):
                let limitKeyBytes = step.options.limitKey?.utf8.count ?? 0
                guard limitKeyBytes <= ActivityOptions.limitKeyBytesMax else {
                    return tooLarge(
                        "a limit key", ActivityOptions.limitKeyBytesMax, limitKeyBytes)
                }
                if let key { new.insert(key) }
            case .startTimer: if let key { new.insert(key) }
            case .cancelStep(let key)
            where machine.openID(ofStep: key) == nil && !new.contains(key):
                return unknown(key)
            case .cancelTimer(let key):
                let isKnown = machine.openID(ofTimer: key) != nil || new.contains(key)
                guard isKnown, takenBack.insert(key).inserted else { return unknown(key) }
            case .completeUpdate(let id, _), .failUpdate(let id, _):
                let isOpen = machine.openUpdates.contains(id) || event?.isUpdate(id) == true
                guard isOpen, takenBack.insert("update \(id)").inserted else {
                    return unknown("update \(id)")
                }
            case .checkpoint(let state, let patches):
                var fields = FieldWriter()
                var checkpoint = machine.checkpoint(state, patches: patches)
                // More may be answered before it is recorded.
                checkpoint.answers = []
                checkpoint.encode(into: &fields)
                if fields.bytes.count > Self.checkpointBytesMax {
                    return tooLarge(
                        "a checkpoint beside its state", Self.checkpointBytesMax,
                        fields.bytes.count)
                }
            default: break
            }
        }
        guard byteCount <= engine.commitBytesMax / 2,
            commands.count <= engine.eventsPerCommitMax / 2
        else {
            return Failure(
                .misuse, type: "TooMuchAtOnce",
                message: "\(commands.count) commands of \(byteCount) bytes at once; at most "
                    + "\(engine.eventsPerCommitMax / 2) of \(engine.commitBytesMax / 2) bytes")
        }
        return nil
    }

    /// Bytes of what a checkpoint remembers beside the code's state and answers.
    private static var checkpointBytesMax: Int { 60_000 - RunMachine.keptAnswerBytesMax }

    /// Bytes of an identity.
    static var keyBytesMax: Int { 4_096 }

    private func unknown(_ key: String) -> Failure {
        Failure(.misuse, type: "UnknownKey", message: "\(key) is not open")
    }

    private func tooLarge(_ what: String, _ limit: Int, _ count: Int) -> Failure {
        Failure(
            .misuse, type: "TooLarge", message: "\(what) of \(count) bytes; at most \(limit)")
    }
}

extension HistoryEvent {
    fileprivate func isUpdate(_ id: Int) -> Bool {
        if case .updateAccepted = body { return self.id == id }
        return false
    }
}

extension Command {
    /// Its identity, its payload, and bytes beside both.
    fileprivate var parts: (key: String?, payload: Payload?, extraBytes: Int) {
        switch self {
        case .schedule(let step): (step.key, step.input, step.name.utf8.count)
        case .cancelStep(let key), .cancelTimer(let key), .startTimer(let key, _):
            (key, nil, 0)
        case .patch(let id): (id, nil, 0)
        case .completeUpdate(_, let payload): (nil, payload, 0)
        case .failUpdate(_, let failure): (nil, failure.details, 0)
        case .startChild(let child): (child.key, child.input, child.options.labelBytes)
        case .send(let message): (message.key, message.input, message.name.utf8.count)
        case .pause(let key, _): (key, nil, 0)
        case .checkpoint(let state, let patches):
            (nil, state, patches.reduce(0) { $0 + $1.utf8.count })
        case .close(.completed(let payload)): (nil, payload, 0)
        case .close(.continueAsNew(_, let payload)): (nil, payload, 0)
        case .close: (nil, nil, 0)
        }
    }
}

extension RunOptions {
    /// Bytes of headers, memo and search attributes together.
    public static let labelBytesMax = 16 << 10

    var labelBytes: Int {
        [headers, memo, searchAttributes].reduce(0) { sum, map in
            map.reduce(sum) { $0 + $1.key.utf8.count + $1.value.utf8.count + 16 }
        }
    }
}
