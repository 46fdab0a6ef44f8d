import EmakiPlatform
import Testing

@Suite("Locks, words, threads and clocks")
struct ThreadTests {
    /// A number that only its lock protects, so that a lock that does nothing is noticed.
    final class Counter: @unchecked Sendable {
        let lock = Lock()
        var count = 0
        var order: [Int] = []
    }

    @Test("a lock lets one thread in at a time")
    func lock() {
        let counter = Counter()
        runOnThreads(count: 8) { _ in
            for _ in 0..<20_000 { counter.lock.withLock { counter.count += 1 } }
        }
        #expect(counter.count == 160_000)
    }

    @Test("a lock is given back when the body throws")
    func throwingBody() {
        struct Stop: Error {}
        let lock = Lock()
        #expect(throws: Stop.self) { try lock.withLock { () throws(Stop) in throw Stop() } }
        lock.withLock {}
    }

    @Test("no wake-up is lost between two threads that take turns")
    func turns() {
        let word = WaitWord()
        let roundCount: UInt32 = 20_000
        runOnThreads(count: 2) { index in
            for round in 0..<roundCount {
                let turn = round * 2 + UInt32(index)
                while true {
                    let seen = word.value
                    if seen == turn { break }
                    word.wait(while: seen)
                }
                word.bump()
                word.wakeOne()
            }
        }
        #expect(word.value == roundCount * 2)
    }

    @Test("waking all wakes all")
    func wakeAll() {
        let word = WaitWord()
        let started = WaitWord()
        runOnThreads(count: 9) { index in
            if index > 0 {
                started.bump()
                started.wakeAll()
                return word.wait(while: 0)
            }
            while true {
                let seen = started.value
                if seen == 8 { break }
                started.wait(while: seen)
            }
            word.bump()
            word.wakeAll()
        }
        #expect(word.value == 1)
    }

    @Test("a wait ends at its deadline, and not before")
    func deadline() {
        let word = WaitWord()
        let start = SystemClock.monotonicNanoseconds()
        #expect(!word.wait(while: 0, nanoseconds: 2_000_000))
        #expect(SystemClock.monotonicNanoseconds() - start >= 2_000_000)
        #expect(!word.wait(while: 0, nanoseconds: 0))
        #expect(!word.wait(while: 0, nanoseconds: -5))
        word.bump()
        #expect(word.wait(while: 0, nanoseconds: 0))
        #expect(word.wait(while: 0, nanoseconds: .max))
    }

    @Test("a worker runs jobs in order and finishes them before it ends")
    func worker() {
        let worker = WorkerThread(name: "a worker with a long name")
        let counter = Counter()
        for number in 0..<1000 {
            worker.run { counter.lock.withLock { counter.order.append(number) } }
        }
        worker.stop()
        worker.stop()
        #expect(counter.order == Array(0..<1000))
        #expect(!worker.run { counter.count += 1 })
        #expect(counter.count == 0)
    }

    @Test("a job may hand over jobs and stop its own worker")
    func workerFromWithin() {
        let worker = WorkerThread(name: "inner")
        let counter = Counter()
        worker.run {
            counter.order.append(1)
            worker.stop()
            #expect(worker.run { counter.order.append(2) })
        }
        worker.stop()
        #expect(counter.order == [1, 2])
    }

    @Test("many threads may stop a worker at once")
    func stopTogether() {
        for _ in 0..<50 {
            let worker = WorkerThread(name: "stopped")
            let counter = Counter()
            worker.run { counter.count += 1 }
            runOnThreads(count: 4) { _ in worker.stop() }
            #expect(counter.count == 1)
        }
    }

    @Test("blocking work runs elsewhere and brings back its value or its error")
    func offload() async throws {
        struct Refused: Error, Equatable {}
        CurrentLoop.id = 0
        let value = await SystemThread.offload(name: "offload") { () -> Int in 42 }
        #expect(value == 42)
        await #expect(throws: Refused()) {
            try await SystemThread.offload(name: "offload") { () throws(Refused) -> Int in
                throw Refused()
            }
        }
    }

    @Test("each thread has its own loop id, none at first")
    func loopID() {
        let counter = Counter()
        runOnThreads(count: 4) { index in
            let before = CurrentLoop.id
            CurrentLoop.id = UInt64(index) + 1
            let after = CurrentLoop.id
            counter.lock.withLock {
                counter.count += before == 0 && after == UInt64(index) + 1 ? 1 : 0
            }
        }
        #expect(counter.count == 4)
    }

    @Test("clocks go on")
    func clocks() {
        let start = SystemClock.monotonicNanoseconds()
        let cpu = SystemClock.threadCPUNanoseconds()
        var numbers = SeededNumbers(state: 4)
        #expect(numbers.bytes(10_000).count == 10_000)
        #expect(SystemClock.monotonicNanoseconds() > start)
        #expect(SystemClock.threadCPUNanoseconds() > cpu)
        #expect(SystemClock.processCPUNanoseconds() > 0)
        // 2024 began after so many seconds.
        #expect(SystemClock.wallNanoseconds() > 1_704_067_200_000_000_000)
    }

    @Test("the system's random numbers differ")
    func entropy() {
        let entropy = SystemEntropy()
        #expect(Set((0..<100).map { _ in entropy.next() }).count == 100)
    }
}
