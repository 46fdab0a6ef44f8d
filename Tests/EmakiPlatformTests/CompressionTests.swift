import EmakiPlatform
import Testing

@Suite("LZ4 blocks")
struct CompressionTests {
    static let text = Array(
        (0..<400).map { "{\"order\":\($0),\"state\":\"paid\"}" }.joined(separator: ",").utf8)

    @Test("what is compressed comes back", arguments: [0, 1, 12, 13, 1000, text.count])
    func roundTrip(count: Int) throws {
        let bytes = Array(Self.text.prefix(count))
        for level in [nil, 3, 9, 12] as [Int?] {
            let block = try #require(try compress(bytes, level: level))
            #expect(decompress(block, expecting: count) == bytes)
            if count >= 1000 { #expect(block.count < count / 2) }
        }
    }

    @Test("what does not fit is not compressed")
    func noRoom() throws {
        var numbers = SeededNumbers(state: 3)
        let bytes = numbers.bytes(1000)
        #expect(try compress(bytes, level: nil, room: 999) == nil)
        #expect(try compress(bytes, level: 9, room: 999) == nil)
        #expect(try compress(bytes, level: nil, room: 0) == nil)
        #expect(try compress(bytes, level: nil, room: Compression.boundBytes(for: 1000)) != nil)
    }

    @Test("a wrong length is refused")
    func wrongLength() throws {
        let block = try #require(try compress(Self.text, level: nil))
        let count = Self.text.count
        for wrong in [0, 1, count - 1, count + 1, count * 2, -1, .max] {
            #expect(decompress(block, expecting: wrong, room: count * 3) == nil, "\(wrong)")
        }
        #expect(decompress(block, expecting: count, room: count - 1) == nil)
        #expect(decompress([], expecting: 0) == nil)
    }

    @Test("a cut block is refused, wherever it was cut")
    func cutBlock() throws {
        let block = try #require(try compress(Self.text, level: nil))
        for cut in 0..<block.count {
            #expect(
                decompress(Array(block.prefix(cut)), expecting: Self.text.count) == nil,
                "cut at \(cut)")
        }
    }

    @Test("random bytes and flipped bits never do harm", arguments: 0..<20 as Range<UInt64>)
    func hostile(seed: UInt64) throws {
        var numbers = SeededNumbers(state: seed)
        let block = try #require(try compress(Self.text, level: nil))
        for _ in 0..<500 {
            let random = numbers.bytes(Int.random(in: 1...300, using: &numbers))
            _ = decompress(random, expecting: Int.random(in: 0...70_000, using: &numbers))
            var flipped = block
            let place = Int.random(in: 0..<block.count, using: &numbers)
            flipped[place] ^= UInt8.random(in: 1...255, using: &numbers)
            let result = decompress(flipped, expecting: Self.text.count)
            #expect(result == nil || result?.count == Self.text.count)
        }
    }

    @Test("like bytes known to both sides make a block smaller; without them it is not the same")
    func dictionary() throws {
        let known = Array(Self.text.prefix(2_000))
        let bytes = Array(Self.text.suffix(1_500))
        for level in [nil, 3, 9, 12] as [Int?] {
            let alone = try #require(try compress(bytes, level: level))
            let block = try #require(try compress(known + bytes, after: known.count, level: level))
            #expect(block.count < alone.count)
            let found = decompress(block, after: known, expecting: bytes.count)
            #expect(found == bytes)
            let other = [UInt8](repeating: 7, count: known.count)
            #expect(decompress(block, after: other, expecting: bytes.count) != bytes)
        }
    }

    private func compress(
        _ bytes: [UInt8], after dictionaryBytes: Int = 0, level: Int?, room: Int? = nil
    ) throws -> [UInt8]? {
        let roomBytes = room ?? Compression.boundBytes(for: bytes.count)
        var block = [UInt8](repeating: 0, count: roomBytes)
        let compressor = try Compressor(level: level)
        let count = bytes.withRawSpan { bytes in
            block.withMutableRawSpan { target in
                compressor.compress(bytes, after: dictionaryBytes, into: &target)
            }
        }
        return count.map { Array(block.prefix($0)) }
    }

    private func decompress(
        _ block: [UInt8], after known: [UInt8] = [], expecting byteCount: Int, room: Int? = nil
    ) -> [UInt8]? {
        var bytes = known + [UInt8](repeating: 0, count: room ?? max(byteCount, 0))
        let isWhole = block.withRawSpan { block in
            bytes.withMutableRawSpan { target in
                Compression.decompress(
                    block, into: &target, after: known.count, expecting: byteCount)
            }
        }
        return isWhole ? Array(bytes[known.count..<known.count + byteCount]) : nil
    }
}
