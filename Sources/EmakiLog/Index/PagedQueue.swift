import EmakiPlatform

/// Values by an ever growing ordinal, of which the oldest are dropped from time to time.
struct PagedQueue<Element: BitwiseCopyable>: ~Copyable {
    private var pages: PagedMemory<Element>
    /// Ordinal of the first place of the first page.
    private var start: UInt64
    /// Ordinals that are held.
    private(set) var range: Range<UInt64>

    init(filling filler: Element, pageShift: Int, startingAt start: UInt64) {
        pages = PagedMemory(filling: filler, pageShift: pageShift)
        let skipped = start & UInt64(pages.pageElements - 1)
        self.start = start - skipped
        range = start..<start
        pages.grow(to: Int(skipped))
    }

    subscript(ordinal: UInt64) -> Element {
        get {
            precondition(range.contains(ordinal), "only held ordinals are read")
            return pages[Int(ordinal - start)]
        }
    }

    mutating func append(_ element: Element) {
        pages.append(element)
        range = range.lowerBound..<range.upperBound + 1
    }

    /// Forgets everything below `newStart`; whole pages are given back.
    mutating func dropFirst(upTo newStart: UInt64) {
        let newStart = min(max(newStart, range.lowerBound), range.upperBound)
        range = newStart..<range.upperBound
        let wholePages = Int(newStart - start) / pages.pageElements
        guard wholePages > 0 else { return }
        pages.removeFirstPages(wholePages)
        start += UInt64(wholePages * pages.pageElements)
    }

    var allocatedBytes: Int { pages.allocatedBytes }
}
