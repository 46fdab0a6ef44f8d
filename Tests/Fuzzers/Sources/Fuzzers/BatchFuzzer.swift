import EmakiPlatform

@testable import EmakiLog

/// The payload of a frame, as `BatchFormat.validate` and `LossRecord` see it.
enum BatchFuzzer: Fuzzer {
    static let name = "batch"
    private static let payloadStart = 4096 + FrameHeader.byteCount

    static func seeds() throws -> [[UInt8]] { try SampleStore().payloads.map { [1] + $0 } }

    static func decode(_ bytes: [UInt8]) throws {
        guard let eventCount = bytes.first else { return }
        let payload = payloadStart..<payloadStart + bytes.count - 1
        let image = try PageMemory(byteCount: max(payload.upperBound, 128 << 10))
        Array(bytes.dropFirst()).withRawSpan { image.copy($0, at: payload.lowerBound) }
        var seen = 0
        let fault = BatchFormat.validate(
            payload, frame: payloadStart - FrameHeader.byteCount, in: image,
            eventCount: Int(eventCount),
            event: { section, record in
                SampleStore.touch(record)
                expect(
                    payload.contains(record.offset) && payload.contains(section.offset),
                    "a record outside of its frame")
                seen += 1
                return true
            },
            removal: { _ in
                seen += 1
                return true
            })
        expect(fault != nil || seen == Int(eventCount), "events that nobody counted")
        let layout = SegmentLayout(blockBytes: 4096, segmentBytes: 128 << 10)
        _ = LossRecord(from: image, payload: payload, layout: layout)
    }
}
