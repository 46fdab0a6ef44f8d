import EmakiPlatform

/// Finds a stream of a sealed file by the hash of its id: slots of 4 bytes, each with the number of
/// a stream or all ones. A stream lies in the slot that its hash chooses, or in the first free one
/// after it (the first follows the last). A third of the slots stay free.
enum StreamTable {
    static let slotBytes = 4
    static let free = UInt32.max

    static func slotCount(streams: Int) -> Int { streams + streams / 2 + 1 }

    static func byteCount(streams: Int) -> Int { slotCount(streams: streams) * slotBytes }

    /// The slot where the search for a stream starts.
    static func firstSlot(_ hash: UInt64, slotCount: Int) -> Int {
        Int(hash.multipliedFullWidth(by: UInt64(slotCount)).high)
    }

    /// The table of streams with these hashes, in the order of their numbers.
    static func make(_ hashes: ContiguousArray<UInt64>) throws(DiskError) -> PageMemory {
        let slotCount = slotCount(streams: hashes.count)
        let memory = try PageMemory(byteCount: slotCount * slotBytes)
        for slot in 0..<slotCount { memory.store(free, at: slot * slotBytes) }
        for (number, hash) in hashes.enumerated() {
            var slot = firstSlot(hash, slotCount: slotCount)
            while memory.loadUInt32(at: slot * slotBytes) != free {
                slot = slot + 1 == slotCount ? 0 : slot + 1
            }
            memory.store(UInt32(number), at: slot * slotBytes)
        }
        return memory
    }
}
