import EmakiPlatform

/// A file's bytes in pages of 4 KiB that are shared between copies until one of them is written.
///
/// A page is an array, so copying is Swift's own copy-on-write. A page that was never written is an
/// empty array; one that holds only zeros is one array for all. Bytes of the last page behind
/// the end are zero, so that a file that grows shows zeros.
package struct PagedBytes: Sendable {
    static let pageBytes = 4096
    private static let zeroPage = [UInt8](repeating: 0, count: pageBytes)

    package private(set) var byteCount = 0
    private var pages: [[UInt8]] = []

    package init() {}

    package init(_ bytes: [UInt8]) {
        bytes.withRawSpan { write($0, at: 0) }
    }

    /// Pages that take space.
    var writtenPageCount: Int { pages.count { !$0.isEmpty } }

    /// Pages that a write to this range would add.
    func missingPageCount(in range: Range<Int>) -> Int {
        PagePiece.pieces(of: range).count { $0.page >= pages.count || pages[$0.page].isEmpty }
    }

    /// All bytes, copied.
    package var bytes: [UInt8] { bytes(in: 0..<byteCount) }

    /// Some bytes, copied. The range lies within the file.
    func bytes(in range: Range<Int>) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        bytes.withMutableRawSpan { _ = read(into: &$0, at: range.lowerBound) }
        return bytes
    }

    /// Equal for equal contents. Pages that hold zeros cost next to nothing.
    var contentHash: UInt64 {
        var hash: UInt64 = 0
        for (number, page) in pages.enumerated() where !page.isEmpty {
            let isZero = page.withRawSpan { $0.isZero(in: 0..<$0.byteCount) }
            guard !isZero else { continue }
            let pageHash = page.withRawSpan { StableHash.hash($0) }
            hash ^= SeededRandom.mixed(pageHash ^ SeededRandom.mixed(UInt64(number)))
        }
        return hash
    }

    // MARK: Reading

    /// - Returns: how many bytes there were from the offset on, at most as many as fit.
    func read(into target: inout MutableRawSpan, at offset: Int) -> Int {
        guard offset < byteCount else { return 0 }
        let end = min(byteCount, offset + target.byteCount)
        for piece in PagePiece.pieces(of: offset..<end) {
            let place = piece.start - offset
            if pages[piece.page].isEmpty {
                target.zero(place..<place + piece.range.count)
            } else {
                pages[piece.page].withRawSpan {
                    target.copy($0.extracting(piece.range), at: place)
                }
            }
        }
        return end - offset
    }

    /// The pages around a range, shared.
    func run(_ range: Range<Int>) -> PageRun {
        guard !range.isEmpty else { return PageRun(range: range, firstPage: 0, pages: []) }
        let first = range.lowerBound / Self.pageBytes
        let last = (range.upperBound - 1) / Self.pageBytes
        return PageRun(range: range, firstPage: first, pages: Array(pages[first...last]))
    }

    // MARK: Writing

    mutating func write(_ bytes: [UInt8], at offset: Int) {
        bytes.withRawSpan { write($0, at: offset) }
    }

    mutating func write(_ bytes: RawSpan, at offset: Int) {
        let range = offset..<offset + bytes.byteCount
        grow(to: range.upperBound)
        for piece in PagePiece.pieces(of: range) {
            let place = piece.start - offset
            let part = bytes.extracting(place..<place + piece.range.count)
            if piece.isWholePage {
                let isZero = part.isZero(in: 0..<part.byteCount)
                pages[piece.page] = isZero ? Self.zeroPage : part.copyToArray()
            } else {
                edit(piece) { $0.copy(part, at: piece.range.lowerBound) }
            }
        }
    }

    /// Takes over a part of what a run holds.
    mutating func apply(_ run: PageRun, in part: Range<Int>) {
        let part = part.clamped(to: run.range)
        grow(to: part.isEmpty ? 0 : part.upperBound)
        for piece in PagePiece.pieces(of: part) {
            let source = run.pages[piece.page - run.firstPage]
            if piece.isWholePage {
                pages[piece.page] = source
            } else {
                edit(piece) { page in
                    source.withRawSpan {
                        page.copy($0.extracting(piece.range), at: piece.range.lowerBound)
                    }
                }
            }
        }
    }

    mutating func zero(_ range: Range<Int>) {
        grow(to: range.isEmpty ? 0 : range.upperBound)
        for piece in PagePiece.pieces(of: range) {
            if piece.isWholePage {
                pages[piece.page] = Self.zeroPage
            } else {
                edit(piece) { $0.zero(piece.range) }
            }
        }
    }

    mutating func resize(to count: Int) {
        guard count < byteCount else { return grow(to: count) }
        byteCount = count
        pages.removeLast(pages.count - (count + Self.pageBytes - 1) / Self.pageBytes)
        let rest = count % Self.pageBytes
        guard rest != 0, let last = pages.last, !last.isEmpty else { return }
        pages[pages.count - 1].withMutableRawSpan { $0.zero(rest..<Self.pageBytes) }
    }

    private mutating func grow(to count: Int) {
        guard count > byteCount else { return }
        byteCount = count
        let missing = (count + Self.pageBytes - 1) / Self.pageBytes - pages.count
        if missing > 0 { pages.append(contentsOf: repeatElement([], count: missing)) }
    }

    private mutating func edit(_ piece: PagePiece, _ body: (inout MutableRawSpan) -> Void) {
        if pages[piece.page].isEmpty { pages[piece.page] = Self.zeroPage }
        pages[piece.page].withMutableRawSpan(body)
    }
}

extension PagedBytes: Equatable {
    /// Pages that are shared are not compared byte by byte.
    package static func == (one: PagedBytes, other: PagedBytes) -> Bool {
        guard one.byteCount == other.byteCount else { return false }
        return zip(one.pages, other.pages).allSatisfy { left, right in
            (left.isEmpty ? zeroPage : left) == (right.isEmpty ? zeroPage : right)
        }
    }
}

/// What a write left in the pages that it touched: only the bytes of the range count.
struct PageRun: Sendable {
    let range: Range<Int>
    let firstPage: Int
    let pages: [[UInt8]]
}

/// The part of a range of a file that lies in one page.
struct PagePiece {
    let page: Int
    /// Within the page.
    let range: Range<Int>

    /// Offset in the file.
    var start: Int { page * PagedBytes.pageBytes + range.lowerBound }
    var isWholePage: Bool { range.count == PagedBytes.pageBytes }

    static func pieces(of range: Range<Int>) -> some Sequence<PagePiece> {
        sequence(state: range.lowerBound) { (offset: inout Int) -> PagePiece? in
            guard offset < range.upperBound else { return nil }
            let page = offset / PagedBytes.pageBytes
            let start = page * PagedBytes.pageBytes
            let end = min(range.upperBound, start + PagedBytes.pageBytes)
            defer { offset = end }
            return PagePiece(page: page, range: offset - start..<end - start)
        }
    }
}
