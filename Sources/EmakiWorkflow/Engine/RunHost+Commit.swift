// Making a draft durable, and what follows from that.
extension RunHost {
    /// Refused commits in a row before callers are told.
    private static let refusalsMax = 8
    /// Times that a commit of which nobody knows is offered again.
    private static let repeatsMax = 3

    /// Commits and acts upon it. A draft is one commit: it is durable as a whole or not at all.
    func commit(_ draft: CommitDraft) async {
        guard let start = machine?.start else { return }
        let commit = commit(of: draft, start)
        var repeats = 0
        while true {
            switch await engine.store.append(commit) {
            case .committed(let tokens):
                take(tokens, of: commit, start)
                refusals = 0
                return await act(upon: draft)
            case .conflict: return refused(draft)
            case .unknown:
                // The same once more: it is stored once, and if it is, it is this engine's. What is
                // read may be another owner's, and an attempt that it began is not this one's.
                repeats += 1
                if repeats > Self.repeatsMax { return refused(draft) }
            case .fenced:
                engine.isFenced = true
                return giveUp(draft, .fenced)
            case .noSpace:
                // Of what nobody knew before, a full disk says nothing.
                guard repeats > 0 || mayHold(draft) else { return giveUp(draft, .noSpace) }
                engine.observer.storeFailed(WorkflowError.noSpace)
                await engine.pauseForSpace()
                if engine.isClosed { return giveUp(draft, .outcomeUnknown) }
            case .unusable(let error):
                engine.isUnusable = true
                engine.observer.storeFailed(error)
                return giveUp(draft, .outcomeUnknown)
            case .refused(let error):
                engine.observer.storeFailed(error)
                return refusedForGood(draft)
            }
        }
    }

    private func take(_ tokens: [VersionToken], of commit: HistoryCommit, _ start: RunStart) {
        let runStream = StreamName.run(workflowID, start.runID)
        for (part, token) in zip(commit.parts, tokens) {
            switch part.stream {
            case StreamName.id(workflowID): idToken = token
            case runStream: runToken = token
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
        putBack([.load] + draft.inputs)
    }

    /// Callers are told that nobody knows; what nobody will say again comes again later.
    private func refusedForGood(_ draft: CommitDraft) {
        refusals = 0
        forgetWaiters(of: draft)
        discard()
        var again: [HostInput] = [.load]
        for input in draft.inputs {
            if input.mustArrive {
                again.append(input)
            } else {
                input.fail(WorkflowError.outcomeUnknown)
            }
        }
        let inputs = again
        engine.later { [self] in for input in inputs { enqueue(input) } }
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

    private func commit(of draft: CommitDraft, _ start: RunStart) -> HistoryCommit {
        var parts: [HistoryCommit.Part] = []
        if !draft.events.isEmpty {
            let events = zip(draft.events, draft.stored).map { event, stored in
                newEvent(stored, start.runID, event.id)
            }
            parts.append(
                HistoryCommit.Part(
                    stream: StreamName.run(workflowID, start.runID), expecting: runToken,
                    events: events))
        }
        if !draft.records.isEmpty {
            let events = draft.records.map { record in
                newEvent(record.stored(), record.runID, -Int(record.kind.rawValue))
            }
            parts.append(
                HistoryCommit.Part(
                    stream: StreamName.id(workflowID), expecting: idToken, events: events))
        }
        if case .started(let next) = draft.successor.first?.body {
            parts.append(
                HistoryCommit.Part(
                    stream: StreamName.run(workflowID, next.runID), expecting: nil,
                    events: draft.successor.map { newEvent($0.stored(), next.runID, $0.id) }))
        }
        return HistoryCommit(partition: partition, epoch: engine.epoch, parts: parts)
    }

    private func newEvent(
        _ event: StoredEvent, _ runID: String, _ number: Int
    ) -> HistoryCommit.NewEvent {
        HistoryCommit.NewEvent(
            id: (EngineCore.hash(runID), UInt64(bitPattern: Int64(number))),
            type: event.type, metadata: event.metadata, payload: event.payload)
    }
}
