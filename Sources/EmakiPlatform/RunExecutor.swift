import CEmaki
import Synchronization

/// The executor of one workflow run: it runs nothing by itself. Whoever wants the run to go on
/// calls `drain`, on any thread, one at a time; then every ready job runs there, first in, first
/// out, until none is left, and the run is quiescent.
///
/// Used as the task-executor preference of the run's task, which child tasks inherit, so that the
/// order in which the run's code executes depends on nothing but the order of what it is given.
/// A job that comes from elsewhere, from a thread that is not draining this run, is an escape: the
/// code waited for something that the engine does not know. It is kept apart and reported.
public final class RunExecutor: TaskExecutor, @unchecked Sendable {
    private static let lastID = Atomic<UInt64>(0)

    private let id = RunExecutor.lastID.wrappingAdd(1, ordering: .relaxed).newValue
    /// Of the thread that drains only.
    private let ready = JobQueue(capacity: 4)
    private let lock = Lock()
    // Guarded by `lock`.
    private var escaped: ContiguousArray<UnownedJob> = []
    private var fault: (any Error)?
    private var isAbandoned = false
    private var isDrainingLate = false

    /// An executor with nothing to run.
    public init() {}

    /// The calling thread is executing this run.
    public var isCurrent: Bool { emaki_run_id() == id }

    /// Called by the runtime.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent { return ready.push(job) }
        let mustDrain = lock.withLock {
            escaped.append(job)
            guard isAbandoned, !isDrainingLate else { return false }
            isDrainingLate = true
            return true
        }
        if mustDrain { Task.detached { self.drainLate() } }
    }

    /// Nobody will drain this run any more. Tasks that it left elsewhere come to their end on
    /// Swift's pool of threads.
    public func abandon() {
        let mustDrain = lock.withLock {
            isAbandoned = true
            guard !escaped.isEmpty, !isDrainingLate else { return false }
            isDrainingLate = true
            return true
        }
        if mustDrain { Task.detached { self.drainLate() } }
    }

    private func drainLate() {
        while true {
            let jobs = lock.withLock {
                defer { escaped.removeAll() }
                if escaped.isEmpty { isDrainingLate = false }
                return escaped
            }
            if jobs.isEmpty { return }
            drain { for job in jobs { ready.push(job) } }
        }
    }

    /// Lets the body act as the run's code does, for instance to resume what waits in it, and then
    /// runs every job that is ready. Not for two threads at a time.
    public func drain(after body: () -> Void = {}) {
        let outer = emaki_run_id()
        emaki_set_run_id(id)
        body()
        while let job = ready.pop() { runUnisolatedJob(job, on: self) }
        emaki_set_run_id(outer)
    }

    /// Keeps the first error that somebody off the executor came upon, for the one who drains.
    public func report(_ error: any Error) { lock.withLock { fault = fault ?? error } }

    /// The error that was reported, if there is one. It stays.
    public var reported: (any Error)? { lock.withLock { fault } }

    /// Jobs came from elsewhere.
    public var hasEscaped: Bool { lock.withLock { !escaped.isEmpty } }
}
