import EmakiPlatform
import Testing

@Suite("Bytes, numbers and text")
struct ByteTests {
    let sample: [UInt8] = (1...16).map { UInt8($0) }

    @Test("an address is aligned to what it is a multiple of, and to nothing else")
    func alignment() throws {
        let memory = try PageMemory(byteCount: 8192)
        for offset in [0, 512, 4096] {
            memory.withBytes(in: offset..<8192) { bytes in
                expect(bytes.isAligned(to: 512))
                expect(bytes.isAligned(to: 4096) == (offset % 4096 == 0))
            }
            memory.withBytes(in: offset + 1..<8192) { expect(!$0.isAligned(to: 2)) }
        }
    }

    @Test("numbers are little-endian at any offset")
    func loading() {
        sample.withRawSpan { bytes in
            #expect(bytes.loadUInt8(at: 15) == 16)
            #expect(bytes.loadUInt16(at: 1) == 0x0302)
            #expect(bytes.loadUInt32(at: 3) == 0x0706_0504)
            #expect(bytes.loadUInt64(at: 7) == 0x0f0e_0d0c_0b0a_0908)
            #expect(bytes.loadUInt64(at: 8) == 0x100f_0e0d_0c0b_0a09)
        }
    }

    @Test("a load past the end stops the process")
    func loadingPastTheEnd() async {
        await #expect(processExitsWith: .failure) {
            _ = [UInt8](repeating: 0, count: 7).withRawSpan { $0.loadUInt64(at: 0) }
        }
        await #expect(processExitsWith: .failure) {
            _ = [UInt8](repeating: 0, count: 7).withRawSpan { $0.loadUInt8(at: -1) }
        }
        await #expect(processExitsWith: .failure) {
            let memory = try PageMemory(byteCount: 4096)
            memory.store(UInt32(0), at: 4093)
        }
    }

    @Test("stored numbers are loaded again")
    func storing() {
        var array = [UInt8](repeating: 0xff, count: 16)
        array.withMutableRawSpan { bytes in
            bytes.store(UInt8(1), at: 0)
            bytes.store(UInt16(0x0203), at: 1)
            bytes.store(UInt32(0x0405_0607), at: 3)
            bytes.store(UInt64(0x0809_0a0b_0c0d_0e0f), at: 8)
            bytes.withBytes { read in
                #expect(read.loadUInt16(at: 1) == 0x0203)
                #expect(read.loadUInt64(at: 8) == 0x0809_0a0b_0c0d_0e0f)
            }
        }
        #expect(array == [1, 3, 2, 7, 6, 5, 4, 0xff, 15, 14, 13, 12, 11, 10, 9, 8])
    }

    @Test("copying and zeroing touch their range alone")
    func copying() {
        var array = [UInt8](repeating: 9, count: 8)
        array.withMutableRawSpan { bytes in
            [1, 2].withRawSpan { bytes.copy($0, at: 6) }
            [].withRawSpan { bytes.copy($0, at: 8) }
            bytes.zero(1..<3)
            bytes.zero(8..<8)
        }
        #expect(array == [9, 0, 0, 9, 9, 9, 1, 2])
    }

    @Test("one byte that is not zero is found anywhere", arguments: 0..<20)
    func zeros(place: Int) {
        var array = [UInt8](repeating: 0, count: 20)
        array.withRawSpan { expect($0.isZero(in: 0..<20)) }
        array[place] = 1
        array.withRawSpan { bytes in
            expect(!bytes.isZero(in: 0..<20))
            expect(bytes.isZero(in: 0..<place))
            expect(bytes.isZero(in: place + 1..<20))
        }
    }

    @Test("bytes are equal when they have one length and content")
    func equality() {
        sample.withRawSpan { bytes in
            sample.withRawSpan { expect(bytes.isEqual(to: $0)) }
            sample.dropLast().withArraySpan { expect(!bytes.isEqual(to: $0)) }
            [UInt8](repeating: 1, count: 16).withRawSpan { expect(!bytes.isEqual(to: $0)) }
            [].withRawSpan { empty in
                expect(!bytes.isEqual(to: empty))
                [].withRawSpan { expect(empty.isEqual(to: $0)) }
            }
            #expect(bytes.copyToArray() == sample)
            #expect(bytes.extracting(2..<4).copyToArray() == [3, 4])
        }
    }

    @Test("text goes to bytes and back", arguments: ["", "a", "絵巻", "a text of many bytes: é ü"])
    func text(text: String) {
        text.withUTF8Span { bytes in
            #expect(bytes.copyToArray() == Array(text.utf8))
            #expect(String(validating: bytes) == text)
        }
    }

    @Test(
        "bytes that are not UTF-8 make no text",
        arguments: [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0x80]] as [[UInt8]])
    func invalidText(bytes: [UInt8]) {
        bytes.withRawSpan { #expect(String(validating: $0) == nil) }
    }

    @Test("a typed error passes through unharmed")
    func errors() {
        struct Stop: Error, Equatable { let reason: Int }
        #expect(throws: Stop(reason: 1)) {
            try "text".withUTF8Span { _ throws(Stop) in throw Stop(reason: 1) }
        }
        #expect(throws: Stop(reason: 2)) {
            try sample.withRawSpan { _ throws(Stop) in throw Stop(reason: 2) }
        }
    }
}

extension ArraySlice where Element == UInt8 {
    fileprivate func withArraySpan(_ body: (RawSpan) -> Void) { Array(self).withRawSpan(body) }
}
