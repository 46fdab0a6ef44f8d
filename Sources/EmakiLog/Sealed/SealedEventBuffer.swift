import EmakiPlatform

/// Events from many chunks of a sealed file on their way to a reader: written again as records
/// behind their section, so that they are lent exactly like those of a segment, and do not keep the
/// memory of all their chunks.
struct SealedEventBuffer {
    /// A batch of events that is handed out at once is not larger, unless it is one event.
    static let byteCountMax = 4 << 20

    private struct Found {
        var position: Position
        var offset: Int
    }

    private var buffer: ChunkBuffer
    private var found: ContiguousArray<Found> = []
    private var section = 0

    init() throws(DiskError) { buffer = try ChunkBuffer(capacity: 16 << 10) }

    var eventCount: Int { found.count }
    var byteCount: Int { buffer.count }

    /// The events that are added next are of this stream.
    mutating func begin(stream id: RawSpan) throws(DiskError) {
        section = buffer.count
        let byteCount = SectionHeader.byteCount(streamIDBytes: id.byteCount)
        try buffer.appendZeros(byteCount)
        SectionHeader.encode(idBytes: id, frame: 0, into: buffer.memory, at: section)
    }

    mutating func add(_ event: SealedChunk.Event) throws(DiskError) {
        let offset = buffer.count
        try buffer.appendZeros(EventRecord.byteCount(of: event))
        EventRecord.encode(event, section: section, into: buffer.memory, at: offset)
        found.append(Found(position: event.position, offset: offset))
    }

    /// Ends the batch.
    /// - Returns: its events in commit order.
    mutating func take(of file: SealedFile) -> [RecordedEvent] {
        found.sort { $0.position < $1.position }
        let memory = buffer.memory
        memory.companion = file
        return found.map {
            RecordedEvent(position: $0.position, image: memory, offset: $0.offset)
        }
    }
}

extension EventRecord {
    /// Bytes that an event of a sealed file takes as a record.
    static func byteCount(of event: SealedChunk.Event) -> Int {
        (headerBytes + (event.id == nil ? 0 : idBytes) + event.contentBytes + 7) & ~7
    }

    /// Writes an event of a sealed file as a record, into zeros.
    static func encode(
        _ event: SealedChunk.Event, section: Int, into image: PageMemory, at offset: Int
    ) {
        image.store(UInt32(byteCount(of: event)), at: offset)
        image.store(UInt32(offset - section), at: offset + 4)
        image.store(event.version.rawValue, at: offset + 8)
        image.store(UInt32(event.payloadRange.count), at: offset + 16)
        image.store(UInt16(event.metadataRange.count), at: offset + 20)
        image.store(UInt8(event.typeRange.count), at: offset + 22)
        image.store(event.id == nil ? 0 : hasID, at: offset + 23)
        var next = offset + headerBytes
        if let id = event.id {
            image.store(id.low, at: next)
            image.store(id.high, at: next + 8)
            next += idBytes
        }
        let content = event.typeRange.lowerBound..<event.payloadRange.upperBound
        event.memory.withBytes(in: content) { image.copy($0, at: next) }
    }
}

extension SectionHeader {
    /// Writes the header of a section of one stream, into zeros.
    static func encode(idBytes: RawSpan, frame: Int, into image: PageMemory, at offset: Int) {
        image.store(1 as UInt32, at: offset)
        image.store(UInt32(offset - frame), at: offset + 4)
        image.store(UInt64(idBytes.byteCount), at: offset + 8)
        image.copy(idBytes, at: offset + headerBytes)
    }
}
