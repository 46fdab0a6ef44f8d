import EmakiPlatform

/// Parity over interleaved stripes: what rebuilds the pages of a sealed file.
///
/// Pages are taken in groups of 2,048. Page i of a group belongs to stripe i mod 64, each stripe
/// has one parity page, the xor of its (at most 32) pages. One damaged page of a stripe is rebuilt
/// from the others, so 64 pages in a row, 256 KiB, always are: they lie in 64 different stripes.
///
/// The parity pages stand behind all others, group by group. A group of n pages has them in the
/// order of the stripes n, n + 1, … (mod 64): pages in a row that reach from the last pages of the
/// only group into its parity lie in different stripes, too.
///
/// The idea of parity beside the data is RAID's (Patterson and others, 1988).
enum PageParity {
    static let pageBytes = 4096
    static let stripeCount = 64
    static let groupPages = 2048

    static func groupCount(pages: Int) -> Int { (pages + groupPages - 1) / groupPages }

    /// Pages of a group, the last of which may be short.
    static func pages(ofGroup group: Int, in pageCount: Int) -> Range<Int> {
        group * groupPages..<min(pageCount, (group + 1) * groupPages)
    }

    /// Stripes that have pages.
    static func stripes(inGroupOf pageCount: Int) -> Int { min(stripeCount, pageCount) }

    /// All parity pages of a file.
    static func parityPageCount(pages pageCount: Int) -> Int {
        (0..<groupCount(pages: pageCount)).reduce(0) {
            $0 + stripes(inGroupOf: pages(ofGroup: $1, in: pageCount).count)
        }
    }

    /// Which parity page, counted from the first, is a page's.
    static func parityPage(of page: Int, in pageCount: Int) -> Int {
        let group = page / groupPages
        let inGroup = pages(ofGroup: group, in: pageCount)
        let used = stripes(inGroupOf: inGroup.count)
        let stripe = (page - inGroup.lowerBound) % stripeCount
        // All groups but the last are full.
        return group * stripeCount + place(ofStripe: stripe, pages: inGroup.count, used: used)
    }

    /// Where a stripe's page is among those of its group.
    static func place(ofStripe stripe: Int, pages pageCount: Int, used: Int) -> Int {
        ((stripe - pageCount) % used + used) % used
    }

    /// The other pages of a page's stripe.
    static func siblings(of page: Int, in pageCount: Int) -> [Int] {
        let inGroup = pages(ofGroup: page / groupPages, in: pageCount)
        let first = inGroup.lowerBound + (page - inGroup.lowerBound) % stripeCount
        return stride(from: first, to: inGroup.upperBound, by: stripeCount).filter { $0 != page }
    }

    /// Mixes a page into another. Twice is never.
    static func mix(_ page: RawSpan, into target: PageMemory, at offset: Int) {
        target.mix(page, at: offset)
    }
}

/// Gathers the parity of a file whose pages come one after the other.
final class ParityBuilder {
    /// Parity of the groups that are complete, in the order of the file.
    private(set) var finished: [PageMemory] = []
    private var current: PageMemory
    private var pagesInGroup = 0
    private(set) var pageCount = 0

    init() throws(DiskError) {
        current = try PageMemory(byteCount: PageParity.stripeCount * PageParity.pageBytes)
    }

    func add(_ page: RawSpan) throws(DiskError) {
        if pagesInGroup == PageParity.groupPages { try endGroup() }
        let stripe = pagesInGroup % PageParity.stripeCount
        PageParity.mix(page, into: current, at: stripe * PageParity.pageBytes)
        pagesInGroup += 1
        pageCount += 1
    }

    private func endGroup() throws(DiskError) {
        finished.append(try inOrder())
        current = try PageMemory(byteCount: PageParity.stripeCount * PageParity.pageBytes)
        pagesInGroup = 0
    }

    /// The current group's parity pages, in the order in which the file has them.
    private func inOrder() throws(DiskError) -> PageMemory {
        let used = PageParity.stripes(inGroupOf: pagesInGroup)
        let pageBytes = PageParity.pageBytes
        let ordered = try PageMemory(byteCount: used * pageBytes)
        for stripe in 0..<used {
            let place = PageParity.place(ofStripe: stripe, pages: pagesInGroup, used: used)
            current.withBytes(in: stripe * pageBytes..<(stripe + 1) * pageBytes) {
                ordered.copy($0, at: place * pageBytes)
            }
        }
        return ordered
    }

    /// Ends the last group.
    func finish() throws(DiskError) {
        if pagesInGroup > 0 { finished.append(try inOrder()) }
        pagesInGroup = 0
    }
}
