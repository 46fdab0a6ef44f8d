import EmakiPlatform

/// Which stream of the engine's a name is.
struct StreamParts {
    static let slash = UInt8(ascii: "/")
    private static let idPrefix = Array(StreamName.idPrefix.utf8)
    private static let runPrefix = Array(StreamName.runPrefix.utf8)

    /// Where the workflow id is in the name.
    let id: Range<Int>
    /// Where the run id is, if it is the stream of a run.
    let run: Range<Int>?

    /// - Returns: nil if it is none of the engine's.
    init?(_ name: RawSpan) {
        if Self.idPrefix.isPrefix(of: name) {
            id = Self.idPrefix.count..<name.byteCount
            run = nil
            return
        }
        guard Self.runPrefix.isPrefix(of: name) else { return nil }
        var end = name.byteCount - 1
        while end > Self.runPrefix.count, name.loadUInt8(at: end) != Self.slash { end -= 1 }
        guard end > Self.runPrefix.count else { return nil }
        id = Self.runPrefix.count..<end
        run = end + 1..<name.byteCount
    }
}

extension [UInt8] {
    func isPrefix(of bytes: RawSpan) -> Bool {
        guard bytes.byteCount >= count else { return false }
        return withRawSpan { bytes.extracting(0..<count).isEqual(to: $0) }
    }
}
