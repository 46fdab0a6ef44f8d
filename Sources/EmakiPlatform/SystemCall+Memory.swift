#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Mapping memory, and comparing it.
extension SystemCall {
    /// A shared read-only view of the first bytes of a file. `byteCount` is positive.
    static func mapFile(_ descriptor: Int32, byteCount: Int)
        throws(DiskError) -> UnsafeMutableRawPointer
    {
        try unsafe map(byteCount, PROT_READ, MAP_SHARED, descriptor, for: .map)
    }

    /// Private zeroed memory that starts on a page. `byteCount` is positive.
    static func mapPages(byteCount: Int) throws(DiskError) -> UnsafeMutableRawPointer {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        let base = try unsafe map(byteCount, PROT_READ | PROT_WRITE, flags, -1, for: .allocate)
        #if os(Linux)
            // Only a wish: without huge pages everything works the same.
            _ = unsafe advise(base, byteCount, MADV_HUGEPAGE)
        #endif
        return unsafe base
    }

    /// - Returns: whether the system could give all pages at once, before they are touched.
    static func populate(_ base: UnsafeMutableRawPointer, byteCount: Int) -> Bool {
        #if os(Linux)
            return unsafe advise(base, byteCount, MADV_POPULATE_WRITE)
        #else
            return false
        #endif
    }

    static func unmap(_ base: UnsafeMutableRawPointer, byteCount: Int) {
        // Safe because every caller is the deinit of the only owner of this range.
        let result = unsafe munmap(base, byteCount)
        precondition(result == 0, "only whole mappings of our own are unmapped")
    }

    /// Whether two ranges hold the same bytes.
    static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else {
            return true
        }
        // Safe because both buffers are valid for the one count.
        return unsafe memcmp(leftBase, rightBase, left.count) == 0
    }

    private static func map(
        _ byteCount: Int, _ protection: Int32, _ flags: Int32, _ descriptor: Int32,
        for operation: DiskError.Operation
    ) throws(DiskError) -> UnsafeMutableRawPointer {
        // Safe because no address is asked for, so nothing that exists is replaced.
        let base = unsafe mmap(nil, byteCount, protection, flags, descriptor, 0)
        guard let base = unsafe base, unsafe base != MAP_FAILED else {
            throw DiskError(operation, errno)
        }
        return unsafe base
    }

    #if os(Linux)
        private static func advise(
            _ base: UnsafeMutableRawPointer, _ byteCount: Int, _ advice: Int32
        ) -> Bool {
            // Safe because both advices in use leave the contents alone.
            unsafe madvise(base, byteCount, advice) == 0
        }
    #endif
}
