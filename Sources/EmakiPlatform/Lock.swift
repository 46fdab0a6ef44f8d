#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Mutual exclusion between threads, for sections that never block on anything else.
///
/// A pthread mutex and not `Synchronization.Mutex`: the latter costs the same, and the thread
/// sanitizer does not understand it on Linux and reports races that are none.
@safe public final class Lock: @unchecked Sendable {
    /// On the heap, because a mutex must not move.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// A lock that nobody holds.
    public init() {
        // Safe because the memory is initialised by the system before its first use.
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        let code = unsafe Self.make(mutex)
        precondition(code == 0, "a mutex can always be made")
    }

    /// Whoever comes while it is held looks again some times before it sleeps: most sections end
    /// sooner than a thread falls asleep.
    private static func make(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) -> Int32 {
        #if canImport(Glibc)
            var attributes = pthread_mutexattr_t()
            // Safe because the attributes are only lent, and outlive the calls.
            unsafe pthread_mutexattr_init(&attributes)
            unsafe pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
            defer { unsafe pthread_mutexattr_destroy(&attributes) }
            return unsafe pthread_mutex_init(mutex, &attributes)
        #else
            return unsafe pthread_mutex_init(mutex, nil)
        #endif
    }

    deinit {
        // Safe because nobody can hold the lock any more: nobody refers to it.
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deinitialize(count: 1)
        unsafe mutex.deallocate()
    }

    /// Waits until the calling thread holds the lock.
    public func lock() {
        // Safe because the mutex lives as long as `self`.
        let code = unsafe pthread_mutex_lock(mutex)
        precondition(code == 0, "a lock is taken once by each thread")
    }

    /// Gives the lock back.
    public func unlock() {
        // Safe because the mutex lives as long as `self`.
        let code = unsafe pthread_mutex_unlock(mutex)
        precondition(code == 0, "a lock is given back by the thread that holds it")
    }

    /// Runs the body with the lock.
    @inlinable @inline(__always)
    public func withLock<R, E>(_ body: () throws(E) -> R) throws(E) -> R {
        lock()
        defer { unlock() }
        return try body()
    }
}
