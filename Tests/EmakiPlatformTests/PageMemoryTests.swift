import EmakiPlatform
import Testing

@Suite("Page memory")
struct PageMemoryTests {
    @Test("it starts zeroed on a page, and touching it beforehand keeps what was stored")
    func zeroed() throws {
        let memory = try PageMemory(byteCount: 10_000)
        #expect(memory.byteCount == 10_000)
        memory.store(UInt64.max, at: 9_992)
        memory.prefault(4096..<10_000)
        memory.prefault(0..<10_000)
        memory.withBytes(in: 0..<10_000) { bytes in
            expect(bytes.isZero(in: 0..<9_992))
            #expect(bytes.loadUInt64(at: 9_992) == .max)
            // Safe because the address is only looked at.
            unsafe bytes.withUnsafeBytes { #expect(UInt(bitPattern: $0.baseAddress) % 4096 == 0) }
        }
    }

    @Test("numbers and copies are where they were put")
    func storing() throws {
        let memory = try PageMemory(byteCount: 4096)
        memory.store(UInt8(1), at: 0)
        memory.store(UInt16(0x0302), at: 1)
        memory.store(UInt32(0x0706_0504), at: 3)
        memory.store(UInt64(0x0f0e_0d0c_0b0a_0908), at: 7)
        #expect(memory.loadUInt8(at: 14) == 15)
        #expect(memory.loadUInt16(at: 0) == 0x0201)
        #expect(memory.loadUInt32(at: 0) == 0x0403_0201)
        #expect(memory.loadUInt64(at: 1) == 0x0908_0706_0504_0302)
        ([7, 7] as [UInt8]).withRawSpan { memory.copy($0, at: 4094) }
        #expect(memory.loadUInt16(at: 4094) == 0x0707)
        memory.zero(4095..<4096)
        #expect(memory.loadUInt16(at: 4094) == 0x0007)
        memory.withMutableBytes(in: 100..<102) { $0.store(UInt16(0x0605), at: 0) }
        #expect(memory.loadUInt8(at: 100) == 5)
    }

    @Test("checksum and comparison see the range")
    func checksum() throws {
        let memory = try PageMemory(byteCount: 4096)
        "123456789".withUTF8Span { bytes in
            memory.copy(bytes, at: 77)
            #expect(memory.checksum(77..<86) == 0xe306_9283)
            let first = memory.checksum(77..<80)
            #expect(memory.checksum(80..<86, seed: first) == 0xe306_9283)
            expect(memory.isEqual(bytes, at: 77))
            expect(!memory.isEqual(bytes, at: 78))
        }
    }

    @Test("too much memory is an error, not a crash")
    func tooMuch() {
        let error = #expect(throws: DiskError.self) { try PageMemory(byteCount: 1 << 60) }
        #expect(error?.operation == .allocate)
    }
}
