import EmakiPlatform

/// The core as it is driven without the shell: what `Committer` and the read methods of `EventLog`
/// do under their lock, for the simulator, which holds the core alone.
extension LogCore {
    /// Lays out a store.
    package static func create(
        _ options: StoreOptions, blockBytes: Int, method: SyncMethod, in files: any FileSystem,
        entropy: any Entropy, now: Int64
    ) throws(LogError) {
        _ = try StoreCreation.lay(
            options, blockBytes: blockBytes, method: method, rawLatency: 0, in: files, path: "",
            entropy: entropy, now: now)
    }

    /// As `EventLog.repair`, of a store that is not open.
    package static func repair(in files: any FileSystem) throws(LogError) -> RepairReport {
        var repair = Repair(files: files)
        return try repair.run()
    }

    /// Offers a batch, by the same ways as the shell does: a lone event, one stream, or several.
    /// - Throws: what a limit says before the core is asked.
    package func offer(_ parts: [StreamAppend]) throws(LogError) -> OfferedBatch {
        guard parts.count == 1 else { return try offer(MultiStreamBatch(parts: parts)) }
        let part = parts[0]
        guard part.events.count == 1 else { return try offer(part) }
        return try offer(
            SingleEvent(event: part.events[0], to: part.stream, expected: part.expecting))
    }

    /// Offers to remove events of a stream, as the shell does.
    /// - Parameter through: the newest version that goes; nil: the stream is deleted.
    package func offerRemoval(
        of stream: StreamID, through: StreamVersion?, expecting: ExpectedVersion = .anything
    ) throws(LogError) -> OfferedBatch {
        let request = through.map { RemovalRequest.truncate(through: $0) } ?? .delete
        return try offer(
            MeasuredBatch(
                removal: RemovalSource(stream: stream, expected: expecting, request: request)))
    }

    /// Offers to let the events that a stream has go at an instant, as the shell does.
    package func offerExpiry(
        of stream: StreamID, at instant: Int64
    ) throws(LogError) -> OfferedBatch {
        try offer(
            MeasuredBatch(
                removal: RemovalSource(
                    stream: stream, expected: .anything, request: .expire(at: instant))))
    }

    /// Offers to remove what has expired, as the shell does.
    package func offerExpired(_ due: DueExpiry) throws(LogError) -> OfferedBatch {
        try offer(
            MeasuredBatch(
                removal: RemovalSource(
                    stream: due.stream, expected: .anything, request: .expired(due))))
    }

    /// Offers a snapshot of a stream, as the shell does.
    package func offerSnapshot(
        of stream: StreamID, at version: StreamVersion, _ payload: [UInt8]
    ) throws(LogError) -> OfferedBatch {
        let beside = SnapshotStream.id(beside: stream)
        let event = SnapshotStream.event(of: stream, at: version, payload)
        let known = try durableVersion(of: beside)
        return try offer(
            SnapshotSource(
                event: event, beside: beside, expected: .version(known),
                snapshotBasis: SnapshotBasis(
                    stream: stream, version: version, forgettingCount: removals.forgettingCount)))
    }

    /// As `EventLog.newestSnapshot(of:)`.
    package func newestSnapshot(of stream: StreamID) throws(LogError) -> Snapshot? {
        try SnapshotLookup(stream).newest { $0(self) }
    }

    private func offer(_ source: some BatchSource) throws(LogError) -> OfferedBatch {
        try offer(MeasuredBatch(source, batchBytesMax: store.batchBytesMax))
    }

    func offer<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>
    ) throws(LogError) -> OfferedBatch {
        var versions = [StreamVersion](repeating: .none, count: batch.source.sectionCount)
        var outcome = stage(batch) { section, version in versions[section] = version }
        while case .lookUp(let question) = outcome {
            let found = try SealedAnswer(batch: batch).find(question) { $0(self) }
            if let found {
                outcome = found.outcome
                if !found.versions.isEmpty { versions = found.versions }
            } else {
                outcome = stage(batch) { section, version in versions[section] = version }
            }
        }
        return switch outcome {
        case .staged(let positions): .staged(positions, versions: versions)
        case .repeated(let positions): .repeated(positions, versions: versions)
        case .refused(let error, let after): .refused(error, after: after)
        case .wait(let reason): .wait(reason)
        case .lookUp: preconditionFailure("it was looked up")
        }
    }

    // MARK: Segments

    /// The full segments, oldest first: their numbers, and the position at which each ends.
    package var fullSegments: [(number: UInt64, end: Position)] {
        segmentEnds.indices.map { (segments[$0].number, segmentEnds[$0].nextPosition) }
    }

    /// Bytes of the active segment behind what is staged.
    package var freeSegmentBytes: Int { layout.segmentBytes - gathering.next }

    /// Why no segment could be made ready, if the last attempt failed.
    package var lastSegmentFailure: LogError? { segmentFailure }

    // MARK: Reading

    /// The oldest position that is held.
    package var firstPosition: Position {
        min(sealed.firstPosition ?? index.positions.lowerBound, index.positions.lowerBound)
    }

    /// The durable event at a position that is held; nil if there is none any more.
    package func durableEvent(at position: Position) throws(LogError) -> RecordedEvent? {
        precondition(position >= firstPosition && position < durableEnd, "a durable position")
        let isSealed = position < index.positions.lowerBound
        let found = isSealed ? try sealed.event(at: position) : event(at: position)
        return found.flatMap { removals.hides($0) ? nil : $0 }
    }

    /// As `EventLog.events(from:)`.
    package func durableEvents(from position: Position) throws(LogError) -> [RecordedEvent] {
        var cursor = LogCursor(from: position)
        var events: [RecordedEvent] = []
        while cursor.next < durableEnd { _ = try cursor.step(into: &events) { $0(self) } }
        return events
    }

    /// As `EventLog.version(of:)`.
    package func durableVersion(of stream: StreamID) throws(LogError) -> StreamVersion {
        if let slot = index.find(stream) { return index.durableHead(slot, durable: durableEnd) }
        return max(try sealed.head(of: stream) ?? .none, removals.through(stream))
    }

    /// As `EventLog.forEachEvent(in:from:direction:)`; a lost version is handed over as nil.
    package func visit(
        _ stream: StreamID, from version: StreamVersion?, backwards: Bool,
        _ body: (StreamVersion, RecordedEvent?) -> Bool
    ) throws(LogError) {
        var cursor = StreamCursor(stream, from: version, backwards: backwards)
        while !cursor.isDone {
            let step = try cursor.step(limit: Limits.readBatchEventsMax) { $0(self) }
            for event in step.events where !body(event.version, event) { return }
            if let lost = step.lost { _ = body(lost, nil) }
        }
    }

    /// As `EventLog.streams`.
    package func forEachStream(_ body: ([UInt8], StreamVersion) -> Void) throws(LogError) {
        var listing = StreamListing(prefix: [], after: nil, limit: .max)
        for slot in 0..<index.slotCount { listing.add(slot, of: self) }
        for found in try listing.merged(with: sealed, looking: { $0(self) }) {
            body(found.id, found.version)
        }
    }
}

/// What became of a batch that was offered to a core; see `StageOutcome`.
package enum OfferedBatch: Sendable {
    /// Durable once the durable position reaches the end of the positions.
    case staged(Range<Position>, versions: [StreamVersion])
    /// Stored before; true once the durable position reaches the end of the positions.
    case repeated(Range<Position>, versions: [StreamVersion])
    /// Refused, for a reason that holds once the durable position reaches `after`.
    case refused(LogError, after: Position)
    /// There is no room.
    case wait(WaitReason)
}
