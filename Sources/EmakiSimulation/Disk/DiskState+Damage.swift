import EmakiPlatform

/// Damage to the medium, at once durable and to be seen.
package enum Damage: Sendable, Equatable {
    case flipBit(offset: Int, bit: Int)
    case zero(Range<Int>)
    /// Other bytes, the same for a seed.
    case noise(Range<Int>, seed: UInt64)
    /// Two places of this many bytes change their contents.
    case swap(Int, Int, count: Int)
    /// The second place gets what the first holds.
    case copy(from: Int, to: Int, count: Int)
    /// The sectors of this range cannot be read until they are written again.
    case unreadable(Range<Int>)
}

extension DiskState {
    /// - Returns: false if there is no such file.
    mutating func damage(_ path: String, _ damage: Damage) throws(DiskError) -> Bool {
        guard case .file(let number) = try tree.node(at: path, for: .open) else { return false }
        files[number]?.damage(damage)
        return true
    }

    /// What the action of a fault does to the bytes of one file after a call.
    mutating func strike(_ handle: Handle, _ range: Range<Int>, _ course: CallCourse) {
        let size = files[handle.number]?.visible.byteCount ?? 0
        let range = range.clamped(to: 0..<size)
        guard !range.isEmpty, let damage = course.damage(to: range) else { return }
        files[handle.number]?.damage(damage)
    }
}

extension CallCourse {
    func damage(to range: Range<Int>) -> Damage? {
        let unit = SimulatedTraits.sectorBytes
        let sectors = Sectors(of: range)
        let sector = Int(random % UInt64(sectors.count))
        switch action {
        case .flipBit:
            return .flipBit(
                offset: range.lowerBound + Int((random >> 3) % UInt64(range.count)),
                bit: Int(random & 7))
        case .zeroSector: return .zero(sectors.bytes(of: sector))
        case .swapSectors:
            let other = Int((random >> 32) % UInt64(sectors.count))
            let places = (sectors.bytes(of: sector), sectors.bytes(of: other))
            guard sector != other, places.0.count == unit, places.1.count == unit else {
                return nil
            }
            return .swap(places.0.lowerBound, places.1.lowerBound, count: unit)
        default: return nil
        }
    }

    /// Where a write of so many bytes goes that was meant for an offset.
    func place(of offset: Int, count: Int, within byteCount: Int) -> Int {
        let unit = SimulatedTraits.sectorBytes
        let placeCount = (byteCount - count) / unit + 1
        guard action == .misdirect, placeCount > 1 else { return offset }
        return Int(random % UInt64(placeCount)) * unit + offset % unit
    }
}

extension FileState {
    mutating func damage(_ damage: Damage) {
        if case .unreadable(let range) = damage { return addBadSectors(range) }
        edit { $0.damage(damage) }
    }
}

extension PagedBytes {
    /// What lies beyond the end stays as it is.
    mutating func damage(_ damage: Damage) {
        let all = 0..<byteCount
        switch damage {
        case .flipBit(let offset, let bit):
            guard all.contains(offset) else { return }
            let old = bytes(in: offset..<offset + 1)[0]
            write([old ^ (1 << UInt8(bit & 7))], at: offset)
        case .zero(let range): zero(range.clamped(to: all))
        case .noise(let range, let seed):
            var random = SeededRandom(seed: seed)
            let range = range.clamped(to: all)
            write(random.bytes(range.count), at: range.lowerBound)
        case .swap(let one, let other, let count):
            guard let places = places(one, other, count) else { return }
            let contents = (bytes(in: places.0), bytes(in: places.1))
            write(contents.0, at: other)
            write(contents.1, at: one)
        case .copy(let source, let target, let count):
            guard let places = places(source, target, count) else { return }
            write(bytes(in: places.0), at: target)
        case .unreadable: break
        }
    }

    private func places(_ one: Int, _ other: Int, _ count: Int) -> (Range<Int>, Range<Int>)? {
        guard one >= 0, other >= 0, count >= 0, max(one, other) <= byteCount - count else {
            return nil
        }
        return (one..<one + count, other..<other + count)
    }
}
