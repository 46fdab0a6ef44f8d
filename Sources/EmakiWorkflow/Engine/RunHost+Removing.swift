// The end of what has ended.
extension RunHost {
    /// The workflow goes, with all its runs.
    ///
    /// First the id's stream says so; from then on the id has never been used. Then the runs'
    /// histories are removed, and last the id's stream, if nobody has used it again. What a crash
    /// leaves of that is done by the next process that has the store.
    /// - Returns: false if the input has to wait for the commit of this draft.
    func delete(
        endedBefore instant: Int64?, _ reply: @escaping HostInput.Reply<Bool>,
        _ draft: inout CommitDraft
    ) -> Bool {
        guard let machine else {
            draft.refuse(reply, .notFound(workflowID: workflowID))
            return true
        }
        guard draft.isEmpty else { return false }
        if let instant, machine.isOpen || machine.time >= instant {
            draft.answer(reply, false)
            return true
        }
        guard !machine.isOpen else {
            draft.refuse(
                reply, .stillOpen(workflowID: workflowID, runID: machine.start.runID))
            return true
        }
        guard unsettled.isEmpty else {
            if instant != nil {
                draft.answer(reply, false)
            } else {
                draft.refuse(
                    reply,
                    .invalid(
                        "others are still to be told of its end: ask again, where its workflows run"
                    ))
            }
            return true
        }
        guard engine.store.capabilities.removesStreams else {
            draft.refuse(reply, .invalid("this store removes nothing"))
            return true
        }
        let name = engine.newRequestID()
        var record = IDRecord(.deleted, name)
        record.follow(machine.outcome, of: machine.start.workflowType)
        draft.records.append(record)
        draft.replies.append { [self] error in
            guard error == nil else { return }
            isDeleted()
        }
        draft.answer(reply, true)
        draft.isLast = true
        return true
    }

    /// That is durable.
    private func isDeleted() {
        let token = idToken
        let waiters = resultWaiters
        discard()
        // What is recorded is known: nothing, behind this token.
        isLoaded = true
        idToken = token
        resultWaiters = []
        for entry in waiters {
            entry.waiter.reply(.failure(WorkflowError.notFound(workflowID: workflowID)))
        }
        removeDeleted()
    }

    /// Removes the histories of runs that were deleted, and the id's stream if it ends with the
    /// deletion still.
    func removeDeleted() {
        engine.begins()
        Task.detached { [self] in
            defer { engine.ends() }
            do {
                let (records, token) = try await engine.idRecords(workflowID)
                guard let removal = IDRecord.removal(records) else { return }
                for runID in removal.runIDs {
                    _ = try await engine.remove(StreamName.run(workflowID, runID))
                }
                try await engine.removeUnbegun(of: workflowID)
                // Nobody has used the id again.
                let isFree = !IDRecord.live(records).contains { $0.kind == .opened }
                let isGone =
                    isFree ? try await engine.remove(idStream, expecting: token) : false
                engine.projection?.areGone(
                    workflowID, removal.runIDs, deletion: isGone ? removal.name : nil)
                if !isGone { enqueue(.settled(runID: removal.name)) }
            } catch {
                // It is tried again when the store is opened next.
                engine.observer.storeFailed(error)
            }
        }
    }
}

extension EngineCore {
    /// Removes a stream, as the store's owner.
    /// - Parameter expecting: nothing is removed if it is not there; nil: wherever it is.
    /// - Throws: what the store throws; `.fenced` ends what this engine does on its own.
    func remove(_ stream: String, expecting: VersionToken? = nil) async throws -> Bool {
        do {
            return try await store.remove(stream, expecting: expecting, epoch: epoch)
        } catch WorkflowError.fenced {
            isFenced = true
            throw WorkflowError.fenced
        }
    }

    /// Workflows that are looked at before others get a turn.
    private static let sweptTogether = 64
    /// How often what is old enough is looked for, as a part of the time for which it is kept.
    private static let sweepsPerRetention = 20
    private static let sweepPause: Duration = .milliseconds(10)
    private static let sweepIntervalMin: Duration = .seconds(60)

    /// Removes what ended long enough ago now, and again and again while the engine is open.
    func keepFor(_ retention: Duration) throws {
        guard store.capabilities.removesStreams else {
            throw WorkflowError.invalid("this store removes nothing: `retention` has no effect")
        }
        let interval = max(Self.sweepIntervalMin, retention / Self.sweepsPerRetention)
        Task.detached { [weak self] in
            while let self, !isClosed, !isFenced {
                do {
                    _ = try await removeEnded(for: retention)
                } catch {
                    observer.storeFailed(error)
                }
                await sleep(interval)
            }
        }
    }

    /// Until the engine is closed.
    private func sleep(_ interval: Duration) async {
        var left = interval
        while left > .zero, !isClosed {
            try? await Task.sleep(for: min(left, .seconds(1)))
            left -= .seconds(1)
        }
    }

    /// Removes workflows that ended so long ago, and older runs of those that go on.
    /// - Returns: how many runs were removed.
    func removeEnded(for retention: Duration) async throws -> Int {
        guard store.capabilities.removesStreams else {
            throw WorkflowError.invalid("this store removes nothing")
        }
        let instant = timers.now - max(0, retention.nanoseconds)
        var count = 0
        var pages = StreamPages(prefix: StreamName.idPrefix)
        while !isClosed, !isFenced {
            let streams = try await pages.next(in: store)
            if streams.isEmpty { return count }
            for piece in streams.pieces(of: Self.sweptTogether) {
                guard !isClosed, !isFenced else { return count }
                for stream in piece {
                    let workflowID = String(stream.dropFirst(StreamName.idPrefix.count))
                    do {
                        count += try await removeEnded(of: workflowID, before: instant)
                    } catch WorkflowError.engineClosed, WorkflowError.fenced {
                        return count
                    } catch {
                        // One that cannot be read keeps no other from being removed.
                        observer.storeFailed(error)
                    }
                }
                guard piece.count == Self.sweptTogether else { continue }
                try? await Task.sleep(for: Self.sweepPause)
            }
        }
        return count
    }

    private func removeEnded(of workflowID: String, before instant: Int64) async throws -> Int {
        let records = IDRecord.live(try await idRecords(workflowID).0)
        let newest = records.last { $0.kind == .opened }?.runID
        let gone = Set(records.filter { $0.kind == .dropped }.map(\.runID))
        let settled = Set(records.filter { $0.kind == .settled }.map(\.runID))
        var old: [String] = []
        for record in records where record.kind == .closed && !gone.contains(record.runID) {
            if record.isUnsettled && !settled.contains(record.runID) { continue }
            let time: Int64?
            if let known = record.time {
                time = known
            } else {
                time = try await closingTime(workflowID, record.runID)
            }
            if let time, time < instant { old.append(record.runID) }
        }
        if let newest, old.contains(newest) {
            let isDeleted: Bool = try await ask(workflowID) { .delete(endedBefore: instant, $0) }
            return isDeleted ? old.count : 0
        }
        guard !old.isEmpty else { return 0 }
        for runID in old {
            _ = try await remove(StreamName.run(workflowID, runID))
        }
        let runIDs = old
        try await ask(workflowID) { .dropped(runIDs, $0) }
        return old.count
    }

    /// Of a run that ended before its record said when.
    private func closingTime(_ workflowID: String, _ runID: String) async throws -> Int64? {
        let count = try await store.count(StreamName.run(workflowID, runID))
        return try await events(workflowID, runID, from: count - 1, limit: 1).last?.time
    }
}
