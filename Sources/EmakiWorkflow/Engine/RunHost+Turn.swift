// One turn after the other: inputs are let in, committed once, and acted upon.
//
// A turn never waits. Where something takes time, reading the store or committing, it ends; what
// comes then is the next turn's, and what is told to the run meanwhile waits in the inbox.
extension RunHost {
    /// Goes on with what comes next. Of the thread that the pump gave the turn.
    ///
    /// Once a turn has been given away, by `goOn`, `submit`, or because nothing is left to do,
    /// nothing of the host may be touched any more: somebody else may have it already.
    func turn() { TypePace.measure(self) { takeTurn() } }

    private func takeTurn() {
        if let stage = nextStage {
            nextStage = nil
            return stage()
        }
        coldProblem = nil
        guard let inputs = takeInputs() else { return engine.ends() }
        begin(inputs)
    }

    /// Goes on in a turn of its own, once something is there. On any thread, once for each turn
    /// that ended without an end.
    func goOn(_ stage: @escaping @Sendable () -> Void) {
        nextStage = stage
        engine.pump.push(self)
    }

    /// Does what takes time on Swift's pool, and goes on.
    private func meanwhile(
        _ work: @escaping @Sendable () async -> Void, then stage: @escaping @Sendable () -> Void
    ) {
        Task.detached { [self] in
            await work()
            goOn(stage)
        }
    }

    // MARK: Stages

    private func begin(_ inputs: [HostInput]) {
        if engine.isClosed {
            leave(inputs)
            return rest()
        }
        if isLoadedAtOnce() { return bringCode(for: inputs) }
        meanwhile { [self] in
            do {
                try await load()
            } catch {
                loadError = error
            }
        } then: { [self] in
            guard let error = loadError else { return bringCode(for: inputs) }
            loadError = nil
            discard()
            refuseAll(inputs, error)
            rest()
        }
    }

    /// Brings the code there before a draft is begun, if one of the inputs is for the code.
    private func bringCode(for inputs: [HostInput]) {
        guard decider == nil, let machine, machine.lastID > 0, wantsCode(inputs, machine) else {
            return letIn(inputs)
        }
        warm { [self] in letIn(inputs) }
    }

    /// Brings the code to where the history ends, and goes on whatever comes of it.
    private func warm(then stage: @escaping @Sendable () -> Void) {
        meanwhile { [self] in
            let slot = engine.marks?.takeSlot()
            engine.marks?.mark(slot, partition)
            let warming = await warm()
            engine.marks?.giveBack(slot)
            if case .warm = warming { return }
            coldProblem = warming
        } then: { [self] in
            if case .later(let error) = coldProblem {
                engine.observer.storeFailed(error)
                engine.later { [self] in enqueue(.due) }
            }
            stage()
        }
    }

    /// The run's code may go on at this instant.
    func mayActivate(_ machine: RunMachine, at now: Int64) -> Bool {
        !engine.isDraining && machine.mayActivate(at: now)
    }

    private func wantsCode(_ inputs: [HostInput], _ machine: RunMachine) -> Bool {
        if machine.isQuarantined { return false }
        if engine.options.rehearsesCode { return inputs.contains(where: \.isRehearsal) }
        if !mayHaveCode { return false }
        let now = engine.timers.now
        let mayActivate = mayActivate(machine, at: now)
        return inputs.contains { input in
            switch input {
            case .query, .warm, .update, .signal: true
            case .load:
                mayBeUnfit(machine)
                    || (mayActivate && !machine.steps.isEmpty && machine.hasMoreMessages(beside: 0))
            case .ended, .childStarted, .childClosed, .delivered, .cancel: mayActivate
            case .due: mayActivate && (machine.due.first.map { $0.instant <= now } ?? false)
            default: false
            }
        }
    }

    /// Whether somebody else's code has asked for what is under way: before anything of it is done
    /// over again, it has to be known whether the code here follows.
    private func mayBeUnfit(_ machine: RunMachine) -> Bool {
        let code = engine.codes.candidates(for: machine.start, machine.fingerprint).first
        guard machine.isOpen, code?.fingerprint != machine.fingerprint else { return false }
        return !(machine.steps.isEmpty && machine.children.isEmpty && machine.sent.isEmpty)
    }

    private func letIn(_ inputs: [HostInput]) {
        var draft = CommitDraft(begunAt: engine.observedNow)
        for (index, input) in inputs.enumerated() {
            draft.inputs.append(input)
            // A rehearsal throws away what was read, too.
            let isTaken = isLoaded && hasRoom(draft) ? take(input, &draft) : false
            guard isTaken else {
                // What was before it has to be durable first.
                draft.inputs.removeLast()
                putBack(Array(inputs[index...]))
                break
            }
        }
        if engine.options.executesCode, !engine.isDraining { takeDue(&draft) }
        finish(draft)
    }

    /// Commits a draft, acts, and goes on.
    private func finish(_ draft: CommitDraft) {
        guard draft.isEmpty else { return commit(draft) }
        for key in draft.ended { forget(key) }
        for reply in draft.replies { reply(nil) }
        catchUp()
    }

    /// What could not be done beside events that were not durable: the code sees what it has not
    /// seen, and gives the closures of steps.
    func catchUp() {
        if let unfit { refuseUpdates(unfit) }
        if let machine, machine.nextUnseen != nil, mayActivate(machine, at: engine.timers.now) {
            if isCodeAbsent { return warm { [self] in catchUp() } }
            var draft = CommitDraft(begunAt: engine.observedNow)
            showUnseen(&draft)
            if !draft.isEmpty { return finish(draft) }
        }
        if !closuresWanted.isEmpty, let machine, mayActivate(machine, at: engine.timers.now) {
            if isCodeAbsent { return warm { [self] in catchUp() } }
            if case .failed(let failure) = coldProblem {
                var draft = CommitDraft(begunAt: engine.observedNow)
                failTask(failure, &draft)
                coldProblem = nil
                if !draft.isEmpty { return finish(draft) }
            } else if decider != nil {
                dispatchWanted(machine)
            }
        }
        arm()
        rest()
    }

    /// Nobody has tried to bring the code in this turn.
    private var isCodeAbsent: Bool {
        decider == nil && coldProblem == nil && (machine?.lastID ?? 0) > 0 && mayHaveCode
    }

    private func dispatchWanted(_ machine: RunMachine) {
        let wanted = closuresWanted.sorted()
        closuresWanted = []
        for id in wanted { dispatch(id, machine.start) }
        // What the code does not ask for any more, it never will.
        closuresWanted = []
    }

    /// The engine is closed.
    private func leave(_ inputs: [HostInput]) {
        for input in inputs { input.fail(WorkflowError.engineClosed) }
        giveUp(CommitDraft(begunAt: 0), .engineClosed)
    }

    /// The turn is over.
    private func rest() {
        // What comes next is not late, however much it is.
        if isLate { isLateNoMore() }
        if hasInputs { return engine.pump.push(self) }
        // Something may have come meanwhile.
        guard let inputs = takeInputs() else { return engine.ends() }
        coldProblem = nil
        goOn { [self] in begin(inputs) }
    }
}
