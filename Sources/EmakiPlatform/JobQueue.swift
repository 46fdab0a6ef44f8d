/// Jobs that are ready to run, first in, first out, in a ring that grows and keeps its room, so
/// that a loop at its usual load allocates nothing. For one thread; a loop guards what others add.
package struct JobQueue: Sendable {
    /// A power of two of places.
    private var places: ContiguousArray<UnownedJob?>
    private var head = 0
    package private(set) var count = 0

    package init(capacity: Int = 64) {
        precondition(capacity > 0, "a ring has a place")
        var placeCount = 1
        while placeCount < capacity { placeCount *= 2 }
        places = ContiguousArray(repeating: nil, count: placeCount)
    }

    package var isEmpty: Bool { count == 0 }

    package mutating func push(_ job: UnownedJob) {
        if count == places.count { grow() }
        places[(head + count) & (places.count - 1)] = job
        count += 1
    }

    /// Takes all jobs of an inbox, in order, and leaves it empty with its room.
    package mutating func drain(_ inbox: inout ContiguousArray<UnownedJob>) {
        for job in inbox { push(job) }
        inbox.removeAll(keepingCapacity: true)
    }

    package mutating func pop() -> UnownedJob? {
        guard count > 0 else { return nil }
        let job = places[head]
        head = (head + 1) & (places.count - 1)
        count -= 1
        return job
    }

    private mutating func grow() {
        var larger = ContiguousArray<UnownedJob?>()
        larger.reserveCapacity(places.count * 2)
        for index in 0..<count { larger.append(places[(head + index) & (places.count - 1)]) }
        larger.append(contentsOf: repeatElement(nil, count: places.count * 2 - count))
        places = larger
        head = 0
    }
}

// MARK: - Running jobs

/// Runs a job now, on this thread, which must be the executor's. Each job that an executor was
/// given runs exactly once.
///
/// For jobs of actors that live on the executor. Code that belongs to no actor works too, but is
/// enqueued two or three times for each suspension: the runtime takes it off the "actor" first.
package func runJob<Loop: SerialExecutor & TaskExecutor>(_ job: UnownedJob, on loop: Loop) {
    // Safe because the caller owns the job, and holds the executor during the call.
    unsafe job.runSynchronously(
        isolatedTo: loop.asUnownedSerialExecutor(), taskExecutor: loop.asUnownedTaskExecutor())
}

/// Runs a job now, on this thread, as code that belongs to no actor.
///
/// For tasks that prefer the executor: one enqueue for each suspension, where `runJob` costs two
/// or three. A job of an actor works too, and costs three.
package func runUnisolatedJob(_ job: UnownedJob, on loop: some TaskExecutor) {
    // Safe because the caller owns the job, and holds the executor during the call.
    unsafe job.runSynchronously(on: loop.asUnownedTaskExecutor())
}
