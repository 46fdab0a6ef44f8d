import EmakiPlatform

/// Plain threads that start together and are waited for.
enum BenchThreads {
    /// Counts down as threads end.
    private final class Latch: @unchecked Sendable {
        private let lock = Lock()
        private let word = WaitWord()
        private var count: Int

        init(count: Int) { self.count = count }

        func countDown() {
            let isLast = lock.withLock { () -> Bool in
                count -= 1
                return count == 0
            }
            guard isLast else { return }
            word.bump()
            word.wakeAll()
        }

        func wait() {
            while true {
                let seen = word.value
                if lock.withLock({ count == 0 }) { return }
                word.wait(while: seen)
            }
        }
    }

    /// Runs the body on so many threads, and returns when all have ended.
    static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
        guard count > 0 else { return }
        await SystemThread.offload(name: "bench-join") {
            let latch = Latch(count: count)
            for index in 0..<count {
                SystemThread.start(name: "bench-\(index)") {
                    body(index)
                    latch.countDown()
                }
            }
            latch.wait()
        }
    }
}
