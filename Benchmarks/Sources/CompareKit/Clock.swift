import Foundation

/// The system's clocks and counts.
package enum Clock {
    package static func nanoseconds() -> Int64 { read(CLOCK_MONOTONIC) }

    package static func processCPUSeconds() -> Double {
        Double(read(CLOCK_PROCESS_CPUTIME_ID)) / 1e9
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    package static func sleep(until instant: Int64) {
        let left = instant - nanoseconds()
        guard left > 0 else { return }
        var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
        nanosleep(&time, nil)
    }

    /// Makes the calling thread's sleeps end on time: by default Linux may be 50 us late.
    package static func sharpen() {
        #if os(Linux)
            // The slack of a thread is in the folder that bears the thread's number.
            let status = try? String(contentsOfFile: "/proc/thread-self/stat", encoding: .utf8)
            guard let number = status?.split(separator: " ").first,
                let slack = FileHandle(forWritingAtPath: "/proc/\(number)/timerslack_ns")
            else { return }
            // Without it the figures are a little worse, and no less true.
            try? slack.write(contentsOf: Data("1".utf8))
            try? slack.close()
        #endif
    }
}
