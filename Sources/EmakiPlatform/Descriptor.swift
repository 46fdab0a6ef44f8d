#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A file descriptor that several threads use and any of them may close.
///
/// The system gives the number of a closed descriptor to the next file that is opened. So a close
/// during a call only marks the descriptor; the last call that is under way closes it. From the
/// mark on, new calls fail with `EBADF` without touching the number.
final class Descriptor: @unchecked Sendable {
    private let number: Int32
    private let lock = Lock()
    private var userCount = 0
    private var isClosed = false

    /// Takes over an open descriptor.
    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close()
    }

    /// The number, which stays valid until the matching `giveBack`.
    func borrow(for operation: DiskError.Operation) throws(DiskError) -> Int32 {
        lock.lock()
        defer { lock.unlock() }
        if isClosed { throw DiskError(operation, EBADF) }
        userCount += 1
        return number
    }

    func giveBack() {
        let isLast = lock.withLock {
            userCount -= 1
            return isClosed && userCount == 0
        }
        if isLast { SystemCall.closeDescriptor(number) }
    }

    func close() {
        let isUnused = lock.withLock {
            if isClosed { return false }
            isClosed = true
            return userCount == 0
        }
        if isUnused { SystemCall.closeDescriptor(number) }
    }
}
