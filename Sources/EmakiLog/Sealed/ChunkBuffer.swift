import EmakiPlatform

/// Bytes that grow at their end: a chunk or a section of a sealed file while it is made.
struct ChunkBuffer {
    private(set) var memory: PageMemory
    /// Behind the last byte, in the memory.
    private var end: Int
    /// Room in front of the bytes, which the owner uses.
    let start: Int

    init(capacity: Int, behind reservedBytes: Int = 0) throws(DiskError) {
        memory = try Self.memory(reservedBytes + max(capacity, 4096))
        start = reservedBytes
        end = reservedBytes
    }

    private static func memory(_ byteCount: Int) throws(DiskError) -> PageMemory {
        // What is small comes and goes.
        byteCount <= 64 << 10
            ? try PageMemory(heapBytes: byteCount) : try PageMemory(byteCount: byteCount)
    }

    var count: Int { end - start }
    /// In the memory.
    var range: Range<Int> { start..<end }

    mutating func removeAll() { end = start }

    mutating func append(_ bytes: RawSpan) throws(DiskError) {
        try makeRoom(bytes.byteCount)
        memory.copy(bytes, at: end)
        end += bytes.byteCount
    }

    mutating func append(_ value: UInt32) throws(DiskError) {
        try makeRoom(4)
        memory.store(value, at: end)
        end += 4
    }

    mutating func append(_ value: UInt64) throws(DiskError) {
        try makeRoom(8)
        memory.store(value, at: end)
        end += 8
    }

    mutating func appendZeros(_ byteCount: Int) throws(DiskError) {
        try makeRoom(byteCount)
        memory.zero(end..<end + byteCount)
        end += byteCount
    }

    /// Seven bits a byte, the lowest first; all bytes but the last have their top bit set.
    mutating func appendVarint(_ value: UInt64) throws(DiskError) {
        try makeRoom(Varint.byteCountMax)
        var rest = value
        while rest >= 0x80 {
            memory.store(UInt8(truncatingIfNeeded: rest) | 0x80, at: end)
            end += 1
            rest >>= 7
        }
        memory.store(UInt8(rest), at: end)
        end += 1
    }

    @inline(__always)
    private mutating func makeRoom(_ byteCount: Int) throws(DiskError) {
        if memory.byteCount - end < byteCount { try grow(byteCount) }
    }

    @inline(never)
    private mutating func grow(_ byteCount: Int) throws(DiskError) {
        let larger = try Self.memory(max(memory.byteCount * 2, end + byteCount))
        memory.withBytes(in: 0..<end) { larger.copy($0, at: 0) }
        memory = larger
    }
}

/// Reading of numbers that `ChunkBuffer.appendVarint` wrote, from bytes that nobody vouches for.
enum Varint {
    /// A number of 64 bits takes so many at most.
    static let byteCountMax = 10

    /// Bytes that a number takes.
    static func byteCount(_ value: UInt64) -> Int {
        max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7)
    }

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
        // Lengths of payloads mostly have two.
        if offset + 1 < end {
            let second = memory.loadUInt8(at: offset + 1)
            if second < 0x80 {
                offset += 2
                return UInt64(byte & 0x7F) | UInt64(second) << 7
            }
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
        }
        return nil
    }
}
