import EmakiPlatform

/// Writes the covered pages of a sealed file one after the other, and gathers their checksums and
/// their parity on the way: each byte is touched once.
final class SealedPageSink {
    /// Pages written with one call: a commit may wait for as many.
    private static let pagesPerWrite = 32
    private static let pageBytes = PageParity.pageBytes

    private let file: any File
    private let buffer: PageMemory
    /// Bytes in the buffer.
    private var filled = 0
    /// Covered pages that were written.
    private var writtenPages = 0
    private var checksums: ChunkBuffer
    private var parity: ParityBuilder

    init(file: any File) throws(DiskError) {
        self.file = file
        buffer = try PageMemory(byteCount: Self.pagesPerWrite * Self.pageBytes)
        checksums = try ChunkBuffer(capacity: 64 << 10)
        parity = try ParityBuilder()
    }

    /// Page in the file that the next byte goes to.
    var nextPage: Int { 1 + writtenPages + filled / Self.pageBytes }

    func append(_ bytes: RawSpan) throws(DiskError) {
        var taken = 0
        while taken < bytes.byteCount {
            let count = min(bytes.byteCount - taken, buffer.byteCount - filled)
            buffer.copy(bytes.extracting(taken..<taken + count), at: filled)
            taken += count
            filled += count
            if filled == buffer.byteCount { try writePages() }
        }
    }

    func append(_ section: ChunkBuffer) throws(DiskError) {
        try section.memory.withBytes(in: section.range) { (bytes: RawSpan) throws(DiskError) in
            try append(bytes)
        }
    }

    /// Fills the page that was begun with zeros.
    func endSection() {
        let end = (filled + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
        buffer.zero(filled..<end)
        filled = end
    }

    private func writePages() throws(DiskError) {
        let pageCount = filled / Self.pageBytes
        for page in 0..<pageCount {
            let range = page * Self.pageBytes..<(page + 1) * Self.pageBytes
            try checksums.append(buffer.checksum(range))
            try buffer.withBytes(in: range) { (bytes: RawSpan) throws(DiskError) in
                try parity.add(bytes)
            }
        }
        try write(buffer, pageCount: pageCount, at: 1 + writtenPages)
        writtenPages += pageCount
        filled = 0
    }

    /// Writes the first pages of a memory, not too many at a time.
    private func write(
        _ memory: PageMemory, pageCount: Int, at page: Int
    ) throws(DiskError) {
        for first in stride(from: 0, to: pageCount, by: Self.pagesPerWrite) {
            let pages = first..<min(first + Self.pagesPerWrite, pageCount)
            let range = pages.lowerBound * Self.pageBytes..<pages.upperBound * Self.pageBytes
            try memory.withBytes(in: range) { (bytes: RawSpan) throws(DiskError) in
                try file.write(bytes, at: (page + first) * Self.pageBytes)
            }
        }
    }

    /// Writes checksum pages, parity and both footers, and syncs.
    func finish(_ footer: SealedFooter) throws(DiskError) {
        try writePages()
        try writeChecksums()
        try parity.finish()
        var page = 1 + writtenPages
        for group in parity.finished {
            let pageCount = group.byteCount / Self.pageBytes
            try write(group, pageCount: pageCount, at: page)
            page += pageCount
        }
        footer.encode(into: buffer, at: 0)
        try write(buffer, pageCount: 1, at: page)
        try write(buffer, pageCount: 1, at: 0)
        try file.sync()
    }

    private func writeChecksums() throws(DiskError) {
        let perPage = SealedFooter.checksumsPerPage
        let total = checksums.count / 4
        for first in stride(from: 0, to: total, by: perPage) {
            let count = min(perPage, total - first)
            buffer.zero(0..<Self.pageBytes)
            checksums.memory.withBytes(in: first * 4..<(first + count) * 4) {
                buffer.copy($0, at: 0)
            }
            buffer.store(buffer.checksum(0..<perPage * 4), at: perPage * 4)
            try buffer.withBytes(in: 0..<Self.pageBytes) { (bytes: RawSpan) throws(DiskError) in
                try parity.add(bytes)
            }
            try write(buffer, pageCount: 1, at: 1 + writtenPages)
            writtenPages += 1
        }
    }
}
