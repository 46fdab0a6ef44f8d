import EmakiPlatform

/// Reading the events of a sealed file.
extension SealedFile {
    /// A chunk as it was before compression.
    struct Chunk {
        let memory: PageMemory
        let byteCount: Int
    }

    private struct ChunkEntry {
        var stored: Range<Int>
        var unpackedBytes: Int
        var firstOrdinal: Int
        var checksum: UInt32
    }

    private func entry(_ chunk: Int) throws(LogError) -> ChunkEntry {
        let entry = try pages.withBytes(.chunkTable, chunk * 24..<chunk * 24 + 24) { bytes in
            let start = Int(clamping: bytes.loadUInt64(at: 0))
            let stored = Int(bytes.loadUInt32(at: 8))
            return ChunkEntry(
                stored: start..<start.addingReportingOverflow(stored).partialValue,
                unpackedBytes: Int(bytes.loadUInt32(at: 12)),
                firstOrdinal: Int(bytes.loadUInt32(at: 16)), checksum: bytes.loadUInt32(at: 20))
        }
        guard !entry.stored.isEmpty, entry.stored.upperBound <= footer[.chunks].byteCount,
            entry.unpackedBytes >= entry.stored.count,
            // LZ4 cannot make more than 255 bytes of one.
            entry.unpackedBytes <= entry.stored.count * 255 + 64,
            entry.firstOrdinal < footer.eventCount
        else { throw nonsense(.chunkTable, chunk * 24, "numbers of a chunk") }
        return entry
    }

    /// Reads and unpacks a chunk: one read of the disk.
    /// - Throws: `.corrupt` if it is damaged beyond its parity.
    func chunk(_ number: Int) throws(LogError) -> Chunk {
        let entry = try entry(number)
        let packed = try memory(entry.stored.count)
        try pages.read(.chunks, entry.stored, into: packed)
        if packed.checksum(0..<entry.stored.count) != entry.checksum {
            let start = footer[.chunks].range.lowerBound
            try pages.check(
                bytes: start + entry.stored.lowerBound..<start + entry.stored.upperBound)
            try pages.read(.chunks, entry.stored, into: packed)
            guard packed.checksum(0..<entry.stored.count) == entry.checksum else {
                throw nonsense(.chunks, entry.stored.lowerBound, "bytes of a chunk")
            }
        }
        guard entry.unpackedBytes > entry.stored.count else {
            return Chunk(memory: packed, byteCount: entry.unpackedBytes)
        }
        let unpacked = try memory(entry.unpackedBytes)
        let isWhole = unpacked.withMutableBytes(in: 0..<entry.unpackedBytes) { target in
            packed.withBytes(in: 0..<entry.stored.count) {
                Compression.decompress($0, into: &target, expecting: entry.unpackedBytes)
            }
        }
        guard isWhole else {
            throw nonsense(.chunks, entry.stored.lowerBound, "compressed bytes of a chunk")
        }
        return Chunk(memory: unpacked, byteCount: entry.unpackedBytes)
    }

    private func memory(_ byteCount: Int) throws(LogError) -> PageMemory {
        try LogError.translating(pages.path) { () throws(DiskError) in
            try PageMemory(byteCount: byteCount)
        }
    }

    /// Calls `visit` with each event of a chunk until it returns false.
    func walk(
        _ number: Int, _ visit: (_ stream: Int, SealedChunk.Event) -> Bool
    ) throws(LogError) {
        let chunk = try chunk(number)
        let bounds = SealedChunk.Bounds(
            firstPosition: footer.positions.lowerBound,
            endPosition: footer.positions.upperBound, streamCount: footer.streamCount)
        let makesSense = SealedChunk.walk(
            chunk.memory, byteCount: chunk.byteCount, bounds: bounds, visit)
        guard makesSense else { throw nonsense(.chunkTable, number * 24, "events of a chunk") }
    }

    /// The chunk that holds an event.
    func chunk(ofOrdinal ordinal: Int) throws(LogError) -> Int {
        var low = 0
        var high = footer.chunkCount
        while high - low > 1 {
            let middle = (low + high) / 2
            if try entry(middle).firstOrdinal <= ordinal { low = middle } else { high = middle }
        }
        return low
    }

    /// Calls `visit` with the events of a stream from a version on, until it returns false.
    func visit(
        _ stream: Stream, from version: StreamVersion, _ visit: (SealedChunk.Event) -> Bool
    ) throws(LogError) {
        guard version <= stream.lastVersion else { return }
        var first = try chunk(ofOrdinal: stream.ordinals.lowerBound)
        let last = try chunk(ofOrdinal: stream.ordinals.upperBound - 1)
        // Without gaps between its versions the place of each is known.
        if isDense(stream), version > stream.firstVersion {
            let skipped = Int(version.rawValue - stream.firstVersion.rawValue)
            first = try chunk(ofOrdinal: stream.ordinals.lowerBound + skipped)
        }
        var goesOn = true
        for number in first...last where goesOn {
            try walk(number) { owner, event in
                guard owner == stream.number, event.version >= version else { return true }
                goesOn = visit(event)
                return goesOn
            }
        }
    }

    private func isDense(_ stream: Stream) -> Bool {
        stream.lastVersion.rawValue - stream.firstVersion.rawValue
            == UInt64(stream.ordinals.count - 1)
    }

    /// The chunk with the event at a position of the file; nil if there is none.
    func chunk(at position: Position) throws(LogError) -> Int? {
        let index = Int(position.rawValue - footer.positions.lowerBound.rawValue)
        let number = try pages.withBytes(.order, index * 4..<index * 4 + 4) {
            $0.loadUInt32(at: 0)
        }
        guard number != .max else { return nil }
        guard number < UInt32(footer.chunkCount) else {
            throw nonsense(.order, index * 4, "the chunk of a position")
        }
        return Int(number)
    }

    /// Calls `body` with the event at a position and its stream's number.
    /// - Returns: nil if there is none.
    func event<R>(
        at position: Position, _ body: (_ stream: Int, SealedChunk.Event) -> R
    ) throws(LogError) -> R? {
        guard footer.positions.contains(position), let number = try chunk(at: position) else {
            return nil
        }
        var result: R?
        try walk(number) { stream, event in
            guard event.position == position else { return true }
            result = body(stream, event)
            return false
        }
        guard let result else { throw nonsense(.order, 0, "the chunk of a position") }
        return result
    }

    /// When the commit that a position belongs to was made; nil if that is not known.
    func commitInstant(of position: Position) throws(LogError) -> Int64? {
        let delta = position.rawValue - footer.positions.lowerBound.rawValue
        func group(_ index: Int) throws(LogError) -> (first: UInt32, instant: Int64) {
            try pages.withBytes(.groups, index * 12..<index * 12 + 12) {
                ($0.loadUInt32(at: 0), Int64(bitPattern: $0.loadUInt64(at: 4)))
            }
        }
        var low = 0
        var high = footer[.groups].byteCount / 12
        while low < high {
            let middle = (low + high) / 2
            if try UInt64(group(middle).first) <= delta { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : try group(low - 1).instant
    }
}
