import EmakiPlatform

/// What a caller made of the events of a stream up to a version, so that it need not read them
/// again.
public struct Snapshot: Sendable {
    /// The stream's version that it stands for.
    public let version: StreamVersion
    private let event: RecordedEvent

    init(version: StreamVersion, event: RecordedEvent) {
        self.version = version
        self.event = event
    }

    /// A copy of its bytes.
    public var payload: [UInt8] { event.payload }
    /// When it was committed. As `RecordedEvent.commitInstant`.
    public var commitInstant: Int64 { event.commitInstant }

    /// Lends its bytes in place, without a copy.
    public func withPayload<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
        try event.withPayload(body)
    }
}

/// A stream's newest snapshot, and the events behind it.
public struct StreamState: Sendable {
    /// Nil if there is none; then `events` are all that are left.
    public var snapshot: Snapshot?
    /// Oldest first.
    public var events: [RecordedEvent]
}

/// Snapshots of streams. A log keeps the newest of each stream; it is a help to readers and no
/// event, so nothing but these calls shows it.
extension EventLog {
    /// Stores a snapshot of a stream at a version. Durable on return.
    ///
    /// If there is a snapshot at this version or a later one, or the events behind the snapshot are
    /// removed, nothing is stored, and that is no error.
    /// - Parameters:
    ///   - payload: up to `Limits.payloadBytesMax` bytes, and what fits into a batch.
    ///   - version: at most the stream's.
    /// - Returns: whether it was stored.
    /// - Throws: `.versionConflict` if the stream has not had this version; else as
    ///   `append(_:to:expecting:)`.
    @discardableResult
    nonisolated(nonsending) public func saveSnapshot(
        _ payload: [UInt8], of stream: StreamID, at version: StreamVersion
    ) async throws(LogError) -> Bool {
        let beside = SnapshotStream.id(beside: stream)
        let event = SnapshotStream.event(of: stream, at: version, payload)
        while true {
            let forgettingCount = try committer.reading { $0.removals.forgettingCount }
            let head = try self.version(of: stream)
            guard version > .none, version <= head else {
                throw .versionConflict(stream: stream, actual: head)
            }
            let known = try self.version(of: beside)
            if let newest = try newestSnapshot(of: stream), newest.version >= version {
                return false
            }
            let isUsable = try committer.reading { core in
                core.removals.extent(stream).leaves(snapshotAt: version)
            }
            guard isUsable else { return false }
            do {
                let batch = try MeasuredBatch(
                    SnapshotSource(
                        event: event, beside: beside, expected: .version(known),
                        snapshotBasis: SnapshotBasis(
                            stream: stream, version: version, forgettingCount: forgettingCount)),
                    batchBytesMax: store.batchBytesMax)
                _ = try await committer.commit(batch) { _, _ in }
                return true
            } catch .versionConflict(beside, _) {
                // Somebody else stored one meanwhile, or the stream was deleted, or one forgotten.
                continue
            } catch .streamDeleted(beside, _) {
                // The stream is being forgotten.
                return false
            } catch {
                throw error
            }
        }
    }

    /// The newest snapshot of a stream; nil if there is none, or the stream was deleted, or events
    /// behind it were removed.
    /// - Throws: `.closed`; `.corrupt` or `.disk` from a sealed file.
    /// - Complexity: as reading the newest event of a stream.
    public func newestSnapshot(of stream: StreamID) throws(LogError) -> Snapshot? {
        try SnapshotLookup(stream).newest { look throws(LogError) in try committer.reading(look) }
    }

    /// Whether there are snapshots: then there are positions without an event to be shown.
    package func holdsSnapshots() throws(LogError) -> Bool {
        try !listed(
            StreamListing(prefix: [SnapshotStream.marker], after: nil, limit: 1)
        ).isEmpty
    }

    /// The newest snapshot of a stream and the events behind it: all that is needed to go on.
    /// - Throws: as `events(in:from:limit:direction:)`.
    public func state(of stream: StreamID) throws(LogError) -> StreamState {
        while true {
            let snapshot = try newestSnapshot(of: stream)
            let next = StreamVersion((snapshot?.version.rawValue ?? 0) + 1)
            let events = try events(in: stream, from: next)
            // Events behind the snapshot may have been removed meanwhile, for a newer snapshot.
            let removed = try committer.reading { $0.removals.extent(stream) }
            if let snapshot, !removed.leaves(snapshotAt: snapshot.version) { continue }
            return StreamState(snapshot: snapshot, events: events)
        }
    }
}
