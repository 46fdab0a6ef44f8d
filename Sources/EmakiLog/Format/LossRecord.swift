import EmakiPlatform

/// What a repair writes into the first block of a damaged region, as the only batch of a frame of
/// kind `loss`: which groups and positions are lost, and where the log goes on.
///
///     offset  bytes   (from the start of the batch, see `BatchFormat`)
///        8      8   last lost group
///       16      8   position after the last lost one
///       24      8   number of the segment where the log goes on
///       32      8   file offset there
///       40      4   header checksum that the frame there repeats
///       44      4   zero
struct LossRecord: Equatable {
    static let byteCount = 48

    /// What the next frame follows.
    var end: LogEnd
    /// Where the next frame is, or will be.
    var segment: UInt64
    var fileOffset: Int

    func encode(into memory: PageMemory, at offset: Int) {
        BatchFormat.encodeHeader(
            byteCount: Self.byteCount, sectionCount: 0, kind: .loss, into: memory, at: offset)
        memory.store(end.lastGroup, at: offset + 8)
        memory.store(end.nextPosition.rawValue, at: offset + 16)
        memory.store(segment, at: offset + 24)
        memory.store(UInt64(fileOffset), at: offset + 32)
        memory.store(UInt64(end.frameChecksum), at: offset + 40)
    }

    /// - Returns: nil if the payload is no loss record, or points outside a segment.
    init?(from memory: PageMemory, payload: Range<Int>, layout: SegmentLayout) {
        let offset = payload.lowerBound
        guard payload.count == Self.byteCount,
            memory.loadUInt32(at: offset) == UInt32(Self.byteCount),
            memory.loadUInt8(at: offset + 6) == BatchFormat.Kind.loss.rawValue
        else { return nil }
        end = LogEnd(
            lastGroup: memory.loadUInt64(at: offset + 8),
            nextPosition: Position(memory.loadUInt64(at: offset + 16)),
            frameChecksum: memory.loadUInt32(at: offset + 40))
        segment = memory.loadUInt64(at: offset + 24)
        guard let fileOffset = Int(exactly: memory.loadUInt64(at: offset + 32)),
            fileOffset >= layout.framesOffset, fileOffset <= layout.segmentBytes,
            fileOffset % layout.blockBytes == 0,
            end.lastGroup <= FrameHeader.positionMax,
            end.nextPosition.rawValue <= FrameHeader.positionMax
        else { return nil }
        self.fileOffset = fileOffset
    }

    init(end: LogEnd, segment: UInt64, fileOffset: Int) {
        self.end = end
        self.segment = segment
        self.fileOffset = fileOffset
    }
}
