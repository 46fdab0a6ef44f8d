/// Finds a stream's slot by the hash of its id: extendible hashing (Fagin and others, 1979), so
/// that growing splits one small page at a time and no append waits for a whole table to be
/// rebuilt.
///
/// A page is open-addressed with linear probing. An entry is the low half of the hash in its high
/// 32 bits and slot + 1 in its low 32; 0 is empty. The top bits of the hash choose the page.
struct StreamDirectory {
    private struct Page {
        var entries: ContiguousArray<UInt64>
        var count = 0
        /// How many top bits all hashes of this page share.
        var depth: Int
    }

    private static let pageSlots = 256
    /// Beyond this a page grows instead of splitting: only equal hashes can get here.
    private static let depthMax = 26

    private var pages: ContiguousArray<Page>
    /// Page index for each value of the top `depth` bits.
    private var directory: ContiguousArray<UInt32> = [0]
    private var depth = 0
    private(set) var count = 0

    init() {
        pages = [Page(entries: .init(repeating: 0, count: Self.pageSlots), depth: 0)]
    }

    /// Walks the slots whose hash may be the wanted one. A cursor and no closure, because this is
    /// on the path of every append.
    struct Candidates {
        fileprivate let page: Int
        fileprivate let mask: Int
        fileprivate let tag: UInt32
        fileprivate var probe: Int
    }

    func candidates(_ hash: UInt64) -> Candidates {
        let page = pageIndex(of: hash)
        let mask = pages[page].entries.count - 1
        return Candidates(
            page: page, mask: mask, tag: UInt32(truncatingIfNeeded: hash),
            probe: Int(truncatingIfNeeded: hash) & mask)
    }

    /// The next slot of which half of the hash matches; nil if the wanted one is not there.
    /// - Complexity: O(1) expected.
    func next(_ candidates: inout Candidates) -> Int? {
        while true {
            let entry = pages[candidates.page].entries[candidates.probe]
            if entry == 0 { return nil }
            candidates.probe = (candidates.probe + 1) & candidates.mask
            if UInt32(truncatingIfNeeded: entry >> 32) == candidates.tag {
                return Int(entry & 0xFFFF_FFFF) - 1
            }
        }
    }

    /// Adds a slot that is not there.
    /// - Parameter hashOf: the whole hash of a slot that is there, for splitting.
    mutating func insert(_ slot: Int, hash: UInt64, hashOf: (Int) -> UInt64) {
        while true {
            let page = pageIndex(of: hash)
            if pages[page].count < pages[page].entries.count / 4 * 3 {
                place(slot, hash: hash, in: page)
                count += 1
                return
            }
            // Doubling the directory pays only while it separates streams: chosen ids with equal
            // hashes must not make it grow for nothing.
            let isWorthIt = pages[page].depth < depth || directory.count <= 16 * pages.count
            if isWorthIt, pages[page].depth < Self.depthMax {
                split(page, hash: hash, hashOf: hashOf)
            } else {
                enlarge(page, hashOf: hashOf)
            }
        }
    }

    /// Removes a slot that is there, closing the gap behind it.
    mutating func remove(_ slot: Int, hash: UInt64) {
        let page = pageIndex(of: hash)
        let mask = pages[page].entries.count - 1
        let wanted = Self.entry(slot, hash)
        var gap = Int(truncatingIfNeeded: hash) & mask
        while pages[page].entries[gap] != wanted {
            precondition(pages[page].entries[gap] != 0, "only slots that are there are removed")
            gap = (gap + 1) & mask
        }
        var probe = gap
        while true {
            probe = (probe + 1) & mask
            let entry = pages[page].entries[probe]
            if entry == 0 { break }
            let home = Int(entry >> 32) & mask
            // The entry may move into the gap unless its home lies behind the gap.
            if (probe - home) & mask >= (probe - gap) & mask {
                pages[page].entries[gap] = entry
                gap = probe
            }
        }
        pages[page].entries[gap] = 0
        pages[page].count -= 1
        count -= 1
    }

    private func pageIndex(of hash: UInt64) -> Int {
        depth == 0 ? 0 : Int(directory[Int(hash >> UInt64(64 - depth))])
    }

    private static func entry(_ slot: Int, _ hash: UInt64) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: hash)) << 32 | UInt64(slot + 1)
    }

    private mutating func place(_ slot: Int, hash: UInt64, in page: Int) {
        let mask = pages[page].entries.count - 1
        var probe = Int(truncatingIfNeeded: hash) & mask
        while pages[page].entries[probe] != 0 { probe = (probe + 1) & mask }
        pages[page].entries[probe] = Self.entry(slot, hash)
        pages[page].count += 1
    }

    private mutating func split(_ page: Int, hash: UInt64, hashOf: (Int) -> UInt64) {
        if pages[page].depth == depth {
            directory = ContiguousArray(directory.lazy.flatMap { [$0, $0] })
            depth += 1
        }
        let old = pages[page]
        let newDepth = old.depth + 1
        let sibling = pages.count
        let empty = ContiguousArray<UInt64>(repeating: 0, count: old.entries.count)
        pages[page] = Page(entries: empty, depth: newDepth)
        pages.append(Page(entries: empty, depth: newDepth))
        // The directory entries of one page lie in a row; the upper half becomes the sibling's.
        let rowBits = depth - old.depth
        let prefix = old.depth == 0 ? 0 : Int(hash >> UInt64(64 - old.depth))
        let middle = prefix << rowBits + 1 << (rowBits - 1)
        for index in middle..<(prefix + 1) << rowBits { directory[index] = UInt32(sibling) }
        reinsert(old.entries, hashOf: hashOf)
    }

    private mutating func enlarge(_ page: Int, hashOf: (Int) -> UInt64) {
        let old = pages[page]
        pages[page] = Page(
            entries: .init(repeating: 0, count: old.entries.count * 2), depth: old.depth)
        reinsert(old.entries, hashOf: hashOf)
    }

    private mutating func reinsert(
        _ entries: ContiguousArray<UInt64>, hashOf: (Int) -> UInt64
    ) {
        for entry in entries where entry != 0 {
            let slot = Int(entry & 0xFFFF_FFFF) - 1
            let hash = hashOf(slot)
            place(slot, hash: hash, in: pageIndex(of: hash))
        }
    }

    var allocatedBytes: Int {
        pages.reduce(directory.count * 4) { $0 + $1.entries.count * 8 + 48 }
    }
}
