import EmakiPlatform

/// The events that a scan found, by stream: what a sealed file is made of. Counts and digest are
/// taken from the segments here, so that the file can be held against them.
struct SealedSource {
    /// A stream, in the order of ids.
    struct Stream {
        var id: [UInt8]
        var slot: Int
    }

    private(set) var streams: [Stream] = []
    private(set) var digest: UInt64 = 0
    private(set) var eventCount = 0
    private let segments: ContiguousArray<Segment>

    init(_ scan: borrowing LogScan, segments: ContiguousArray<Segment>) {
        self.segments = segments
        let prefix: [UInt8] = []
        streams.reserveCapacity(scan.index.streamCount)
        prefix.withRawSpan { prefix in
            for slot in 0..<scan.index.slotCount {
                let found = scan.index.stream(
                    atSlot: slot, prefix: prefix, durable: scan.end.nextPosition)
                if let found { streams.append(Stream(id: found.id, slot: slot)) }
            }
        }
        streams.sort { $0.id.lexicographicallyPrecedes($1.id) }
    }

    /// Hands all events of a stream to a writer.
    mutating func write(
        _ stream: Stream, _ scan: borrowing LogScan, to writer: SealedFileWriter
    ) throws(DiskError) {
        let id = stream.id
        let hash = id.withRawSpan { StableHash.hash($0) }
        var isBegun = false
        var failure: DiskError?
        scan.index.visit(
            scan.index.slot(stream.slot), from: .first, backwards: false,
            durable: scan.end.nextPosition
        ) { _, entry in
            // What a repair declared lost is a version less.
            guard case .event(let position) = entry, let place = scan.index.place(at: position)
            else { return true }
            let segment = segments[Int(place.segment - segments[0].number)]
            let event = SealedChunk.Event(
                EventRecord(in: segment.image, at: place.offset), at: position)
            do throws(DiskError) {
                if !isBegun {
                    try id.withRawSpan { (bytes: RawSpan) throws(DiskError) in
                        try writer.beginStream(bytes)
                    }
                    isBegun = true
                }
                digest &+= event.digest(stream: hash)
                eventCount += 1
                try writer.add(event)
            } catch {
                failure = error
            }
            return failure == nil
        }
        if let failure { throw failure }
    }
}
