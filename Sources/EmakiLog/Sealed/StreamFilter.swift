import EmakiPlatform

/// Says "not here" about most streams that are not in a sealed file, with one access to memory.
///
/// A Bloom filter in blocks of one cache line (Putze, Sanders, Singler, 2007): the high half of the
/// hash of the id chooses the block, and six pieces of nine bits of the low half, stirred, choose
/// bits in it. At 12 bits a stream about one absent stream in 150 is taken for present.
enum StreamFilter {
    static let blockBytes = 64
    static let bitsPerStream = 12
    private static let probeCount = 6
    private static let stir: UInt64 = 0x9E37_79B9_7F4A_7C15

    static func byteCount(streams: Int) -> Int {
        max(1, (streams * bitsPerStream + blockBytes * 8 - 1) / (blockBytes * 8)) * blockBytes
    }

    /// Marks a stream in a filter of `byteCount` zeroed or marked bytes.
    static func add(_ hash: UInt64, to memory: PageMemory, in range: Range<Int>) {
        let block = range.lowerBound + blockOffset(hash, byteCount: range.count)
        var bits = hash &* stir
        for _ in 0..<probeCount {
            let bit = Int(bits & 511)
            let offset = block + bit / 64 * 8
            memory.store(memory.loadUInt64(at: offset) | 1 << UInt64(bit % 64), at: offset)
            bits >>= 9
        }
    }

    /// False if the stream is certainly not here.
    /// - Parameter block: the 64 bytes at `blockOffset`.
    static func mayContain(_ hash: UInt64, block: RawSpan) -> Bool {
        var bits = hash &* stir
        for _ in 0..<probeCount {
            let bit = Int(bits & 511)
            guard block.loadUInt64(at: bit / 64 * 8) >> UInt64(bit % 64) & 1 == 1 else {
                return false
            }
            bits >>= 9
        }
        return true
    }

    /// Where a stream's block starts.
    static func blockOffset(_ hash: UInt64, byteCount: Int) -> Int {
        let blockCount = UInt64(byteCount / blockBytes)
        return Int(hash.multipliedFullWidth(by: blockCount).high) * blockBytes
    }
}
