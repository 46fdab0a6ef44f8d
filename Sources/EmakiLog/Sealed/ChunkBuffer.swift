import EmakiPlatform

/// Bytes that grow at their end: a chunk or a section of a sealed file while it is made.
struct ChunkBuffer {
    private(set) var memory: PageMemory
    private(set) var count = 0

    init(capacity: Int) throws(DiskError) {
        memory = try PageMemory(byteCount: max(capacity, 4096))
    }

    var range: Range<Int> { 0..<count }

    mutating func removeAll() { count = 0 }

    mutating func append(_ bytes: RawSpan) throws(DiskError) {
        try makeRoom(bytes.byteCount)
        memory.copy(bytes, at: count)
        count += bytes.byteCount
    }

    mutating func append(_ value: UInt8) throws(DiskError) {
        try makeRoom(1)
        memory.store(value, at: count)
        count += 1
    }

    mutating func append(_ value: UInt32) throws(DiskError) {
        try makeRoom(4)
        memory.store(value, at: count)
        count += 4
    }

    mutating func append(_ value: UInt64) throws(DiskError) {
        try makeRoom(8)
        memory.store(value, at: count)
        count += 8
    }

    mutating func appendZeros(_ byteCount: Int) throws(DiskError) {
        try makeRoom(byteCount)
        memory.zero(count..<count + byteCount)
        count += byteCount
    }

    /// Seven bits a byte, the lowest first; all bytes but the last have their top bit set.
    mutating func appendVarint(_ value: UInt64) throws(DiskError) {
        try makeRoom(Varint.byteCountMax)
        var rest = value
        while rest >= 0x80 {
            memory.store(UInt8(truncatingIfNeeded: rest) | 0x80, at: count)
            count += 1
            rest >>= 7
        }
        memory.store(UInt8(rest), at: count)
        count += 1
    }

    private mutating func makeRoom(_ byteCount: Int) throws(DiskError) {
        guard memory.byteCount - count < byteCount else { return }
        let larger = try PageMemory(byteCount: max(memory.byteCount * 2, count + byteCount))
        memory.withBytes(in: range) { larger.copy($0, at: 0) }
        memory = larger
    }
}

/// Reading of numbers that `ChunkBuffer.appendVarint` wrote, from bytes that nobody vouches for.
enum Varint {
    /// A number of 64 bits takes so many at most.
    static let byteCountMax = 10

    /// - Parameter offset: moved behind the number.
    /// - Returns: nil if the bytes end inside, or if it is no number of 64 bits.
    @inline(__always)
    static func read(from memory: PageMemory, at offset: inout Int, end: Int) -> UInt64? {
        guard offset < end else { return nil }
        let byte = memory.loadUInt8(at: offset)
        guard byte >= 0x80 else {
            offset += 1
            return UInt64(byte)
        }
        return readLong(from: memory, at: &offset, end: end)
    }

    @inline(never)
    private static func readLong(
        from memory: PageMemory, at offset: inout Int, end: Int
    ) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = memory.loadUInt8(at: offset)
            offset += 1
            // The tenth byte has room for one bit.
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { return nil }
        }
        return nil
    }
}
