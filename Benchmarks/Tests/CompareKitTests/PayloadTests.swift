import CompareKit
import Testing

@Suite struct PayloadTests {
    private let payload = Payload(byteCount: 256)

    private func text(_ stream: UInt64, _ version: UInt64) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 256)
        bytes.withUnsafeMutableBytes { payload.fill($0, stream: stream, version: version) }
        return bytes
    }

    @Test("a payload is text like JSON that names its stream and version")
    func naming() {
        let text = String(decoding: text(0xabcdef, 17), as: UTF8.self)
        #expect(text.hasPrefix(#"{"s":"0000000000abcdef","v":"00000011","type":""#))
        #expect(text.hasSuffix(#""}"#))
        #expect(text.utf8.count == 256)
    }

    @Test("the check finds another stream, another version and a short payload")
    func checking() {
        text(5, 6).withUnsafeBytes { bytes in
            #expect(Payload.isOf(bytes, stream: 5, version: 6))
            #expect(!Payload.isOf(bytes, stream: 6, version: 6))
            #expect(!Payload.isOf(bytes, stream: 5, version: 7))
            let short = UnsafeRawBufferPointer(rebasing: bytes[..<100])
            #expect(!Payload.isOf(short, stream: 5, version: 6))
        }
    }

    // 0xe220a8397b1dcdaf is what SplitMix64 gives first with the seed 0.
    @Test("the numbers are those of SplitMix64")
    func numbers() { #expect(mix64(0) == 0xe220_a839_7b1d_cdaf) }

    @Test("an appender's streams have twenty events, and a batch of a hundred five streams")
    func feeding() {
        var single = Feed(payload, StreamSource(base: 1), batchCount: 1)
        for number in 0..<41 {
            single.prepare()
            let slot = EventBatch.Slot(
                stream: 1 + UInt64(number / 20), version: 1 + UInt64(number % 20))
            #expect(single.batch.slots == [slot])
        }
        var many = Feed(payload, StreamSource(base: 1), batchCount: 100)
        for round in 0..<2 {
            many.prepare()
            #expect(many.batch.heads.map(\.version) == [1, 1, 1, 1, 1])
            #expect(many.batch.heads.first?.stream == 1 + UInt64(5 * round))
        }
    }
}
