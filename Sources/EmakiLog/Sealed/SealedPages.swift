import EmakiPlatform

/// The covered pages of an open sealed file: each is checked at its first touch, and rebuilt from
/// its stripe if it fails. The only thing that is ever written to a sealed file is a page that
/// failed its checksum, by bytes that match it.
final class SealedPages: @unchecked Sendable {
    static let pageBytes = PageParity.pageBytes
    /// Pages that are read together at the first touch of one, if they begin one after the other.
    private static let pagesPerTouch = 16

    let path: String
    let footer: SealedFooter
    /// All of the file; what is asked for is checked by `check` first.
    let view: MappedBytes
    let file: any File
    let isWritable: Bool
    /// Covered pages that were checked.
    let checked: AtomicBits
    private let lock = Lock()
    /// Guarded by `lock`.
    private var repairCount = 0

    /// - Parameter isWritable: rebuilt pages may be written back.
    init(
        _ file: any File, path: String, footer: SealedFooter, isWritable: Bool
    ) throws(DiskError) {
        self.file = file
        self.path = path
        self.footer = footer
        self.isWritable = isWritable
        view = MappedBytes(try file.map())
        file.expectRandomReads()
        checked = AtomicBits(count: footer.coveredPageCount)
    }

    /// Pages that were rebuilt since the file was opened.
    var repairs: Int { lock.withLock { repairCount } }

    func close() { file.close() }

    deinit { file.close() }

    // MARK: Reading

    /// Where a range of a section is in `view`, all of it sound.
    /// - Throws: `.corrupt` if a page of it is damaged and cannot be rebuilt.
    func offset(
        in section: SealedFooter.Section, _ start: Int, _ byteCount: Int
    ) throws(LogError) -> Int {
        let place = footer[section]
        precondition(
            start >= 0 && byteCount >= 0 && start <= place.byteCount - byteCount, "in the section")
        let offset = place.range.lowerBound + start
        let page = offset / Self.pageBytes - 1
        if checked.contains(page), offset % Self.pageBytes + byteCount <= Self.pageBytes {
            return offset
        }
        try check(bytes: offset..<offset + byteCount)
        return offset
    }

    /// Lends a range of a section in place.
    /// - Throws: `.corrupt` if a page of it is damaged and cannot be rebuilt.
    func withBytes<R>(
        _ section: SealedFooter.Section, _ range: Range<Int>, _ body: (RawSpan) -> R
    ) throws(LogError) -> R {
        let start = try offset(in: section, range.lowerBound, range.count)
        return view.withBytes(in: start..<start + range.count, body)
    }

    /// Reads a range of a section with one call. Not checked: whoever has a checksum of its own
    /// over it looks first, and calls `check` only when it fails.
    /// - Returns: false if the device does not give all of it.
    func read(
        _ section: SealedFooter.Section, _ range: Range<Int>, into memory: PageMemory,
        at target: Int
    ) throws(LogError) -> Bool {
        let start = footer[section].range.lowerBound + range.lowerBound
        let got: Int
        do throws(DiskError) {
            got = try memory.withMutableBytes(in: target..<target + range.count) {
                (bytes: inout MutableRawSpan) throws(DiskError) in
                try file.read(into: &bytes, at: start)
            }
        } catch {
            guard error.isUnreadable else { throw LogError(error, file: path) }
            return false
        }
        guard got == range.count else {
            throw corrupt(at: start, .wrongSize, "the file ends inside")
        }
        return true
    }

    /// Says that a range of a section will be read soon, as far as there is such a range.
    func expectRead(_ section: SealedFooter.Section, _ range: Range<Int>) {
        let part = range.clamped(to: 0..<footer[section].byteCount)
        if part.isEmpty { return }
        let start = footer[section].range.lowerBound
        file.expectRead(of: start + part.lowerBound..<start + part.upperBound)
    }

    /// Reads whole pages of the file as they are, to the start of `memory`. Not checked; zeros for
    /// pages that the device does not give.
    func copy(_ range: Range<Int>, into memory: PageMemory) throws(LogError) {
        if try copyAtOnce(range, into: memory) { return }
        for offset in stride(from: range.lowerBound, to: range.upperBound, by: Self.pageBytes) {
            let page = try bytes(ofPage: offset / Self.pageBytes - 1)
            page.withBytes(in: 0..<Self.pageBytes) {
                memory.copy($0, at: offset - range.lowerBound)
            }
        }
    }

    /// - Returns: false if the device does not give all of it.
    private func copyAtOnce(_ range: Range<Int>, into memory: PageMemory) throws(LogError) -> Bool {
        let got: Int
        do throws(DiskError) {
            got = try memory.withMutableBytes(in: 0..<range.count) {
                (bytes: inout MutableRawSpan) throws(DiskError) in
                try file.read(into: &bytes, at: range.lowerBound)
            }
        } catch {
            guard error.isUnreadable else { throw LogError(error, file: path) }
            return false
        }
        guard got == range.count else {
            throw corrupt(at: range.lowerBound + got, .wrongSize, "the file ends inside")
        }
        return true
    }

    /// Checks the pages that hold a range of the file, and mends what fails. It is not empty.
    func check(bytes: Range<Int>) throws(LogError) {
        let first = bytes.lowerBound / Self.pageBytes - 1
        let last = (bytes.upperBound - 1) / Self.pageBytes - 1
        for page in first...last where !checked.contains(page) { try checkAround(page) }
    }

    /// Checks a page that was not asked for before, and those beside it: they are read at the same
    /// price, and likely to be asked for. What fails beside it waits until it is.
    private func checkAround(_ page: Int) throws(LogError) {
        let first = page / Self.pagesPerTouch * Self.pagesPerTouch
        let some = first..<min(first + Self.pagesPerTouch, footer.coveredPageCount)
        let memory = try LogError.translating(path) { () throws(DiskError) in
            try PageMemory(heapBytes: some.count * Self.pageBytes)
        }
        if try copyAtOnce(Self.bytes(ofPages: some), into: memory) {
            for other in some where !checked.contains(other) {
                let offset = (other - first) * Self.pageBytes
                if try matches(memory, other, at: offset) { checked.insert(other) }
            }
        }
        if !checked.contains(page) { try checkAgain(page) }
    }

    /// Where covered pages are in the file.
    static func bytes(ofPages pages: Range<Int>) -> Range<Int> {
        (pages.lowerBound + 1) * pageBytes..<(pages.upperBound + 1) * pageBytes
    }

    /// Checks pages on the device, also those that were sound before: what was read from them, some
    /// bytes at least, was not what belongs there.
    func checkAgain(bytes: Range<Int>) throws(LogError) {
        let first = bytes.lowerBound / Self.pageBytes - 1
        let last = (bytes.upperBound - 1) / Self.pageBytes - 1
        for page in first...last { try checkAgain(page) }
    }

    /// Checks a covered page on the device, whether or not it was checked before.
    func checkAgain(_ page: Int) throws(LogError) {
        let memory = try bytes(ofPage: page)
        if try !matches(memory, page) { try rebuild(page) }
        checked.insert(page)
    }

    // MARK: Pages

    /// What the file holds at a page, counted from the first covered one.
    func bytes(ofPage page: Int) throws(LogError) -> PageMemory {
        try LogError.translating(path) { () throws(DiskError) in
            let memory = try PageMemory(heapBytes: Self.pageBytes)
            do throws(DiskError) {
                _ = try memory.withMutableBytes(in: 0..<Self.pageBytes) {
                    (bytes: inout MutableRawSpan) throws(DiskError) in
                    try file.read(into: &bytes, at: (page + 1) * Self.pageBytes)
                }
            } catch {
                // A page that cannot be read is a page that fails its checksum.
                guard error.isUnreadable else { throw error }
                memory.zero(0..<Self.pageBytes)
            }
            return memory
        }
    }

    func soundBytes(ofPage page: Int) throws(LogError) -> PageMemory {
        let memory = try bytes(ofPage: page)
        guard try matches(memory, page) else {
            throw corrupt(
                at: (page + 1) * Self.pageBytes, .badHeader,
                "the page was damaged while it was scrubbed; scrub again")
        }
        return memory
    }

    /// Whether what was read of a page, to an offset in memory, is what belongs there.
    func matches(
        _ memory: PageMemory, _ page: Int, at start: Int = 0
    ) throws(LogError) -> Bool {
        let perPage = SealedFooter.checksumsPerPage
        guard page < footer.sectionPageCount else {
            return memory.loadUInt32(at: start + perPage * 4)
                == memory.checksum(start..<start + perPage * 4)
        }
        let sums = footer.sectionPageCount + page / perPage
        if !checked.contains(sums) { try checkAgain(sums) }
        let wanted = view.loadUInt32(at: (sums + 1) * Self.pageBytes + page % perPage * 4)
        return memory.checksum(start..<start + Self.pageBytes) == wanted
    }

    /// Makes a page from the others of its stripe, checks it, and writes it back.
    func rebuild(_ page: Int) throws(LogError) {
        let pageCount = footer.coveredPageCount
        let parity = pageCount + PageParity.parityPage(of: page, in: pageCount)
        let memory = try bytes(ofPage: parity)
        for sibling in PageParity.siblings(of: page, in: pageCount) {
            let other = try bytes(ofPage: sibling)
            other.withBytes(in: 0..<Self.pageBytes) { PageParity.mix($0, into: memory, at: 0) }
        }
        let offset = (page + 1) * Self.pageBytes
        guard try matches(memory, page) else {
            throw corrupt(at: offset, .badHeader, "more than one page of its stripe is damaged")
        }
        guard isWritable else {
            throw corrupt(at: offset, .badHeader, "open the store for writing to have it mended")
        }
        try LogError.translating(path) { () throws(DiskError) in
            try memory.withBytes(in: 0..<Self.pageBytes) { (bytes: RawSpan) throws(DiskError) in
                try file.write(bytes, at: offset)
            }
            try file.sync()
        }
        lock.withLock { repairCount += 1 }
    }

    func corrupt(
        at offset: Int, _ reason: Corruption.Reason, _ evidence: String
    ) -> LogError {
        .corrupt(
            Corruption(file: path, fileOffset: offset, reason: reason, evidence: evidence))
    }
}
