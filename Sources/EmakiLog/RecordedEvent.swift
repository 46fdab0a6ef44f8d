import EmakiPlatform

/// An event as it is in the log.
///
/// A value of this type holds the memory that its bytes are in, and copies them only when asked:
/// use `withPayload` to look at them in place. While you keep it, that memory stays: one segment,
/// a chunk of a sealed file, or the events of one that were read together with it.
public struct RecordedEvent: Sendable {
    /// Place in the whole log.
    public let position: Position
    private let memory: PageMemory
    private let place: EventPlace

    /// An event in an image of a segment, or one that was written like those.
    init(position: Position, image: PageMemory, offset: Int) {
        self.position = position
        memory = image
        place = EventPlace(offset: offset)
    }

    /// An event in the memory that a chunk was unpacked to, of the stream whose id is there.
    init(_ event: SealedChunk.Event) {
        position = event.position
        memory = event.memory
        place = EventPlace(event)
    }

    private var record: EventRecord { EventRecord(in: memory, at: place.offset) }

    private var streamIDRange: Range<Int> {
        place.isRecord ? record.section.streamIDRange : ChunkMemory.idRange(in: memory)
    }
    private var typeRange: Range<Int> { place.isRecord ? record.typeRange : place.typeRange }
    private var metadataRange: Range<Int> {
        place.isRecord ? record.metadataRange : place.metadataRange
    }
    private var payloadRange: Range<Int> {
        place.isRecord ? record.payloadRange : place.payloadRange
    }

    /// The stream. Makes a new string at each call.
    public var stream: StreamID {
        StreamID(checked: memory.withBytes(in: streamIDRange) { String(validating: $0) } ?? "")
    }
    /// The stream's version once this event was in.
    public var version: StreamVersion { place.isRecord ? record.version : place.version }
    /// The id that the caller gave it, if any.
    public var id: EventID? { place.isRecord ? record.id : place.id(in: memory) }
    /// What kind of event. Makes a new string at each call.
    public var type: String {
        memory.withBytes(in: typeRange) { String(validating: $0) } ?? ""
    }
    /// A copy of the payload.
    public var payload: [UInt8] { withPayload { $0.copyToArray() } }
    /// A copy of the metadata.
    public var metadata: [UInt8] { withMetadata { $0.copyToArray() } }
    /// Lends the id of the stream in place, without a copy.
    package func withStreamID<R, E: Error>(
        _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        try memory.withBytes(in: streamIDRange, body)
    }

    /// How many bytes the payload has.
    public var payloadBytes: Int { payloadRange.count }
    /// When its group was committed, in nanoseconds since 1970 UTC by the clock of the machine. For
    /// people; order is in `position`. 0 if the page of a sealed file that tells cannot be read.
    public var commitInstant: Int64 {
        if let sealed = memory.companion as? SealedFile {
            return (try? sealed.commitInstant(of: position)) ?? 0
        }
        return FrameHeader.commitInstant(in: memory, at: record.section.frameOffset)
    }

    /// Compares it with what a caller gives.
    func hasSameContent(as event: borrowing Event) -> Bool {
        func isSame(_ range: Range<Int>, _ bytes: RawSpan) -> Bool {
            range.count == bytes.byteCount && memory.isEqual(bytes, at: range.lowerBound)
        }
        return event.type.withUTF8Span { isSame(typeRange, $0) }
            && event.metadata.withRawSpan { isSame(metadataRange, $0) }
            && event.payload.withRawSpan { isSame(payloadRange, $0) }
    }

    /// It is no event of a caller.
    var isSnapshot: Bool {
        memory.withBytes(in: streamIDRange) { SnapshotStream.isSnapshots($0) }
    }

    /// Compares the stream's id in place.
    func streamStarts(with prefix: [UInt8], isWhole: Bool) -> Bool {
        let range = streamIDRange
        guard isWhole ? range.count == prefix.count : range.count >= prefix.count else {
            return false
        }
        return prefix.withRawSpan { memory.isEqual($0, at: range.lowerBound) }
    }

    /// Lends the payload in place, without a copy.
    public func withPayload<R, E: Error>(
        _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        try memory.withBytes(in: payloadRange, body)
    }

    /// Lends the metadata in place, without a copy.
    public func withMetadata<R, E: Error>(
        _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        try memory.withBytes(in: metadataRange, body)
    }
}

/// Where an event is in a memory: a record there, which says the rest; or content, and what a walk
/// through a chunk found out about it.
private struct EventPlace: Sendable {
    private enum Kind: UInt8 { case record, content, contentBehindID }

    /// Of the record, or of the type; metadata and payload follow.
    let offset: Int
    let version: StreamVersion
    private let payloadBytes: UInt32
    private let metadataBytes: UInt16
    private let typeBytes: UInt8
    private let kind: Kind

    init(offset: Int) {
        self.offset = offset
        version = .none
        payloadBytes = 0
        metadataBytes = 0
        typeBytes = 0
        kind = .record
    }

    init(_ event: SealedChunk.Event) {
        offset = event.typeRange.lowerBound
        version = event.version
        payloadBytes = UInt32(event.payloadRange.count)
        metadataBytes = UInt16(event.metadataRange.count)
        typeBytes = UInt8(event.typeRange.count)
        kind = event.id == nil ? .content : .contentBehindID
    }

    var isRecord: Bool { kind == .record }

    func id(in memory: PageMemory) -> EventID? {
        guard kind == .contentBehindID else { return nil }
        let start = offset - EventRecord.idBytes
        return EventID(low: memory.loadUInt64(at: start), high: memory.loadUInt64(at: start + 8))
    }

    var typeRange: Range<Int> { offset..<offset + Int(typeBytes) }
    var metadataRange: Range<Int> {
        let start = typeRange.upperBound
        return start..<start + Int(metadataBytes)
    }
    var payloadRange: Range<Int> {
        let start = metadataRange.upperBound
        return start..<start + Int(payloadBytes)
    }
}

extension FrameHeader {
    /// The commit instant of a frame that was checked before.
    static func commitInstant(in image: PageMemory, at frame: Int) -> Int64 {
        Int64(bitPattern: image.loadUInt64(at: frame + 72))
    }
}

/// In which order a stream is read.
public enum ReadDirection: Sendable {
    /// Oldest first.
    case forwards
    /// Newest first.
    case backwards
}

/// What a reader's closure answers.
public enum ReadFlow: Sendable {
    /// Hand over the next event.
    case next
    /// Enough.
    case stop
}

/// A stream in a listing.
public struct StreamSummary: Sendable, Equatable {
    /// The stream.
    public let stream: StreamID
    /// How many durable events it has had.
    public let version: StreamVersion
}
