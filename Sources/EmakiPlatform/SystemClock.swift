#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The system's clocks. Only shells read them; core types are given instants.
package enum SystemClock {
    /// Never goes back; counts from an arbitrary moment.
    package static func monotonicNanoseconds() -> Int64 { read(CLOCK_MONOTONIC) }

    /// Since 1970 UTC. May jump either way.
    package static func wallNanoseconds() -> Int64 { read(CLOCK_REALTIME) }

    /// CPU time of the calling thread.
    package static func threadCPUNanoseconds() -> Int64 { read(CLOCK_THREAD_CPUTIME_ID) }

    /// CPU time of all threads of this process.
    package static func processCPUNanoseconds() -> Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // Safe because `time` is a whole `timespec`, written before the call returns.
        let code = unsafe clock_gettime(clock, &time)
        precondition(code == 0, "the system has these four clocks")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
