/// What a fuzzer was given, taken from the front; zeros once it is used up.
struct FuzzInput {
    private let bytes: [UInt8]
    private var next = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isEmpty: Bool { next >= bytes.count }
    var left: Int { bytes.count - next }

    mutating func byte() -> UInt8 {
        guard next < bytes.count else { return 0 }
        defer { next += 1 }
        return bytes[next]
    }

    mutating func number16() -> Int { Int(byte()) | Int(byte()) << 8 }

    mutating func take(_ count: Int) -> [UInt8] {
        let end = min(bytes.count, next + count)
        defer { next = end }
        return Array(bytes[next..<end])
    }

    mutating func rest() -> [UInt8] { take(left) }
}
