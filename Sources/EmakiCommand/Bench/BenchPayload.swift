import EmakiPlatform

/// SplitMix64: the benchmark contract's only source of randomness, so that every engine's program
/// makes the same bytes.
enum SplitMix {
    static func mix64(_ number: UInt64) -> UInt64 {
        var mixed = number &+ 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// The payloads of the benchmark contract: JSON-like text that compresses as real histories do, and
/// that names its own stream and version, so that a reader can check what it reads.
///
/// Payload of (stream s, version v): one of 16,384 texts, chosen by a hash of both, with the 16
/// hexadecimal digits of s at offset 6 and the 8 of v at offset 29.
struct BenchPayload: Sendable {
    let payloadBytes: Int
    /// All texts, one after the other.
    private let pool: [UInt8]

    private static let poolCount = 16_384
    private static let streamOffset = 6
    private static let versionOffset = 29
    /// Room for the longest text before the letters, one letter, and the end.
    static let payloadBytesMin = 160

    private static let types = [
        "ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskCompleted", "TimerStarted",
        "TimerFired", "WorkflowTaskCompleted", "SignalReceived", "ChildWorkflowStarted",
    ]
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    init(payloadBytes: Int) {
        precondition(payloadBytes >= Self.payloadBytesMin, "the ids and the end fit in")
        self.payloadBytes = payloadBytes
        var pool: [UInt8] = []
        pool.reserveCapacity(Self.poolCount * payloadBytes)
        for index in 0..<Self.poolCount {
            Self.appendText(UInt64(index), payloadBytes, to: &pool)
        }
        self.pool = pool
    }

    private static func appendText(_ index: UInt64, _ byteCount: Int, to pool: inout [UInt8]) {
        let end = pool.count + byteCount
        let random = SplitMix.mix64(index)
        let day = padded(SplitMix.mix64(random) % 100_000_000, digits: 8)
        let millisecond = padded((random >> 20) % 1000, digits: 3)
        let worker = padded((random >> 12) % 32, digits: 2)
        pool += #"{"s":"0000000000000000","v":"00000000","type":""#.utf8
        pool += types[Int(random & 7)].utf8
        pool += "\",\"ts\":17\(day)\(millisecond),\"attempt\":\((random >> 8) % 3)".utf8
        pool += ",\"worker\":\"worker-\(worker)\",\"result\":\"".utf8
        var state = random
        while pool.count < end - 2 {
            state = SplitMix.mix64(state)
            var bits = state
            for _ in 0..<min(10, end - 2 - pool.count) {
                pool.append(letters[Int(bits & 63)])
                bits >>= 6
            }
        }
        pool += #""}"#.utf8
    }

    private static func padded(_ number: UInt64, digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// Overwrites `payload`, which has `payloadBytes` bytes. Allocates nothing if nobody else holds
    /// the array.
    func fill(_ payload: inout [UInt8], stream: UInt64, version: UInt64) {
        let index = Int(
            SplitMix.mix64(131 &* stream &+ version) % UInt64(Self.poolCount))
        payload.withMutableRawSpan { target in
            pool.withRawSpan { pool in
                let text = pool.extracting(index * payloadBytes..<(index + 1) * payloadBytes)
                target.copy(text, at: 0)
            }
            target.store(Self.hexDigits(UInt32(stream >> 32)), at: Self.streamOffset)
            target.store(
                Self.hexDigits(UInt32(truncatingIfNeeded: stream)), at: Self.streamOffset + 8)
            target.store(
                Self.hexDigits(UInt32(truncatingIfNeeded: version)), at: Self.versionOffset)
        }
    }

    /// Whether a payload names this stream and version.
    static func check(_ payload: RawSpan, stream: UInt64, version: UInt64) -> Bool {
        guard payload.byteCount >= payloadBytesMin else { return false }
        return payload.loadUInt64(at: streamOffset) == hexDigits(UInt32(stream >> 32))
            && payload.loadUInt64(at: streamOffset + 8)
                == hexDigits(UInt32(truncatingIfNeeded: stream))
            && payload.loadUInt64(at: versionOffset)
                == hexDigits(UInt32(truncatingIfNeeded: version))
    }

    /// The eight hexadecimal digits of a number as eight bytes of text, first digit in the lowest
    /// byte. All digits at once: this runs for every event of the measured loop.
    private static func hexDigits(_ number: UInt32) -> UInt64 {
        var digits = UInt64(number)
        digits = (digits | digits << 16) & 0x0000_ffff_0000_ffff
        digits = (digits | digits << 8) & 0x00ff_00ff_00ff_00ff
        digits = (digits | digits << 4) & 0x0f0f_0f0f_0f0f_0f0f
        // 0x06 carries a digit above nine into the next half byte, which marks it as a letter.
        let isLetter = ((digits &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return (digits &+ 0x3030_3030_3030_3030 &+ isLetter &* 39).byteSwapped
    }
}
