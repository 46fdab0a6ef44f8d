import EmakiPlatform

/// From where a piece of work is measured: when it was made, or when its threads were all there.
final class BenchStart: @unchecked Sendable {
    private let lock = Lock()
    private var meter = BenchMeter.now()

    /// It starts now, and not before.
    func reset() {
        let now = BenchMeter.now()
        lock.withLock { meter = now }
    }

    /// Since the start.
    var spent: BenchMeter { BenchMeter.now() - lock.withLock { meter } }
}

/// Plain threads that start together and are waited for.
enum BenchThreads {
    /// Counts down as threads come, and lets those go that wait for all of them.
    private final class Latch: @unchecked Sendable {
        private let lock = Lock()
        private let word = WaitWord()
        private var count: Int

        init(count: Int) { self.count = count }

        /// - Parameter last: what the last one does before anybody is let go.
        func countDown(_ last: () -> Void = {}) {
            let isLast = lock.withLock { () -> Bool in
                count -= 1
                if count == 0 { last() }
                return count == 0
            }
            guard isLast else { return }
            word.bump()
            word.wakeAll()
        }

        func wait() {
            while true {
                let seen = word.value
                if lock.withLock({ count <= 0 }) { return }
                word.wait(while: seen)
            }
        }
    }

    /// Where threads wait for one another, so that making them is no part of what is measured: the
    /// first moments of each take 0.1 ms and more, one after the other.
    final class Gate: @unchecked Sendable {
        private let start: BenchStart
        private let latch: Latch
        /// Written once, by the last who comes, before anybody passes.
        private var openedAt: Int64 = 0

        fileprivate init(_ count: Int, _ start: BenchStart) {
            self.start = start
            latch = Latch(count: count)
        }

        /// Blocks until every thread is here, or has ended.
        /// - Returns: when the gate opened, by the monotonic clock; the same for all.
        func pass() -> Int64 {
            come()
            latch.wait()
            return openedAt
        }

        /// A thread is here, or has ended: whoever passed before is not counted twice, because the
        /// gate is open then.
        fileprivate func come() {
            latch.countDown {
                start.reset()
                openedAt = SystemClock.monotonicNanoseconds()
            }
        }
    }

    /// Runs the body on so many threads, and returns when all have ended.
    /// - Parameter start: is reset when the last thread passes the gate that the body gets.
    static func run(
        _ count: Int, from start: BenchStart = BenchStart(),
        _ body: @escaping @Sendable (Int, Gate) -> Void
    ) async {
        guard count > 0 else { return }
        await SystemThread.offload(name: "bench-join") {
            let latch = Latch(count: count)
            let gate = Gate(count, start)
            for index in 0..<count {
                SystemThread.start(name: "bench-\(index)") {
                    body(index, gate)
                    gate.come()
                    latch.countDown()
                }
            }
            latch.wait()
        }
    }
}
