// What leaves, once what it rests on is durable.
extension RunHost {
    /// The draft is durable.
    /// - Parameter answeredAt: for observers, when the store said so.
    func act(upon draft: CommitDraft, _ answeredAt: Int64) {
        for key in draft.ended { forget(key) }
        guard let machine else { return }
        if let step = suspectedStep, machine.isOver(step, with: draft.events) {
            suspectedStep = nil
            engine.suspects.cleared(self)
        }
        let effects = machine.effects
        machine.effects = []
        if engine.isObserved { tell(of: draft, machine, answeredAt) }
        for reply in draft.replies { reply(nil) }
        for effect in effects { perform(effect, machine) }
        if !draft.successor.isEmpty { follow(draft.successor) }
        countHeld()
        if engine.options.evictsAlways { letGo() }
    }

    /// Tells observers what became durable.
    private func tell(of draft: CommitDraft, _ machine: RunMachine, _ answeredAt: Int64) {
        let events = zip(draft.events, draft.steps).map { ObservedEvent(event: $0, step: $1) }
        var commit = ObservedCommit(
            run: machine.observed, events: events,
            deciding: .nanoseconds(draft.submittedAt - draft.begunAt),
            commitWait: .nanoseconds(answeredAt - draft.submittedAt))
        engine.observer.committed(commit)
        if !draft.lines.isEmpty { engine.observer.logged(in: commit.run, draft.lines) }
        guard let first = draft.successor.first, case .started(let next) = first.body
        else { return }
        commit.run = ObservedRun(next, startedAt: first.time)
        commit.events = draft.successor.map { ObservedEvent(event: $0, step: nil) }
        commit.deciding = .zero
        engine.observer.committed(commit)
    }

    private func perform(_ effect: RunMachine.Effect, _ machine: RunMachine) {
        switch effect {
        case .dispatch(let step): dispatch(step, machine.start)
        case .stop(let step): stop(runID: machine.start.runID, step: step)
        // Of an operator's engine these are left to the next one, which does all of them again.
        case .startChild(let id): if engine.options.executesCode { startChild(id, machine) }
        case .deliver(let id): if engine.options.executesCode { deliver(id, machine) { _ in } }
        case .answerUpdate(let id, let answer):
            guard let waiting = updateWaiters.removeValue(forKey: id) else { return }
            for waiter in waiting {
                waiter.reply(answer.mapError { WorkflowError.updateFailed($0) })
            }
        case .close: closed(machine)
        }
    }

    /// After a restart, or when memory was discarded: what was to be done is done again; whoever is
    /// told twice knows it by the request id.
    func resumeEffects(_ machine: RunMachine) {
        for id in machine.children.keys.sorted() { startChild(id, machine) }
        for id in machine.sent.keys.sorted() { deliver(id, machine) { _ in } }
    }

    // MARK: Steps

    func dispatch(_ id: Int, _ start: RunStart) {
        guard let machine, machine.isOpen, let step = machine.steps[id], step.phase == .running,
            !engine.isClosed, engine.options.executesCode
        else { return }
        // Whoever resumes the run has it dispatched.
        if step.isYetToBegin, machine.isResting { return }
        let key = AttemptKey(runID: start.runID, step: id, attempt: step.attempt)
        guard !attempts.contains(key) else { return }
        let schedule = step.schedule
        var closure: StepClosure?
        if schedule.kind == .closure {
            closure = decider?.closure(of: schedule.key)
            guard closure != nil else {
                // The code is not there: it is brought back, and asks for the step again.
                closuresWanted.insert(id)
                return
            }
        }
        let info = AttemptInfo(
            workflowID: workflowID, runID: start.runID, key: schedule.key,
            name: schedule.name, step: id, attempt: step.attempt,
            compensatedKey: schedule.compensates.map { undone in
                let origin = machine.originsOfUndone[undone]
                return AttemptInfo.idempotencyKey(
                    origin?.workflowID ?? workflowID, origin?.runID ?? start.runID, undone)
            }, heartbeatDetails: step.heartbeatDetails,
            origin: start.origin(ofStep: id, endedBy: nil))
        let watch = engine.isWatched ? AttemptWatch(engine, machine, id, step) : nil
        let entry = TaskQueues.Entry(
            schedule: schedule, info: info, host: self, key: key, closure: closure, watch: watch)
        dispatched(key)
        let now = engine.timers.now
        if closure?.isInline == true, !schedule.beginsByRecord, !engine.pump.isRelievedNow {
            engine.activities.runInline(entry)
            return machine.began(step: id, at: now)
        }
        if engine.queues.beginsAtOnce(schedule) {
            engine.activities.run(entry)
            return machine.began(step: id, at: now)
        }
        waits(key, in: schedule.options.queue)
        // What does not fit comes back when there is room; until then the run may leave memory.
        if !engine.queues.add(entry, isLate: isLate) { _ = attempts.remove(key) }
    }

    // MARK: Other workflows

    private func startChild(_ id: Int, _ machine: RunMachine) {
        guard let child = machine.children[id], machine.isOpen else { return }
        let runID = machine.start.runID
        if let childRunID = child.runID {
            return watch(id, runID, child.start.workflowID, childRunID)
        }
        let request = StartRequest(
            workflowType: child.start.workflowType, workflowID: child.start.workflowID,
            requestID: "child:\(begunBy(id, machine))/\(child.start.key)", input: child.start.input,
            options: child.start.options,
            reuse: child.start.idUse == .again ? .allow : .reject,
            conflict: child.start.idUse == .attach ? .useExisting : .fail,
            parent: RunStart.Parent(workflowID: workflowID, runID: runID),
            companion: engine.codes.isPinned(machine.start) ? machine.fingerprint : nil,
            message: nil)
        if let problem = engine.problem(with: request) {
            return childFailed(id, runID, problem)
        }
        engine.host(request.workflowID).enqueue(
            .start(request) { [self] result in
                switch result {
                case .success(let childRunID):
                    enqueue(.childStarted(runID: runID, child: id, childRunID: childRunID))
                    watch(id, runID, request.workflowID, childRunID)
                case .failure(let error): childFailed(id, runID, error)
                }
            })
    }

    /// The run that began a child or a message under this event: the one whose events this one has
    /// taken over, if they are, so that it is not begun again.
    private func begunBy(_ id: Int, _ machine: RunMachine) -> String {
        machine.start.origin(of: id)?.runID ?? machine.start.runID
    }

    private func childFailed(_ id: Int, _ runID: String, _ error: any Error) {
        guard let error = error as? WorkflowError, error.isFinal else {
            return comeBack(unless: error)
        }
        enqueue(
            .childClosed(
                runID: runID, child: id,
                .failed(Failure(.application, type: "ChildStart", message: "\(error)"))))
    }

    /// What did not work for a while is tried again.
    private func comeBack(unless error: any Error) {
        switch error as? WorkflowError {
        case .engineClosed, .fenced: return
        default: break
        }
        if engine.isUnusable { return }
        engine.later { [self] in enqueue(.load) }
    }

    private func watch(_ id: Int, _ runID: String, _ childID: String, _ childRunID: String) {
        engine.host(childID).enqueue(
            .result(runID: childRunID) { [self] result in
                switch result {
                case .success(let outcome):
                    enqueue(.childClosed(runID: runID, child: id, outcome))
                case .failure(let error):
                    guard let error = error as? WorkflowError, error.isFinal else {
                        return comeBack(unless: error)
                    }
                    // It was deleted, and how it ended nobody knows any more.
                    enqueue(
                        .childClosed(
                            runID: runID, child: id,
                            .failed(
                                Failure(.application, type: "ChildGone", message: "\(error)"))))
                }
            })
    }

    private func deliver(
        _ id: Int, _ machine: RunMachine, _ done: @escaping @Sendable (Bool) -> Void
    ) {
        guard let message = machine.sent[id] else { return done(true) }
        let runID = machine.start.runID
        let requestID = "message:\(begunBy(id, machine))/\(message.key)"
        let reply: HostInput.Reply<Void> = { [self] result in
            switch result {
            case .success:
                enqueue(.delivered(runID: runID, message: id, nil))
                done(true)
            case .failure(let error):
                guard let error = error as? WorkflowError, error.isFinal else {
                    done(false)
                    return comeBack(unless: error)
                }
                enqueue(
                    .delivered(
                        runID: runID, message: id,
                        Failure(.application, type: "NotDelivered", message: "\(error)")))
                done(true)
            }
        }
        if let problem = EngineCore.problem(withID: message.workflowID) {
            return reply(.failure(problem))
        }
        let host = engine.host(message.workflowID)
        switch message.kind {
        case .signal:
            host.enqueue(
                .signal(
                    Message(name: message.name, requestID: requestID, input: message.input),
                    reply))
        case .cancel:
            // Of a child's handle: only the child.
            let isChild = message.key.hasSuffix(RunScope.cancelSuffix)
            host.enqueue(
                .cancel(
                    requestID: requestID, reason: "asked by \(workflowID)",
                    childOf: isChild ? machine.start.familyRunIDs : nil, reply))
        case .terminate:
            host.enqueue(
                .terminate(
                    requestID: requestID,
                    reason: message.name.isEmpty ? "asked by \(workflowID)" : message.name,
                    childOf: nil, reply))
        }
    }

    // MARK: The end

    private func closed(_ machine: RunMachine) {
        guard let outcome = machine.outcome else { return }
        let runID = machine.start.runID
        stop(runID: runID, step: nil)
        letGo()
        disarm()
        let updates = updateWaiters
        updateWaiters = [:]
        for waiter in updates.values.joined() {
            waiter.reply(.failure(WorkflowError.closed(workflowID: workflowID, runID: runID)))
        }
        settle(machine)
        if case .continuedAsNew(let next, _) = outcome {
            resultWaiters = resultWaiters.map { ($0.runID == runID ? next : $0.runID, $0.waiter) }
            return
        }
        let told = resultWaiters.filter { $0.runID == runID }
        resultWaiters.removeAll { $0.runID == runID }
        for entry in told { entry.waiter.reply(.success(outcome)) }
    }

    /// Does what the end of a run asks for, and records that it is done; until then all of it can
    /// be done again.
    func settle(_ machine: RunMachine) {
        let children = machine.childrenToSettle
        let messages = machine.messagesToSettle
        guard !children.isEmpty || !messages.isEmpty else { return }
        let runID = machine.start.runID
        let family = machine.start.familyRunIDs
        let tally = SettlingTally(children.count + messages.count) { [self] in
            enqueue(.settled(runID: runID))
        }
        for id in messages { deliver(id, machine) { isDone in tally.count(isDone) } }
        for id in children {
            guard let child = machine.children[id] else { continue }
            let host = engine.host(child.start.workflowID)
            let reply: HostInput.Reply<Void> = { result in
                switch result {
                case .success: tally.count(true)
                case .failure(let error): tally.count((error as? WorkflowError)?.isFinal ?? false)
                }
            }
            switch child.start.closePolicy {
            case .abandon: tally.count(true)
            case .requestCancel:
                host.enqueue(
                    .cancel(
                        requestID: "closed:\(runID)/\(id)", reason: "its parent ended",
                        childOf: family, reply))
            case .terminate:
                host.enqueue(
                    .terminate(
                        requestID: "closed:\(runID)/\(id)", reason: "its parent ended",
                        childOf: family, reply))
            }
        }
    }

    /// The next run of a chain begins, in the same home.
    private func follow(_ events: [HistoryEvent]) {
        guard case .started(let next) = events.first?.body else { return }
        begin(next)
        runToken = successorToken
        for event in events { machine?.apply(event) }
        guard !next.origins.isEmpty else { return }
        // What was begun in the run before is taken up as after a restart.
        machine?.effects = []
        enqueue(.load)
    }

    /// Tells the timers when something is due next.
    func arm() {
        guard let machine, machine.isOpen, engine.options.executesCode, !engine.isDraining
        else { return }
        machine.forgetStale()
        guard let next = machine.due.first?.instant, next < ticket?.instant ?? .max else { return }
        ticket = engine.timers.arm(self, at: next, insteadOf: ticket)
    }

    /// The timers let go of this host.
    func disarm() {
        guard let ticket else { return }
        engine.timers.disarm(ticket)
        self.ticket = nil
    }
}

extension StepSchedule {
    /// An attempt begins only once that is durable: until then it certainly has not.
    var beginsByRecord: Bool {
        isGated || (kind == .activity && options.queue != ActivityOptions.defaultQueue)
    }
}

extension RunMachine {
    /// The run has got over a step, or its own code (0) has gone on with these events.
    fileprivate func isOver(_ step: Int, with events: [HistoryEvent]) -> Bool {
        guard isOpen else { return true }
        return step > 0
            ? steps[step] == nil : events.contains { $0.commandCount != nil }
    }
}
