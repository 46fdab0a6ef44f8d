#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Calls on names in folders.
extension SystemCall {
    /// What is at this path, following links, or nil.
    static func status(at path: String, for operation: DiskError.Operation)
        throws(DiskError) -> Status?
    {
        var status = stat()
        // Safe because the path lives through the call and `status` is a whole `stat`.
        let result = unsafe stat(path, &status)
        if result != 0, errno == ENOENT { return nil }
        try check(operation, result)
        return Status(status)
    }

    static func makeFolder(_ path: String) throws(DiskError) {
        // Safe because the path lives through the call and is only read.
        try check(.makeFolder, unsafe mkdir(path, 0o700))
    }

    static func renamePath(_ path: String, to target: String) throws(DiskError) {
        // Safe because both paths live through the call and are only read.
        try check(.rename, unsafe rename(path, target))
    }

    static func linkPath(_ path: String, to target: String) throws(DiskError) {
        // Safe because both paths live through the call and are only read.
        try check(.link, unsafe link(path, target))
    }

    /// Removes a file or an empty folder.
    static func removePath(_ path: String) throws(DiskError) {
        // Safe because the path lives through the call and is only read.
        try check(.remove, unsafe remove(path))
    }

    /// Names in a folder, in no order, without "." and "..".
    static func names(in folder: String) throws(DiskError) -> [String] {
        // Safe because the path lives through the call and is only read.
        guard let stream = unsafe opendir(folder) else { throw DiskError(.list, errno) }
        // Safe because the stream is closed once, after its last use.
        defer { unsafe _ = closedir(stream) }
        var names: [String] = []
        while true {
            // The end and an error look the same except for `errno`.
            errno = 0
            // Safe because the stream is open and used by this thread only.
            guard let entry = unsafe readdir(stream) else { break }
            // Safe because a name ends with a zero, and is copied before the next call.
            let name = unsafe name(of: entry)
            if name != "." && name != ".." { names.append(name) }
        }
        if errno != 0 { throw DiskError(.list, errno) }
        return names
    }

    /// What the system says about an error number.
    static func message(_ code: Int32) -> String {
        // Safe because the text is copied at once; both platforms keep it per thread or constant.
        guard let text = unsafe strerror(code) else { return "unknown error" }
        return unsafe String(cString: text)
    }

    /// Space on the file system of an open file, and its block.
    static func space(around descriptor: Int32) throws(DiskError) -> (free: Int, blockBytes: Int) {
        var status = statvfs()
        // Safe because `status` is a whole `statvfs`, written before the call returns.
        try check(.traits, unsafe fstatvfs(descriptor, &status))
        let fragmentBytes = Int(status.f_frsize)
        // Some file systems keep a share for root.
        let freeBlocks = geteuid() == 0 ? status.f_bfree : status.f_bavail
        let free = Int(freeBlocks).multipliedReportingOverflow(by: fragmentBytes)
        return (free.overflow ? .max : free.partialValue, Int(status.f_bsize))
    }

    /// The name starts at a fixed place in the entry; the field's declared length is a fiction.
    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return "" }
        // Safe because the system ends every name with a zero.
        return unsafe String(
            cString: UnsafeRawPointer(entry).advanced(by: offset)
                .assumingMemoryBound(to: CChar.self))
    }
}

func systemMessage(_ code: Int32) -> String { SystemCall.message(code) }

/// What error numbers mean to callers that have another way.
extension SystemCall {
    static let notSupported = EOPNOTSUPP

    /// Whether the system says that it has no such call, as opposed to the call having failed.
    static func meansUnavailable(_ code: Int32) -> Bool {
        code == EOPNOTSUPP || code == ENOSYS || code == EINVAL || code == ENOTSUP
    }
}
