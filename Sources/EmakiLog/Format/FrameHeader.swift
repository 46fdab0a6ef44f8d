import EmakiPlatform

/// THE frame: one group on disk, padded to the block.
///
///     offset  bytes
///        0      4   magic "EMKF"
///        4      4   checksum of bytes 8..<128 (CRC32C)
///        8     16   store id
///       24     16   incarnation of the segment
///       40      8   own file offset
///       48      8   group number, dense over the store's life, from 1
///       56      8   first position: of the group's first event, or of the next one if it has none
///       64      8   watermark: the durable position when this was written
///       72      8   commit instant, ns since 1970, for people and expiry, never for order
///       80      4   payload bytes, after the header
///       84      4   event count
///       88      4   payload checksum (CRC32C)
///       92      4   header checksum of the frame before
///       96      1   kind
///       97     31   zero
///      128          payload, then zeros to the block's end (the zeros are not checked)
///
/// - **whole** if all that it can prove alone holds: magic, both checksums, store, incarnation,
///   limits;
/// - **in place** if its own file offset is where it was found;
/// - **linked** if group number, first position, watermark and chain follow the frame before it.
///
/// Reading needs all three; each test is in this file and nowhere else.
struct FrameHeader: Equatable {
    enum Kind: UInt8 {
        /// Carries a group of batches.
        case group = 0
        /// Written when the log went idle. Empty.
        case idleMark = 1
        /// Written by a close in order. Empty.
        case closeMark = 2
        /// Written over the first block of a torn frame. Empty.
        case cut = 3
        /// Written by a repair over the first block of a damaged region: carries a loss record.
        case loss = 4
    }

    static let magic: UInt32 = 0x464B_4D45
    static let byteCount = 128
    /// Far beyond any log, and far enough from the end of the numbers that sums cannot overflow.
    static let positionMax: UInt64 = 1 << 62

    var storeID: Bits128
    var incarnation: Bits128
    var fileOffset: UInt64
    var group: UInt64
    var firstPosition: Position
    var watermark: Position
    var commitInstant: Int64
    var payloadBytes: Int
    var eventCount: Int
    var payloadChecksum: UInt32
    var previousChecksum: UInt32
    var kind: Kind

    /// Position after the last event of this frame.
    var endPosition: Position { firstPosition.advanced(by: eventCount) }

    /// Bytes that the frame takes in its segment.
    func paddedBytes(block: Int) -> Int {
        (Self.byteCount + payloadBytes + block - 1) & ~(block - 1)
    }

    // MARK: Writing

    /// Writes the header, its checksum last.
    /// - Returns: the header's checksum, which the next frame repeats.
    func encode(into memory: PageMemory, at offset: Int) -> UInt32 {
        memory.zero(offset..<offset + Self.byteCount)
        memory.store(Self.magic, at: offset)
        storeID.encode(into: memory, at: offset + 8)
        incarnation.encode(into: memory, at: offset + 24)
        memory.store(fileOffset, at: offset + 40)
        memory.store(group, at: offset + 48)
        memory.store(firstPosition.rawValue, at: offset + 56)
        memory.store(watermark.rawValue, at: offset + 64)
        memory.store(UInt64(bitPattern: commitInstant), at: offset + 72)
        memory.store(UInt32(payloadBytes), at: offset + 80)
        memory.store(UInt32(eventCount), at: offset + 84)
        memory.store(payloadChecksum, at: offset + 88)
        memory.store(previousChecksum, at: offset + 92)
        memory.store(kind.rawValue, at: offset + 96)
        let checksum = memory.checksum(offset + 8..<offset + Self.byteCount, seed: 0)
        memory.store(checksum, at: offset + 4)
        return checksum
    }

    // MARK: The three tests

    /// What is in a block where a frame may start.
    enum Found: Equatable {
        /// Header and payload pass every test that needs no neighbour.
        case whole(FrameHeader, checksum: UInt32)
        /// The header is this segment's and passes its checksum; the payload does not.
        case tornPayload(FrameHeader)
        /// The magic is there, and the header's checksum does not hold.
        case tornHeader
        /// A header of this life whose checksum holds, with fields that this version never writes.
        /// No torn write makes such a thing.
        case unknown
        /// A header of another life of this segment file. Proves nothing.
        case stale
        /// No frame starts here. `isZero`: never written in the first life of the file.
        case nothing(isZero: Bool)
    }

    /// The test for **whole**.
    static func find(
        in memory: PageMemory, at offset: Int, of segment: SegmentIdentity, layout: SegmentLayout
    ) -> Found {
        guard memory.loadUInt32(at: offset) == magic else {
            let isZero = memory.withBytes(in: offset..<offset + byteCount) {
                $0.isZero(in: 0..<byteCount)
            }
            return .nothing(isZero: isZero)
        }
        let checksum = memory.loadUInt32(at: offset + 4)
        guard memory.checksum(offset + 8..<offset + byteCount, seed: 0) == checksum else {
            return .tornHeader
        }
        guard Bits128(from: memory, at: offset + 8) == segment.storeID,
            Bits128(from: memory, at: offset + 24) == segment.incarnation
        else { return .stale }
        // Only our own code, in this life of the segment, can have written what follows.
        guard let header = FrameHeader(from: memory, at: offset) else { return .unknown }
        let payloadStart = offset + byteCount
        guard
            header.isInPlace(at: offset)
                || header.payloadBytes <= layout.segmentBytes - payloadStart
        else { return .tornPayload(header) }
        guard header.payloadBytes <= layout.segmentBytes - payloadStart else { return .unknown }
        let payload = payloadStart..<payloadStart + header.payloadBytes
        guard memory.checksum(payload, seed: 0) == header.payloadChecksum else {
            return .tornPayload(header)
        }
        return .whole(header, checksum: checksum)
    }

    /// The test for **in place**.
    func isInPlace(at offset: Int) -> Bool { fileOffset == UInt64(offset) }

    /// The test for **linked**.
    func isLinked(to end: LogEnd) -> Bool {
        group == end.lastGroup + 1 && firstPosition == end.nextPosition
            && watermark == end.nextPosition && previousChecksum == end.frameChecksum
    }

    /// Fields of a header whose checksum holds; nil if a later format wrote it.
    private init?(from memory: PageMemory, at offset: Int) {
        guard let kind = Kind(rawValue: memory.loadUInt8(at: offset + 96)) else { return nil }
        self.kind = kind
        storeID = Bits128(from: memory, at: offset + 8)
        incarnation = Bits128(from: memory, at: offset + 24)
        fileOffset = memory.loadUInt64(at: offset + 40)
        group = memory.loadUInt64(at: offset + 48)
        firstPosition = Position(memory.loadUInt64(at: offset + 56))
        watermark = Position(memory.loadUInt64(at: offset + 64))
        commitInstant = Int64(bitPattern: memory.loadUInt64(at: offset + 72))
        payloadBytes = Int(memory.loadUInt32(at: offset + 80))
        eventCount = Int(memory.loadUInt32(at: offset + 84))
        payloadChecksum = memory.loadUInt32(at: offset + 88)
        previousChecksum = memory.loadUInt32(at: offset + 92)
        guard firstPosition.rawValue <= Self.positionMax, group <= Self.positionMax,
            eventCount <= payloadBytes / EventRecord.byteCountMin
        else { return nil }
    }

    init(
        storeID: Bits128, incarnation: Bits128, fileOffset: Int, follows end: LogEnd,
        commitInstant: Int64, payloadBytes: Int, eventCount: Int, payloadChecksum: UInt32,
        kind: Kind
    ) {
        self.storeID = storeID
        self.incarnation = incarnation
        self.fileOffset = UInt64(fileOffset)
        group = end.lastGroup + 1
        firstPosition = end.nextPosition
        watermark = end.nextPosition
        self.commitInstant = commitInstant
        self.payloadBytes = payloadBytes
        self.eventCount = eventCount
        self.payloadChecksum = payloadChecksum
        previousChecksum = end.frameChecksum
        self.kind = kind
    }
}

/// Where the log ends: all that the next frame must agree with.
package struct LogEnd: Equatable {
    var lastGroup: UInt64
    var nextPosition: Position
    /// Header checksum of the last frame; 0 before the first.
    var frameChecksum: UInt32

    static let empty = LogEnd(lastGroup: 0, nextPosition: .start, frameChecksum: 0)
}
