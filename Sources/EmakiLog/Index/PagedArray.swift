/// A growable array in pages of fixed size: growing never moves what is there, so one append among
/// millions does not stall for a copy. `Element` is meant to be a plain value without references.
struct PagedArray<Element> {
    private let pageCount: Int
    private let shift: Int
    private let filler: Element
    private var pages: ContiguousArray<ContiguousArray<Element>> = []
    private(set) var count = 0

    /// - Parameter pageShift: elements of a page, as a power of two.
    init(filling filler: Element, pageShift: Int) {
        self.filler = filler
        shift = pageShift
        pageCount = 1 << pageShift
    }

    subscript(index: Int) -> Element {
        get { pages[index >> shift][index & (pageCount - 1)] }
        _modify { yield &pages[index >> shift][index & (pageCount - 1)] }
    }

    mutating func append(_ element: Element) {
        let index = count
        grow(to: index + 1)
        self[index] = element
    }

    /// Makes room for indices below `newCount`, filled with the filler.
    mutating func grow(to newCount: Int) {
        while pages.count << shift < newCount {
            pages.append(ContiguousArray(repeating: filler, count: pageCount))
        }
        count = max(count, newCount)
    }

    var allocatedBytes: Int { pages.count * pageCount * MemoryLayout<Element>.stride }
}

/// Values by an ever growing ordinal, of which the oldest are dropped from time to time.
struct PagedQueue<Element> {
    private let shift: Int
    private let filler: Element
    private var pages: ContiguousArray<ContiguousArray<Element>> = []
    private var firstPage = 0
    /// Ordinals that are held.
    private(set) var range: Range<UInt64>

    init(filling filler: Element, pageShift: Int, startingAt start: UInt64) {
        self.filler = filler
        shift = pageShift
        firstPage = Int(start >> UInt64(pageShift))
        range = start..<start
    }

    subscript(ordinal: UInt64) -> Element {
        get {
            precondition(range.contains(ordinal), "only held ordinals are read")
            return pages[page(of: ordinal)][slot(of: ordinal)]
        }
        set { pages[page(of: ordinal)][slot(of: ordinal)] = newValue }
    }

    mutating func append(_ element: Element) {
        let ordinal = range.upperBound
        if page(of: ordinal) >= pages.count {
            pages.append(ContiguousArray(repeating: filler, count: 1 << shift))
        }
        self[ordinal] = element
        range = range.lowerBound..<ordinal + 1
    }

    /// Forgets everything below `start`; whole pages are given back.
    mutating func dropFirst(upTo start: UInt64) {
        let newStart = min(max(start, range.lowerBound), range.upperBound)
        range = newStart..<range.upperBound
        let wholePages = min(page(of: newStart), pages.count)
        guard wholePages > 0 else { return }
        pages.removeFirst(wholePages)
        firstPage += wholePages
    }

    private func page(of ordinal: UInt64) -> Int { Int(ordinal >> UInt64(shift)) - firstPage }
    private func slot(of ordinal: UInt64) -> Int { Int(ordinal & ((1 << UInt64(shift)) - 1)) }

    var allocatedBytes: Int { pages.count << shift * MemoryLayout<Element>.stride }
}
