import CLZ4

/// LZ4 blocks: how sealed files shrink. The block carries no length of its own; the caller stores
/// both, checks both against its limits, and says here how many bytes must come out.
package enum Compression {
    /// The most bytes that compressing `byteCount` bytes can take.
    package static func boundBytes(for byteCount: Int) -> Int {
        precondition(byteCount >= 0 && byteCount <= inputBytesMax, "LZ4 takes no more at once")
        return Int(LZ4_compressBound(Int32(byteCount)))
    }

    /// The most bytes that LZ4 takes at once.
    package static let inputBytesMax = 0x7E00_0000

    /// - Returns: how many bytes were written, or nil if they do not fit.
    package static func compress(_ bytes: RawSpan, into target: inout MutableRawSpan) -> Int? {
        // Safe because LZ4 stays within the two counts it is given.
        unsafe compress(bytes, into: &target) { from, to, fromBytes, toBytes in
            unsafe LZ4_compress_default(from, to, fromBytes, toBytes)
        }
    }

    /// Smaller and much slower; reading is as fast. `level` is 3...12.
    /// - Returns: how many bytes were written, or nil if they do not fit.
    package static func compressHigh(
        _ bytes: RawSpan, into target: inout MutableRawSpan, level: Int = 9
    ) -> Int? {
        precondition(level >= 3 && level <= 12, "LZ4 knows the levels 3 to 12")
        // Safe because LZ4 stays within the two counts it is given.
        return unsafe compress(bytes, into: &target) { from, to, fromBytes, toBytes in
            unsafe LZ4_compress_HC(from, to, fromBytes, toBytes, Int32(level))
        }
    }

    /// Fills the first `byteCount` bytes of `target`. Any input is safe.
    /// - Returns: false if the input is not a block of exactly `byteCount` bytes; then what is in
    ///   the target means nothing.
    package static func decompress(
        _ bytes: RawSpan, into target: inout MutableRawSpan, expecting byteCount: Int
    ) -> Bool {
        guard byteCount >= 0, byteCount <= target.byteCount, byteCount <= inputBytesMax,
            !bytes.isEmpty, bytes.byteCount <= Int(Int32.max)
        else { return false }
        // Safe because LZ4 checks every step against the two counts it is given.
        let written = unsafe target.withUnsafeMutableBytes { to in
            unsafe bytes.withUnsafeBytes { from in
                unsafe LZ4_decompress_safe(
                    from.bindMemory(to: CChar.self).baseAddress,
                    to.bindMemory(to: CChar.self).baseAddress,
                    Int32(from.count), Int32(byteCount))
            }
        }
        return Int(written) == byteCount
    }

    private typealias Call = (
        UnsafePointer<CChar>?, UnsafeMutablePointer<CChar>?, Int32, Int32
    ) -> Int32

    private static func compress(
        _ bytes: RawSpan, into target: inout MutableRawSpan, by call: Call
    ) -> Int? {
        guard bytes.byteCount <= inputBytesMax, !target.isEmpty else { return nil }
        let targetBytes = Int32(clamping: target.byteCount)
        // Safe because the buffers do not leave the closures.
        let written = unsafe target.withUnsafeMutableBytes { to in
            unsafe bytes.withUnsafeBytes { from in
                unsafe call(
                    from.bindMemory(to: CChar.self).baseAddress,
                    to.bindMemory(to: CChar.self).baseAddress,
                    Int32(from.count), targetBytes)
            }
        }
        return written > 0 ? Int(written) : nil
    }
}
