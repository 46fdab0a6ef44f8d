import EmakiPlatform

/// One event as stored, in a section of a batch (see `BatchFormat`).
///
///     offset  bytes
///        0      4   record bytes, a multiple of 8
///        4      4   bytes from the start of the section to this record
///        8      8   version of the stream once this event was in
///       16      4   payload bytes
///       20      2   metadata bytes
///       22      1   type bytes
///       23      1   flags: 1 = an event id follows
///       24          event id (16, if flagged) · type · metadata · payload · zeros up to 8
///
/// A value of this type is a place in a memory image: making one copies nothing. Its accessors
/// trust the lengths, because `BatchFormat.validate` checked them when the bytes came from a disk.
struct EventRecord {
    static let headerBytes = 24
    static let byteCountMin = 24
    static let idBytes = 16
    static let hasID: UInt8 = 1

    let image: PageMemory
    let offset: Int

    init(in image: PageMemory, at offset: Int) {
        self.image = image
        self.offset = offset
    }

    var byteCount: Int { Int(image.loadUInt32(at: offset)) }
    var sectionOffset: Int { offset - Int(image.loadUInt32(at: offset + 4)) }
    var version: StreamVersion { StreamVersion(image.loadUInt64(at: offset + 8)) }
    var payloadBytes: Int { Int(image.loadUInt32(at: offset + 16)) }
    var metadataBytes: Int { Int(image.loadUInt16(at: offset + 20)) }
    var typeBytes: Int { Int(image.loadUInt8(at: offset + 22)) }
    var flags: UInt8 { image.loadUInt8(at: offset + 23) }

    var id: EventID? {
        guard flags & Self.hasID != 0 else { return nil }
        return EventID(
            low: image.loadUInt64(at: offset + 24), high: image.loadUInt64(at: offset + 32))
    }

    var typeRange: Range<Int> {
        let start = offset + Self.headerBytes + (flags & Self.hasID != 0 ? Self.idBytes : 0)
        return start..<start + typeBytes
    }
    var metadataRange: Range<Int> {
        let start = typeRange.upperBound
        return start..<start + metadataBytes
    }
    var payloadRange: Range<Int> {
        let start = metadataRange.upperBound
        return start..<start + payloadBytes
    }

    var section: SectionHeader { SectionHeader(in: image, at: sectionOffset) }

    // MARK: Writing

    /// Bytes that an event takes; sums of limited sizes, so they cannot overflow.
    static func byteCount(of event: borrowing Event) -> Int {
        let plain =
            headerBytes + (event.id == nil ? 0 : idBytes) + event.type.utf8.count
            + event.metadata.count + event.payload.count
        return (plain + 7) & ~7
    }

    /// Writes an event.
    /// - Returns: the offset after it.
    static func encode(
        _ event: borrowing Event, version: StreamVersion, section: Int,
        into image: PageMemory, at offset: Int
    ) -> Int {
        let end = offset + byteCount(of: event)
        image.store(UInt32(end - offset), at: offset)
        image.store(UInt32(offset - section), at: offset + 4)
        image.store(version.rawValue, at: offset + 8)
        image.store(UInt32(event.payload.count), at: offset + 16)
        image.store(UInt16(event.metadata.count), at: offset + 20)
        image.store(UInt8(event.type.utf8.count), at: offset + 22)
        // The last word first: what follows overwrites all of it but the padding.
        image.store(0 as UInt64, at: end - 8)
        image.store(event.id == nil ? 0 : hasID, at: offset + 23)
        var next = offset + headerBytes
        if let id = event.id {
            image.store(id.low, at: next)
            image.store(id.high, at: next + 8)
            next += idBytes
        }
        event.type.withUTF8Span { image.copy($0, at: next) }
        next += event.type.utf8.count
        if !event.metadata.isEmpty {
            event.metadata.withRawSpan { image.copy($0, at: next) }
            next += event.metadata.count
        }
        if !event.payload.isEmpty {
            event.payload.withRawSpan { image.copy($0, at: next) }
        }
        return end
    }

    /// True if this record holds exactly what `event` says; ids are compared by the caller.
    func hasSameContent(as event: borrowing Event) -> Bool {
        guard typeBytes == event.type.utf8.count, metadataBytes == event.metadata.count,
            payloadBytes == event.payload.count
        else { return false }
        return event.type.withUTF8Span { image.isEqual($0, at: typeRange.lowerBound) }
            && event.metadata.withRawSpan { image.isEqual($0, at: metadataRange.lowerBound) }
            && event.payload.withRawSpan { image.isEqual($0, at: payloadRange.lowerBound) }
    }
}

/// What stands before the events of one stream in a batch.
///
///     offset  bytes
///        0      4   event count, at least 1
///        4      4   bytes from the start of the frame to this section
///        8      1   stream id bytes
///        9      7   zero
///       16          stream id · zeros up to 8 · the events
struct SectionHeader {
    static let headerBytes = 16

    let image: PageMemory
    let offset: Int

    init(in image: PageMemory, at offset: Int) {
        self.image = image
        self.offset = offset
    }

    var eventCount: Int { Int(image.loadUInt32(at: offset)) }
    var frameOffset: Int { offset - Int(image.loadUInt32(at: offset + 4)) }
    var streamIDBytes: Int { Int(image.loadUInt8(at: offset + 8)) }
    var streamIDRange: Range<Int> {
        offset + Self.headerBytes..<offset + Self.headerBytes + streamIDBytes
    }
    var eventsOffset: Int { offset + Self.byteCount(streamIDBytes: streamIDBytes) }

    var streamID: StreamID {
        let text = image.withBytes(in: streamIDRange) { String(validating: $0) }
        return StreamID(checked: text ?? "")
    }

    static func byteCount(streamIDBytes: Int) -> Int {
        headerBytes + (streamIDBytes + 7) & ~7
    }

    /// Writes a section's header and id.
    /// - Returns: the offset after it.
    static func encode(
        _ stream: borrowing StreamID, eventCount: Int, frame: Int, into image: PageMemory,
        at offset: Int
    ) -> Int {
        let idBytes = stream.text.utf8.count
        let end = offset + byteCount(streamIDBytes: idBytes)
        image.store(0 as UInt64, at: end - 8)
        image.store(UInt32(eventCount), at: offset)
        image.store(UInt32(offset - frame), at: offset + 4)
        image.store(UInt64(idBytes), at: offset + 8)
        stream.text.withUTF8Span { image.copy($0, at: offset + headerBytes) }
        return end
    }
}
