/// Which piece of which sealed file a scrub looks at next. A value, without a disk or a clock.
///
/// A pass goes through the files in the order of positions, from some place on to the end, and then
/// from the start up to that place: every piece once. The place is random, because nothing of a
/// pass is kept on disk: if each opening of a log began at the same file, a process that is
/// restarted often would look at the first files again and again, and never at the last ones. (So
/// does the scrubber of TigerBeetle.)
///
/// Sealing and merging change the files meanwhile. One that a merge made is passed over if it takes
/// the place of one that was being looked at: all of it was read back when it was made.
struct ScrubWalk {
    /// A sealed file, as far as a walk has to know it.
    struct Extent: Equatable {
        var number: UInt64
        var positions: Range<Position>
        var coveredPages: Int

        var pieceCount: Int { ScrubPiece.count(coveredPages: coveredPages) }

        init(number: UInt64, positions: Range<Position>, coveredPages: Int) {
            self.number = number
            self.positions = positions
            self.coveredPages = coveredPages
        }

        init(_ footer: SealedFooter) {
            number = footer.number
            positions = footer.positions
            coveredPages = footer.coveredPageCount
        }
    }

    private let start: (extent: Extent, piece: Int)?
    private var current: (extent: Extent, piece: Int)?
    private var hasWrapped = false

    /// - Parameter random: where the pass begins, see `start(in:random:)`.
    init(_ files: [Extent], random: UInt64) {
        start = Self.start(in: files, random: random)
        current = start
    }

    /// A group of pages of a file: what parity covers together begins a pass, never a part of it.
    private static func start(
        in files: [Extent], random: UInt64
    ) -> (extent: Extent, piece: Int)? {
        let groupCount = files.reduce(0) { $0 + PageParity.groupCount(pages: $1.coveredPages) }
        guard groupCount > 0 else { return nil }
        var group = Int(random % UInt64(groupCount))
        for file in files {
            let own = PageParity.groupCount(pages: file.coveredPages)
            if group < own { return (file, group * ScrubPiece.countPerGroup) }
            group -= own
        }
        return nil
    }

    /// - Parameter files: as they are now, in the order of positions.
    /// - Returns: an index in `files`, and a piece of that file; nil once the pass is over.
    mutating func next(in files: [Extent]) -> (file: Int, piece: ScrubPiece)? {
        guard let start else { return nil }
        while let (extent, piece) = current {
            let isLast = hasWrapped && extent.number == start.extent.number
            let end = isLast ? min(start.piece, extent.pieceCount) : extent.pieceCount
            if piece < end, let index = files.firstIndex(where: { $0 == extent }) {
                current?.piece += 1
                return (index, ScrubPiece(piece, coveredPages: extent.coveredPages))
            }
            current = isLast ? nil : following(extent.positions.upperBound, start.extent, files)
        }
        return nil
    }

    /// The first file from a position on, as far as this pass goes.
    private mutating func following(
        _ position: Position, _ start: Extent, _ files: [Extent]
    ) -> (extent: Extent, piece: Int)? {
        if !hasWrapped {
            if let next = files.first(where: { $0.positions.lowerBound >= position }) {
                return (next, 0)
            }
            hasWrapped = true
            return following(.start, start, files)
        }
        guard let next = files.first(where: { $0.positions.lowerBound >= position }),
            next.positions.lowerBound <= start.positions.lowerBound
        else { return nil }
        // Another file in the place where the pass began was read back when it was made.
        let isAtStart = next.positions.lowerBound == start.positions.lowerBound
        return isAtStart && next.number != start.number ? nil : (next, 0)
    }
}

/// A part of a sealed file that is looked at in one go: at most 256 KiB.
enum ScrubPiece: Equatable {
    /// Covered pages, at most one of each stripe.
    case pages(Range<Int>)
    /// The parity of a group, once all of its pages were looked at.
    case parity(group: Int)
    /// Both footers.
    case footers

    static let pagesMax = PageParity.stripeCount
    static let bytesMax = pagesMax * PageParity.pageBytes
    /// Pieces of a full group.
    static let countPerGroup = PageParity.groupPages / pagesMax + 1

    static func count(coveredPages: Int) -> Int {
        (0..<PageParity.groupCount(pages: coveredPages)).reduce(1) {
            $0 + count(ofGroup: $1, coveredPages)
        }
    }

    private static func count(ofGroup group: Int, _ coveredPages: Int) -> Int {
        let pages = PageParity.pages(ofGroup: group, in: coveredPages)
        return (pages.count + pagesMax - 1) / pagesMax + 1
    }

    /// A piece by its number in the file.
    init(_ number: Int, coveredPages: Int) {
        // All groups but the last are full.
        let group = number / Self.countPerGroup
        guard group < PageParity.groupCount(pages: coveredPages) else {
            self = .footers
            return
        }
        let inGroup = number % Self.countPerGroup
        switch inGroup - (Self.count(ofGroup: group, coveredPages) - 1) {
        case 0: self = .parity(group: group)
        case 1...: self = .footers
        default:
            let pages = PageParity.pages(ofGroup: group, in: coveredPages)
            let first = pages.lowerBound + inGroup * Self.pagesMax
            self = .pages(first..<min(first + Self.pagesMax, pages.upperBound))
        }
    }
}
