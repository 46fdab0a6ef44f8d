// Runs that begin with the events of another one: before they do.
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
            let request = RunCut.Request(
                point: point, workflowID: workflowID, runID: newRequestID(),
                requestID: requestID, isFork: false, reappliesMessages: reappliesMessages,
                now: timers.now)
            let runID = try await withCut(workflowID, newest.runID, request) { cut in
                try await ask(workflowID) { .reset(cut, reason: reason, $0) }
            }
            if let runID { return runID }
        }
        throw WorkflowError.invalid("\(workflowID) goes on all the time: pause it, then reset it")
    }

    /// Begins a run of another id that goes on from a point of a run.
    /// - Returns: the new run.
    func fork(
        _ workflowID: String, _ runID: String?, to point: ResetPoint, as newID: String,
        reappliesMessages: Bool, requestID: String?
    ) async throws -> String {
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
        let request = RunCut.Request(
            point: point, workflowID: newID, runID: newRequestID(), requestID: requestID,
            isFork: true, reappliesMessages: reappliesMessages, now: timers.now)
        let forked = try await withCut(workflowID, source ?? "", request) { cut in
            try await ask(newID) { .fork(cut, $0) }
        }
        return forked ?? request.runID
    }

    /// What is asked for again may not be there to be asked for any more.
    private func run(of workflowID: String, begunBy requestID: String) async throws -> String? {
        try await ask(workflowID) { .run(requestID: requestID, $0) }
    }

    /// Makes a cut of a run, and copies ahead what has to be.
    /// - Parameter begin: begins the new run; nil: it is not to begin any more.
    /// - Returns: the run that was begun by the request, if one was.
    private func withCut(
        _ workflowID: String, _ runID: String, _ request: RunCut.Request,
        _ begin: (RunCut) async throws -> String?
    ) async throws -> String? {
        guard request.requestID.utf8.count <= Self.requestIDBytesMax else {
            throw WorkflowError.tooLarge(
                "request id", limit: Self.requestIDBytesMax, value: request.requestID.utf8.count)
        }
        let history = try await history(workflowID, runID).events
        guard !history.isEmpty, history.isOfBegunRun else {
            throw WorkflowError.notFound(workflowID: workflowID)
        }
        var cut: RunCut
        do {
            cut = try RunCut(of: history, request)
        } catch let error as HistoryError {
            throw WorkflowError.damaged(workflowID: workflowID, error)
        }
        let pieces = piecesAhead(of: cut)
        guard let end = pieces.last?.upperBound else { return try await begin(cut) }
        cut.copiedCount = end
        let unbegun = Projection.Unbegun(workflowID: request.workflowID, runID: request.runID)
        copies(unbegun)
        do {
            try await copyAhead(&cut, pieces)
            let begun = try await begin(cut)
            // The same request may have begun another run meanwhile.
            if begun == request.runID {
                hasCopied(unbegun)
            } else {
                await forget(unbegun, at: cut.token)
            }
            return begun
        } catch {
            // What nobody knows of may have begun, or may still come into the store.
            if (error as? WorkflowError)?.isKnown == true { await forget(unbegun, at: cut.token) }
            throw error
        }
    }

    /// What was copied ahead is nobody's.
    private func forget(_ run: Projection.Unbegun, at token: VersionToken?) async {
        guard store.capabilities.removesStreams else { return }
        do {
            try await remove(run, expecting: token)
            hasCopied(run)
        } catch {
            observer.storeFailed(error)
        }
    }

    /// As much of a cut as does not fit into the one commit with which the run begins, in pieces
    /// that a commit takes.
    private func piecesAhead(of cut: RunCut) -> [Range<Int>] {
        let sizes = cut.events.map { event in
            let stored = event.stored()
            return stored.metadata.count + stored.payload.count + CommitDraft.eventBytes
        }
        var pieces: [Range<Int>] = []
        var start = 0
        var left = sizes.reduce(0, +)
        while cut.events.count - start > eventsPerCommitMax / 2 || left > commitBytesMax / 2 {
            var end = start
            var byteCount = 0
            // The last one is for the commit with which the run begins.
            while end < cut.events.count - 1, end - start < eventsPerCommitMax / 2 {
                byteCount += sizes[end]
                if byteCount > commitBytesMax / 2, end > start { break }
                end += 1
            }
            guard end > start else { break }
            pieces.append(start..<end)
            left -= sizes[start..<end].reduce(0, +)
            start = end
        }
        return pieces
    }

    /// Puts these pieces of a cut into the new run's stream. Nobody knows of the run before there
    /// are more.
    private func copyAhead(_ cut: inout RunCut, _ pieces: [Range<Int>]) async throws {
        let stream = StreamName.run(cut.start.workflowID, cut.start.runID)
        let runHash = Self.hash(cut.start.runID)
        for piece in pieces {
            cut.token = try await append(
                HistoryCommit(
                    partition: Self.hash(cut.start.workflowID), epoch: epoch,
                    parts: [
                        .init(
                            stream: stream, expecting: cut.token,
                            events: cut.events[piece].map { .init($0.stored(), runHash, $0.id) })
                    ]))
        }
    }

    private func append(_ commit: HistoryCommit) async throws -> VersionToken? {
        var mayBeStored = false
        for _ in 0...Self.repeatsMax {
            switch await store.append(commit) {
            case .committed(let tokens): return tokens.first
            case .unknown: mayBeStored = true
            // Of what nobody knew before, a full disk says nothing.
            case .noSpace: throw mayBeStored ? WorkflowError.outcomeUnknown : .noSpace
            case .fenced: throw WorkflowError.fenced
            case .refused(let error), .unusable(let error): throw error
            case .conflict: throw WorkflowError.outcomeUnknown
            }
        }
        throw WorkflowError.outcomeUnknown
    }
}

extension WorkflowError {
    /// It says that nothing was stored.
    fileprivate var isKnown: Bool { isFinal || self == .noSpace }
}
