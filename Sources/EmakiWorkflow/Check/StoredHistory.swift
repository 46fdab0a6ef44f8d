import EmakiPlatform

/// The history of a run as a store keeps it, not looked into: what a replay needs of it.
package struct StoredHistory: Sendable {
    package var workflowID: String
    package var workflowType: String
    package var runID: String
    package var isOpen: Bool
    /// Events that the run has had: more than these, if a checkpoint is among them.
    package var eventCount: Int
    /// Of the newest event as it is stored; 0: that was not asked for.
    package var newestHash: UInt64 = 0
    package var events: [HistoryPage.Stored]
    /// Why its events could not be read.
    package var problem: String?

    /// As bytes for another process: how many events, and of each the lengths of its two parts and
    /// the parts, numbers as varints.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            events.reduce(10) { $0 + $1.metadata.count + $1.payload.count + 10 })
        bytes.append(varint: UInt64(events.count))
        for event in events {
            bytes.append(varint: UInt64(event.metadata.count))
            bytes.append(varint: UInt64(event.payload.count))
            bytes += event.metadata
            bytes += event.payload
        }
        return bytes
    }

    /// - Throws: `HistoryError` for bytes that are not what `bytes` gives, or hold other events.
    package static func events(of bytes: [UInt8]) throws(HistoryError) -> [HistoryEvent] {
        var offset = 0
        let count = try FieldReader.varint(bytes, &offset)
        var events: [HistoryEvent] = []
        for _ in 0..<min(count, UInt64(bytes.count)) {
            let metadata = try FieldReader.varint(bytes, &offset)
            let payload = try FieldReader.varint(bytes, &offset)
            let left = UInt64(bytes.count - offset)
            guard metadata <= left, payload <= left - metadata else {
                throw .malformed("an event ends early")
            }
            let middle = offset + Int(metadata)
            let end = middle + Int(payload)
            events.append(
                try HistoryEvent(
                    stored: StoredEvent(
                        type: "", metadata: Array(bytes[offset..<middle]),
                        payload: Array(bytes[middle..<end]))))
            offset = end
        }
        guard UInt64(events.count) == count, offset == bytes.count else {
            throw .malformed("the number of events")
        }
        return events
    }
}

/// Finds the runs of a store whose histories are to be replayed, and reads them. Nothing is
/// recorded, and no code is needed.
package struct StoredHistories: Sendable {
    private let core: EngineCore
    private var pages: StreamPages

    /// - Parameter prefix: of workflow ids.
    package init(_ engine: WorkflowEngine, prefix: String = "") {
        core = engine.core
        pages = StreamPages(prefix: StreamName.idPrefix + prefix)
    }

    /// The next workflow ids, in their order; empty: there are no more.
    package mutating func ids() async throws -> [String] {
        try await pages.next(in: core.store).map {
            String($0.dropFirst(StreamName.idPrefix.count))
        }
    }

    /// A workflow's newest run, without its events; nil: there is none any more.
    /// - Parameter isHashed: with the hash of its newest event.
    package func newestRun(of id: String, isHashed: Bool) async throws -> StoredHistory? {
        let records = IDRecord.live(try await core.idRecords(id).0)
        guard let opened = records.last(where: { $0.kind == .opened }) else { return nil }
        let isOfRun = records.filter { $0.runID == opened.runID }
        if isOfRun.contains(where: { $0.kind == .dropped }) { return nil }
        let stream = StreamName.run(id, opened.runID)
        var run = StoredHistory(
            workflowID: id, workflowType: opened.workflowType, runID: opened.runID,
            isOpen: !isOfRun.contains { $0.kind == .closed },
            eventCount: try await core.store.count(stream), events: [])
        guard isHashed, run.eventCount > 0 else { return run }
        let newest = try await core.store.read(stream, from: run.eventCount - 1, limit: 1)
        for event in newest.events {
            run.newestHash = StableMix.mix(
                event.metadata.withRawSpan { StableHash.hash($0) }
                    ^ StableMix.mix(event.payload.withRawSpan { StableHash.hash($0) }))
        }
        return run
    }

    /// Reads what a replay needs of a run's events: all of them or, if that is long, the first and
    /// those from its newest checkpoint on.
    package func read(_ run: StoredHistory) async throws -> StoredHistory {
        var run = run
        run.events = try await core.storedHistory(run.workflowID, run.runID).events
        return run
    }
}

extension StoredHistory {
    /// Of a workflow of which not even the runs can be read.
    package init(broken workflowID: String, _ problem: String) {
        self.init(
            workflowID: workflowID, workflowType: "", runID: "", isOpen: true, eventCount: 0,
            events: [], problem: problem)
    }

    /// The same for the same run, wherever it is computed.
    package var hash: UInt64 { EngineCore.hash(workflowID + "/" + runID) }
}
