import EmakiPlatform

/// Makes a sealed file from events that come in the order of stream ids and versions.
///
/// Memory: one chunk, of each position 4 bytes, of each stream 36 and its id, of each commit 12, of
/// the whole file a thirty-second (its parity) until it is finished.
///
/// The dictionary of all chunks is what the first chunk starts with: streams of one store
/// are alike.
final class SealedFileWriter {
    struct Options {
        /// Bytes of a chunk before compression; streams that fit into one are not cut.
        var chunkBytes = 8 << 10
        /// LZ4's fast method, or one of its high levels 3...12.
        var level: Int?
        /// The file is to be opened past the page cache: what gathers there goes to the device in
        /// requests of MiB, and whoever commits waits behind them.
        var isDirect = false
    }

    private let options: Options
    private(set) var footer: SealedFooter
    private let sink: SealedPageSink
    /// Behind room for the dictionary, as compression wants it.
    private var chunk: ChunkBuffer
    /// Runs of the stream that was begun, but for the last, as long as it may fit into a chunk.
    private var pending: ChunkBuffer
    /// Of the events in `pending` and `run`, from the file's first.
    private var pendingPositions: ContiguousArray<Int> = []
    /// Events of the run that grows.
    private var run: ChunkBuffer
    private var runVersion = StreamVersion.none
    private var runCount = 0
    private var lastPosition = Position.start
    private let compressor: Compressor
    private var packed: PageMemory
    private var storedBytes = 0

    private var chunkTable: ChunkBuffer
    /// Of the first event in `chunk`.
    private var chunkOrdinal = 0
    private var chunkEventCount = 0
    private var streams: ChunkBuffer
    private var ids: ChunkBuffer
    /// Of the stream that was begun.
    private var idOffset = 0
    private var hashes: ContiguousArray<UInt64> = []
    private var isInStream = false
    private var streamOrdinal = 0
    private var streamChunk: Int?
    private var firstVersion = StreamVersion.none
    private var lastVersion = StreamVersion.none
    private let order: PageMemory
    private var groups: ChunkBuffer

    /// - Parameters:
    ///   - file: new and empty.
    ///   - positions: of all events, those that are not there any more included.
    init(
        file: any File, storeID: Bits128, number: UInt64, positions: Range<Position>,
        lastGroup: UInt64, options: Options = Options()
    ) throws(DiskError) {
        precondition(options.chunkBytes <= SealedChunk.targetBytesMax, "chunks are small")
        self.options = options
        compressor = try Compressor(level: options.level)
        footer = SealedFooter(storeID: storeID, number: number, positions: positions)
        footer.lastGroup = lastGroup
        sink = try SealedPageSink(file: file)
        chunk = try ChunkBuffer(
            capacity: options.chunkBytes, behind: SealedFooter.dictionaryBytesMax)
        run = try ChunkBuffer(capacity: options.chunkBytes)
        pending = try ChunkBuffer(capacity: options.chunkBytes)
        packed = try PageMemory(
            heapBytes: Compression.boundBytes(for: 2 * options.chunkBytes))
        chunkTable = try ChunkBuffer(capacity: 64 << 10)
        streams = try ChunkBuffer(capacity: 64 << 10)
        ids = try ChunkBuffer(capacity: 64 << 10)
        groups = try ChunkBuffer(capacity: 64 << 10)
        order = try PageMemory(byteCount: positions.count * 4)
        for index in 0..<positions.count { order.store(UInt32.max, at: index * 4) }
        footer[.chunks].firstPage = 1
    }

    // MARK: What the file holds

    /// Begins a stream; its id comes after those of the streams before.
    func beginStream(_ id: RawSpan) throws(DiskError) {
        try endStream()
        isInStream = true
        idOffset = ids.count
        try ids.append(id)
        hashes.append(StableHash.hash(id))
        streamOrdinal = footer.eventCount
        firstVersion = .none
        footer.streamCount += 1
    }

    /// Adds the next event of the stream that was begun.
    func add(_ event: SealedChunk.Event) throws(DiskError) {
        try add(event, digest: event.digest(stream: hashes[hashes.count - 1]))
    }

    /// The same, for those who know the event's digest.
    func add(_ event: SealedChunk.Event, digest: UInt64) throws(DiskError) {
        precondition(event.version > lastVersion || firstVersion == .none, "versions grow")
        if runCount > 0, event.version.rawValue != lastVersion.rawValue + 1 { try endRun() }
        if runCount == 0 {
            runVersion = event.version
            lastPosition = footer.positions.lowerBound
        }
        if firstVersion == .none { firstVersion = event.version }
        lastVersion = event.version
        try SealedChunk.append(
            event, positionDelta: event.position.rawValue - lastPosition.rawValue, to: &run)
        lastPosition = event.position
        runCount += 1
        footer.eventCount += 1
        footer.digest &+= digest
        pendingPositions.append(
            Int(event.position.rawValue - footer.positions.lowerBound.rawValue))
        // What does not fit into a chunk begins one, and goes on in others.
        if pending.count + run.count >= options.chunkBytes { try place() }
    }

    /// Whether an event at one of these positions was added.
    func hasEvents(in range: Range<Position>) -> Bool {
        let start = footer.positions.lowerBound.rawValue
        let places = Int(range.lowerBound.rawValue - start)..<Int(range.upperBound.rawValue - start)
        return places.contains { order.loadUInt32(at: $0 * 4) != .max }
    }

    /// Adds a commit; in the order of positions.
    func addGroup(at position: Position, instant: Int64) throws(DiskError) {
        let delta = position.rawValue - footer.positions.lowerBound.rawValue
        try groups.append(UInt32(delta))
        try groups.append(UInt64(bitPattern: instant))
    }

    /// Ends the last stream: all its events have their places. Called by `finish`, too.
    func endStream() throws(DiskError) {
        try place()
        guard isInStream else { return }
        isInStream = false
        precondition(firstVersion > .none, "a stream has an event")
        try streams.append(UInt32(idOffset))
        try streams.append(UInt32(streamOrdinal))
        try streams.append(UInt32(streamChunk ?? 0))
        streamChunk = nil
        try streams.append(firstVersion.rawValue)
        try streams.append(lastVersion.rawValue)
    }

    /// A version is missing behind the run.
    private func endRun() throws(DiskError) {
        try appendRun(to: &pending)
        run.removeAll()
        runCount = 0
    }

    private func appendRun(to buffer: inout ChunkBuffer) throws(DiskError) {
        try SealedChunk.appendRun(
            stream: footer.streamCount - 1, version: runVersion, eventCount: runCount, events: run,
            to: &buffer)
    }

    /// Puts what is held back into the chunk; into a new one if there is no room.
    private func place() throws(DiskError) {
        var byteCount = pending.count
        if runCount > 0 {
            byteCount += SealedChunk.byteCount(
                ofRunIn: footer.streamCount - 1, version: runVersion, eventCount: runCount,
                eventBytes: run.count)
        }
        if chunk.count + byteCount > options.chunkBytes { try writeChunk() }
        if streamChunk == nil { streamChunk = footer.chunkCount }
        if pending.count > 0 {
            try pending.memory.withBytes(in: pending.range) { (bytes: RawSpan) throws(DiskError) in
                try chunk.append(bytes)
            }
        }
        if runCount > 0 {
            try appendRun(to: &chunk)
            run.removeAll()
            runCount = 0
        }
        chunkEventCount += pendingPositions.count
        for place in pendingPositions { order.store(UInt32(footer.chunkCount), at: place * 4) }
        pendingPositions.removeAll(keepingCapacity: true)
        pending.removeAll()
    }

    private func writeChunk() throws(DiskError) {
        guard chunk.count > 0 else { return }
        if footer.chunkCount == 0 { takeDictionary() }
        let written = try packChunk()
        let memory = written == nil ? chunk.memory : packed
        let stored = written.map { 0..<$0 } ?? chunk.range
        try chunkTable.append(UInt64(storedBytes))
        try chunkTable.append(UInt32(stored.count))
        try chunkTable.append(UInt32(chunk.count))
        try chunkTable.append(UInt32(chunkOrdinal))
        try chunkTable.append(memory.checksum(stored))
        try memory.withBytes(in: stored) { (bytes: RawSpan) throws(DiskError) in
            try sink.append(bytes)
        }
        storedBytes += stored.count
        footer.chunkCount += 1
        chunkOrdinal += chunkEventCount
        chunkEventCount = 0
        chunk.removeAll()
    }

    private func takeDictionary() {
        let start = chunk.range.lowerBound
        let range = start..<start + min(chunk.count, SealedFooter.dictionaryBytesMax)
        footer.dictionary = chunk.memory.withBytes(in: range) { $0.copyToArray() }
        footer.dictionary.withRawSpan { chunk.memory.copy($0, at: start - range.count) }
    }

    /// - Returns: bytes of the compressed chunk; nil if it does not get smaller.
    private func packChunk() throws(DiskError) -> Int? {
        let dictionaryBytes = footer.dictionary.count
        let bound = Compression.boundBytes(for: chunk.count)
        if packed.byteCount < bound { packed = try PageMemory(heapBytes: bound) }
        let source = chunk.range.lowerBound - dictionaryBytes..<chunk.range.upperBound
        let written = packed.withMutableBytes(in: 0..<packed.byteCount) { target in
            chunk.memory.withBytes(in: source) {
                compressor.compress($0, after: dictionaryBytes, into: &target)
            }
        }
        return written.flatMap { $0 < chunk.count ? $0 : nil }
    }

    // MARK: The end

    /// Writes what is left, and syncs the file.
    func finish() throws(DiskError) -> SealedFooter {
        try endStream()
        try writeChunk()
        footer[.chunks].byteCount = storedBytes
        sink.endSection()
        try write(chunkTable, as: .chunkTable)
        try write(streams, as: .streams)
        try write(ids, as: .ids)
        try write(StreamTable.make(hashes), as: .table)
        let filterBytes = StreamFilter.byteCount(streams: footer.streamCount)
        let filter = try PageMemory(byteCount: filterBytes)
        for hash in hashes { StreamFilter.add(hash, to: filter, in: 0..<filterBytes) }
        try write(filter, as: .filter)
        try writeOrder()
        try write(groups, as: .groups)
        try sink.finish(footer)
        return footer
    }

    private func writeOrder() throws(DiskError) {
        let count = footer.positions.count
        let numbers = footer.order
        footer[.order] = .init(
            firstPage: sink.nextPage, byteCount: numbers.byteCount(of: count))
        let none = UInt32(footer.chunkCount)
        try numbers.pack(count, number: { min(order.loadUInt32(at: $0 * 4), none) }) {
            (bytes: RawSpan) throws(DiskError) in
            try sink.append(bytes)
        }
        sink.endSection()
    }

    private func write(
        _ buffer: ChunkBuffer, as section: SealedFooter.Section
    ) throws(DiskError) {
        footer[section] = .init(firstPage: sink.nextPage, byteCount: buffer.count)
        try sink.append(buffer)
        sink.endSection()
    }

    private func write(
        _ memory: PageMemory, as section: SealedFooter.Section
    ) throws(DiskError) {
        footer[section] = .init(firstPage: sink.nextPage, byteCount: memory.byteCount)
        try memory.withBytes(in: 0..<memory.byteCount) { (bytes: RawSpan) throws(DiskError) in
            try sink.append(bytes)
        }
        sink.endSection()
    }
}
