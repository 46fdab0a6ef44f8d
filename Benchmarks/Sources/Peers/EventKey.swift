/// The key of an event where keys are bytes: both numbers with their first digit first, so that the
/// events of a stream are beside one another, in order.
struct EventKey {
    static let byteCount = 12
    private var bytes: (UInt64, UInt32)

    init(_ stream: UInt64, _ version: UInt64) {
        bytes = (stream.bigEndian, UInt32(truncatingIfNeeded: version).bigEndian)
    }

    /// Both numbers lie one behind the other, without a gap.
    mutating func withBytes<R>(_ body: (UnsafeMutablePointer<CChar>) throws -> R) rethrows -> R {
        try withUnsafeMutableBytes(of: &bytes) { all in
            guard let start = all.baseAddress else { preconditionFailure("a key has bytes") }
            return try body(start.assumingMemoryBound(to: CChar.self))
        }
    }

    /// Of memory that may belong to anybody.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> (stream: UInt64, version: UInt64)? {
        guard bytes.count == byteCount else { return nil }
        let stream = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        let version = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        return (stream, UInt64(version))
    }
}
