// Making a draft durable, and what follows from that.
extension RunHost {
    /// Refused commits in a row before callers are told.
    private static let refusalsMax = 8
    /// Times that a commit of which nobody knows is offered again.
    private static let repeatsMax = 3

    /// Commits and acts upon it. A draft is one commit: it is durable as a whole or not at all.
    func commit(_ draft: CommitDraft) {
        guard let machine else {
            for reply in draft.replies { reply(.outcomeUnknown) }
            return catchUp()
        }
        let commit = commit(of: draft, machine)
        guard engine.isObserved else { return submit(commit, draft) }
        var draft = draft
        draft.submittedAt = engine.observedNow
        submit(commit, draft)
    }

    /// - Parameter repeats: times that this very commit was offered before, and nobody knew.
    private func submit(
        _ commit: HistoryCommit, _ draft: CommitDraft, repeats: Int = 0
    ) {
        engine.store.submit(commit) { [self] answer in
            let answeredAt = engine.observedNow
            goOn { [self] in answered(answer, commit, draft, repeats, answeredAt) }
        }
    }

    private func answered(
        _ answer: CommitAnswer, _ commit: HistoryCommit, _ draft: CommitDraft, _ repeats: Int,
        _ answeredAt: Int64
    ) {
        switch answer {
        case .committed(let tokens):
            take(tokens, of: commit)
            engine.projection?.recorded(commit.parts.reduce(0) { $0 + $1.events.count })
            refusals = 0
            act(upon: draft, answeredAt)
        case .conflict: refused(draft)
        case .unknown:
            // The same once more: it is stored once, and if it is, it is this engine's. What is
            // read may be another owner's, and an attempt that it began is not this one's.
            if repeats < Self.repeatsMax {
                return submit(commit, draft, repeats: repeats + 1)
            }
            refused(draft)
        case .fenced:
            engine.isFenced = true
            giveUp(draft, .fenced)
        case .noSpace:
            // Of what nobody knew before, a full disk says nothing.
            if repeats > 0 || mayHold(draft) { return hold(commit, draft, repeats) }
            giveUp(draft, .noSpace)
        case .unusable(let error):
            engine.isUnusable = true
            engine.observer.storeFailed(error)
            giveUp(draft, .outcomeUnknown)
        case .refused(let error):
            engine.observer.storeFailed(error)
            refusedForGood(draft)
        }
        catchUp()
    }

    /// Offers a commit again later: the disk is full.
    private func hold(_ commit: HistoryCommit, _ draft: CommitDraft, _ repeats: Int) {
        engine.observer.storeFailed(WorkflowError.noSpace)
        engine.later { [self] in
            goOn { [self] in
                guard engine.isClosed else { return submit(commit, draft, repeats: repeats) }
                giveUp(draft, .outcomeUnknown)
                catchUp()
            }
        }
    }

    private func take(_ tokens: [VersionToken], of commit: HistoryCommit) {
        for (part, token) in zip(commit.parts, tokens) {
            switch part.stream {
            case idStream: idToken = token
            case machine?.stream: runToken = token
            default: successorToken = token
            }
        }
    }

    /// The disk is full: a new run is refused; anything else is held, and appended again with the
    /// same event ids.
    private func mayHold(_ draft: CommitDraft) -> Bool {
        if case .started = draft.events.first?.body { return false }
        return true
    }

    /// Somebody else was there, or nobody knows: what is in memory is not to be trusted. It is read
    /// again, and what came is let in again; what was recorded after all is known by its ids.
    private func refused(_ draft: CommitDraft) {
        refusals += 1
        if refusals > Self.refusalsMax { return refusedForGood(draft) }
        forgetWaiters(of: draft)
        discard()
        putBack(HostInput.afterLoading(draft.inputs))
    }

    /// Callers are told that nobody knows; what nobody will say again comes again later.
    private func refusedForGood(_ draft: CommitDraft) {
        refusals = 0
        forgetWaiters(of: draft)
        discard()
        for input in draft.inputs where !input.mustArrive {
            input.fail(WorkflowError.outcomeUnknown)
        }
        let again = HostInput.afterLoading(draft.inputs.filter(\.mustArrive))
        engine.later { [self] in for input in again { enqueue(input) } }
    }

    /// Nothing more can be done here.
    func giveUp(_ draft: CommitDraft, _ error: WorkflowError) {
        discard()
        for key in draft.ended { forget(key) }
        for reply in draft.replies { reply(error) }
        let results = resultWaiters
        let updates = updateWaiters
        resultWaiters = []
        updateWaiters = [:]
        for entry in results { entry.waiter.reply(.failure(error)) }
        for waiter in updates.values.joined() { waiter.reply(.failure(error)) }
    }

    /// Inputs that are let in again wait again.
    private func forgetWaiters(of draft: CommitDraft) {
        resultWaiters.removeAll { draft.waiterTokens.contains($0.waiter.token) }
        for (id, waiters) in updateWaiters {
            let left = waiters.filter { !draft.waiterTokens.contains($0.token) }
            updateWaiters[id] = left.isEmpty ? nil : left
        }
    }

    // MARK: Parts

    private func commit(of draft: CommitDraft, _ machine: RunMachine) -> HistoryCommit {
        var parts: [HistoryCommit.Part] = []
        if !draft.events.isEmpty {
            let events = zip(draft.events, draft.stored).map { event, stored in
                HistoryCommit.NewEvent(stored, machine.runHash, event.id)
            }
            parts.append(
                HistoryCommit.Part(stream: machine.stream, expecting: runToken, events: events))
        }
        if !draft.records.isEmpty {
            let events = draft.records.map { record in
                let hash =
                    record.runID == machine.start.runID
                    ? machine.runHash : EngineCore.hash(record.runID)
                return HistoryCommit.NewEvent(record.stored(), hash, -Int(record.kind.rawValue))
            }
            parts.append(
                HistoryCommit.Part(stream: idStream, expecting: idToken, events: events))
        }
        if case .started(let next) = draft.successor.first?.body {
            let hash = EngineCore.hash(next.runID)
            parts.append(
                HistoryCommit.Part(
                    stream: StreamName.run(workflowID, next.runID), expecting: draft.copied.token,
                    events: draft.successor.dropFirst(draft.copied.count)
                        .map { .init($0.stored(), hash, $0.id) }))
        }
        return HistoryCommit(partition: partition, epoch: engine.epoch, parts: parts)
    }
}

extension HistoryCommit.NewEvent {
    /// - Parameter number: of the event in its run; of a record about a run, less than 0.
    init(_ event: StoredEvent, _ runHash: UInt64, _ number: Int) {
        self.init(
            id: (runHash, UInt64(bitPattern: Int64(number))),
            type: event.type, metadata: event.metadata, payload: event.payload)
    }
}
