import EmakiPlatform

/// Numbers of as many bits as the largest of them needs, one right after the other, each from its
/// lowest bit on. Seven bytes of zeros follow, so that eight bytes can be loaded wherever one
/// starts.
struct PackedNumbers: Equatable {
    private static let tailBytes = 7

    let bitCount: Int

    init(largest: UInt32) { bitCount = max(1, UInt32.bitWidth - largest.leadingZeroBitCount) }

    func byteCount(of count: Int) -> Int { (count * bitCount + 7) / 8 + Self.tailBytes }

    /// Where the eight bytes start that hold a number.
    func offset(of index: Int) -> Int { index * bitCount / 8 }

    /// - Parameter word: the eight bytes at `offset(of:)`.
    func number(_ index: Int, in word: UInt64) -> UInt32 {
        let mask: UInt64 = 1 << UInt64(bitCount) - 1
        return UInt32(word >> UInt64(index * bitCount % 8) & mask)
    }

    /// Packs `count` numbers, and hands over the bytes in pieces of bounded size.
    /// - Parameter number: gives each.
    func pack(
        _ count: Int, number: (Int) -> UInt32, _ write: (RawSpan) throws(DiskError) -> Void
    ) throws(DiskError) {
        let piece = try PageMemory(heapBytes: 4096 + Self.tailBytes)
        var filled = 0
        var bits: UInt64 = 0
        var bitsHeld = 0
        for index in 0..<count {
            bits |= UInt64(number(index)) << UInt64(bitsHeld)
            bitsHeld += bitCount
            while bitsHeld >= 8 {
                piece.store(UInt8(truncatingIfNeeded: bits), at: filled)
                filled += 1
                bits >>= 8
                bitsHeld -= 8
            }
            if filled >= 4096 - 8 {
                try piece.withBytes(in: 0..<filled, write)
                filled = 0
            }
        }
        if bitsHeld > 0 {
            piece.store(UInt8(truncatingIfNeeded: bits), at: filled)
            filled += 1
        }
        piece.zero(filled..<filled + Self.tailBytes)
        try piece.withBytes(in: 0..<filled + Self.tailBytes, write)
    }
}
