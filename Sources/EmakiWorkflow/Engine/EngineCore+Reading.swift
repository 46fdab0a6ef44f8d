// Reading what is recorded of workflows.
extension EngineCore {
    func idRecords(_ workflowID: String) async throws -> ([IDRecord], VersionToken?) {
        var records: [IDRecord] = []
        var token: VersionToken?
        try await forEachPage(StreamName.id(workflowID)) { page in
            for event in page.events {
                do throws(HistoryError) {
                    records.append(try IDRecord(event.metadata))
                } catch {
                    throw WorkflowError.damaged(workflowID: workflowID, error)
                }
            }
            token = page.token
        }
        return (records, token)
    }

    struct History: Sendable {
        var events: [HistoryEvent] = []
        var token: VersionToken?
    }

    func history(_ workflowID: String, _ runID: String) async throws -> History {
        var history = History()
        try await forEachPage(StreamName.run(workflowID, runID)) { page in
            for event in page.events {
                history.events.append(try Self.event(event, workflowID))
            }
            history.token = page.token
        }
        return history
    }

    /// As much of a history as a run goes on from: all of it or, if that is long, its start and
    /// what there is from its newest checkpoint on.
    func recentHistory(_ workflowID: String, _ runID: String) async throws -> History {
        let stored = try await storedHistory(workflowID, runID)
        let history = History(
            events: try stored.events.map { try Self.event($0, workflowID) }, token: stored.token)
        if stored.frame > 0 {
            guard history.events.count > 1, history.events[1].id == stored.frame,
                case .checkpointed = history.events[1].body
            else {
                throw WorkflowError.damaged(
                    workflowID: workflowID, .malformed("there is no checkpoint \(stored.frame)"))
            }
        }
        return history
    }

    /// A part of a history as it is stored.
    struct StoredPart: Sendable {
        var events: [HistoryPage.Stored]
        var token: VersionToken?
        /// The number of the checkpoint from which on there are events again, behind the first one;
        /// 0: none is left out.
        var frame = 0
    }

    /// What `recentHistory` reads.
    func storedHistory(_ workflowID: String, _ runID: String) async throws -> StoredPart {
        let stream = StreamName.run(workflowID, runID)
        let first = try await store.read(stream, from: 0, limit: Self.firstEvents)
        var part = StoredPart(events: first.events, token: first.token)
        if first.isLast { return part }
        let count = try await store.count(stream)
        let end = try await store.read(stream, from: count - 1, limit: 1)
        let frame = try end.events.first.map { try Self.event($0, workflowID).checkpoint } ?? 0
        var index = first.events.count
        if frame > index + 1 {
            part.events = Array(part.events.prefix(1))
            part.frame = frame
            index = frame - 1
        }
        try await forEachPage(stream, from: index) { page in
            part.events += page.events
            part.token = page.token ?? part.token
        }
        return part
    }

    /// - Parameter index: how many events are left out.
    func forEachEvent(
        _ workflowID: String, _ runID: String, from index: Int = 0,
        _ body: (HistoryEvent) throws -> Void
    ) async throws {
        try await forEachPage(StreamName.run(workflowID, runID), from: index) { page in
            for event in page.events { try body(try Self.event(event, workflowID)) }
        }
    }

    static func event(
        _ stored: HistoryPage.Stored, _ workflowID: String
    ) throws -> HistoryEvent {
        do {
            return try HistoryEvent(
                stored: StoredEvent(
                    type: "", metadata: stored.metadata, payload: stored.payload))
        } catch {
            throw WorkflowError.damaged(workflowID: workflowID, error)
        }
    }

    private func forEachPage(
        _ stream: String, from start: Int = 0, _ body: (HistoryPage) throws -> Void
    ) async throws {
        var index = start
        while true {
            let page = try await store.read(stream, from: index, limit: Self.pageEvents)
            try body(page)
            index = page.next ?? index + page.events.count
            if page.isLast || page.events.isEmpty { return }
        }
    }
}

extension HistoryEvent {
    /// The newest checkpoint up to this event.
    fileprivate var checkpoint: Int {
        if case .checkpointed = body { return id }
        return frame
    }
}
