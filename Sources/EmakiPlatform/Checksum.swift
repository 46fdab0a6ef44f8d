import CEmaki

/// CRC32C, which finds every burst of up to 32 flipped bits and which CPUs compute by themselves.
package enum Checksum {
    /// `crc32c(b, seed: crc32c(a))` is the checksum of `a` followed by `b`.
    package static func crc32c(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
        // Safe because the buffer is valid for its count and only read.
        unsafe bytes.withUnsafeBytes { unsafe emaki_crc32c(seed, $0.baseAddress, $0.count) }
    }

    /// The same without the CPU's instructions: slow, and only there to compare.
    static func crc32cByTable(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
        // Safe because the buffer is valid for its count and only read.
        unsafe bytes.withUnsafeBytes { unsafe emaki_crc32c_table(seed, $0.baseAddress, $0.count) }
    }

    /// Whether this CPU computes the checksum by itself.
    package static var isHardware: Bool { emaki_crc32c_is_hardware() }
}
