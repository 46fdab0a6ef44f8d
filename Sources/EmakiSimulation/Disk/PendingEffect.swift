/// Something that a call did and no sync has made durable.
package struct PendingEffect: Sendable, Equatable, Identifiable {
    package enum Kind: Sendable, Equatable {
        /// Bytes of a file, at these offsets.
        case write(Range<Int>)
        /// A file's size.
        case resize(from: Int, to: Int)
        /// A new file's name.
        case create
        case makeFolder
        case remove
        /// Old name and new name in one step.
        case rename(to: String)
    }

    /// Rises with the order of the calls, and stays the same in clones.
    package let id: Int
    /// Which call to the disk made it.
    package let callNumber: Int
    /// The path at the time of the call.
    package let path: String
    /// Tells files apart also when they change their names; 0 for folder effects.
    package let fileNumber: Int
    package let kind: Kind

    /// True for writes: they can be torn. All else is kept or dropped.
    package var isWrite: Bool {
        if case .write = kind { return true }
        return false
    }

    /// Sectors that a write touches; 0 for all else.
    package var sectorCount: Int {
        guard case .write(let range) = kind else { return 0 }
        return Sectors(of: range).count
    }
}

/// The sectors of a write: all but the first and the last are whole.
struct Sectors {
    private let range: Range<Int>
    /// Its number in the file.
    let first: Int
    let count: Int

    init(of range: Range<Int>) {
        let unit = SimulatedTraits.sectorBytes
        self.range = range
        first = range.lowerBound / unit
        count = range.isEmpty ? 0 : (range.upperBound - 1) / unit - first + 1
    }

    /// The bytes of the write in a sector, as offsets in the file.
    func bytes(of sector: Int) -> Range<Int> {
        let start = (first + sector) * SimulatedTraits.sectorBytes
        return (start..<start + SimulatedTraits.sectorBytes).clamped(to: range)
    }
}
