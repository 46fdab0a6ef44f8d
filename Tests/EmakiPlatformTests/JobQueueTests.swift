import EmakiPlatform
import Testing

@Suite("Jobs and suspended tasks")
struct JobQueueTests {
    /// Collects jobs until it is told to run them, on the thread that tells it.
    final class CollectingExecutor: TaskExecutor, SerialExecutor, @unchecked Sendable {
        private let lock = Lock()
        private var inbox: ContiguousArray<UnownedJob> = []

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            lock.withLock { inbox.append(job) }
        }

        func drain(into queue: JobQueue) {
            lock.withLock { queue.drain(&inbox) }
        }

        func run(_ job: UnownedJob) {
            runJob(job, on: self)
        }

        /// A job may add jobs, for instance to enter another isolation on the same executor.
        func runUntilIdle(_ queue: JobQueue) {
            drain(into: queue)
            while let job = queue.pop() {
                run(job)
                drain(into: queue)
            }
        }
    }

    final class Trace: @unchecked Sendable {
        var numbers: [Int] = []
        var slot: WaitSlot<Int>?
    }

    @Test("jobs come out in the order they went in, through growth and round the ring")
    func order() {
        let executor = CollectingExecutor()
        let trace = Trace()
        let queue = JobQueue(capacity: 3)
        var next = 0
        for batchCount in [3, 1, 4, 100, 2, 250] {
            for _ in 0..<batchCount {
                let number = next
                next += 1
                Task(executorPreference: executor) { trace.numbers.append(number) }
            }
            executor.drain(into: queue)
            // Some stay, so that the ring does not start at its first place when it grows.
            for _ in 0..<queue.count / 2 {
                if let job = queue.pop() { executor.run(job) }
            }
        }
        #expect(!queue.isEmpty)
        executor.runUntilIdle(queue)
        #expect(queue.isEmpty && queue.pop() == nil)
        #expect(trace.numbers == Array(0..<360))
    }

    @Test("a task that waits is a job again when its slot is resumed")
    func waitOnExecutor() {
        let executor = CollectingExecutor()
        let trace = Trace()
        let queue = JobQueue()
        nonisolated(unsafe) var slots: [WaitSlot<Int>] = []
        for _ in 0..<3 {
            Task(executorPreference: executor) {
                let number = await WaitSlot<Int>.wait { unsafe slots.append($0) }
                trace.numbers.append(number)
            }
        }
        executor.runUntilIdle(queue)
        #expect(trace.numbers == [])
        for (index, slot) in unsafe slots.enumerated() { slot.resume(returning: index) }
        executor.drain(into: queue)
        #expect(queue.count == 3)
        executor.runUntilIdle(queue)
        #expect(trace.numbers == [0, 1, 2])
    }

    @Test("a task that prefers the executor is enqueued once for each suspension")
    func enqueueCount() {
        let executor = CollectingExecutor()
        let trace = Trace()
        let queue = JobQueue()
        Task(executorPreference: executor) {
            for _ in 0..<100 { _ = await WaitSlot<Int>.wait { trace.slot = $0 } }
        }
        var jobCount = 0
        executor.drain(into: queue)
        while let job = queue.pop() {
            jobCount += 1
            runUnisolatedJob(job, on: executor)
            let slot = trace.slot
            trace.slot = nil
            slot?.resume(returning: 1)
            executor.drain(into: queue)
        }
        #expect(jobCount == 101)
    }

    @Test("a slot may be resumed before its task is suspended, or from another thread")
    func waitSlot() async {
        #expect(await WaitSlot<Int>.wait { $0.resume(returning: 5) } == 5)
        let text = await WaitSlot<String>.wait { slot in
            SystemThread.start(name: "resume") { slot.resume(returning: "done") }
        }
        #expect(text == "done")
    }
}
