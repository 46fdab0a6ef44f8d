// Making a draft durable, and what follows from that.
extension RunHost {
    /// Refused commits in a row before callers are told.
    private static let refusalsMax = 8

    /// Commits, in as many pieces as the store wants, and acts upon it.
    func commit(_ draft: CommitDraft) async {
        guard let current = machine else { return }
        let runStream = StreamName.run(workflowID, current.start.runID)
        for var piece in pieces(of: draft, current.start) {
            for part in piece.parts.indices where piece.parts[part].stream == runStream {
                piece.parts[part].expecting = runToken
            }
            switch await engine.store.append(piece) {
            case .committed(let tokens):
                for (part, token) in zip(piece.parts, tokens) {
                    if part.stream == StreamName.id(workflowID) {
                        idToken = token
                    } else if part.stream == runStream {
                        runToken = token
                    } else {
                        successorToken = token
                    }
                }
            case .conflict, .unknown:
                return refused(draft, .outcomeUnknown)
            case .fenced:
                engine.isFenced = true
                return giveUp(draft, .fenced)
            case .noSpace:
                return await waitForSpace(draft)
            case .refused(let error):
                engine.observer.storeFailed(error)
                return giveUp(draft, .outcomeUnknown)
            }
        }
        refusals = 0
        await act(upon: draft)
    }

    /// Somebody else was there, or nobody knows: what is in memory is not to be trusted. It is read
    /// again, and what came is let in again; what was recorded after all is known by its ids.
    private func refused(_ draft: CommitDraft, _ error: WorkflowError) {
        refusals += 1
        if refusals > Self.refusalsMax { return giveUp(draft, error) }
        forgetUpdateWaiters(of: draft)
        discard()
        putBack([.load] + draft.inputs)
    }

    func giveUp(_ draft: CommitDraft, _ error: WorkflowError) {
        discard()
        for reply in draft.replies { reply(error) }
        let waiting = resultWaiters
        resultWaiters = []
        for waiter in waiting { waiter.reply(.failure(error)) }
        for replies in updateWaiters.values { for reply in replies { reply(.failure(error)) } }
        updateWaiters = [:]
    }

    /// Inputs that are let in again wait again.
    private func forgetUpdateWaiters(of draft: CommitDraft) {
        for event in draft.events {
            if case .updateAccepted = event.body { updateWaiters[event.id] = nil }
        }
    }

    /// The disk is full: a new run is refused; anything else is held, and appended again with the
    /// same event ids.
    private func waitForSpace(_ draft: CommitDraft) async {
        if case .started = draft.events.first?.body, draft.events.first?.id == 1 {
            return giveUp(draft, .noSpace)
        }
        engine.observer.storeFailed(WorkflowError.noSpace)
        await engine.pauseForSpace()
        if engine.isClosed { return giveUp(draft, .outcomeUnknown) }
        await commit(draft)
    }

    // MARK: Pieces

    private func pieces(of draft: CommitDraft, _ start: RunStart) -> [HistoryCommit] {
        let runStream = StreamName.run(workflowID, start.runID)
        var pieces: [HistoryCommit] = []
        var events: [HistoryCommit.NewEvent] = []
        var byteCount = 0
        func close(_ extra: [HistoryCommit.Part] = []) {
            var parts = extra
            if !events.isEmpty {
                parts.insert(
                    HistoryCommit.Part(stream: runStream, expecting: nil, events: events), at: 0)
            }
            if !parts.isEmpty {
                pieces.append(
                    HistoryCommit(partition: partition, epoch: engine.epoch, parts: parts))
            }
            events = []
            byteCount = 0
        }
        for event in draft.events {
            let new = newEvent(event.stored(), start.runID, event.id)
            let bytes = new.metadata.count + new.payload.count + 64
            if events.count >= engine.eventsPerCommitMax
                || byteCount + bytes > engine.commitBytesMax
            {
                close()
            }
            events.append(new)
            byteCount += bytes
        }
        close(otherParts(of: draft))
        return pieces
    }

    private func otherParts(of draft: CommitDraft) -> [HistoryCommit.Part] {
        var parts: [HistoryCommit.Part] = []
        if !draft.records.isEmpty {
            let events = draft.records.map { record in
                newEvent(
                    record.stored(), record.runID, -Int(record.kind.rawValue))
            }
            parts.append(
                HistoryCommit.Part(
                    stream: StreamName.id(workflowID), expecting: idToken, events: events))
        }
        if let first = draft.successor, case .started(let next) = first.body {
            parts.append(
                HistoryCommit.Part(
                    stream: StreamName.run(workflowID, next.runID), expecting: nil,
                    events: [newEvent(first.stored(), next.runID, first.id)]))
        }
        return parts
    }

    private func newEvent(
        _ event: StoredEvent, _ runID: String, _ number: Int
    ) -> HistoryCommit.NewEvent {
        HistoryCommit.NewEvent(
            id: (EngineCore.hash(runID), UInt64(bitPattern: Int64(number))),
            type: event.type, metadata: event.metadata, payload: event.payload)
    }
}
