import EmakiPlatform

/// A sealed file as MANIFEST lists it.
///
///     offset  bytes
///        0      8   number, which names the file
///        8      8   first position
///       16      8   end of the positions
///       24      4   checksum in the file's footer, which covers the digest of its events
///       28      1   tier: 0 made from segments, n + 1 merged from files of tier n
///       29      3   zero
struct SealedEntry: Equatable, Sendable {
    var number: UInt64
    /// Of all events, those that are not there any more included.
    var positions: Range<Position>
    var footerChecksum: UInt32
    var tier: UInt8 = 0

    var path: String { Self.path(ofNumber: number) }
    /// While it is made.
    var temporaryPath: String { path + Self.temporarySuffix }
    static let temporarySuffix = ".new"

    static func path(ofNumber number: UInt64) -> String {
        let digits = String(number)
        return StoreFolder.sealed + "/"
            + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }

    init(number: UInt64, positions: Range<Position>, footerChecksum: UInt32, tier: UInt8 = 0) {
        self.number = number
        self.positions = positions
        self.footerChecksum = footerChecksum
        self.tier = tier
    }

    init(from memory: PageMemory, at offset: Int) {
        number = memory.loadUInt64(at: offset)
        let first = memory.loadUInt64(at: offset + 8)
        let end = memory.loadUInt64(at: offset + 16)
        // Turned round they make an empty range, which is refused.
        positions = Position(min(first, end))..<Position(first < end ? end : min(first, end))
        footerChecksum = memory.loadUInt32(at: offset + 24)
        tier = memory.loadUInt8(at: offset + 28)
    }

    var isConsistent: Bool {
        // The end first: what is below it can be counted.
        number > 0 && positions.upperBound.rawValue <= FrameHeader.positionMax
            && !positions.isEmpty && positions.count <= Int(Int32.max)
    }

    func encode(into memory: PageMemory, at offset: Int) {
        memory.store(number, at: offset)
        memory.store(positions.lowerBound.rawValue, at: offset + 8)
        memory.store(positions.upperBound.rawValue, at: offset + 16)
        memory.store(footerChecksum, at: offset + 24)
        memory.store(UInt32(tier), at: offset + 28)
    }
}
