/// What a power loss does to one effect that was not synced.
///
/// A folder effect and a resize are kept or dropped; the other fates are for writes.
package enum Fate: Sendable, Equatable {
    /// All of it reached the disk.
    case keep
    /// None of it did: what was there before is there.
    case drop
    /// The file's size and blocks reached the disk and the bytes did not: the range reads as zeros.
    case zero
    /// A part reached the disk; elsewhere what was there before is there.
    case tear(Tear)
    /// These sectors reached the disk, the others read as zeros.
    case zeroOutside(SectorSet)
    /// These sectors reached the disk; the others were being written, and hold anything.
    case noiseOutside(SectorSet, seed: UInt64)
}

/// Which part of a torn write reached the disk. Sectors are counted from the one in which the write
/// begins; a sector that the write covers in part is kept or lost as far as the write goes.
package enum Tear: Sendable, Equatable {
    case sectors(SectorSet)
    /// The first sectors.
    case prefix(Int)
    /// The last sectors.
    case suffix(Int)
    /// The first bytes: a tear that no device with whole sectors makes, and that memory can.
    case bytes(Int)
}

/// A set of the sectors of one write, by index.
package struct SectorSet: Sendable, Equatable {
    private var words: [UInt64]

    /// The sectors of the bits that are set.
    package init(mask: UInt64) { words = [mask] }

    /// The sectors below a count that fulfil a condition.
    package init(count: Int, where isMember: (Int) -> Bool) {
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
        for sector in 0..<count where isMember(sector) {
            words[sector / 64] |= 1 << UInt64(sector % 64)
        }
    }

    package func contains(_ sector: Int) -> Bool {
        let word = sector / 64
        return word < words.count && words[word] & (1 << UInt64(sector % 64)) != 0
    }
}

extension Tear {
    func contains(_ sector: Int, of sectorCount: Int) -> Bool {
        switch self {
        case .sectors(let set): set.contains(sector)
        case .prefix(let count): sector < count
        case .suffix(let count): sector >= sectorCount - count
        case .bytes: false
        }
    }
}
