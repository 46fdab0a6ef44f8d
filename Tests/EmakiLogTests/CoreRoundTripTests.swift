import EmakiPlatform
import Testing

@testable import EmakiLog

@Suite struct CoreRoundTripTests {
    static let blocks = [512, 4096]

    @Test(
        "every payload size around the block comes back, before and after opening again",
        arguments: blocks)
    func payloadSizes(block: Int) throws {
        let harness = try CoreHarness(blockBytes: block)
        // 128 header + 8 batch + 24 section with a stream of up to 8 bytes + 24 record + 1 type.
        let overhead = FrameHeader.byteCount + 8 + 24 + 25
        let around = [-9, -8, -1, 0, 1, 8].map { block - overhead + $0 }
        for size in [0, 1, block - 1, block, block + 1] + around {
            try harness.append(to: StreamID("s\(size % 3)"), [bytes(size)])
            #expect(try harness.core.content() == harness.model, "payload of \(size)")
        }
        try harness.close()
        try harness.reopen()
        #expect(try harness.core.content() == harness.model)
        #expect(harness.core.receipt.end == .marked)
        #expect(harness.core.receipt.wasClosed)
    }

    @Test(
        "the largest batch fits an empty segment exactly, and one byte more is refused",
        arguments: blocks)
    func largestBatch(block: Int) throws {
        let harness = try CoreHarness(blockBytes: block)
        let max = harness.core.store.batchBytesMax
        let overhead = 8 + 24 + 25
        // Everything is a multiple of 8, so the last payload byte is the one before a padding.
        let payload = max - overhead
        #expect((payload + 25) % 8 == 0)
        try harness.append(to: "s", [bytes(payload)])
        try harness.append(to: "s", [bytes(payload, seed: 3)])
        #expect(throws: LogError.tooLarge(.batchBytes, limit: max, value: max + 8)) {
            try harness.append(to: "s", [bytes(payload + 1)])
        }
        try harness.reopen()
        #expect(try harness.core.content() == harness.model)
        #expect(harness.core.activeIndex == 1)
    }

    @Test(
        "batches over several streams, with and without ids and metadata, come back",
        arguments: blocks)
    func manyStreams(block: Int) throws {
        let harness = try CoreHarness(blockBytes: block)
        let entropy = SeededEntropy(seed: 5)
        for round in 0..<60 {
            var parts: [StreamAppend] = []
            for stream in 0..<(1 + entropy.below(5)) {
                let events = (0..<(1 + entropy.below(4))).map { index in
                    Event(
                        type: "Type-\(index)", payload: bytes(entropy.below(600), seed: round),
                        metadata: bytes(entropy.below(40)),
                        id: entropy.below(2) == 0 ? nil : EventID(low: entropy.next(), high: 1))
                }
                let name = String(repeating: "é", count: 1 + stream * 20) + "\(entropy.below(7))"
                parts.append(StreamAppend(to: try StreamID(name), events))
            }
            try harness.stage(parts)
            if entropy.below(3) > 0 { try harness.commit() }
            if entropy.below(9) == 0 { try harness.mark() }
        }
        try harness.commit()
        #expect(try harness.core.content() == harness.model)
        try harness.reopen()
        #expect(try harness.core.content() == harness.model)
        #expect(harness.core.activeIndex > 0, "the log was meant to rotate")
    }

    @Test(
        "a log that was closed in order is opened and closed again without changing a byte",
        arguments: blocks)
    func quietReopen(block: Int) throws {
        let harness = try CoreHarness(blockBytes: block)
        for size in 0..<30 { try harness.append(to: "s", [bytes(size * 300)]) }
        try harness.close()
        let before = harness.files.contents
        for _ in 0..<2 {
            try harness.reopen()
            #expect(try harness.core.content() == harness.model)
            try harness.close()
            #expect(harness.files.contents == before)
        }
        try harness.reopen(.readOnly())
        #expect(try harness.core.content() == harness.model)
        #expect(harness.files.contents == before)
    }

    @Test("a log without events opens, closes and opens again without changing a byte")
    func emptyLog() throws {
        let harness = try CoreHarness()
        let before = harness.files.contents
        try harness.close()
        try harness.reopen()
        #expect(harness.files.contents == before)
        #expect(try harness.core.content() == LogContent())
        #expect(harness.core.receipt.durablePosition == .start)
    }

    @Test("what is staged and not written is not visible") func notYetDurable() throws {
        let harness = try CoreHarness()
        try harness.append(to: "s", [[1]])
        try harness.stage([StreamAppend(to: "s", [Event(type: "T")])])
        try harness.stage([StreamAppend(to: "new", [Event(type: "T")])])
        #expect(try harness.core.content() == harness.model)
        let found = harness.core.index.find("s")
        let slot = try #require(found)
        let (staged, durable) = (
            harness.core.index.head(slot),
            harness.core.index.durableHead(slot, durable: harness.core.durableEnd)
        )
        #expect(staged == 2)
        #expect(durable == 1)
        try harness.reopen()
        #expect(try harness.core.content() == harness.model)
    }

    @Test("recycled files get new incarnations, dense numbers, and never show an earlier life")
    func recycling() throws {
        let harness = try CoreHarness(blockBytes: 512)
        var incarnations: Set<Bits128> = []
        for round in 1...40 {
            try harness.core.prepareSegments()
            try harness.append(to: StreamID("s\(round % 3)"), [bytes(40_000, seed: round)])
            if round % 4 == 0 { try harness.retire(upTo: harness.core.active.number - 1) }
            if round % 7 == 0 { try harness.reopen() }
            #expect(try harness.core.content() == harness.model, "round \(round)")
            let numbers = harness.core.segments.map(\.number)
            #expect(numbers == Array(numbers[0]..<numbers[0] + UInt64(numbers.count)))
            incarnations.formUnion(harness.core.segments.map(\.identity.incarnation))
        }
        #expect(incarnations.count == Int(harness.core.manifest.nextSegmentNumber) - 1)
        #expect(harness.core.manifest.nextFileIndex < 12, "files were meant to be used again")
    }
}
