/// A read-only view of a file through the page cache.
///
/// The view keeps the file's contents reachable after the file was closed or removed; the last
/// reference ends it, so no reader can see the memory go. A mapped file must never shrink: the
/// system kills a process that reads past the end of one.
@safe package final class PosixMapping: Mapping, @unchecked Sendable {
    package let byteCount: Int
    /// Nil if and only if the file was empty.
    private let base: UnsafeMutableRawPointer?

    init(descriptor: Int32, byteCount: Int) throws(DiskError) {
        self.byteCount = byteCount
        // Safe because the pointer is kept with its size and unmapped only at the end.
        unsafe base =
            byteCount == 0
            ? nil : try unsafe SystemCall.mapFile(descriptor, byteCount: byteCount)
    }

    deinit {
        // Safe because nobody refers to the view any more.
        if let base = unsafe base { unsafe SystemCall.unmap(base, byteCount: byteCount) }
    }

    /// The first byte; valid as long as somebody refers to this.
    var start: UnsafeRawPointer? {
        // Safe because a view for reading is handed on as one.
        unsafe base.map { UnsafeRawPointer($0) }
    }

    package func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "within the file")
        defer { withExtendedLifetime(self) {} }
        guard let base = unsafe base else { return body(RawSpan()) }
        // Safe because the range is inside the mapping, which `self` keeps until after the body.
        return body(
            unsafe RawSpan(_unsafeStart: base + range.lowerBound, byteCount: range.count))
    }
}
