import EmakiPlatform

/// STORE: what was chosen when the store was made. Never changes, but for what `emaki probe`
/// measures.
///
///     offset  bytes   (from the start of the contents, see `TwinFile`)
///        0     16   store id
///       16      8   segment bytes
///       24      8   largest batch
///       32      4   block bytes
///       36      1   sync method: 1 direct, 2 data sync, 3 full sync
///       37      3   zero
///       40      8   F: median ns of a durable block write when probed, 0 = not probed
///       48      8   instant of creation, ns since 1970
package struct StoreFile: Equatable, Sendable {
    /// The format of every file of a store. Below 1,000 it is a draft: no later version reads it.
    static let formatVersion: UInt32 = 4
    static let contentBytes = 56
    static let twin = TwinFile(
        name: "STORE", magic: 0x524F_5453_4B41_4D45, byteCountMax: 2 * TwinFile.unit)

    var storeID: Bits128
    var layout: SegmentLayout
    var batchBytesMax: Int
    var syncMethod: SyncMethod
    var rawLatency: Int64
    var createdAt: Int64

    static func read(in files: any FileSystem) throws(LogError) -> (StoreFile, isHalfBad: Bool) {
        let contents = try twin.read(in: files)
        guard contents.range.count == contentBytes else {
            throw twin.corrupt(.wrongSize, "\(contents.range.count) bytes of contents")
        }
        guard let store = StoreFile(from: contents.memory, at: contents.range.lowerBound) else {
            throw twin.corrupt(.badHeader, "sizes or sync method outside their limits")
        }
        return (store, contents.isHalfBad)
    }

    func write(in files: any FileSystem) throws(DiskError) {
        let memory = try Self.twin.encode(contentBytes: Self.contentBytes) { memory, offset in
            encode(into: memory, at: offset)
        }
        try Self.twin.replace(with: memory, in: files)
    }

    func encode(into memory: PageMemory, at offset: Int) {
        storeID.encode(into: memory, at: offset)
        memory.store(UInt64(layout.segmentBytes), at: offset + 16)
        memory.store(UInt64(batchBytesMax), at: offset + 24)
        memory.store(UInt32(layout.blockBytes), at: offset + 32)
        memory.store(syncMethod.rawValue, at: offset + 36)
        memory.store(UInt64(bitPattern: rawLatency), at: offset + 40)
        memory.store(UInt64(bitPattern: createdAt), at: offset + 48)
    }

    init(
        storeID: Bits128, layout: SegmentLayout, batchBytesMax: Int, syncMethod: SyncMethod,
        rawLatency: Int64, createdAt: Int64
    ) {
        self.storeID = storeID
        self.layout = layout
        self.batchBytesMax = batchBytesMax
        self.syncMethod = syncMethod
        self.rawLatency = rawLatency
        self.createdAt = createdAt
    }

    /// - Returns: nil if sizes or the sync method are outside their limits.
    init?(from memory: PageMemory, at offset: Int) {
        let segmentBytes = memory.loadUInt64(at: offset + 16)
        let batchBytesMax = memory.loadUInt64(at: offset + 24)
        let blockBytes = Int(memory.loadUInt32(at: offset + 32))
        guard segmentBytes <= UInt64(Limits.segmentBytes.upperBound),
            let syncMethod = SyncMethod(rawValue: memory.loadUInt8(at: offset + 36)),
            StoreOptions.isPossible(segmentBytes: Int(segmentBytes), blockBytes: blockBytes)
        else { return nil }
        layout = SegmentLayout(blockBytes: blockBytes, segmentBytes: Int(segmentBytes))
        guard batchBytesMax <= UInt64(layout.batchBytesMax) else { return nil }
        storeID = Bits128(from: memory, at: offset)
        self.batchBytesMax = Int(batchBytesMax)
        self.syncMethod = syncMethod
        rawLatency = Int64(bitPattern: memory.loadUInt64(at: offset + 40))
        createdAt = Int64(bitPattern: memory.loadUInt64(at: offset + 48))
    }
}

extension StoreOptions {
    /// Sizes that a store can have: powers of two within their limits.
    static func isPossible(segmentBytes: Int, blockBytes: Int) -> Bool {
        func isPowerOfTwo(_ value: Int) -> Bool { value > 0 && value & (value - 1) == 0 }
        return isPowerOfTwo(segmentBytes) && Limits.segmentBytes.contains(segmentBytes)
            && isPowerOfTwo(blockBytes) && Limits.blockBytes.contains(blockBytes)
            && segmentBytes >= 8 * blockBytes
    }
}
