import EmakiPlatform

/// The contents of a chunk before compression: runs, one after the other. All numbers are varints.
///
///     run      stream: number of the stream in the file
///              version of the run's first event; the others follow one by one
///              event count, at least 1
///              the events
///     event    position: of a run's first event from the file's first position; of each other from
///              the one before
///              flags: 1 = an event id follows
///              type bytes · metadata bytes · payload bytes
///              event id (16, if flagged) · type · metadata · payload
///
/// A stream that fits lies in one chunk; a longer one goes on in a run of the next.
enum SealedChunk {
    static let hasID: UInt64 = 1

    /// An event on its way into a sealed file, or found in a chunk: places in a memory.
    struct Event {
        var position: Position
        var version: StreamVersion
        var id: EventID?
        var memory: PageMemory
        var typeRange: Range<Int>
        var metadataRange: Range<Int>
        var payloadRange: Range<Int>

        init(_ record: EventRecord, at position: Position) {
            self.position = position
            version = record.version
            id = record.id
            memory = record.image
            typeRange = record.typeRange
            metadataRange = record.metadataRange
            payloadRange = record.payloadRange
        }

        fileprivate init(
            position: Position, version: StreamVersion, id: EventID?, memory: PageMemory,
            start: Int, typeBytes: Int, metadataBytes: Int, payloadBytes: Int
        ) {
            self.position = position
            self.version = version
            self.id = id
            self.memory = memory
            typeRange = start..<start + typeBytes
            metadataRange = typeRange.upperBound..<typeRange.upperBound + metadataBytes
            payloadRange = metadataRange.upperBound..<metadataRange.upperBound + payloadBytes
        }

        /// Bytes of what the caller gave.
        var contentBytes: Int { typeRange.count + metadataRange.count + payloadRange.count }

        /// Part of the digest of a file, which is the sum over its events: the order of events
        /// does not matter, everything in them does.
        func digest(stream: UInt64) -> UInt64 {
            var hash = stream ^ position.rawValue &* 0x9E37_79B9_7F4A_7C15
            hash = hash ^ version.rawValue &* 0xD6E8_FEB8_6659_FD93
            if let id { hash ^= (id.low ^ id.high &* 0xA076_1D64_78BD_642F) }
            for range in [typeRange, metadataRange, payloadRange] {
                let part = memory.withBytes(in: range) { StableHash.hash($0) }
                hash = (hash ^ part) &* 0xE703_7ED1_A0B4_28DB
                hash ^= hash >> 32
            }
            return hash
        }
    }

    // MARK: Writing

    static func appendRun(
        stream: Int, version: StreamVersion, eventCount: Int, to buffer: inout ChunkBuffer
    ) throws(DiskError) {
        try buffer.appendVarint(UInt64(stream))
        try buffer.appendVarint(version.rawValue)
        try buffer.appendVarint(UInt64(eventCount))
    }

    /// - Parameter positionDelta: from the file's first position, or from the event before.
    static func append(
        _ event: Event, positionDelta: UInt64, to buffer: inout ChunkBuffer
    ) throws(DiskError) {
        try buffer.appendVarint(positionDelta)
        try buffer.appendVarint(event.id == nil ? 0 : hasID)
        for range in [event.typeRange, event.metadataRange, event.payloadRange] {
            try buffer.appendVarint(UInt64(range.count))
        }
        if let id = event.id {
            try buffer.append(id.low)
            try buffer.append(id.high)
        }
        let content = event.typeRange.lowerBound..<event.payloadRange.upperBound
        try event.memory.withBytes(in: content) { (bytes: RawSpan) throws(DiskError) in
            try buffer.append(bytes)
        }
    }

    // MARK: Reading

    /// What encloses a chunk, and so limits what it may say.
    struct Bounds {
        var firstPosition: Position
        var endPosition: Position
        var streamCount: Int
    }

    /// Walks the events of a chunk, checking every number against what encloses it.
    /// - Parameter visit: gets each event with its stream's number; false ends the walk.
    /// - Returns: false if the chunk makes no sense.
    static func walk(
        _ memory: PageMemory, byteCount: Int, bounds: Bounds,
        _ visit: (_ stream: Int, Event) -> Bool
    ) -> Bool {
        var offset = 0
        let span = bounds.endPosition.rawValue - bounds.firstPosition.rawValue
        while offset < byteCount {
            guard
                let stream = Varint.read(from: memory, at: &offset, end: byteCount),
                stream < UInt64(bounds.streamCount),
                let version = Varint.read(from: memory, at: &offset, end: byteCount),
                version > 0, version <= FrameHeader.positionMax,
                let eventCount = Varint.read(from: memory, at: &offset, end: byteCount),
                eventCount > 0, eventCount <= UInt64(byteCount)
            else { return false }
            var position: UInt64 = 0
            for index in 0..<eventCount {
                guard let delta = Varint.read(from: memory, at: &offset, end: byteCount),
                    delta < span, index == 0 || delta > 0
                else { return false }
                position += delta
                guard position < span,
                    let event = readEvent(
                        memory, &offset, byteCount,
                        at: bounds.firstPosition.advanced(by: Int(position)),
                        version: StreamVersion(version + index))
                else { return false }
                guard visit(Int(stream), event) else { return true }
            }
        }
        return true
    }

    private static func readEvent(
        _ memory: PageMemory, _ offset: inout Int, _ end: Int, at position: Position,
        version: StreamVersion
    ) -> Event? {
        guard
            let flags = Varint.read(from: memory, at: &offset, end: end), flags & ~hasID == 0,
            let typeBytes = Varint.read(from: memory, at: &offset, end: end),
            let metadataBytes = Varint.read(from: memory, at: &offset, end: end),
            let payloadBytes = Varint.read(from: memory, at: &offset, end: end),
            typeBytes > 0, typeBytes <= UInt64(Limits.typeBytesMax),
            metadataBytes <= UInt64(Limits.metadataBytesMax),
            payloadBytes <= UInt64(Limits.payloadBytesMax)
        else { return nil }
        var id: EventID?
        if flags & hasID != 0 {
            guard end - offset >= 16 else { return nil }
            id = EventID(
                low: memory.loadUInt64(at: offset), high: memory.loadUInt64(at: offset + 8))
            offset += 16
        }
        let event = Event(
            position: position, version: version, id: id, memory: memory, start: offset,
            typeBytes: Int(typeBytes), metadataBytes: Int(metadataBytes),
            payloadBytes: Int(payloadBytes))
        guard event.payloadRange.upperBound <= end,
            memory.withBytes(in: event.typeRange, { $0.isUTF8 })
        else { return nil }
        offset = event.payloadRange.upperBound
        return event
    }
}
