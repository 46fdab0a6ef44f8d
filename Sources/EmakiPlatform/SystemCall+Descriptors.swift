import CEmaki

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The system's calls, each used in exactly one place, with typed errors instead of `errno`.
///
/// These on descriptors do one call each. Loops over short counts live in `PosixFile`, so that
/// what is repeated and what is not can be read there.
enum SystemCall {
    /// What `stat` tells that somebody here asks for.
    struct Status {
        var device: UInt64
        var inode: UInt64
        var kind: EntryKind
        var byteCount: Int
        var blockBytes: Int
        /// What the file takes on the disk.
        var allocatedBytes: Int

        init(_ status: stat) {
            device = UInt64(truncatingIfNeeded: status.st_dev)
            inode = UInt64(status.st_ino)
            byteCount = Int(status.st_size)
            blockBytes = Int(status.st_blksize)
            // By definition in these units.
            allocatedBytes = Int(status.st_blocks) * 512
            switch status.st_mode & S_IFMT {
            case S_IFREG: kind = .file
            case S_IFDIR: kind = .folder
            default: kind = .other
            }
        }
    }

    /// Throws what the call before left in `errno`, if it failed.
    static func check(_ operation: DiskError.Operation, _ result: some BinaryInteger)
        throws(DiskError)
    {
        if result < 0 { throw DiskError(operation, errno) }
    }

    /// Opens for the caller alone: close-on-exec, mode 0600 if it is made.
    static func openDescriptor(
        _ path: String, _ flags: Int32, for operation: DiskError.Operation = .open
    ) throws(DiskError) -> Int32 {
        // Safe because the path lives through the call and is only read.
        let descriptor = unsafe open(path, flags | O_CLOEXEC, 0o600)
        try check(operation, descriptor)
        return descriptor
    }

    /// An error of `close` says nothing that a sync before it did not say.
    static func closeDescriptor(_ descriptor: Int32) {
        _ = close(descriptor)
    }

    static func status(of descriptor: Int32, for operation: DiskError.Operation)
        throws(DiskError) -> Status
    {
        var status = stat()
        // Safe because `status` is a whole `stat`, written before the call returns.
        try check(operation, unsafe fstat(descriptor, &status))
        return Status(status)
    }

    /// - Returns: how many bytes were read; nil if a signal came first.
    static func readOnce(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer, at: Int)
        throws(DiskError) -> Int?
    {
        // Safe because the buffer is valid for its count.
        let count = unsafe pread(descriptor, bytes.baseAddress, bytes.count, off_t(at))
        if count < 0, errno == EINTR { return nil }
        try check(.read, count)
        return count
    }

    /// What one read of a stream gave.
    enum StreamRead {
        /// So many bytes; 0 at the end.
        case bytes(Int)
        /// The descriptor is non-blocking and has nothing now.
        case nothingYet
        /// A signal came first.
        case interrupted
    }

    /// Reads from where the descriptor is, as pipes and terminals must be.
    static func readNext(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer)
        throws(DiskError) -> StreamRead
    {
        // Safe because the buffer is valid for its count.
        let count = unsafe read(descriptor, bytes.baseAddress, bytes.count)
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EINTR: return .interrupted
        case EAGAIN, EWOULDBLOCK: return .nothingYet
        default: throw DiskError(.read, errno)
        }
    }

    /// Waits until a read would give bytes, the end or an error; or until a signal comes.
    static func waitUntilReadable(_ descriptor: Int32) throws(DiskError) {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Safe because `request` is one whole `pollfd`, and lives through the call.
        let count = unsafe poll(&request, 1, -1)
        if count < 0, errno == EINTR { return }
        try check(.read, count)
    }

    /// - Returns: how many bytes were written; nil if a signal came first.
    static func writeOnce(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at: Int)
        throws(DiskError) -> Int?
    {
        // Safe because the buffer is valid for its count and only read.
        let count = unsafe pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(at))
        if count < 0, errno == EINTR { return nil }
        try check(.write, count)
        return count
    }

    /// As `writeOnce`, and what was written is durable. `ENOSYS` where there is no such call.
    static func writeDurablyOnce(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at: Int)
        throws(DiskError) -> Int?
    {
        // Safe because the buffer is valid for its count and only read.
        let result = unsafe emaki_pwrite_dsync(
            descriptor, bytes.baseAddress, bytes.count, Int64(at))
        if result == -Int64(EINTR) { return nil }
        if result < 0 { throw DiskError(.write, Int32(-result)) }
        return Int(result)
    }

    /// Contents, and only as much about the file as is needed to read them back.
    static func syncContents(_ descriptor: Int32) throws(DiskError) {
        #if canImport(Darwin)
            try syncEverything(descriptor, for: .sync)
        #else
            try check(.sync, fdatasync(descriptor))
        #endif
    }

    /// Contents and all that the file system knows of the file.
    static func syncEverything(_ descriptor: Int32, for operation: DiskError.Operation)
        throws(DiskError)
    {
        #if canImport(Darwin)
            // `fsync` on Apple platforms leaves bytes in the device's cache.
            try check(operation, fcntl(descriptor, F_FULLFSYNC))
        #else
            try check(operation, fsync(descriptor))
        #endif
    }

    static func resize(_ descriptor: Int32, to byteCount: Int) throws(DiskError) {
        try check(.resize, ftruncate(descriptor, off_t(byteCount)))
    }

    /// Holds space for a whole file without writing it.
    /// - Returns: false if the file system cannot.
    static func allocate(_ descriptor: Int32, byteCount: Int) throws(DiskError) -> Bool {
        #if canImport(Darwin)
            return false
        #else
            while true {
                let code = posix_fallocate(descriptor, 0, off_t(byteCount))
                switch code {
                case 0: return true
                case EINTR: continue
                case EOPNOTSUPP, ENOSYS, EINVAL: return false
                default: throw DiskError(.allocate, code)
                }
            }
        #endif
    }

    /// Drops clean pages of the whole file from the page cache.
    static func dropCache(_ descriptor: Int32) throws(DiskError) {
        #if canImport(Darwin)
            // The nearest there is: from now on reads do not go through the cache.
            try check(.read, fcntl(descriptor, F_NOCACHE, 1))
        #else
            let code = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
            if code != 0 { throw DiskError(.read, code) }
        #endif
    }

    /// Reads of this descriptor bring in what they ask for and nothing beyond. A refusal is no
    /// error.
    static func expectRandomReads(_ descriptor: Int32) {
        #if canImport(Darwin)
            _ = fcntl(descriptor, F_RDAHEAD, 0)
        #else
            _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_RANDOM)
        #endif
    }

    /// The system may fetch this range into the page cache. A refusal is no error.
    static func expectRead(_ descriptor: Int32, of range: Range<Int>) {
        #if canImport(Darwin)
            let count = Int32(clamping: range.count)
            var advice = radvisory(ra_offset: off_t(range.lowerBound), ra_count: count)
            // Safe because the call only reads what it is lent.
            _ = unsafe fcntl(descriptor, F_RDADVISE, &advice)
        #else
            _ = posix_fadvise(
                descriptor, off_t(range.lowerBound), off_t(range.count), POSIX_FADV_WILLNEED)
        #endif
    }

    /// Takes (or ends) the exclusive lock of an open file without waiting.
    static func lock(_ descriptor: Int32, exclusive: Bool) throws(DiskError) {
        try check(.lock, flock(descriptor, exclusive ? LOCK_EX | LOCK_NB : LOCK_UN))
    }
}

/// Flags and facts that not every platform has.
extension SystemCall {
    /// Makes `open` bypass the page cache.
    static var directFlag: Int32? {
        let flag = emaki_open_direct_flag()
        return flag == 0 ? nil : flag
    }

    /// Makes `open` create a file without a name in a folder.
    static var unnamedFlag: Int32? {
        let flag = emaki_open_unnamed_flag()
        return flag == 0 ? nil : flag
    }

    /// Which kind of file system an open file is on, as Linux numbers them.
    static func fileSystemNumber(_ descriptor: Int32) -> Int64? {
        let number = emaki_file_system_kind(descriptor)
        return number < 0 ? nil : number
    }

    /// Asks the file system not to copy on write in an open folder, in files that are made later.
    /// - Returns: what the folder's flags say afterwards.
    static func avoidCopyOnWrite(_ folder: Int32) throws(DiskError) -> Bool {
        let result = emaki_avoid_copy_on_write(folder)
        if result < 0 { throw DiskError(.traits, -result) }
        return result == 1
    }

    static var processNumber: Int32 { getpid() }
}
