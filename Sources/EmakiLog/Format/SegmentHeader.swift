import EmakiPlatform

/// Where things are in a segment file; the same for every segment of a store.
///
///     block 0                  header, first copy
///     block 1, block 2         idle slots
///     block at headerTwin      header, second copy, at least 64 KiB behind the first
///     the block after it ...   frames
package struct SegmentLayout: Equatable, Sendable {
    let blockBytes: Int
    let segmentBytes: Int

    /// The second copy is this far away, so that one misplaced or torn write cannot take both.
    static let twinDistance = 64 << 10

    var headerTwinOffset: Int { max(Self.twinDistance, 3 * blockBytes) }
    var framesOffset: Int { headerTwinOffset + blockBytes }
    var frameBytesMax: Int { segmentBytes - framesOffset }
    /// Largest batch that fits into an empty segment.
    var batchBytesMax: Int { frameBytesMax - FrameHeader.byteCount }

    func idleSlotOffset(_ slot: Int) -> Int { (1 + slot) * blockBytes }
    func padded(_ byteCount: Int) -> Int { (byteCount + blockBytes - 1) & ~(blockBytes - 1) }
}

/// Which life of which segment a frame belongs to.
package struct SegmentIdentity: Equatable, Sendable {
    var storeID: Bits128
    /// Order of use, from 1, never reused.
    var number: UInt64
    /// Random, new in each life, never shown to callers: no payload can forge a frame.
    var incarnation: Bits128
}

/// The header of a segment file, stored twice.
///
///     offset  bytes
///        0      8   magic "EMAKISEG"
///        8      4   checksum of bytes 12..<128 (CRC32C)
///       12      4   format version
///       16     16   store id
///       32     16   incarnation
///       48      8   number
///       56      8   segment bytes
///       64      4   block bytes
///       68     60   zero
enum SegmentHeader {
    static let magic: UInt64 = 0x4745_5349_4B41_4D45
    static let byteCount = 128

    enum Copy: Equatable {
        case good(SegmentIdentity)
        case newerFormat(UInt32)
        case bad
    }

    static func encode(
        _ identity: SegmentIdentity, layout: SegmentLayout, into memory: PageMemory, at offset: Int
    ) {
        memory.zero(offset..<offset + layout.blockBytes)
        memory.store(magic, at: offset)
        memory.store(StoreFile.formatVersion, at: offset + 12)
        identity.storeID.encode(into: memory, at: offset + 16)
        identity.incarnation.encode(into: memory, at: offset + 32)
        memory.store(identity.number, at: offset + 48)
        memory.store(UInt64(layout.segmentBytes), at: offset + 56)
        memory.store(UInt32(layout.blockBytes), at: offset + 64)
        memory.store(memory.checksum(offset + 12..<offset + byteCount, seed: 0), at: offset + 8)
    }

    /// **Good** if magic, checksum, format and sizes hold.
    static func decode(
        from memory: PageMemory, at offset: Int, layout: SegmentLayout
    ) -> Copy {
        guard memory.loadUInt64(at: offset) == magic,
            memory.checksum(offset + 12..<offset + byteCount, seed: 0)
                == memory.loadUInt32(at: offset + 8)
        else { return .bad }
        let version = memory.loadUInt32(at: offset + 12)
        guard version == StoreFile.formatVersion else { return .newerFormat(version) }
        guard memory.loadUInt64(at: offset + 56) == UInt64(layout.segmentBytes),
            memory.loadUInt32(at: offset + 64) == UInt32(layout.blockBytes)
        else { return .bad }
        return .good(
            SegmentIdentity(
                storeID: Bits128(from: memory, at: offset + 16),
                number: memory.loadUInt64(at: offset + 48),
                incarnation: Bits128(from: memory, at: offset + 32)))
    }
}

/// One of two alternating slots beside the segment header: proof of where the log ended when it
/// went idle. Written only after everything that it names was durable.
///
///     offset  bytes
///        0      4   magic "EMKI"
///        4      4   checksum of bytes 8..<64 (CRC32C)
///        8     16   store id
///       24     16   incarnation of this segment
///       40      8   last group
///       48      8   next position
///       56      4   header checksum of the last group's frame
///       60      4   zero
enum IdleSlot {
    static let magic: UInt32 = 0x494B_4D45
    static let byteCount = 64

    static func encode(
        _ end: LogEnd, of segment: SegmentIdentity, blockBytes: Int, into memory: PageMemory,
        at offset: Int
    ) {
        memory.zero(offset..<offset + blockBytes)
        memory.store(magic, at: offset)
        segment.storeID.encode(into: memory, at: offset + 8)
        segment.incarnation.encode(into: memory, at: offset + 24)
        memory.store(end.lastGroup, at: offset + 40)
        memory.store(end.nextPosition.rawValue, at: offset + 48)
        memory.store(end.frameChecksum, at: offset + 56)
        memory.store(memory.checksum(offset + 8..<offset + byteCount, seed: 0), at: offset + 4)
    }

    /// Nil if the slot was never written in this life of the segment, or is damaged: a slot only
    /// ever adds a proof.
    static func decode(
        from memory: PageMemory, at offset: Int, of segment: SegmentIdentity
    ) -> LogEnd? {
        guard memory.loadUInt32(at: offset) == magic,
            memory.checksum(offset + 8..<offset + byteCount, seed: 0)
                == memory.loadUInt32(at: offset + 4),
            Bits128(from: memory, at: offset + 8) == segment.storeID,
            Bits128(from: memory, at: offset + 24) == segment.incarnation
        else { return nil }
        let end = LogEnd(
            lastGroup: memory.loadUInt64(at: offset + 40),
            nextPosition: Position(memory.loadUInt64(at: offset + 48)),
            frameChecksum: memory.loadUInt32(at: offset + 56))
        // Only our own code can have written it, so numbers beyond these are no end of a log.
        guard end.lastGroup <= FrameHeader.positionMax,
            end.nextPosition.rawValue <= FrameHeader.positionMax
        else { return nil }
        return end
    }
}
