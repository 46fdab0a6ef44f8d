import CLZ4

/// LZ4 blocks: how sealed files shrink. The block carries no length of its own; the caller stores
/// both, checks both against its limits, and says here how many bytes must come out.
///
/// Bytes that are known to both sides, the *dictionary*, make small blocks of like contents as
/// small as large ones. They stand right before the contents in memory, when writing and when
/// reading.
package enum Compression {
    /// The most bytes that compressing `byteCount` bytes can take.
    package static func boundBytes(for byteCount: Int) -> Int {
        precondition(byteCount >= 0 && byteCount <= inputBytesMax, "LZ4 takes no more at once")
        return Int(LZ4_compressBound(Int32(byteCount)))
    }

    /// The most bytes that LZ4 takes at once.
    package static let inputBytesMax = 0x7E00_0000
    /// LZ4 looks back no further.
    package static let dictionaryBytesMax = 64 << 10
    /// From fast to small. Reading is as fast for all.
    package static let highLevels = 3...12

    /// Fills the `byteCount` bytes of `target` that follow its first `dictionaryBytes`. Any input
    /// is safe.
    /// - Returns: false if the input is not a block of exactly `byteCount` bytes; then what is in
    ///   the target behind the dictionary means nothing.
    package static func decompress(
        _ bytes: RawSpan, into target: inout MutableRawSpan, after dictionaryBytes: Int = 0,
        expecting byteCount: Int
    ) -> Bool {
        guard dictionaryBytes >= 0, dictionaryBytes <= dictionaryBytesMax,
            dictionaryBytes <= target.byteCount,
            byteCount >= 0, byteCount <= target.byteCount - dictionaryBytes,
            byteCount <= inputBytesMax, !bytes.isEmpty, bytes.byteCount <= Int(Int32.max)
        else { return false }
        // Safe because LZ4 checks every step against the counts it is given.
        let written = unsafe target.withUnsafeMutableBytes { to in
            unsafe bytes.withUnsafeBytes { from in
                let start = unsafe to.bindMemory(to: CChar.self).baseAddress
                return unsafe LZ4_decompress_safe_usingDict(
                    from.bindMemory(to: CChar.self).baseAddress,
                    start.map { unsafe $0 + dictionaryBytes },
                    Int32(from.count), Int32(byteCount), start, Int32(dictionaryBytes))
            }
        }
        return Int(written) == byteCount
    }
}
