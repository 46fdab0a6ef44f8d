import EmakiPlatform
import EmakiSimulation

@testable import EmakiLog

/// A segment of frames whose checksums hold, and whose contents are the fuzzer's.
///
/// An input is a list of frames: kind, what to do to the header, event count, payload length,
/// payload. Each links to the one before, unless it says otherwise.
enum FrameFuzzer: Fuzzer {
    static let name = "frame"
    private static let sample = Result { try SampleStore() }
    private static let framesMax = 20

    static func seeds() throws -> [[UInt8]] {
        let sample = try sample.get()
        let frames = sample.payloads.map { payload in
            [0, 0, 1, UInt8(payload.count & 0xff), UInt8(payload.count >> 8)] + payload
        }
        return frames + [frames.flatMap { $0 }, [1, 0, 0, 0, 0], [4, 0, 0, 24, 0]]
    }

    static func decode(_ bytes: [UInt8]) throws {
        let sample = try sample.get()
        let layout = sample.store.layout
        let image = try PageMemory(byteCount: layout.segmentBytes)
        var input = FuzzInput(bytes)
        var end = LogEnd.empty
        var offset = layout.framesOffset
        for _ in 0..<framesMax where !input.isEmpty && offset < layout.segmentBytes {
            let kind = FrameHeader.Kind(rawValue: input.byte() % 5) ?? .group
            let change = input.byte()
            let eventCount = Int(input.byte())
            let room = layout.segmentBytes - offset - FrameHeader.byteCount
            let payload = input.take(min(input.number16(), room))
            let start = offset + FrameHeader.byteCount
            payload.withRawSpan { image.copy($0, at: start) }
            let header = FrameHeader(
                storeID: sample.store.storeID, incarnation: sample.segment.incarnation,
                fileOffset: offset, follows: end, commitInstant: 0, payloadBytes: payload.count,
                eventCount: eventCount,
                payloadChecksum: image.checksum(start..<start + payload.count), kind: kind)
            var checksum = header.encode(into: image, at: offset)
            if change != 0 { checksum = alter(image, at: offset, change, &input) }
            end = LogEnd(
                lastGroup: header.group, nextPosition: header.endPosition,
                frameChecksum: checksum)
            offset += header.paddedBytes(block: layout.blockBytes)
        }
        let region = image.withBytes(in: layout.framesOffset..<layout.segmentBytes) {
            $0.copyToArray()
        }
        SampleStore.openAndRead(
            try sample.replacing(sample.path, at: layout.framesOffset, by: region))
    }

    /// Changes a byte of a header, and makes its checksum true unless told otherwise.
    private static func alter(
        _ image: PageMemory, at offset: Int, _ change: UInt8, _ input: inout FuzzInput
    ) -> UInt32 {
        let place = offset + 8 + Int(change & 0x7f) % (FrameHeader.byteCount - 8)
        image.store(input.byte(), at: place)
        if change & 0x80 == 0 {
            let checksum = image.checksum(offset + 8..<offset + FrameHeader.byteCount)
            image.store(checksum, at: offset + 4)
        }
        return image.loadUInt32(at: offset + 4)
    }
}
