import EmakiPlatform
import Testing

@Suite("The hash that is stored on disk")
struct StableHashTests {
    /// Never change these: stores out there contain them.
    @Test(
        "values are fixed for ever",
        arguments: [
            ("", 0x6f9f_3784_b2b4_7953),
            ("a", 0xee80_8ebc_46d9_f008),
            ("ab", 0x448a_a202_6e38_954d),
            ("abc", 0x2d64_8465_b0c6_ea80),
            ("abcd", 0x9b84_4ed0_d1dc_3acd),
            ("order-1", 0x1cde_c097_83f1_a0a4),
            ("order-42", 0x4e1c_e2b4_1030_cd97),
            ("order-2024-0001", 0xee09_18e7_5707_e4c6),
            ("sixteen bytes ok", 0x94c9_12f6_5085_6c8d),
            ("seventeen bytes ok", 0x52c4_ff64_f6c8_819a),
            ("絵巻", 0x07bc_3a12_ecb5_786f),
            ("a stream name that is longer than thirty-two bytes", 0x54fc_ee93_c3c7_de5d),
        ] as [(String, UInt64)])
    func pinned(text: String, expected: UInt64) {
        #expect(text.withUTF8Span { StableHash.hash($0) } == expected)
    }

    @Test("every bit and the length change about half of the result", arguments: 1...70)
    func avalanche(count: Int) {
        var numbers = SeededNumbers(state: UInt64(count))
        var bytes = numbers.bytes(count)
        let hash = bytes.withRawSpan { StableHash.hash($0) }
        var changedBits = 0
        for bit in 0..<count * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8)
            let other = bytes.withRawSpan { StableHash.hash($0) }
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect((10...54).contains((hash ^ other).nonzeroBitCount), "bit \(bit)")
            changedBits += (hash ^ other).nonzeroBitCount
        }
        #expect((28.0...36.0).contains(Double(changedBits) / Double(count * 8)))
    }

    @Test("numbered names and runs of zeros do not meet, in the whole or in the lowest bits")
    func collisions() {
        var seen: Set<UInt64> = []
        var bucketCounts = [Int](repeating: 0, count: 256)
        for number in 0..<20_000 {
            let hash = "order-\(number)".withUTF8Span { StableHash.hash($0) }
            #expect(seen.insert(hash).inserted)
            bucketCounts[Int(hash & 255)] += 1
        }
        #expect(bucketCounts.allSatisfy { (30...140).contains($0) })
        for count in 0..<200 {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(seen.insert(zeros.withRawSpan { StableHash.hash($0) }).inserted)
        }
    }
}
