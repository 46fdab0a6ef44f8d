import Testing

@testable import EmakiPlatform

@Suite("Checksums and hashes")
struct ChecksumTests {
    @Test(
        "CRC32C gives the published values",
        arguments: [
            (Array("123456789".utf8), 0xe306_9283), ([], 0),
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            ((0..<32).map { UInt8($0) }, 0x46dd_794e),
        ] as [([UInt8], UInt32)])
    func knownValues(bytes: [UInt8], expected: UInt32) {
        bytes.withRawSpan { bytes in
            #expect(Checksum.crc32c(bytes) == expected)
            #expect(Checksum.crc32cByTable(bytes) == expected)
        }
    }

    @Test("the CPU's answer is the table's, for all short lengths and offsets")
    func hardwareAgainstTable() {
        var numbers = SeededNumbers(state: 1)
        numbers.bytes(320).withRawSpan { bytes in
            for count in 0...300 {
                for offset in 0..<16 {
                    let part = bytes.extracting(offset..<offset + count)
                    #expect(
                        Checksum.crc32c(part, seed: 5) == Checksum.crc32cByTable(part, seed: 5),
                        "\(count) bytes at \(offset)")
                }
            }
        }
    }

    @Test(
        "the CPU's answer is the table's where its lanes begin and end",
        arguments: [
            287, 288, 289, 383, 384, 575, 576, 768, 3071, 3072, 3073, 3456, 4096, 6144, 9999,
            70_000,
        ])
    func lanes(count: Int) {
        var numbers = SeededNumbers(state: UInt64(count))
        numbers.bytes(count + 1).withRawSpan { bytes in
            for offset in 0...1 {
                let part = bytes.extracting(offset..<offset + count)
                #expect(Checksum.crc32c(part) == Checksum.crc32cByTable(part))
            }
        }
    }

    @Test("checksums of parts go on where the last one ended", arguments: [0, 1, 8, 500, 3500])
    func incremental(cut: Int) {
        var numbers = SeededNumbers(state: 2)
        numbers.bytes(4000).withRawSpan { bytes in
            let first = Checksum.crc32c(bytes.extracting(0..<cut))
            let both = Checksum.crc32c(bytes.extracting(cut..<4000), seed: first)
            #expect(both == Checksum.crc32c(bytes))
        }
    }
}
