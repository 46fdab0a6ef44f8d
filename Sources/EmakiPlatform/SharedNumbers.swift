import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Numbers in a file that outlive the process that wrote them, however it ended: a shared mapping,
/// which the system keeps. Never synced, so nothing of it is promised after a loss of power.
///
/// Each number by itself is read and written whole; nothing orders two of them.
@safe package final class SharedNumbers: @unchecked Sendable {
    package let count: Int
    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    /// Opens or makes the file; one of another size starts anew, with zeros.
    ///
    /// The file's space is held before it is mapped: a store into a hole of a full disk would end
    /// the process.
    /// - Throws: also where the file system cannot hold space.
    package init(path: String, count: Int) throws(DiskError) {
        precondition(count > 0, "there is something to keep")
        self.count = count
        let byteCount = count * MemoryLayout<UInt64>.size
        let descriptor = try SystemCall.openDescriptor(path, O_RDWR | O_CREAT)
        defer { SystemCall.closeDescriptor(descriptor) }
        if try SystemCall.status(of: descriptor, for: .open).byteCount != byteCount {
            try SystemCall.resize(descriptor, to: 0)
            try SystemCall.resize(descriptor, to: byteCount)
        }
        guard try SystemCall.allocate(descriptor, byteCount: byteCount) else {
            throw DiskError(.allocate, EOPNOTSUPP)
        }
        // Safe because the mapping is as long as the file, belongs to `self`, and an atomic number
        // has the layout of the number.
        let base = unsafe try SystemCall.mapShared(descriptor, byteCount: byteCount)
        unsafe words = unsafe base.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    deinit {
        // Safe because nobody refers to the mapping any more.
        unsafe SystemCall.unmap(
            UnsafeMutableRawPointer(words), byteCount: count * MemoryLayout<UInt64>.size)
    }

    package subscript(index: Int) -> UInt64 {
        get {
            precondition(index >= 0 && index < count, "within the file")
            // Safe because the index is inside the mapping.
            return unsafe words[index].load(ordering: .relaxed)
        }
        set {
            precondition(index >= 0 && index < count, "within the file")
            // Safe because the index is inside the mapping.
            unsafe words[index].store(newValue, ordering: .releasing)
        }
    }
}
