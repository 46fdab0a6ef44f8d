#if Lint
    /// WF040: locks.
    enum LockRules {
        private static let locks = NameTable(
            rule: "WF040",
            types: [
                "NSLock", "NSRecursiveLock", "NSCondition", "NSConditionLock",
                "OSAllocatedUnfairLock",
                "Mutex", "Atomic", "ManagedAtomic", "UnsafeAtomic", "AtomicLazyReference",
                "DispatchSemaphore", "DispatchGroup", "NIOLock", "NIOLockedValueBox",
                "os_unfair_lock",
                "os_unfair_lock_s", "ReadWriteLock",
            ],
            calls: ["objc_sync_enter": 1...1, "objc_sync_exit": 1...1],
            callPrefixes: [
                "pthread_mutex_", "pthread_rwlock_", "pthread_cond_", "pthread_spin_",
                "os_unfair_lock",
                "sem_", "mtx_", "atomic_", "OSSpinLock", "OSAtomic",
            ])

        static func check(_ use: Use) -> Hit? { locks.hit(use) }
    }
#endif
