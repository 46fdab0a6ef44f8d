#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Calls on sockets of this machine. Every descriptor is close-on-exec; nothing raises SIGPIPE.
extension SystemCall {
    /// The longest path that an address of a socket holds, without the zero at its end.
    static let socketPathBytesMax = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    #if canImport(Darwin)
        private static let streamKind = SOCK_STREAM
        private static let sendFlags = MSG_DONTWAIT
    #else
        private static let streamKind = Int32(SOCK_STREAM.rawValue)
        private static let sendFlags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    #endif

    static func makeSocket() throws(DiskError) -> Int32 {
        let descriptor = socket(AF_UNIX, streamKind, 0)
        try check(.socket, descriptor)
        keepFromChildren(descriptor)
        return descriptor
    }

    /// Gives a socket a name that only this user may connect to, and starts to listen. Nobody can
    /// connect before the mode is set.
    static func listen(_ descriptor: Int32, at path: String, backlog: Int32) throws(DiskError) {
        // Safe because the address does not leave the closure.
        try unsafe withAddress(path) { address, byteCount throws(DiskError) in
            // Safe because the address is whole, and lives through the call.
            try check(.socket, unsafe bind(descriptor, address, byteCount))
        }
        // Safe because the path lives through the call and is only read.
        try check(.socket, unsafe chmod(path, 0o600))
        #if canImport(Darwin)
            try check(.socket, Darwin.listen(descriptor, backlog))
        #else
            try check(.socket, Glibc.listen(descriptor, backlog))
        #endif
    }

    static func connect(_ descriptor: Int32, to path: String) throws(DiskError) {
        // Safe because the address does not leave the closure.
        try unsafe withAddress(path) { address, byteCount throws(DiskError) in
            #if canImport(Darwin)
                // Safe because the address is whole, and lives through the call.
                try check(.socket, unsafe Darwin.connect(descriptor, address, byteCount))
            #else
                // Safe because the address is whole, and lives through the call.
                try check(.socket, unsafe Glibc.connect(descriptor, address, byteCount))
            #endif
        }
    }

    /// - Returns: nil if whoever came went away again.
    static func accept(_ descriptor: Int32) throws(DiskError) -> Int32? {
        #if canImport(Darwin)
            let connection = Darwin.accept(descriptor, nil, nil)
        #else
            let connection = Glibc.accept(descriptor, nil, nil)
        #endif
        if connection < 0 {
            switch errno {
            case EINTR, EAGAIN, EWOULDBLOCK, ECONNABORTED: return nil
            default: throw DiskError(.socket, errno)
            }
        }
        keepFromChildren(connection)
        return connection
    }

    static func receiveOnce(
        _ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer
    ) throws(DiskError) -> StreamRead {
        // Safe because the buffer is valid for its count.
        let count = unsafe recv(descriptor, bytes.baseAddress, bytes.count, sendFlags)
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EINTR: return .interrupted
        case EAGAIN, EWOULDBLOCK: return .nothingYet
        default: throw DiskError(.socket, errno)
        }
    }

    /// - Returns: how many bytes were taken; nil if none can be now.
    static func sendOnce(
        _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer
    ) throws(DiskError) -> Int? {
        // Safe because the buffer is valid for its count and only read.
        let count = unsafe send(descriptor, bytes.baseAddress, bytes.count, sendFlags)
        if count >= 0 { return count }
        switch errno {
        case EINTR, EAGAIN, EWOULDBLOCK, ENOBUFS: return nil
        default: throw DiskError(.socket, errno)
        }
    }

    /// What `waitUntil` waits for.
    enum Readiness { case readable, writable }

    /// Waits until one of the descriptors is ready, has ended, or has an error.
    /// - Returns: which; none if the time ran out first, or a signal came.
    static func waitUntil(
        _ readiness: Readiness, _ descriptors: [Int32], nanoseconds: Int64?
    ) throws(DiskError) -> [Bool] {
        let wanted = Int16(readiness == .readable ? POLLIN : POLLOUT)
        var requests = descriptors.map { pollfd(fd: $0, events: wanted, revents: 0) }
        let limit = nanoseconds.map { Int32(clamping: max(0, $0 / 1_000_000 + 1)) } ?? -1
        // Safe because the requests are as many as is said, and live through the call.
        let count = unsafe poll(&requests, nfds_t(requests.count), limit)
        if count < 0, errno == EINTR { return requests.map { _ in false } }
        try check(.socket, count)
        return requests.map { $0.revents != 0 }
    }

    /// Ends both directions: whoever waits on the socket, here or there, goes on.
    static func shutDown(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Two sockets: what is sent to the second is read from the first. No pipe, because a byte
    /// that is written when the other end has just been closed would end the process.
    static func makePair() throws(DiskError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        // Safe because there is room for two descriptors.
        try check(.socket, unsafe socketpair(AF_UNIX, streamKind, 0, &ends))
        for end in ends { keepFromChildren(end) }
        return (ends[0], ends[1])
    }

    /// Sends one byte to a socket; nobody cares for more than one, or whether it is read.
    static func sendByte(to descriptor: Int32) {
        var byte: UInt8 = 1
        // Safe because one byte is there.
        _ = unsafe send(descriptor, &byte, 1, sendFlags)
    }

    /// Whether a socket is at this path itself; nil if nothing is.
    static func isSocket(_ path: String) throws(DiskError) -> Bool? {
        var status = stat()
        // Safe because the path lives through the call and `status` is a whole `stat`.
        let result = unsafe lstat(path, &status)
        if result != 0, errno == ENOENT { return nil }
        try check(.kind, result)
        return status.st_mode & S_IFMT == S_IFSOCK
    }

    private static func keepFromChildren(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        #if canImport(Darwin)
            var yes: Int32 = 1
            // Safe because the option is one number, which lives through the call.
            _ = unsafe setsockopt(
                descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(DiskError) -> Void
    ) throws(DiskError) {
        let bytes = Array(path.utf8)
        guard bytes.count <= socketPathBytesMax else { throw DiskError(.socket, ENAMETOOLONG) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Safe because the bytes fit, and the zero behind them is there already.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let byteCount = socklen_t(MemoryLayout<sockaddr_un>.size)
        // Safe because an address of this kind starts like any address; it lives through the body.
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Result { () throws(DiskError) in try unsafe body(address, byteCount) }
            }
        }
        try result.get()
    }
}
