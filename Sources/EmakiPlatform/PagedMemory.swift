/// A growable array of plain values in pages of fixed size.
///
/// Growing adds a page and moves nothing, so one append among millions does not stall for a copy.
/// Elements are reached through two pointers without a reference count or a uniqueness check: the
/// index of the log does this several times for each event.
@safe package struct PagedMemory<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    private let filler: Element
    private let pages: PageTable<Element>
    @usableFromInline let shift: Int
    /// The table of `pages`.
    @usableFromInline var table: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    /// Elements that may be read and written.
    @usableFromInline package private(set) var count = 0

    /// - Parameter pageShift: elements of a page, as a power of two.
    package init(filling filler: Element, pageShift: Int) {
        self.filler = filler
        shift = pageShift
        pages = PageTable()
        // Safe because the table is used only below `count`, where pages were stored.
        unsafe table = pages.table
    }

    package var pageElements: Int { 1 << shift }
    package var allocatedBytes: Int { pages.count << shift * MemoryLayout<Element>.stride }

    @inlinable
    package subscript(index: Int) -> Element {
        @inline(__always) get {
            precondition(index >= 0 && index < count, "within the elements")
            // Safe because the index is below the count, so its page is there and initialised.
            return unsafe table[index >> shift][index & (1 << shift - 1)]
        }
        @inline(__always) _modify {
            precondition(index >= 0 && index < count, "within the elements")
            // Safe because the index is below the count, so its page is there and initialised.
            yield unsafe &table[index >> shift][index & (1 << shift - 1)]
        }
    }

    package mutating func append(_ element: Element) {
        let index = count
        grow(to: index + 1)
        self[index] = element
    }

    /// Makes room for indices below `newCount`, filled with the filler.
    package mutating func grow(to newCount: Int) {
        while pages.count << shift < newCount {
            pages.append(filling: filler, elements: pageElements)
            // Safe because the table is the present one.
            unsafe table = pages.table
        }
        count = max(count, newCount)
    }

    /// Gives the first pages back; what was behind them now starts at index 0.
    package mutating func removeFirstPages(_ removedCount: Int) {
        pages.removeFirst(removedCount)
        count = max(0, count - removedCount << shift)
    }
}

/// Owns the pages. An object, because the `deinit` of a value of another module is not always run
/// by the compiler (Swift 6.3), and the pages would leak.
@safe private final class PageTable<Element: BitwiseCopyable> {
    private(set) var table: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    private(set) var count = 0
    private var capacity = 4

    init() {
        // Safe because the table is used only below `count`, where pages were stored.
        unsafe table = .allocate(capacity: capacity)
    }

    deinit {
        // Safe because nobody else has the pages; plain values need no end.
        for page in 0..<count { unsafe table[page].deallocate() }
        unsafe table.deallocate()
    }

    func append(filling filler: Element, elements: Int) {
        if count == capacity { enlarge() }
        // Safe because the place in the table is free and inside its capacity.
        let page = UnsafeMutablePointer<Element>.allocate(capacity: elements)
        unsafe page.initialize(repeating: filler, count: elements)
        unsafe (table + count).initialize(to: page)
        count += 1
    }

    private func enlarge() {
        // Safe because the new table has more room than the old one, which is given back.
        let larger = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(
            capacity: capacity * 2)
        unsafe larger.moveInitialize(from: table, count: count)
        unsafe table.deallocate()
        unsafe table = larger
        capacity *= 2
    }

    func removeFirst(_ removedCount: Int) {
        precondition(removedCount >= 0 && removedCount <= count, "within the pages")
        // Safe because the removed pages are in the table, and the others move to its start.
        for page in 0..<removedCount { unsafe table[page].deallocate() }
        unsafe table.update(from: table + removedCount, count: count - removedCount)
        count -= removedCount
    }
}
