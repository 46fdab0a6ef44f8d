import EmakiPlatform

/// Walks all events of a sealed file in its own order, stream by stream, with one chunk in memory.
///
/// Of a copy nothing is to be asked once either has gone on: they share that memory.
struct SealedWalk {
    /// Streams whose names are fetched ahead at a time.
    private static let streamsAhead = 8_192

    let file: SealedFile
    private let bounds: SealedChunk.Bounds
    private let memory: ChunkMemory
    private var window: ChunkWindow
    /// The chunk that comes next.
    private var nextChunk = 0
    private var offset = 0
    private var chunkEnd = 0
    private var cursor: SealedChunk.RunCursor?

    /// Number of the stream of the event that the walk is at; the stream count at the end.
    private(set) var stream = -1
    /// Id of that stream; empty at the end.
    private(set) var id: [UInt8] = []

    /// Starts before the first event.
    /// - Parameter count: of walks that there are at once.
    init(_ file: SealedFile, among count: Int = 1) throws(DiskError) {
        self.file = file
        bounds = file.bounds
        memory = try ChunkMemory(dictionary: file.footer.dictionary)
        window = try ChunkWindow(file, among: count)
    }

    /// The event that the walk is at; valid until the next call of `advance`. nil before the first
    /// and behind the last one.
    var event: SealedChunk.Event? { cursor?.event }

    /// Goes on to the next event, or behind the last.
    /// - Throws: `.corrupt` at what is damaged beyond its parity or makes no sense.
    mutating func advance() throws(LogError) {
        if cursor == nil || cursor?.left == 0 {
            guard try beginRun() else { return }
        }
        guard cursor?.advance(&offset, bounds) == true else { throw senseless() }
    }

    /// - Returns: false at the end.
    private mutating func beginRun() throws(LogError) -> Bool {
        cursor = nil
        if offset == chunkEnd {
            guard nextChunk < file.footer.chunkCount else {
                guard stream == file.footer.streamCount - 1 else { throw senseless() }
                stream += 1
                id = []
                return false
            }
            let range = try window.unpack(nextChunk, into: memory)
            nextChunk += 1
            offset = range.lowerBound
            chunkEnd = range.upperBound
        }
        guard let run = SealedChunk.Run(memory.unpacked, &offset, chunkEnd, bounds),
            run.stream == stream || run.stream == stream + 1
        else { throw senseless() }
        if run.stream != stream {
            stream = run.stream
            if stream % Self.streamsAhead == 0 { file.expectStreams(stream, Self.streamsAhead) }
            // The same memory, unless somebody still has the last id.
            id.removeAll(keepingCapacity: true)
            try file.withID(stream) { id.append($0) }
        }
        cursor = SealedChunk.RunCursor(run, memory.unpacked)
        return true
    }

    private func senseless() -> LogError {
        file.nonsense(chunk: max(0, nextChunk - 1), "events of a chunk")
    }
}
