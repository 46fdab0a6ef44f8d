/// One thread that runs jobs in the order in which they were handed over: where blocking calls go.
///
/// The thread owns its queue and not the worker, so a forgotten worker finishes its jobs and ends.
package final class WorkerThread: @unchecked Sendable {
    private let queue = Queue()

    package init(name: String) {
        let queue = queue
        SystemThread.start(name: name) { queue.runUntilStopped() }
    }

    deinit {
        queue.askToStop()
    }

    /// Hands over a job. A job may hand over more, also while the worker is being stopped.
    /// - Returns: false, and the job never runs, if the worker was stopped before.
    @discardableResult
    package func run(_ job: @escaping @Sendable () -> Void) -> Bool {
        queue.add(job)
    }

    /// Lets all jobs finish and ends the thread. Returns when it has, except on the thread itself.
    package func stop() {
        queue.askToStop()
        queue.waitUntilEnded()
    }
}

extension WorkerThread {
    fileprivate typealias Job = @Sendable () -> Void

    private final class Queue: @unchecked Sendable {
        private let lock = Lock()
        private var jobs: [Job] = []
        private var isStopping = false
        private var hasEnded = false
        /// The worker's own thread, once it runs.
        private var threadNumber: UInt?
        private let added = WaitWord()
        private let ended = WaitWord()

        func add(_ job: @escaping Job) -> Bool {
            let isTaken = lock.withLock {
                // A job that runs now keeps the thread from ending before it has looked again.
                let isOwnThread = threadNumber == SystemThread.currentNumber
                if hasEnded || (isStopping && !isOwnThread) { return false }
                jobs.append(job)
                return true
            }
            added.bump()
            added.wakeOne()
            return isTaken
        }

        func askToStop() {
            lock.withLock { isStopping = true }
            added.bump()
            added.wakeOne()
        }

        func waitUntilEnded() {
            while true {
                let seen = ended.value
                let mayReturn = lock.withLock {
                    hasEnded || threadNumber == SystemThread.currentNumber
                }
                if mayReturn { return }
                ended.wait(while: seen)
            }
        }

        func runUntilStopped() {
            lock.withLock { threadNumber = SystemThread.currentNumber }
            var batch: [Job] = []
            while true {
                let seen = added.value
                let isOver = lock.withLock {
                    swap(&jobs, &batch)
                    if batch.isEmpty && isStopping { hasEnded = true }
                    return hasEnded
                }
                if isOver { break }
                if batch.isEmpty { added.wait(while: seen) }
                for job in batch { job() }
                batch.removeAll(keepingCapacity: true)
            }
            // The system may give the number to another thread from here on.
            lock.withLock { threadNumber = nil }
            ended.bump()
            ended.wakeAll()
        }
    }
}
