#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A call to the disk that failed: which one, and the system's error number.
package struct DiskError: Error, Equatable, Sendable {
    package enum Operation: UInt8, Sendable {
        case open, read, write, sync, resize, map, list, kind, makeFolder, rename, remove
        case syncFolder, lock, traits, allocate, link, socket
    }
    package var operation: Operation
    /// The system's error number.
    package var code: Int32

    package init(_ operation: Operation, _ code: Int32) {
        self.operation = operation
        self.code = code
    }

    /// What it is when the heap has nothing left.
    static let noMemory = DiskError(.allocate, ENOMEM)

    /// As the system says it.
    package static func noSpace(_ operation: Operation) -> DiskError {
        DiskError(operation, ENOSPC)
    }

    /// What somebody was waited for did not come.
    package static let timeOut = DiskError(.socket, ETIMEDOUT)

    package var isNotFound: Bool { code == ENOENT }
    package var isExists: Bool { code == EEXIST }
    package var isNoSpace: Bool { code == ENOSPC || code == EDQUOT }
    package var isReadOnly: Bool { code == EROFS }
    package var isNoPermission: Bool { code == EACCES || code == EPERM }
    /// Somebody, perhaps this process, holds the lock.
    package var isLocked: Bool { operation == .lock && code == EWOULDBLOCK }
    /// The device does not give these bytes.
    package var isUnreadable: Bool { operation == .read && code == EIO }
    /// The other end of a conversation went away.
    package var isHungUp: Bool { code == EPIPE || code == ECONNRESET }
    /// Nobody listens at a socket.
    package var isRefused: Bool { code == ECONNREFUSED }
    package var isNotAFolder: Bool { code == ENOTDIR }
}

extension DiskError: CustomStringConvertible {
    /// For people: "write: No space left on device (28)".
    package var description: String { "\(operation): \(systemMessage(code)) (\(code))" }
}
