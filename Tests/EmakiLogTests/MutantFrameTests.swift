import EmakiPlatform
import Testing

@testable import EmakiLog

/// Each check of a frame, an idle slot, a segment header and a loss record, alone: one field is
/// false, all others hold.
@Suite struct MutantFrameTests {
    private let layout = SegmentLayout(blockBytes: 512, segmentBytes: 128 << 10)
    private let identity = SegmentIdentity(
        storeID: Bits128(low: 1, high: 2), number: 3, incarnation: Bits128(low: 4, high: 5))
    private let end = LogEnd(lastGroup: 6, nextPosition: 7, frameChecksum: 8)
    private let image: PageMemory
    private var place: Int { layout.framesOffset }

    init() throws { image = try PageMemory(byteCount: 128 << 10) }

    /// A frame of 64 payload bytes that says it has two events.
    private func header(at offset: Int) -> FrameHeader {
        FrameHeader(
            storeID: identity.storeID, incarnation: identity.incarnation, fileOffset: offset,
            follows: end, commitInstant: 9, payloadBytes: 64, eventCount: 2,
            payloadChecksum: image.checksum(
                offset + FrameHeader.byteCount..<offset + FrameHeader.byteCount + 64),
            kind: .group)
    }

    private func find(at offset: Int) -> FrameHeader.Found {
        FrameHeader.find(in: image, at: offset, of: identity, layout: layout)
    }

    /// Encodes a header with one change, and says what is found then.
    private func found(
        at offset: Int? = nil, _ change: (inout FrameHeader) -> Void
    ) -> FrameHeader.Found {
        let offset = offset ?? place
        var header = header(at: offset)
        change(&header)
        _ = header.encode(into: image, at: offset)
        return find(at: offset)
    }

    // MARK: Frames

    @Test("a frame is whole, and written in it is all that the next one must agree with")
    func whole() {
        let header = header(at: place)
        let checksum = header.encode(into: image, at: place)
        #expect(find(at: place) == .whole(header, checksum: checksum))
        #expect(header.group == 7)
        #expect(header.firstPosition == 7)
        #expect(header.watermark == 7)
        #expect(header.previousChecksum == 8)
        #expect(header.isInPlace(at: place))
        #expect(header.isLinked(to: end))
    }

    @Test("a frame of another store or of another life is stale") func stale() {
        #expect(found { $0.storeID.low = 9 } == .stale)
        #expect(found { $0.storeID.high = 9 } == .stale)
        #expect(found { $0.incarnation.low = 9 } == .stale)
        #expect(found { $0.incarnation.high = 9 } == .stale)
    }

    @Test("a header that fails its checksum is torn, and one without a magic is none")
    func headers() {
        _ = found { _ in }
        image.store(UInt8(1), at: place + 127)
        #expect(find(at: place) == .tornHeader)
        image.store(UInt8(0), at: place)
        #expect(find(at: place) == .nothing(isZero: false))
        image.zero(place..<place + FrameHeader.byteCount)
        #expect(find(at: place) == .nothing(isZero: true))
    }

    @Test("fields that this version never writes are unknown, not torn") func unknown() {
        let beyond = FrameHeader.positionMax + 1
        #expect(found { $0.group = beyond } == .unknown)
        #expect(found { $0.firstPosition = Position(beyond) } == .unknown)
        #expect(found { $0.eventCount = 3 } == .unknown, "64 bytes hold two records")
        #expect(found { $0.payloadBytes = 128 << 10 } == .unknown, "in place, and too large")
    }

    @Test("a payload beyond the segment is torn only where the header was not written")
    func payloads() {
        let fault = found { $0.payloadChecksum ^= 1 }
        guard case .tornPayload = fault else {
            Issue.record("\(fault)")
            return
        }
        // Copied to the last block, a frame of two blocks does not fit any more.
        let last = layout.segmentBytes - layout.blockBytes
        let copied = found(at: last) {
            $0.fileOffset = UInt64(place)
            $0.payloadBytes = 400
        }
        guard case .tornPayload(let header) = copied else {
            Issue.record("\(copied)")
            return
        }
        #expect(!header.isInPlace(at: last))
        let fitting = found(at: last) { $0.payloadBytes = 384 }
        #expect(fitting != .unknown, "it ends where the segment ends")
    }

    @Test("a frame links by its group, its first position, its watermark and its chain")
    func links() {
        let header = header(at: place)
        var end = end
        end.lastGroup += 1
        #expect(!header.isLinked(to: end))
        for change: (inout FrameHeader) -> Void in [
            { $0.group += 1 }, { $0.firstPosition = 8 }, { $0.watermark = 8 },
            { $0.previousChecksum += 1 },
        ] {
            var changed = header
            change(&changed)
            #expect(!changed.isLinked(to: self.end))
        }
    }

    // MARK: Slots

    @Test("an idle slot counts with its magic, its checksum, its store and its life only")
    func slots() {
        let offset = layout.idleSlotOffset(0)
        func decoded(of segment: SegmentIdentity) -> LogEnd? {
            IdleSlot.encode(end, of: segment, blockBytes: 512, into: image, at: offset)
            return IdleSlot.decode(from: image, at: offset, of: identity)
        }
        #expect(decoded(of: identity) == end)
        var other = identity
        other.storeID.low = 9
        #expect(decoded(of: other) == nil, "another store")
        other = identity
        other.incarnation.low = 9
        #expect(decoded(of: other) == nil, "another life")
        _ = decoded(of: identity)
        image.store(UInt64(9), at: offset + 40)
        #expect(IdleSlot.decode(from: image, at: offset, of: identity) == nil, "a checksum")
        _ = decoded(of: identity)
        image.store(UInt32(9), at: offset)
        #expect(IdleSlot.decode(from: image, at: offset, of: identity) == nil, "a magic")
    }

    @Test("an idle slot with a group or a position beyond any log counts for nothing")
    func slotLimits() {
        let offset = layout.idleSlotOffset(1)
        let beyond = FrameHeader.positionMax + 1
        for end in [
            LogEnd(lastGroup: beyond, nextPosition: 7, frameChecksum: 8),
            LogEnd(lastGroup: 6, nextPosition: Position(beyond), frameChecksum: 8),
        ] {
            IdleSlot.encode(end, of: identity, blockBytes: 512, into: image, at: offset)
            #expect(IdleSlot.decode(from: image, at: offset, of: identity) == nil)
        }
    }

    // MARK: Segment headers

    @Test("a segment header is good with its magic, its checksum and its sizes only")
    func segmentHeaders() {
        func decoded(_ layout: SegmentLayout) -> SegmentHeader.Copy {
            SegmentHeader.decode(from: image, at: 0, layout: layout)
        }
        func rehash() {
            image.store(image.checksum(12..<SegmentHeader.byteCount), at: 8)
        }
        SegmentHeader.encode(identity, layout: layout, into: image, at: 0)
        #expect(decoded(layout) == .good(identity))
        #expect(decoded(SegmentLayout(blockBytes: 512, segmentBytes: 256 << 10)) == .bad)
        #expect(decoded(SegmentLayout(blockBytes: 1024, segmentBytes: 128 << 10)) == .bad)
        image.store(UInt32(StoreFile.formatVersion + 1), at: 12)
        #expect(decoded(layout) == .bad, "a checksum")
        rehash()
        #expect(decoded(layout) == .newerFormat(StoreFile.formatVersion + 1))
        SegmentHeader.encode(identity, layout: layout, into: image, at: 0)
        image.store(UInt64(9), at: 0)
        #expect(decoded(layout) == .bad, "a magic")
    }

    // MARK: Loss records

    @Test("a loss record names a block between the first frame and the segment's end")
    func lossRecords() {
        let payload = place..<place + LossRecord.byteCount
        func decoded(in range: Range<Int>? = nil) -> LossRecord? {
            LossRecord(from: image, payload: range ?? payload, layout: layout)
        }
        func record(_ offset: Int, group: UInt64 = 6, position: UInt64 = 7) -> LossRecord {
            let end = LogEnd(
                lastGroup: group, nextPosition: Position(position), frameChecksum: 8)
            return LossRecord(end: end, segment: 3, fileOffset: offset)
        }
        func isAccepted(_ record: LossRecord) -> Bool {
            record.encode(into: image, at: place)
            return decoded() == record
        }
        #expect(isAccepted(record(place)))
        #expect(isAccepted(record(layout.segmentBytes)))
        #expect(!isAccepted(record(place - 512)))
        #expect(!isAccepted(record(layout.segmentBytes + 512)))
        #expect(!isAccepted(record(place + 8)))
        #expect(!isAccepted(record(place, group: FrameHeader.positionMax + 1)))
        #expect(!isAccepted(record(place, position: FrameHeader.positionMax + 1)))
        #expect(isAccepted(record(place, group: FrameHeader.positionMax)))
        image.store(UInt64.max, at: place + 32)
        #expect(decoded() == nil, "an offset that is no number here")
        record(place).encode(into: image, at: place)
        #expect(decoded(in: place..<place + LossRecord.byteCount + 8) == nil)
        image.store(UInt32(LossRecord.byteCount + 8), at: place)
        #expect(decoded() == nil, "the batch's length")
        record(place).encode(into: image, at: place)
        image.store(UInt8(0), at: place + 6)
        #expect(decoded() == nil, "the batch's kind")
    }
}
