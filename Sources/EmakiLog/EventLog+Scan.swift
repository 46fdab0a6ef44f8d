import EmakiPlatform

/// Who is handed everything that is in a part of the log.
package protocol LogScanner {
    /// The next events are of this stream.
    /// - Returns: whether they are wanted.
    mutating func begin(_ stream: RawSpan) -> Bool
    /// Takes an event that is wanted.
    mutating func take(_ position: Position, _ version: StreamVersion, metadata: RawSpan)
    /// Asked now and then.
    func goesOn() -> Bool
}

/// Reading all of a range of positions, in whatever order is quickest: for who keeps a table of
/// what is in the log, and rebuilds it.
///
/// Sealed files hold their events stream by stream, so to read them in commit order each chunk is
/// looked for and unpacked many times. A scan walks a file once, from one end to the other: each
/// event is seen once, those of one stream in the order of their versions, and streams in any
/// order.
extension EventLog {
    /// A file of which less than one part in so many is wanted is read in commit order: only the
    /// chunks that hold something.
    private static let walkedPartMin = 16

    /// How a scan ended.
    package enum ScanEnd: Sendable, Equatable {
        /// All was seen.
        case whole
        /// It was told to stop.
        case stopped
        /// Streams were forgotten meanwhile, and what was seen may have been theirs.
        case outdated
    }

    /// Visits the events at some positions, without snapshots and without what was removed.
    /// - Parameter range: of positions that are durable.
    /// - Returns: how it ended, and the position of the newest event that was met, wanted or not.
    /// - Throws: `.closed`; `.corrupt` or `.disk` from a sealed file.
    package func scan<Scanner: LogScanner>(
        _ range: Range<Position>, into scanner: inout Scanner
    ) throws(LogError) -> (end: ScanEnd, newest: Position?) {
        let forgotten = try committer.reading { $0.removals.forgettingCount }
        var progress = ScanProgress()
        var next = range.lowerBound
        while next < range.upperBound, !progress.isStopped {
            let (set, memory) = try committer.reading { ($0.sealed, $0.index.positions.lowerBound) }
            var end = range.upperBound
            if next < memory, let file = set.file(at: next) {
                let held = file.footer.positions
                end = min(end, held.upperBound)
                let wanted = min(end, max(next, held.lowerBound))..<end
                if wanted.count * Self.walkedPartMin >= held.count {
                    try walk(file, wanted, &progress, &scanner)
                    next = end
                    continue
                }
            }
            try readInOrder(next..<end, &progress, &scanner)
            next = end
        }
        if progress.isStopped { return (.stopped, progress.newest) }
        let isOutdated = try committer.reading { $0.removals.forgettingCount != forgotten }
        return (isOutdated ? .outdated : .whole, progress.newest)
    }

    private func walk<Scanner: LogScanner>(
        _ file: SealedFile, _ wanted: Range<Position>, _ progress: inout ScanProgress,
        _ scanner: inout Scanner
    ) throws(LogError) {
        let hasRemovals = try committer.reading { !$0.removals.isEmpty }
        var walk = try LogError.translating(file.pages.path) { () throws(DiskError) in
            try SealedWalk(file)
        }
        var stream = -1
        var isWanted = false
        var removed = StreamVersion.none
        while true {
            try walk.advance()
            guard let event = walk.event else { return }
            if walk.stream != stream {
                stream = walk.stream
                let id = walk.id
                if hasRemovals {
                    removed = try committer.reading { core in
                        id.withRawSpan { core.removals.through(id: $0) }
                    }
                }
                isWanted = id.withRawSpan { !SnapshotStream.isSnapshots($0) && scanner.begin($0) }
            }
            guard wanted.contains(event.position), event.version > removed else { continue }
            guard progress.goesOn(behind: event.position, scanner) else { return }
            guard isWanted else { continue }
            event.memory.withBytes(in: event.metadataRange) {
                scanner.take(event.position, event.version, metadata: $0)
            }
        }
    }

    private func readInOrder<Scanner: LogScanner>(
        _ range: Range<Position>, _ progress: inout ScanProgress, _ scanner: inout Scanner
    ) throws(LogError) {
        var cursor = LogCursor(from: range.lowerBound)
        var batch: [RecordedEvent] = []
        while cursor.next < range.upperBound {
            batch.removeAll(keepingCapacity: true)
            let before = cursor.next
            _ = try committer.read(at: &cursor, into: &batch)
            for event in batch {
                guard event.position < range.upperBound,
                    progress.goesOn(behind: event.position, scanner)
                else { return }
                guard event.withStreamID({ scanner.begin($0) }) else { continue }
                event.withMetadata {
                    scanner.take(event.position, event.version, metadata: $0)
                }
            }
            // Nothing but the durable end stops a read.
            guard cursor.next > before else { return }
        }
    }

    // MARK: Whether it still is the log that it was

    /// A number made of everything about the event at a position, and of the instant of its commit:
    /// logs that parted before it have another event there. Nil if there is none.
    /// - Throws: as `events(from:)`.
    package func witness(at position: Position) throws(LogError) -> UInt64? {
        guard let event = try events(from: position, limit: 1).first, event.position == position
        else { return nil }
        var mix = NumberMix(position.rawValue)
        mix.add(event.withStreamID { StableHash.hash($0) })
        mix.add(event.version.rawValue)
        mix.add(event.withMetadata { StableHash.hash($0) })
        mix.add(event.withPayload { StableHash.hash($0) })
        mix.add(UInt64(bitPattern: event.commitInstant))
        return mix.value
    }

    /// A number that is another one after a repair that lost events.
    package var lossDigest: UInt64 {
        receipt.losses.reduce(0) { digest, loss in
            var mix = NumberMix(loss.firstPosition.rawValue)
            mix.add(loss.endPosition.rawValue)
            return digest &+ mix.value
        }
    }

    /// How often streams were forgotten since the log was opened; 0 of one that is closed.
    package var forgottenCount: UInt64 {
        (try? committer.reading { UInt64($0.removals.forgettingCount) }) ?? 0
    }

    /// Visits the streams of which events were removed, in no order.
    /// - Parameter body: gets a stream's id, and the last version of it that nobody sees any more.
    /// - Complexity: O(streams with removals).
    package func forEachRemoval(
        _ body: (RawSpan, StreamVersion) -> Void
    ) throws(LogError) {
        let removed = try committer.reading { $0.removals.durable }
        for (stream, extent) in removed where extent.through > .none {
            stream.text.withUTF8Span { body($0, extent.through) }
        }
    }

    /// The store's disk, for files of those who build on the log.
    package var files: any FileSystem { committer.core.files }
    /// - Throws: `.closed`.
    package func expectOpen() throws(LogError) { try committer.reading { _ in } }
    /// Nothing may be written to the store.
    package var isReadOnly: Bool { committer.core.configuration.isReadOnly }
}

/// How far a scan is.
private struct ScanProgress {
    /// Events between two questions whether to go on.
    private static let eventsPerQuestion = 4_096

    private(set) var newest: Position?
    private(set) var isStopped = false
    private var seenCount = 0

    mutating func goesOn(behind position: Position, _ scanner: some LogScanner) -> Bool {
        newest = max(newest ?? position, position)
        seenCount += 1
        if seenCount % Self.eventsPerQuestion == 0, !scanner.goesOn() { isStopped = true }
        return !isStopped
    }
}

/// Numbers made into one, in their order.
private struct NumberMix {
    private(set) var value: UInt64

    init(_ first: UInt64) {
        value = 0
        add(first)
    }

    mutating func add(_ number: UInt64) {
        let product = (value ^ number ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(
            by: 0xd6e8_feb8_6659_fd93)
        value = product.high ^ product.low ^ number
    }
}
