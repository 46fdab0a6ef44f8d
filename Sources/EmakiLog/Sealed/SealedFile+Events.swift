import EmakiPlatform

/// Reading the events of a sealed file.
extension SealedFile {
    /// What the table of chunks says of one.
    struct ChunkEntry {
        /// In the section of chunks.
        var stored: Range<Int>
        var unpackedBytes: Int
        var firstOrdinal: Int
        var checksum: UInt32
    }

    func entry(_ chunk: Int) throws(LogError) -> ChunkEntry {
        let entryBytes = SealedFooter.chunkEntryBytes
        let offset = try pages.offset(in: .chunkTable, chunk * entryBytes, entryBytes)
        let view = pages.view
        let start = Int(clamping: view.loadUInt64(at: offset))
        let stored = Int(view.loadUInt32(at: offset + 8))
        let entry = ChunkEntry(
            stored: start..<max(start, start.addingReportingOverflow(stored).partialValue),
            unpackedBytes: Int(view.loadUInt32(at: offset + 12)),
            firstOrdinal: Int(view.loadUInt32(at: offset + 16)),
            checksum: view.loadUInt32(at: offset + 20))
        guard !entry.stored.isEmpty, entry.stored.upperBound <= footer[.chunks].byteCount,
            entry.unpackedBytes >= entry.stored.count,
            // LZ4 cannot make more than 255 bytes of one.
            entry.unpackedBytes <= entry.stored.count * 255 + 64,
            entry.unpackedBytes <= SealedChunk.byteCountMax,
            entry.firstOrdinal < footer.eventCount
        else { throw nonsense(chunk: chunk, "numbers of a chunk") }
        return entry
    }

    /// Reads and unpacks a chunk: one read of the disk.
    /// - Returns: where it is in `memory.unpacked`.
    /// - Throws: `.corrupt` if it is damaged beyond its parity.
    func unpack(_ number: Int, into memory: ChunkMemory) throws(LogError) -> Range<Int> {
        let entry = try entry(number)
        let stored = entry.stored.count
        do throws(DiskError) {
            try memory.makeRoom(stored: stored, unpacked: entry.unpackedBytes)
        } catch { throw LogError(error, file: pages.path) }
        let isPacked = entry.unpackedBytes > stored
        let target = isPacked ? memory.packed : memory.unpacked
        let place = isPacked ? 0..<stored : memory.start..<memory.start + stored
        if try !read(entry, into: target, at: place) {
            let start = footer[.chunks].range.lowerBound
            try pages.checkAgain(
                bytes: start + entry.stored.lowerBound..<start + entry.stored.upperBound)
            guard try read(entry, into: target, at: place) else {
                throw nonsense(.chunks, entry.stored.lowerBound, "bytes of a chunk")
            }
        }
        return isPacked ? try unpack(entry, from: memory.packed, at: 0, into: memory) : place
    }

    /// Unpacks a chunk that was read and is what it must be.
    func unpack(
        _ entry: ChunkEntry, from packed: PageMemory, at offset: Int, into memory: ChunkMemory
    ) throws(LogError) -> Range<Int> {
        let stored = offset..<offset + entry.stored.count
        let target = memory.dictionaryStart..<memory.start + entry.unpackedBytes
        let isWhole = memory.unpacked.withMutableBytes(in: target) { target in
            packed.withBytes(in: stored) {
                Compression.decompress(
                    $0, into: &target, after: memory.start - memory.dictionaryStart,
                    expecting: entry.unpackedBytes)
            }
        }
        guard isWhole else {
            throw nonsense(.chunks, entry.stored.lowerBound, "compressed bytes of a chunk")
        }
        return memory.start..<target.upperBound
    }

    /// - Returns: false if a page of it must be damaged.
    private func read(
        _ entry: ChunkEntry, into memory: PageMemory, at place: Range<Int>
    ) throws(LogError) -> Bool {
        guard try pages.read(.chunks, entry.stored, into: memory, at: place.lowerBound)
        else { return false }
        return memory.checksum(place) == entry.checksum
    }

    var bounds: SealedChunk.Bounds {
        SealedChunk.Bounds(
            firstPosition: footer.positions.lowerBound,
            endPosition: footer.positions.upperBound, streamCount: footer.streamCount)
    }

    /// Calls `visit` with each event of a chunk, or each of one stream, until it returns false.
    func walk(
        _ number: Int, only stream: Int? = nil,
        _ visit: (_ stream: Int, SealedChunk.Event) -> Bool
    ) throws(LogError) {
        let memory = try takeMemory()
        defer { memories.giveBack(memory) }
        try walk(number, in: memory, only: stream, visit)
    }

    /// To be given back to `memories`.
    func takeMemory() throws(LogError) -> ChunkMemory {
        do throws(DiskError) {
            return try memories.take(for: self)
        } catch { throw LogError(error, file: pages.path) }
    }

    private func walk(
        _ number: Int, in memory: ChunkMemory, only stream: Int?,
        _ visit: (_ stream: Int, SealedChunk.Event) -> Bool
    ) throws(LogError) {
        let range = try unpack(number, into: memory)
        let makesSense = SealedChunk.walk(
            memory.unpacked, range, bounds: bounds, only: stream, visit)
        guard makesSense else {
            throw nonsense(chunk: number, "events of a chunk")
        }
    }

    /// The chunk that holds an event.
    /// - Parameter first: a chunk that is not behind it.
    func chunk(ofOrdinal ordinal: Int, from first: Int = 0) throws(LogError) -> Int {
        var low = first
        var high = footer.chunkCount
        while high - low > 1 {
            let middle = (low + high) / 2
            if try entry(middle).firstOrdinal <= ordinal { low = middle } else { high = middle }
        }
        return low
    }

    /// Whether a chunk begins with events before an ordinal.
    private func begins(_ chunk: Int, before ordinal: Int) throws(LogError) -> Bool {
        guard chunk < footer.chunkCount else { return false }
        return try entry(chunk).firstOrdinal < ordinal
    }

    /// Calls `visit` with the events of a stream from a version on, until it returns false.
    /// - Parameters:
    ///   - id: of the stream, for those who make a `RecordedEvent` of what they get.
    ///   - limit: after so many events no other chunk is begun.
    /// - Returns: true if it came to the end of what is here.
    @discardableResult
    func visit(
        _ stream: Stream, id: RawSpan = RawSpan(), from version: StreamVersion,
        limit: Int = .max, _ visit: (SealedChunk.Event) -> Bool
    ) throws(LogError) -> Bool {
        guard version <= stream.lastVersion else { return true }
        let memory = try takeMemory()
        defer { memories.giveBack(memory) }
        memory.setID(id)
        var number = stream.firstChunk
        // Without gaps between its versions the place of each is known.
        if isDense(stream), version > stream.firstVersion {
            let skipped = Int(version.rawValue - stream.firstVersion.rawValue)
            number = try chunk(ofOrdinal: stream.ordinals.lowerBound + skipped, from: number)
        }
        var goesOn = true
        var count = 0
        while true {
            try walk(number, in: memory, only: stream.number) { _, event in
                guard event.version >= version else { return true }
                count += 1
                goesOn = visit(event)
                return goesOn
            }
            number += 1
            guard goesOn else { return false }
            guard try begins(number, before: stream.ordinals.upperBound) else { return true }
            guard count < limit else { return false }
            do throws(DiskError) { try memory.separate() } catch {
                throw LogError(error, file: pages.path)
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
        let order = footer.order
        let start = order.offset(of: index)
        let word = try pages.view.loadUInt64(at: pages.offset(in: .order, start, 8))
        let number = Int(order.number(index, in: word))
        guard number <= footer.chunkCount else {
            throw nonsense(.order, start, "the chunk of a position")
        }
        return number < footer.chunkCount ? number : nil
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
        guard let result else {
            throw nonsense(chunk: number, "positions of a chunk")
        }
        return result
    }

    /// When the commit that a position belongs to was made; nil if that is not known.
    func commitInstant(of position: Position) throws(LogError) -> Int64? {
        let delta = position.rawValue - footer.positions.lowerBound.rawValue
        var low = 0
        var high = groupCount
        while low < high {
            let middle = (low + high) / 2
            if try UInt64(group(middle).first) <= delta { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : try group(low - 1).instant
    }

    var groupCount: Int { footer[.groups].byteCount / SealedFooter.groupEntryBytes }

    /// A commit: its first position, from the file's first, and its instant.
    func group(_ index: Int) throws(LogError) -> (first: UInt32, instant: Int64) {
        let entryBytes = SealedFooter.groupEntryBytes
        let offset = try pages.offset(in: .groups, index * entryBytes, entryBytes)
        return (
            pages.view.loadUInt32(at: offset),
            Int64(bitPattern: pages.view.loadUInt64(at: offset + 4))
        )
    }

    /// From a commit's first position to the next one's.
    func positions(ofGroup index: Int) throws(LogError) -> Range<Position> {
        let first = Int(try group(index).first)
        let next =
            index + 1 < groupCount ? Int(try group(index + 1).first) : footer.positions.count
        guard first <= next, next <= footer.positions.count else {
            throw nonsense(
                .groups, index * SealedFooter.groupEntryBytes, "positions of commits")
        }
        let start = footer.positions.lowerBound
        return start.advanced(by: first)..<start.advanced(by: next)
    }
}
