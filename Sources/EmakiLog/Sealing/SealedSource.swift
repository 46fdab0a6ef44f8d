import EmakiPlatform

/// The events that a scan found, by stream: what a sealed file is made of. Count and digest of what
/// the writer gets are taken from the segments here, so that the file can be held against them.
///
/// Events of one stream lie far from one another in the segments, and so do the streams that follow
/// one another in the order of ids. So a few streams are taken at a time, and each step is done for
/// all their events before the next: memory is waited for once for many, and not once for each.
struct SealedSource {
    /// A stream that has events here.
    private struct Stream {
        /// Bytes of the id that order most streams: eight behind what all ids begin with.
        var key: UInt64 = 0
        /// In `ids`.
        var id: Range<Int>
        /// In `positions`.
        var events: Range<Int>
    }

    /// Streams taken at a time.
    private static let streamsPerStep = 64
    /// Of a record's start, looked at before it is read: as much as most events have.
    private static let touchedBytes = 384
    private static let lineBytes = 64

    private(set) var eventCount = 0
    /// In the order of ids.
    private var streams: ContiguousArray<Stream> = []
    private var ids: ChunkBuffer
    /// Of the events of each stream, from `start`, in the order of versions.
    private var positions: ContiguousArray<UInt32> = []
    private let start: Position
    private let segments: ContiguousArray<Segment>

    init(
        _ scan: borrowing LogScan, segments: ContiguousArray<Segment>
    ) throws(DiskError) {
        self.segments = segments
        start = scan.index.positions.lowerBound
        ids = try ChunkBuffer(capacity: 64 << 10)
        positions.reserveCapacity(scan.eventCount)
        streams.reserveCapacity(scan.index.streamCount)
        for slot in 0..<scan.index.slotCount { try add(slot, scan) }
        sort()
    }

    private mutating func add(_ slot: Int, _ scan: borrowing LogScan) throws(DiskError) {
        let nothing: [UInt8] = []
        let end = scan.end.nextPosition
        let found = nothing.withRawSpan {
            scan.index.stream(atSlot: slot, prefix: $0, durable: end)
        }
        guard let found else { return }
        let first = positions.count
        scan.index.visit(
            scan.index.slot(slot), from: .first, backwards: false, durable: end
        ) { _, entry in
            // What a repair declared lost is a version less.
            if case .event(let position) = entry {
                positions.append(UInt32(position.rawValue - start.rawValue))
            }
            return true
        }
        guard positions.count > first else { return }
        let idStart = ids.count
        try found.id.withRawSpan { (id: RawSpan) throws(DiskError) in try ids.append(id) }
        streams.append(Stream(id: idStart..<ids.count, events: first..<positions.count))
    }

    // MARK: The order of ids

    private mutating func sort() {
        let ids = ids.memory
        let shared = sharedBytes()
        for index in streams.indices {
            let id = streams[index].id
            streams[index].key = ids.withBytes(in: id.lowerBound + shared..<id.upperBound) {
                Self.key($0)
            }
        }
        streams.sort { left, right in
            guard left.key == right.key else { return left.key < right.key }
            return ids.withBytes(in: left.id) { id in
                ids.withBytes(in: right.id) { id.order(against: $0) < 0 }
            }
        }
    }

    /// How many bytes all ids begin with.
    private func sharedBytes() -> Int {
        guard var shared = streams.first?.id else { return 0 }
        for stream in streams {
            let common = ids.memory.withBytes(in: stream.id) { id in
                ids.memory.withBytes(in: shared) { Self.commonBytes($0, id) }
            }
            shared = shared.lowerBound..<shared.lowerBound + common
        }
        return shared.count
    }

    private static func commonBytes(_ left: RawSpan, _ right: RawSpan) -> Int {
        let end = min(left.byteCount, right.byteCount)
        var count = 0
        while count < end, left.loadUInt8(at: count) == right.loadUInt8(at: count) { count += 1 }
        return count
    }

    /// The first eight bytes, such that their order is that of the numbers.
    private static func key(_ bytes: RawSpan) -> UInt64 {
        guard bytes.byteCount < 8 else { return bytes.loadUInt64(at: 0).byteSwapped }
        var key: UInt64 = 0
        for index in 0..<bytes.byteCount {
            key |= UInt64(bytes.loadUInt8(at: index)) << UInt64(56 - index * 8)
        }
        return key
    }

    // MARK: Writing

    /// Hands all events to a writer.
    /// - Parameter goesOn: asked before each stream; false ends it.
    /// - Returns: false if it was ended.
    mutating func write(
        _ scan: borrowing LogScan, to writer: SealedFileWriter, goesOn: () -> Bool
    ) throws(DiskError) -> Bool {
        var places: ContiguousArray<LogIndex.Place?> = []
        for first in stride(from: 0, to: streams.count, by: Self.streamsPerStep) {
            let some = first..<min(first + Self.streamsPerStep, streams.count)
            places.removeAll(keepingCapacity: true)
            for number in some {
                for event in streams[number].events {
                    places.append(scan.index.place(at: start.advanced(by: Int(positions[event]))))
                }
            }
            touch(places)
            var next = 0
            for number in some {
                guard goesOn() else { return false }
                let count = streams[number].events.count
                try write(number, places[next..<next + count], to: writer)
                next += count
            }
        }
        return true
    }

    /// Looks at the bytes of records, none of which depends on another.
    private func touch(_ places: ContiguousArray<LogIndex.Place?>) {
        var sum: UInt8 = 0
        for case let place? in places {
            let image = segment(place).image
            let end = min(place.offset + Self.touchedBytes, image.byteCount)
            for offset in stride(from: place.offset, to: end, by: Self.lineBytes) {
                sum &+= image.loadUInt8(at: offset)
            }
        }
        // Said to be needed, or the compiler would leave it all out.
        withExtendedLifetime(sum) {}
    }

    private func segment(_ place: LogIndex.Place) -> Segment {
        segments[Int(place.segment - segments[0].number)]
    }

    private mutating func write(
        _ number: Int, _ places: ArraySlice<LogIndex.Place?>, to writer: SealedFileWriter
    ) throws(DiskError) {
        let stream = streams[number]
        let hash = try ids.memory.withBytes(in: stream.id) {
            (id: RawSpan) throws(DiskError) -> UInt64 in
            try writer.beginStream(id)
            return StableHash.hash(id)
        }
        for (index, place) in zip(stream.events, places) {
            guard let place else { continue }
            let event = SealedChunk.Event(
                EventRecord(in: segment(place).image, at: place.offset),
                at: start.advanced(by: Int(positions[index])))
            eventCount += 1
            try writer.add(event, digest: event.digest(stream: hash))
        }
    }
}
