/// A growable array of plain values in pages of fixed size.
///
/// Growing adds a page and moves nothing, so one append among millions does not stall for a copy.
/// Elements are reached through two pointers without a reference count or a uniqueness check: the
/// index of the log does this several times for each event.
@safe package struct PagedMemory<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    private let filler: Element
    @usableFromInline let shift: Int
    /// The pages; room for `tableCapacity` of them.
    @usableFromInline var table: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    private var tableCapacity = 4
    package private(set) var pageCount = 0
    /// Elements that may be read and written.
    @usableFromInline package private(set) var count = 0

    /// - Parameter pageShift: elements of a page, as a power of two.
    package init(filling filler: Element, pageShift: Int) {
        self.filler = filler
        shift = pageShift
        // Safe because the table is used only below `pageCount`, where pages were stored.
        unsafe table = .allocate(capacity: tableCapacity)
    }

    deinit {
        // Safe because nobody else has the pages; plain values need no end.
        for page in 0..<pageCount { unsafe table[page].deallocate() }
        unsafe table.deallocate()
    }

    package var pageElements: Int { 1 << shift }
    package var allocatedBytes: Int { pageCount << shift * MemoryLayout<Element>.stride }

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
        while pageCount << shift < newCount { addPage() }
        count = max(count, newCount)
    }

    private mutating func addPage() {
        if pageCount == tableCapacity { enlargeTable() }
        // Safe because the place in the table is free and inside its capacity.
        let page = UnsafeMutablePointer<Element>.allocate(capacity: pageElements)
        unsafe page.initialize(repeating: filler, count: pageElements)
        unsafe (table + pageCount).initialize(to: page)
        pageCount += 1
    }

    private mutating func enlargeTable() {
        // Safe because the new table has more room than the old one, which is given back.
        let larger = UnsafeMutablePointer<UnsafeMutablePointer<Element>>.allocate(
            capacity: tableCapacity * 2)
        unsafe larger.moveInitialize(from: table, count: pageCount)
        unsafe table.deallocate()
        unsafe table = larger
        tableCapacity *= 2
    }

    /// Gives the first pages back; what was behind them now starts at index 0.
    package mutating func removeFirstPages(_ removedCount: Int) {
        precondition(removedCount >= 0 && removedCount <= pageCount, "within the pages")
        // Safe because the removed pages are in the table, and the others move to its start.
        for page in 0..<removedCount { unsafe table[page].deallocate() }
        unsafe table.update(from: table + removedCount, count: pageCount - removedCount)
        pageCount -= removedCount
        count = max(0, count - removedCount << shift)
    }
}
