import EmakiPlatform

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Where arrivals meet free tasks.
final class BenchDesk: @unchecked Sendable {
    private let lock = Lock()
    private var free: [WaitSlot<Int64?>] = []
    private var due: [Int64] = []
    private var head = 0
    private var isClosed = false

    private static let handedOutMax = 4096

    /// The next arrival, as soon as there is one; nil: there will be none.
    nonisolated(nonsending) func next() async -> Int64? {
        await WaitSlot<Int64?>.wait { slot in
            lock.lock()
            let arrival = takeDue()
            let mustWait = arrival == nil && !isClosed
            if mustWait { free.append(slot) }
            lock.unlock()
            if !mustWait { slot.resume(returning: arrival) }
        }
    }

    func arrive(_ instant: Int64) {
        lock.lock()
        let slot = free.popLast()
        if slot == nil { due.append(instant) }
        lock.unlock()
        slot?.resume(returning: instant)
    }

    func close() {
        lock.lock()
        isClosed = true
        let slots = free
        free = []
        lock.unlock()
        for slot in slots { slot.resume(returning: nil) }
    }

    /// Arrivals that no task took.
    var waitingCount: Int { lock.withLock { due.count - head } }

    private func takeDue() -> Int64? {
        guard head < due.count else { return nil }
        defer { head += 1 }
        let instant = due[head]
        if head == Self.handedOutMax {
            due.removeFirst(head)
            head = 0
        }
        return instant
    }
}

/// Sleeps of one thread.
struct BenchTimer {
    private let word = WaitWord()

    /// Makes the calling thread's sleeps end on time: by default Linux may be 50 us late.
    static func sharpen() {
        #if os(Linux)
            // The slack of a thread is in the folder that bears the thread's number.
            let status = BenchMachine.text(of: "stat", in: "/proc/thread-self")
            guard let number = status.split(separator: " ").first else { return }
            let files = PosixFileSystem(root: "/proc/\(number)")
            guard let file = try? files.open("timerslack_ns", OpenMode(.mustExist)) else { return }
            defer { file.close() }
            // Best effort: without it the figures are a little worse, and no less true.
            _ = try? Array("1".utf8).withRawSpan { bytes throws(DiskError) in
                try file.write(bytes, at: 0)
            }
        #endif
    }

    func sleep(until instant: Int64) {
        let left = instant - SystemClock.monotonicNanoseconds()
        // Nothing ever bumps this word, so the wait ends with the time.
        if left > 0 { _ = word.wait(while: word.value, nanoseconds: left) }
    }
}

extension Double {
    /// The natural logarithm.
    static func logarithm(_ value: Double) -> Double { log(value) }
}
