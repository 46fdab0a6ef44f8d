import EmakiPlatform

/// The contents of a chunk before compression: runs, one after the other. All numbers are varints.
///
///     run      stream: number of the stream in the file
///              version of the run's first event; the others follow one by one
///              event count, at least 1
///              bytes of the events
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
    /// Bytes after which a chunk may be asked to end, and what it can have at most: an event of the
    /// largest size may follow.
    static let targetBytesMax = 1 << 20
    static let byteCountMax = targetBytesMax + Limits.payloadBytesMax + (128 << 10)

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

        /// Bytes of what the caller gave.
        var contentBytes: Int { typeRange.count + metadataRange.count + payloadRange.count }

        /// Part of the digest of a file, which is the sum over its events: the order of events
        /// does not matter, everything in them does.
        func digest(stream: UInt64) -> UInt64 {
            var hash = stream ^ position.rawValue &* 0x9E37_79B9_7F4A_7C15
            hash = hash ^ version.rawValue &* 0xD6E8_FEB8_6659_FD93
            if let id { hash ^= (id.low ^ id.high &* 0xA076_1D64_78BD_642F) }
            mix(typeRange, into: &hash)
            mix(metadataRange, into: &hash)
            mix(payloadRange, into: &hash)
            return hash
        }

        @inline(__always)
        private func mix(_ range: Range<Int>, into hash: inout UInt64) {
            let part = memory.withBytes(in: range) { StableHash.hash($0) }
            hash = (hash ^ part) &* 0xE703_7ED1_A0B4_28DB
            hash ^= hash >> 32
        }
    }

    // MARK: Writing

    /// Bytes that a run takes in all.
    static func byteCount(
        ofRunIn stream: Int, version: StreamVersion, eventCount: Int, eventBytes: Int
    ) -> Int {
        Varint.byteCount(UInt64(stream)) + Varint.byteCount(version.rawValue)
            + Varint.byteCount(UInt64(eventCount)) + Varint.byteCount(UInt64(eventBytes))
            + eventBytes
    }

    static func appendRun(
        stream: Int, version: StreamVersion, eventCount: Int, events: ChunkBuffer,
        to buffer: inout ChunkBuffer
    ) throws(DiskError) {
        try buffer.appendVarint(UInt64(stream))
        try buffer.appendVarint(version.rawValue)
        try buffer.appendVarint(UInt64(eventCount))
        try buffer.appendVarint(UInt64(events.count))
        try events.memory.withBytes(in: events.range) { (bytes: RawSpan) throws(DiskError) in
            try buffer.append(bytes)
        }
    }

    /// - Parameter positionDelta: from the file's first position, or from the event before.
    static func append(
        _ event: Event, positionDelta: UInt64, to buffer: inout ChunkBuffer
    ) throws(DiskError) {
        try buffer.appendVarint(positionDelta)
        try buffer.appendVarint(event.id == nil ? 0 : hasID)
        try buffer.appendVarint(UInt64(event.typeRange.count))
        try buffer.appendVarint(UInt64(event.metadataRange.count))
        try buffer.appendVarint(UInt64(event.payloadRange.count))
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
    /// - Parameters:
    ///   - range: of the chunk in the memory.
    ///   - only: the stream that is wanted; nil: all.
    ///   - visit: gets each event with its stream's number; false ends the walk.
    /// - Returns: false if the chunk makes no sense.
    static func walk(
        _ memory: PageMemory, _ range: Range<Int>, bounds: Bounds, only: Int? = nil,
        _ visit: (_ stream: Int, Event) -> Bool
    ) -> Bool {
        var offset = range.lowerBound
        while offset < range.upperBound {
            guard let run = Run(memory, &offset, range.upperBound, bounds) else { return false }
            if let only, run.stream != only {
                // Streams lie in the order of their numbers.
                if run.stream > only { return true }
                offset = run.end
                continue
            }
            var cursor = RunCursor(run, memory)
            while cursor.left > 0 {
                guard cursor.advance(&offset, bounds) else { return false }
                guard visit(run.stream, cursor.event) else { return true }
            }
            guard offset == run.end else { return false }
        }
        return true
    }

    /// What stands before the events of a run.
    struct Run {
        var stream: Int
        var version: UInt64
        var eventCount: Int
        /// In the memory, of the run's last event.
        var end: Int

        /// - Parameter offset: moved to the first event.
        /// - Returns: nil if it makes no sense.
        init?(_ memory: PageMemory, _ offset: inout Int, _ end: Int, _ bounds: Bounds) {
            guard
                let stream = Varint.read(from: memory, at: &offset, end: end),
                stream < UInt64(bounds.streamCount),
                let version = Varint.read(from: memory, at: &offset, end: end),
                version > 0, version <= FrameHeader.positionMax,
                let eventCount = Varint.read(from: memory, at: &offset, end: end),
                eventCount > 0,
                let byteCount = Varint.read(from: memory, at: &offset, end: end),
                // Each event has some bytes.
                eventCount <= byteCount, byteCount <= UInt64(end - offset)
            else { return nil }
            self.stream = Int(stream)
            self.version = version
            self.eventCount = Int(eventCount)
            self.end = offset + Int(byteCount)
        }
    }

    /// Walks the events of one run.
    struct RunCursor {
        /// The last one that `advance` came to.
        private(set) var event: Event
        /// Events to come.
        private(set) var left: Int
        /// Version of the next event.
        private var version: UInt64
        /// Of the last event, from the file's first position.
        private var place: UInt64 = 0
        private let eventCount: Int
        private let end: Int

        init(_ run: Run, _ memory: PageMemory) {
            version = run.version
            end = run.end
            eventCount = run.eventCount
            left = run.eventCount
            event = Event(in: memory)
        }

        /// Goes on to the next event, of those left.
        /// - Returns: false if it makes no sense.
        @inline(__always)
        mutating func advance(_ offset: inout Int, _ bounds: Bounds) -> Bool {
            let span = bounds.endPosition.rawValue - bounds.firstPosition.rawValue
            guard let delta = Varint.read(from: event.memory, at: &offset, end: end),
                delta < span, delta > 0 || left == eventCount
            else { return false }
            place += delta
            guard place < span, event.read(&offset, end) else { return false }
            event.position = Position(bounds.firstPosition.rawValue + place)
            event.version = StreamVersion(version)
            version += 1
            left -= 1
            return true
        }
    }
}

extension SealedChunk.Event {
    /// No event yet: a place for those of a memory.
    fileprivate init(in memory: PageMemory) {
        position = .start
        version = .none
        id = nil
        self.memory = memory
        typeRange = 0..<0
        metadataRange = 0..<0
        payloadRange = 0..<0
    }

    /// Reads what stands behind an event's position, up to the next event.
    @inline(__always)
    fileprivate mutating func read(_ offset: inout Int, _ end: Int) -> Bool {
        guard
            let flags = Varint.read(from: memory, at: &offset, end: end),
            flags & ~SealedChunk.hasID == 0,
            let typeBytes = Varint.read(from: memory, at: &offset, end: end),
            let metadataBytes = Varint.read(from: memory, at: &offset, end: end),
            let payloadBytes = Varint.read(from: memory, at: &offset, end: end),
            typeBytes > 0, typeBytes <= UInt64(Limits.typeBytesMax),
            metadataBytes <= UInt64(Limits.metadataBytesMax),
            payloadBytes <= UInt64(Limits.payloadBytesMax)
        else { return false }
        id = nil
        if flags & SealedChunk.hasID != 0 {
            guard end - offset >= 16 else { return false }
            id = EventID(
                low: memory.loadUInt64(at: offset), high: memory.loadUInt64(at: offset + 8))
            offset += 16
        }
        let metadataStart = offset + Int(typeBytes)
        let payloadStart = metadataStart + Int(metadataBytes)
        let next = payloadStart + Int(payloadBytes)
        guard next <= end else { return false }
        typeRange = offset..<metadataStart
        metadataRange = metadataStart..<payloadStart
        payloadRange = payloadStart..<next
        offset = next
        return memory.withBytes(in: typeRange) { $0.isUTF8 }
    }
}
