/// A hash of bytes whose values are stored on disk, and which therefore never changes.
///
/// Sixteen bytes a step: two little-endian words are mixed into the state by one multiplication
/// of 64 by 64 bits, whose two halves are combined (`fold`). The last one to sixteen bytes are read
/// as two words that may overlap each other or bytes that were already mixed in; the length goes in
/// with the start, so overlapping never makes two inputs look alike. A last multiplication and a
/// xor-shift spread every bit over all. Not made to withstand someone who chooses the input.
package enum StableHash {
    private static let start: UInt64 = 0x9e37_79b9_7f4a_7c15
    private static let lengthFactor: UInt64 = 0xd6e8_feb8_6659_fd93
    private static let laneMask: UInt64 = 0xa076_1d64_78bd_642f
    private static let endMask: UInt64 = 0xe703_7ed1_a0b4_28db
    private static let finalFactor: UInt64 = 0x8ebc_6af0_9c88_c6e3

    package static func hash(_ bytes: RawSpan) -> UInt64 {
        let count = bytes.byteCount
        var state = start ^ (UInt64(count) &* lengthFactor)
        var offset = 0
        while count - offset > 16 {
            state = fold(
                bytes.loadUInt64(at: offset) ^ laneMask, bytes.loadUInt64(at: offset + 8) ^ state)
            offset += 16
        }
        let (first, second) = lastWords(bytes)
        state = fold(first ^ endMask, second ^ state)
        state = fold(state ^ start, finalFactor)
        return state ^ (state >> 32)
    }

    /// The last sixteen bytes, or all of fewer, as two words.
    private static func lastWords(_ bytes: RawSpan) -> (UInt64, UInt64) {
        let count = bytes.byteCount
        if count >= 16 {
            return (bytes.loadUInt64(at: count - 16), bytes.loadUInt64(at: count - 8))
        }
        if count >= 8 {
            return (bytes.loadUInt64(at: 0), bytes.loadUInt64(at: count - 8))
        }
        if count >= 4 {
            return (UInt64(bytes.loadUInt32(at: 0)), UInt64(bytes.loadUInt32(at: count - 4)))
        }
        if count == 0 { return (0, 0) }
        let middle = UInt64(bytes.loadUInt8(at: count / 2))
        let ends = UInt64(bytes.loadUInt8(at: 0)) << 8 | UInt64(bytes.loadUInt8(at: count - 1))
        return (ends, middle)
    }

    /// Both halves of the product, combined.
    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
