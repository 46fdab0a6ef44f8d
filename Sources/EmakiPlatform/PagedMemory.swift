/// A growable array of plain values in pages of fixed size.
///
/// Growing adds a page and moves nothing, so one append among millions does not stall for a copy.
/// Elements are reached through two pointers without a reference count or a uniqueness check: the
/// index of the log does this several times for each event.
@safe public struct PagedMemory<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    @usableFromInline let filler: Element
    @usableFromInline let pages: PageTable<Element>
    @usableFromInline let shift: Int
    /// The table of `pages`.
    @usableFromInline var table: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    @usableFromInline var heldCount = 0
    /// Elements that the pages have room for.
    @usableFromInline var room = 0

    /// - Parameter pageShift: elements of a page, as a power of two.
    @inlinable
    public init(filling filler: Element, pageShift: Int) {
        self.filler = filler
        shift = pageShift
        pages = PageTable()
        // Safe because the table is used only below `count`, where pages were stored.
        unsafe table = pages.table
    }

    /// Elements that may be read and written.
    @inlinable public var count: Int { heldCount }
    /// Elements of a page.
    @inlinable public var pageElements: Int { 1 << shift }
    /// Of all pages.
    @inlinable public var allocatedBytes: Int { room * MemoryLayout<Element>.stride }

    /// An element below `count`.
    @inlinable
    public subscript(index: Int) -> Element {
        @inline(__always) get {
            precondition(index >= 0 && index < heldCount, "within the elements")
            // Safe because the index is below the count, so its page is there and initialised.
            return unsafe table[index >> shift][index & (1 << shift - 1)]
        }
        @inline(__always) _modify {
            precondition(index >= 0 && index < heldCount, "within the elements")
            // Safe because the index is below the count, so its page is there and initialised.
            yield unsafe &table[index >> shift][index & (1 << shift - 1)]
        }
    }

    /// Adds an element at the end.
    @inlinable @inline(__always)
    public mutating func append(_ element: Element) {
        let index = heldCount
        grow(to: index + 1)
        self[index] = element
    }

    /// Makes room for indices below `newCount`, filled with the filler.
    @inlinable @inline(__always)
    public mutating func grow(to newCount: Int) {
        while room < newCount { addPage() }
        heldCount = max(heldCount, newCount)
    }

    @inlinable @inline(never)
    mutating func addPage() {
        pages.append(filling: filler, elements: pageElements)
        room = pages.count << shift
        // Safe because the table is the present one.
        unsafe table = pages.table
    }

    /// Gives the first pages back; what was behind them now starts at index 0.
    public mutating func removeFirstPages(_ removedCount: Int) {
        pages.removeFirst(removedCount)
        room = pages.count << shift
        heldCount = max(0, heldCount - removedCount << shift)
    }
}

/// Owns the pages. An object, because the `deinit` of a value of another module is not always run
/// by the compiler (Swift 6.3), and the pages would leak.
@safe @usableFromInline final class PageTable<Element: BitwiseCopyable> {
    @usableFromInline var table: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
    @usableFromInline var count = 0
    @usableFromInline var capacity = 4

    @inlinable
    init() {
        // Safe because the table is used only below `count`, where pages were stored.
        unsafe table = .allocate(capacity: capacity)
    }

    @inlinable
    deinit {
        // Safe because nobody else has the pages; plain values need no end.
        for page in 0..<count { unsafe table[page].deallocate() }
        unsafe table.deallocate()
    }

    @inlinable
    func append(filling filler: Element, elements: Int) {
        if count == capacity { enlarge() }
        // Safe because the place in the table is free and inside its capacity.
        let page = UnsafeMutablePointer<Element>.allocate(capacity: elements)
        unsafe page.initialize(repeating: filler, count: elements)
        unsafe (table + count).initialize(to: page)
        count += 1
    }

    @inlinable
    func enlarge() {
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
