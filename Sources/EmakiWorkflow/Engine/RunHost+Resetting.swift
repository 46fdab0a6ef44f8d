// Runs that begin with the events of another one.
extension RunHost {
    /// The newest run ends, and another one goes on from a point of it; all in one commit.
    /// - Returns: false if the input has to wait for the commit of this draft.
    func reset(
        _ cut: RunCut, _ reason: String, _ reply: @escaping HostInput.Reply<String?>,
        _ draft: inout CommitDraft
    ) -> Bool {
        if let runID = startedBy[cut.start.requestID] {
            draft.answer(reply, runID)
            return true
        }
        guard let machine else {
            draft.refuse(reply, .notFound(workflowID: workflowID))
            return true
        }
        guard draft.isEmpty else { return false }
        guard machine.start.runID == cut.runID, machine.lastID == cut.lastEvent else {
            draft.answer(reply, nil)
            return true
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
        return true
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

extension EngineCore {
    /// Times that a run is looked at again because it went on meanwhile.
    private static let cutsMax = 100
    /// Times that a commit of which nobody knows is offered again.
    private static let repeatsMax = 3

    /// Ends the newest run of an id, and begins one that goes on from a point of it.
    /// - Returns: the new run.
    func reset(
        _ workflowID: String, to point: ResetPoint, reason: String, reappliesMessages: Bool,
        requestID: String?
    ) async throws -> String {
        let requestID = requestID ?? newRequestID()
        if let runID = try await run(of: workflowID, begunBy: requestID) { return runID }
        var meant: String?
        for _ in 0..<Self.cutsMax {
            let newest: RunDescription = try await ask(workflowID) { .describe($0) }
            guard newest.runID == meant ?? newest.runID else {
                throw WorkflowError.invalid(
                    "\(workflowID) went on as run \(newest.runID): look at it, and ask again")
            }
            meant = newest.runID
            let cut = try await cut(
                workflowID, newest.runID, to: point,
                RunCut.Request(
                    point: point, workflowID: workflowID, runID: newRequestID(),
                    requestID: requestID, isFork: false, reappliesMessages: reappliesMessages,
                    now: timers.now))
            do {
                let runID: String? = try await ask(workflowID) { .reset(cut, reason: reason, $0) }
                if let runID { return runID }
            } catch {
                await forget(cut, after: error)
                throw error
            }
            await forget(cut, after: nil)
        }
        throw WorkflowError.invalid("\(workflowID) goes on all the time: pause it, then reset it")
    }

    /// Begins a run of another id that goes on from a point of a run.
    /// - Returns: the new run.
    func fork(
        _ workflowID: String, _ runID: String?, to point: ResetPoint, as newID: String,
        reappliesMessages: Bool, requestID: String?
    ) async throws -> String {
        if let problem = Self.problem(withID: newID) { throw problem }
        guard newID != workflowID else {
            throw WorkflowError.invalid("a fork of \(workflowID) is another workflow: name it")
        }
        let requestID = requestID ?? newRequestID()
        if let runID = try await run(of: newID, begunBy: requestID) { return runID }
        var source = runID
        if source == nil {
            let newest: RunDescription = try await ask(workflowID) { .describe($0) }
            source = newest.runID
        }
        let cut = try await cut(
            workflowID, source ?? "", to: point,
            RunCut.Request(
                point: point, workflowID: newID, runID: newRequestID(),
                requestID: requestID, isFork: true, reappliesMessages: reappliesMessages,
                now: timers.now))
        do {
            return try await ask(newID) { .fork(cut, $0) }
        } catch {
            await forget(cut, after: error)
            throw error
        }
    }

    /// What was copied ahead is nobody's, unless nobody knows whether it is.
    private func forget(_ cut: RunCut, after error: (any Error)?) async {
        guard cut.copiedCount > 0, store.capabilities.removesStreams else { return }
        if let error, (error as? WorkflowError)?.isFinal != true { return }
        do {
            _ = try await store.remove(
                StreamName.run(cut.start.workflowID, cut.start.runID), expecting: cut.token)
        } catch {
            observer.storeFailed(error)
        }
    }

    /// What is asked for again may not be there to be asked for any more.
    private func run(of workflowID: String, begunBy requestID: String) async throws -> String? {
        try await ask(workflowID) { .run(requestID: requestID, $0) }
    }

    private func cut(
        _ workflowID: String, _ runID: String, to point: ResetPoint, _ request: RunCut.Request
    ) async throws -> RunCut {
        guard request.requestID.utf8.count <= Self.requestIDBytesMax else {
            throw WorkflowError.tooLarge(
                "request id", limit: Self.requestIDBytesMax, value: request.requestID.utf8.count)
        }
        let history = try await history(workflowID, runID).events
        guard !history.isEmpty else { throw WorkflowError.notFound(workflowID: workflowID) }
        do {
            var cut = try RunCut(of: history, request)
            try await copyAhead(&cut)
            return cut
        } catch let error as HistoryError {
            throw WorkflowError.damaged(workflowID: workflowID, error)
        }
    }

    /// Puts as much of a cut into the new run's stream as does not fit into the one commit with
    /// which the run begins. Nobody knows of the stream before that.
    private func copyAhead(_ cut: inout RunCut) async throws {
        let stream = StreamName.run(cut.start.workflowID, cut.start.runID)
        let runHash = Self.hash(cut.start.runID)
        let sizes = cut.events.map { event in
            let stored = event.stored()
            return stored.metadata.count + stored.payload.count + CommitDraft.eventBytes
        }
        var left = sizes.reduce(0, +)
        while cut.events.count - cut.copiedCount > eventsPerCommitMax / 2
            || left > commitBytesMax / 2
        {
            var byteCount = 0
            var events: [HistoryCommit.NewEvent] = []
            for event in cut.events.dropFirst(cut.copiedCount).prefix(eventsPerCommitMax / 2) {
                let new = HistoryCommit.NewEvent(event.stored(), runHash, event.id)
                byteCount += new.metadata.count + new.payload.count + CommitDraft.eventBytes
                if byteCount > commitBytesMax / 2, !events.isEmpty { break }
                events.append(new)
            }
            // The last one is for the commit with which the run begins.
            if cut.copiedCount + events.count >= cut.events.count { events.removeLast() }
            guard !events.isEmpty else { return }
            cut.token = try await append(
                HistoryCommit(
                    partition: Self.hash(cut.start.workflowID), epoch: epoch,
                    parts: [.init(stream: stream, expecting: cut.token, events: events)]))
            cut.copiedCount += events.count
            left = sizes.dropFirst(cut.copiedCount).reduce(0, +)
        }
    }

    private func append(_ commit: HistoryCommit) async throws -> VersionToken? {
        for _ in 0...Self.repeatsMax {
            switch await store.append(commit) {
            case .committed(let tokens): return tokens.first
            case .unknown: continue
            case .noSpace: throw WorkflowError.noSpace
            case .fenced: throw WorkflowError.fenced
            case .refused(let error), .unusable(let error): throw error
            case .conflict: throw WorkflowError.outcomeUnknown
            }
        }
        throw WorkflowError.outcomeUnknown
    }
}
