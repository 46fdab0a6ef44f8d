import EmakiPlatform

/// What reading a chunk needs: room for its bytes as they are stored, and for what it becomes.
///
/// `unpacked` has the id of the stream that is read, then the dictionary, and right after it the
/// bytes of the chunk as they were before compression. Events are lent from there, so it also keeps
/// the file that they are of, as long as somebody keeps one of them.
final class ChunkMemory {
    fileprivate(set) var packed: PageMemory
    fileprivate(set) var unpacked: PageMemory
    private let dictionary: [UInt8]

    /// Enough for most chunks; larger ones get more when they come.
    private static let startBytes = 4 << 10
    /// For the length of an id, and an id.
    private static let idRoomBytes = 1 + Limits.streamIDBytesMax

    init(dictionary: [UInt8]) throws(DiskError) {
        self.dictionary = dictionary
        packed = try PageMemory(heapBytes: Self.startBytes)
        unpacked = try Self.unpacked(dictionary, byteCount: 2 * Self.startBytes)
    }

    private static func unpacked(
        _ dictionary: [UInt8], byteCount: Int
    ) throws(DiskError) -> PageMemory {
        let memory = try PageMemory(heapBytes: idRoomBytes + dictionary.count + byteCount)
        dictionary.withRawSpan { memory.copy($0, at: idRoomBytes) }
        return memory
    }

    /// Where the dictionary and a chunk start in `unpacked`.
    var dictionaryStart: Int { Self.idRoomBytes }
    var start: Int { Self.idRoomBytes + dictionary.count }
    var byteCount: Int { packed.byteCount + unpacked.byteCount }

    func makeRoom(stored: Int, unpacked unpackedBytes: Int) throws(DiskError) {
        // A little more than asked: chunks of one file are much alike.
        if packed.byteCount < stored {
            packed = try PageMemory(heapBytes: stored + stored / 4)
        }
        if unpacked.byteCount < start + unpackedBytes {
            try replace(byteCount: unpackedBytes + unpackedBytes / 4)
        }
    }

    /// Makes sure that nobody else holds what the next chunk will be written to.
    func separate() throws(DiskError) {
        if !isAlone { try replace(byteCount: unpacked.byteCount - start) }
    }

    fileprivate var isAlone: Bool { isKnownUniquelyReferenced(&unpacked) }

    /// The stream and the file stay what they were.
    private func replace(byteCount: Int) throws(DiskError) {
        let memory = try Self.unpacked(dictionary, byteCount: byteCount)
        unpacked.withBytes(in: 0..<Self.idRoomBytes) { memory.copy($0, at: 0) }
        memory.companion = unpacked.companion
        unpacked = memory
    }

    // MARK: The stream

    /// The events that are read next are of this stream.
    func setID(_ id: RawSpan) {
        unpacked.store(UInt8(id.byteCount), at: 0)
        unpacked.copy(id, at: 1)
    }

    /// Where a memory that chunks are unpacked to has the id of the stream.
    static func idRange(in unpacked: PageMemory) -> Range<Int> {
        1..<1 + Int(unpacked.loadUInt8(at: 0))
    }
}

/// Memory for reading chunks of one file, used again and again.
///
/// Events that a reader keeps keep their chunk's memory: that is left to them.
final class ChunkMemoryPool: @unchecked Sendable {
    /// Readers at once for which memory is kept, and how much for each.
    private static let keptCountMax = 8
    private static let keptBytesMax = 128 << 10

    private let dictionary: [UInt8]
    private let lock = Lock()
    /// Guarded by `lock`.
    private var kept: [ChunkMemory] = []

    init(dictionary: [UInt8]) { self.dictionary = dictionary }

    /// - Parameter owner: whose events are lent from the memory; kept by it until it comes back.
    func take(for owner: AnyObject) throws(DiskError) -> ChunkMemory {
        let known = lock.withLock { kept.popLast() }
        let memory = if let known { known } else { try ChunkMemory(dictionary: dictionary) }
        memory.unpacked.companion = owner
        return memory
    }

    func giveBack(_ memory: ChunkMemory) {
        guard memory.byteCount <= Self.keptBytesMax, memory.isAlone else { return }
        // The owner has this pool, and neither may keep the other.
        memory.unpacked.companion = nil
        lock.withLock { if kept.count < Self.keptCountMax { kept.append(memory) } }
    }
}
