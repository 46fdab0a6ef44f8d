import EmakiPlatform
import Testing

@testable import EmakiLog

/// Each check of a payload, alone: one field is false, all others hold, and the fault names it.
///
/// The payload ends where its image ends, so that whoever reads beyond it traps.
@Suite struct MutantBatchTests {
    /// Two batches: two events of "ab", one with an id; one event of "c".
    struct Payload {
        let image: PageMemory
        let range: Range<Int>
        let frame = 4096
        let first: Int
        let second: Int
        var section: Int { first + BatchFormat.headerBytes }
        let record: Int
        let lastRecord: Int

        init() throws {
            let frame = 4096
            let events = [
                Event(type: "T", payload: [1, 2, 3], id: EventID(low: 1, high: 2)),
                Event(type: "T", payload: [4], metadata: [5]),
            ]
            let sizes = events.map { EventRecord.byteCount(of: $0) }
            let sectionBytes = SectionHeader.byteCount(streamIDBytes: 2)
            let firstBytes = BatchFormat.headerBytes + sectionBytes + sizes[0] + sizes[1]
            let secondBytes = BatchFormat.headerBytes + sectionBytes + sizes[1]
            let start = frame + FrameHeader.byteCount
            let wanted = start + firstBytes + secondBytes
            image = try PageMemory(byteCount: (wanted + 4095) & ~4095)
            // The frame moves up so far that the payload ends with the image.
            let shift = image.byteCount - wanted
            range = start + shift..<image.byteCount
            first = range.lowerBound
            second = first + firstBytes
            record = first + BatchFormat.headerBytes + sectionBytes
            lastRecord = record + sizes[0]
            Self.encode(events, "ab", firstBytes, in: image, at: first, frame: frame)
            Self.encode([events[1]], "c", secondBytes, in: image, at: second, frame: frame)
        }

        private static func encode(
            _ events: [Event], _ stream: StreamID, _ byteCount: Int, in image: PageMemory,
            at start: Int, frame: Int
        ) {
            BatchFormat.encodeHeader(
                byteCount: byteCount, sectionCount: 1, kind: .events, into: image, at: start)
            let section = start + BatchFormat.headerBytes
            var next = SectionHeader.encode(
                stream, eventCount: events.count, frame: frame, into: image, at: section)
            for (index, event) in events.enumerated() {
                next = EventRecord.encode(
                    event, version: StreamVersion(UInt64(index + 1)), section: section,
                    into: image, at: next)
            }
            precondition(next == start + byteCount)
        }

        func fault(
            eventCount: Int = 3, in range: Range<Int>? = nil, accepts: Bool = true
        ) -> BatchFormat.Fault? {
            BatchFormat.validate(
                range ?? self.range, frame: frame, in: image, eventCount: eventCount
            ) { _, _ in
                accepts
            } removal: { _ in
                accepts
            }
        }
    }

    @Test("a payload without a fault passes") func sound() throws {
        let payload = try Payload()
        #expect(payload.fault() == nil)
        #expect(payload.fault(eventCount: 2) == .eventCount(3))
        #expect(payload.fault(accepts: false) == .refused(payload.record))
    }

    @Test("a batch's length is at least its header, a multiple of 8, and within the payload")
    func batchLengths() throws {
        let payload = try Payload()
        let length = payload.second - payload.first
        for wrong in [0, 1, 7, length - 4, length + 4] {
            payload.image.store(UInt32(wrong), at: payload.first)
            #expect(payload.fault() == .batchLength(payload.first), "\(wrong)")
        }
        payload.image.store(UInt32(length), at: payload.first)
        let lastLength = payload.range.upperBound - payload.second
        payload.image.store(UInt32(lastLength + 8), at: payload.second)
        #expect(payload.fault() == .batchLength(payload.second))
        payload.image.store(UInt32(lastLength), at: payload.second)
        // Two bytes are left at the very end: not even a length.
        payload.image.store(UInt32(lastLength - 8), at: payload.second)
        let rest = try Payload()
        let short = rest.range.upperBound - 2..<rest.range.upperBound
        #expect(rest.fault(in: short) == .batchLength(short.lowerBound))
    }

    @Test("a batch of a group holds events") func batchKinds() throws {
        let payload = try Payload()
        payload.image.store(UInt8(1), at: payload.first + 6)
        #expect(payload.fault() == .batchKind(payload.first))
    }

    @Test("a section lies within its batch, knows its frame, and has events and a stream")
    func sections() throws {
        var payload = try Payload()
        func expectFault(_ note: Comment) throws {
            #expect(payload.fault() == .section(payload.section), note)
            payload = try Payload()
        }
        payload.image.store(UInt32(0), at: payload.section)
        try expectFault("no events")
        payload.image.store(UInt32(payload.section - 4096 + 8), at: payload.section + 4)
        try expectFault("another frame")
        payload.image.store(UInt8(0), at: payload.section + 8)
        try expectFault("no stream id")
        payload.image.store(UInt8(255), at: payload.section + 8)
        try expectFault("a stream id beyond the batch")
        payload.image.store(UInt8(0xff), at: payload.section + 16)
        try expectFault("no UTF-8")
        // One section more than there is: it would start where the image ends.
        payload.image.store(UInt16(2), at: payload.second + 4)
        #expect(payload.fault() == .section(payload.range.upperBound))
        payload = try Payload()
        payload.image.store(UInt16(0), at: payload.second + 4)
        #expect(payload.fault() == .section(payload.second + BatchFormat.headerBytes))
    }

    @Test("a record lies within its batch, knows its section, and its parts lie within it")
    func records() throws {
        var payload = try Payload()
        func expectFault(_ note: Comment) throws {
            #expect(payload.fault() == .record(payload.lastRecord), note)
            payload = try Payload()
        }
        let byteCount = payload.second - payload.lastRecord
        for wrong in [0, 16, byteCount - 4, byteCount + 8] {
            payload.image.store(UInt32(wrong), at: payload.lastRecord)
            try expectFault("\(wrong) bytes")
        }
        payload.image.store(UInt32(8), at: payload.lastRecord + 4)
        try expectFault("another section")
        payload.image.store(UInt8(0), at: payload.lastRecord + 22)
        try expectFault("no type")
        payload.image.store(UInt8(2), at: payload.lastRecord + 23)
        try expectFault("an unknown flag")
        payload.image.store(UInt32(9), at: payload.lastRecord + 16)
        try expectFault("a payload beyond the record")
        payload.image.store(UInt8(0xff), at: payload.lastRecord + 24)
        try expectFault("no UTF-8")
        // One event more than there is: it would start where the image ends.
        payload.image.store(UInt32(2), at: payload.second + BatchFormat.headerBytes)
        #expect(payload.fault() == .record(payload.range.upperBound))
    }
}
