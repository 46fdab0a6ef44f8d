import EmakiPlatform

/// A batch as the core sees it: sections, each one stream with its events. Generic, so that a lone
/// event is staged without an array around it.
protocol BatchSource: Sendable {
    var sectionCount: Int { get }
    func stream(_ section: Int) -> StreamID
    func expecting(_ section: Int) -> ExpectedVersion
    func eventCount(_ section: Int) -> Int
    /// Lends an event, so that it is not copied on its way.
    func withEvent<R>(_ section: Int, _ event: Int, _ body: (borrowing Event) -> R) -> R
    /// What the batch removes of its only stream, if that is what it is for.
    var removal: RemovalRequest? { get }
    /// What a snapshot rests on; it conflicts if that does not hold any more. Nil: it is none.
    var snapshotBasis: SnapshotBasis? { get }
}

extension BatchSource {
    var removal: RemovalRequest? { nil }
    var snapshotBasis: SnapshotBasis? { nil }
}

/// What is to be removed of a stream.
enum RemovalRequest: Sendable, Equatable {
    /// The events up to and including this version.
    case truncate(through: StreamVersion)
    /// All events.
    case delete
    /// The events that the stream has now, at an instant.
    case expire(at: Int64)
    /// What has expired.
    case expired(DueExpiry)
    /// All events up to a version, also if they are removed already: for its place in the log.
    /// - `ending`: the stream is deleted at that version.
    case again(through: StreamVersion, ending: Bool)

    /// Of the record that it becomes.
    var kind: RemovalRecord.Kind {
        switch self {
        case .truncate, .expired: .truncate
        case .delete: .delete
        case .expire: .expire
        case .again(_, let ending): ending ? .delete : .truncate
        }
    }
}

/// Removes events, and has none.
struct RemovalSource: BatchSource {
    let stream: StreamID
    let expected: ExpectedVersion
    let request: RemovalRequest

    var removal: RemovalRequest? { request }
    var sectionCount: Int { 1 }
    func stream(_ section: Int) -> StreamID { stream }
    func expecting(_ section: Int) -> ExpectedVersion { expected }
    func eventCount(_ section: Int) -> Int { 0 }
    func withEvent<R>(_ section: Int, _ event: Int, _ body: (borrowing Event) -> R) -> R {
        preconditionFailure("a removal has no event")
    }
}

extension MeasuredBatch where Source == RemovalSource {
    init(removal source: RemovalSource) {
        self.source = source
        byteCount = RemovalRecord.byteCount(
            streamIDBytes: source.stream.text.utf8.count, source.request.kind)
        eventCount = 0
    }
}

/// One event for one stream.
struct SingleEvent: BatchSource {
    let event: Event
    let to: StreamID
    let expected: ExpectedVersion

    var sectionCount: Int { 1 }
    func stream(_ section: Int) -> StreamID { to }
    func expecting(_ section: Int) -> ExpectedVersion { expected }
    func eventCount(_ section: Int) -> Int { 1 }
    func withEvent<R>(_ section: Int, _ index: Int, _ body: (borrowing Event) -> R) -> R {
        body(event)
    }
}

/// A snapshot belongs to a life of its stream: to events that are not deleted, nor about to be, and
/// not to the life that begins when the stream is forgotten.
struct SnapshotBasis: Sendable {
    let stream: StreamID
    let version: StreamVersion
    /// `Removals.forgettingCount` when the stream was looked at.
    let forgettingCount: UInt64

    /// Called with the lock held, where the snapshot is staged.
    ///
    /// Removals that are staged count, too: so each snapshot lies before the deletion of its
    /// stream, and is sealed when the stream is forgotten.
    /// - Returns: nil if it may be stored; otherwise where what is in its way ends.
    func obstacle(_ removals: Removals) -> Position? {
        guard forgettingCount == removals.forgettingCount else { return .start }
        let (extent, after) = removals.stagedExtent(stream)
        return extent.leaves(snapshotAt: version) ? nil : after
    }
}

/// The event of a snapshot, for the stream beside that of which it is.
struct SnapshotSource: BatchSource {
    let event: Event
    let beside: StreamID
    let expected: ExpectedVersion
    let snapshotBasis: SnapshotBasis?

    var sectionCount: Int { 1 }
    func stream(_ section: Int) -> StreamID { beside }
    func expecting(_ section: Int) -> ExpectedVersion { expected }
    func eventCount(_ section: Int) -> Int { 1 }
    func withEvent<R>(_ section: Int, _ index: Int, _ body: (borrowing Event) -> R) -> R {
        body(event)
    }
}

extension StreamAppend: BatchSource {
    var sectionCount: Int { 1 }
    func stream(_ section: Int) -> StreamID { stream }
    func expecting(_ section: Int) -> ExpectedVersion { expecting }
    func eventCount(_ section: Int) -> Int { events.count }
    func withEvent<R>(_ section: Int, _ index: Int, _ body: (borrowing Event) -> R) -> R {
        body(events[index])
    }
}

/// Several streams.
struct MultiStreamBatch: BatchSource {
    let parts: [StreamAppend]

    var sectionCount: Int { parts.count }
    func stream(_ section: Int) -> StreamID { parts[section].stream }
    func expecting(_ section: Int) -> ExpectedVersion { parts[section].expecting }
    func eventCount(_ section: Int) -> Int { parts[section].events.count }
    func withEvent<R>(_ section: Int, _ index: Int, _ body: (borrowing Event) -> R) -> R {
        body(parts[section].events[index])
    }
}

/// A batch that passed every limit that needs no lock, and its size as stored.
struct MeasuredBatch<Source: BatchSource>: Sendable {
    let source: Source
    let byteCount: Int
    let eventCount: Int

    /// - Throws: `.invalid` or `.tooLarge`, naming what is wrong.
    init(_ source: Source, batchBytesMax: Int) throws(LogError) {
        let sectionCount = source.sectionCount
        guard sectionCount > 0 else { throw .invalid(.emptyBatch) }
        guard sectionCount <= Limits.streamsPerBatchMax else {
            throw .tooLarge(
                .streamsPerBatch, limit: Limits.streamsPerBatchMax, value: sectionCount)
        }
        var byteCount = BatchFormat.headerBytes
        var eventCount = 0
        for section in 0..<sectionCount {
            let sectionEvents = source.eventCount(section)
            guard sectionEvents > 0 else { throw .invalid(.emptyBatch) }
            eventCount += sectionEvents
            guard eventCount <= Limits.eventsPerBatchMax else {
                throw .tooLarge(
                    .eventsPerBatch, limit: Limits.eventsPerBatchMax, value: eventCount)
            }
            byteCount += SectionHeader.byteCount(
                streamIDBytes: source.stream(section).text.utf8.count)
            for event in 0..<sectionEvents {
                let refusal = source.withEvent(section, event) { Self.refusal(of: $0) }
                if let refusal { throw refusal }
                byteCount += source.withEvent(section, event) { EventRecord.byteCount(of: $0) }
            }
        }
        guard byteCount <= batchBytesMax else {
            throw .tooLarge(.batchBytes, limit: batchBytesMax, value: byteCount)
        }
        if sectionCount > 1 { try Self.requireDistinctStreams(source) }
        self.source = source
        self.byteCount = byteCount
        self.eventCount = eventCount
    }

    private static func refusal(of event: borrowing Event) -> LogError? {
        let typeBytes = event.type.utf8.count
        guard typeBytes > 0 else { return .invalid(.emptyType) }
        guard typeBytes <= Limits.typeBytesMax else {
            return .tooLarge(.typeBytes, limit: Limits.typeBytesMax, value: typeBytes)
        }
        guard event.metadata.count <= Limits.metadataBytesMax else {
            return .tooLarge(
                .metadataBytes, limit: Limits.metadataBytesMax, value: event.metadata.count)
        }
        guard event.payload.count <= Limits.payloadBytesMax else {
            return .tooLarge(
                .payloadBytes, limit: Limits.payloadBytesMax, value: event.payload.count)
        }
        return nil
    }

    private static func requireDistinctStreams(_ source: Source) throws(LogError) {
        var seen = Set<StreamID>(minimumCapacity: source.sectionCount)
        for section in 0..<source.sectionCount {
            let stream = source.stream(section)
            guard seen.insert(stream).inserted else {
                throw .invalid(.duplicateStream(stream))
            }
        }
    }
}
