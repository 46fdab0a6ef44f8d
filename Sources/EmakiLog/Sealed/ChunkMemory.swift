import EmakiPlatform

/// What reading a chunk needs: room for its bytes as they are stored, and for the dictionary and,
/// right after it, the bytes as they were before compression.
final class ChunkMemory {
    fileprivate(set) var packed: PageMemory
    fileprivate(set) var unpacked: PageMemory
    private let dictionary: [UInt8]

    /// Enough for most chunks; larger ones get more when they come.
    private static let startBytes = 4 << 10

    init(dictionary: [UInt8]) throws(DiskError) {
        self.dictionary = dictionary
        packed = try PageMemory(heapBytes: Self.startBytes)
        unpacked = try Self.unpacked(dictionary, byteCount: 2 * Self.startBytes)
    }

    private static func unpacked(
        _ dictionary: [UInt8], byteCount: Int
    ) throws(DiskError) -> PageMemory {
        let memory = try PageMemory(heapBytes: dictionary.count + byteCount)
        dictionary.withRawSpan { memory.copy($0, at: 0) }
        return memory
    }

    /// Where a chunk starts in `unpacked`.
    var start: Int { dictionary.count }
    var byteCount: Int { packed.byteCount + unpacked.byteCount }

    func makeRoom(stored: Int, unpacked unpackedBytes: Int) throws(DiskError) {
        // A little more than asked: chunks of one file are much alike.
        if packed.byteCount < stored {
            packed = try PageMemory(heapBytes: stored + stored / 4)
        }
        if unpacked.byteCount < dictionary.count + unpackedBytes {
            unpacked = try Self.unpacked(
                dictionary, byteCount: unpackedBytes + unpackedBytes / 4)
        }
    }

    /// Makes sure that nobody else holds what the next chunk will be written to.
    fileprivate func separate() throws(DiskError) {
        guard !isKnownUniquelyReferenced(&unpacked) else { return }
        unpacked = try Self.unpacked(dictionary, byteCount: unpacked.byteCount - dictionary.count)
    }
}

/// Memory for reading chunks of one file, used again and again.
///
/// Events that a reader keeps keep their chunk's memory: that is left to them, and replaced.
final class ChunkMemoryPool: @unchecked Sendable {
    /// Readers at once for which memory is kept, and how much for each.
    private static let keptCountMax = 8
    private static let keptBytesMax = 128 << 10

    private let dictionary: [UInt8]
    private let lock = Lock()
    /// Guarded by `lock`.
    private var kept: [ChunkMemory] = []

    init(dictionary: [UInt8]) { self.dictionary = dictionary }

    func take() throws(DiskError) -> ChunkMemory {
        if let memory = lock.withLock({ kept.popLast() }) {
            try memory.separate()
            return memory
        }
        return try ChunkMemory(dictionary: dictionary)
    }

    func giveBack(_ memory: ChunkMemory) {
        guard memory.byteCount <= Self.keptBytesMax else { return }
        lock.withLock { if kept.count < Self.keptCountMax { kept.append(memory) } }
    }
}
