import EmakiPlatform

/// An event as it is in the log.
///
/// A value of this type holds the memory that its bytes are in, and copies them only when asked:
/// use `withPayload` to look at them in place. While you keep it, that memory stays: one segment,
/// or the events of sealed files that were read together with it.
public struct RecordedEvent: Sendable {
    /// Place in the whole log.
    public let position: Position
    private let record: EventRecordReference
    /// The sealed file that it was read from; nil if it is in a segment.
    private let sealed: SealedFile?

    init(position: Position, image: PageMemory, offset: Int, sealed: SealedFile? = nil) {
        self.position = position
        record = EventRecordReference(image: image, offset: offset)
        self.sealed = sealed
    }

    /// The stream. Makes a new string at each call.
    public var stream: StreamID { record.view.section.streamID }
    /// The stream's version once this event was in.
    public var version: StreamVersion { record.view.version }
    /// The id that the caller gave it, if any.
    public var id: EventID? { record.view.id }
    /// What kind of event. Makes a new string at each call.
    public var type: String {
        record.image.withBytes(in: record.view.typeRange) { String(validating: $0) } ?? ""
    }
    /// A copy of the payload.
    public var payload: [UInt8] { withPayload { $0.copyToArray() } }
    /// A copy of the metadata.
    public var metadata: [UInt8] { withMetadata { $0.copyToArray() } }
    /// How many bytes the payload has.
    public var payloadBytes: Int { record.view.payloadBytes }
    /// When its group was committed, in nanoseconds since 1970 UTC by the clock of the machine. For
    /// people; order is in `position`. 0 if the page of a sealed file that tells cannot be read.
    public var commitInstant: Int64 {
        if let sealed { return (try? sealed.commitInstant(of: position)) ?? 0 }
        let frame = record.view.section.frameOffset
        return FrameHeader.commitInstant(in: record.image, at: frame)
    }

    /// Compares it with what a caller gives.
    func hasSameContent(as event: borrowing Event) -> Bool {
        record.view.hasSameContent(as: event)
    }

    /// It is no event of a caller.
    var isSnapshot: Bool {
        record.image.withBytes(in: record.view.section.streamIDRange) {
            SnapshotStream.isSnapshots($0)
        }
    }

    /// Compares the stream's id in place.
    func streamStarts(with prefix: [UInt8], isWhole: Bool) -> Bool {
        let range = record.view.section.streamIDRange
        guard isWhole ? range.count == prefix.count : range.count >= prefix.count else {
            return false
        }
        return prefix.withRawSpan { record.image.isEqual($0, at: range.lowerBound) }
    }

    /// Lends the payload in place, without a copy.
    public func withPayload<R, E: Error>(
        _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        try record.image.withBytes(in: record.view.payloadRange, body)
    }

    /// Lends the metadata in place, without a copy.
    public func withMetadata<R, E: Error>(
        _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        try record.image.withBytes(in: record.view.metadataRange, body)
    }
}

/// What a recorded event keeps: a place in a memory image.
private struct EventRecordReference: Sendable {
    let image: PageMemory
    let offset: Int

    var view: EventRecord { EventRecord(in: image, at: offset) }
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
