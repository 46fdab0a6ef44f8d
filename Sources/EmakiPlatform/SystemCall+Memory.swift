#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The C library's, which a method of the same name would hide.
private func heapFree(_ base: UnsafeMutableRawPointer) { unsafe free(base) }

/// Mapping memory, and comparing it.
extension SystemCall {
    /// A shared read-only view of the first bytes of a file. `byteCount` is positive.
    static func mapFile(_ descriptor: Int32, byteCount: Int)
        throws(DiskError) -> UnsafeMutableRawPointer
    {
        try unsafe map(byteCount, PROT_READ, MAP_SHARED, descriptor, for: .map)
    }

    /// A shared view of the first bytes of a file, to read and to write. `byteCount` is positive.
    static func mapShared(_ descriptor: Int32, byteCount: Int)
        throws(DiskError) -> UnsafeMutableRawPointer
    {
        try unsafe map(byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, for: .map)
    }

    /// Private zeroed memory that starts on a page. `byteCount` is positive.
    static func mapPages(byteCount: Int) throws(DiskError) -> UnsafeMutableRawPointer {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        return try unsafe map(byteCount, PROT_READ | PROT_WRITE, flags, -1, for: .allocate)
    }

    /// The system may give huge pages. Only a wish: without them everything works the same.
    static func expectFilling(_ base: UnsafeMutableRawPointer, byteCount: Int) {
        #if os(Linux)
            _ = unsafe advise(base, byteCount, MADV_HUGEPAGE)
        #endif
    }

    /// Zeroed memory from the heap. `byteCount` is positive.
    static func allocate(byteCount: Int) throws(DiskError) -> UnsafeMutableRawPointer {
        // Safe because what comes back is checked, and belongs to the caller alone.
        guard let base = unsafe calloc(1, byteCount) else { throw .noMemory }
        return unsafe base
    }

    static func free(_ base: UnsafeMutableRawPointer) {
        // Safe because every caller is the deinit of the only owner of this memory.
        unsafe heapFree(base)
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
        unsafe left.count == right.count && compare(left, right) == 0
    }

    /// Below, at or above 0, by the first byte that differs, or by the lengths.
    static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let common = min(left.count, right.count)
        guard let leftBase = left.baseAddress, let rightBase = right.baseAddress, common > 0 else {
            return left.count - right.count
        }
        // Safe because both buffers are valid for the smaller count.
        let difference = unsafe memcmp(leftBase, rightBase, common)
        return difference == 0 ? left.count - right.count : Int(difference)
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
