/// SplitMix64: the only source of randomness, so that every program makes the same bytes.
package func mix64(_ number: UInt64) -> UInt64 {
    var mixed = number &+ 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
}

/// The payloads of the benchmark contract: text like JSON that names its own stream and version.
package struct Payload: Sendable {
    package let byteCount: Int
    /// All texts, one after the other.
    private let pool: [UInt8]

    private static let poolCount = 16_384
    private static let streamOffset = 6
    private static let versionOffset = 29
    package static let byteCountMin = 160

    private static let types = [
        "ActivityTaskScheduled", "ActivityTaskStarted", "ActivityTaskCompleted", "TimerStarted",
        "TimerFired", "WorkflowTaskCompleted", "SignalReceived", "ChildWorkflowStarted",
    ]
    private static let letters = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let digits = Array("0123456789abcdef".utf8)

    package init(byteCount: Int) {
        precondition(byteCount >= Self.byteCountMin, "the ids and the end fit in")
        self.byteCount = byteCount
        var pool: [UInt8] = []
        pool.reserveCapacity(Self.poolCount * byteCount)
        for index in 0..<UInt64(Self.poolCount) { Self.add(index, byteCount, to: &pool) }
        self.pool = pool
    }

    private static func add(_ index: UInt64, _ byteCount: Int, to pool: inout [UInt8]) {
        let end = pool.count + byteCount
        let random = mix64(index)
        let time = padded(mix64(random) % 100_000_000, 8) + padded((random >> 20) % 1000, 3)
        let type = types[Int(random & 7)]
        let worker = padded((random >> 12) % 32, 2)
        pool += #"{"s":"0000000000000000","v":"00000000","type":"\#(type)","ts":17\#(time)"#.utf8
        pool += #","attempt":\#((random >> 8) % 3),"worker":"worker-\#(worker)","result":""#.utf8
        var state = random
        while pool.count < end - 2 {
            state = mix64(state)
            for letter in 0..<min(10, end - 2 - pool.count) {
                pool.append(letters[Int((state >> UInt64(6 * letter)) & 63)])
            }
        }
        pool += #""}"#.utf8
    }

    private static func padded(_ number: UInt64, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// Writes the payload of a stream's version into memory of `byteCount` bytes.
    package func fill(_ target: UnsafeMutableRawBufferPointer, stream: UInt64, version: UInt64) {
        let index = Int(mix64(131 &* stream &+ version) % UInt64(Self.poolCount))
        pool.withUnsafeBytes { pool in
            let text = pool[index * byteCount..<(index + 1) * byteCount]
            target.copyBytes(from: text)
        }
        Self.put(stream, digits: 16, into: target, at: Self.streamOffset)
        Self.put(version, digits: 8, into: target, at: Self.versionOffset)
    }

    private static func put(
        _ number: UInt64, digits count: Int, into target: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) {
        for place in 0..<count {
            let shift = UInt64(4 * (count - 1 - place))
            target[offset + place] = digits[Int((number >> shift) & 15)]
        }
    }

    /// Whether a payload names this stream and version.
    package static func isOf(
        _ payload: UnsafeRawBufferPointer, stream: UInt64, version: UInt64
    ) -> Bool {
        guard payload.count >= byteCountMin else { return false }
        func number(at offset: Int, digits count: Int) -> UInt64? {
            UInt64(String(decoding: payload[offset..<offset + count], as: UTF8.self), radix: 16)
        }
        return number(at: streamOffset, digits: 16) == stream
            && number(at: versionOffset, digits: 8) == version
    }
}
