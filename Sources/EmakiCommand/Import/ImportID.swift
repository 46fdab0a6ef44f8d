import EmakiLog
import EmakiPlatform

/// The id of an imported event: a hash of stream, version and bytes, so that importing again finds
/// every event where it is and stores nothing twice.
enum ImportID {
    static func of(_ payload: [UInt8], in stream: StreamID, version: UInt64) -> EventID {
        EventID(
            low: half(1, payload, stream, version), high: half(2, payload, stream, version))
    }

    /// Two hashes of 64 bits that start from different bytes are as good as one of 128.
    private static func half(
        _ start: UInt8, _ payload: [UInt8], _ stream: StreamID, _ version: UInt64
    ) -> UInt64 {
        var bytes: [UInt8] = [start]
        bytes.reserveCapacity(payload.count + 300)
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: version >> UInt64(shift)))
        }
        // Its length goes first, so that no stream and payload read like another pair.
        bytes.append(UInt8(truncatingIfNeeded: stream.text.utf8.count))
        bytes += stream.text.utf8
        bytes += payload
        return bytes.withRawSpan { StableHash.hash($0) }
    }
}
