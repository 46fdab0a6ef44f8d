/// Jobs that are ready to run, first in, first out, in a ring that grows and keeps its room, so
/// that a loop at its usual load allocates nothing. For one thread; a loop guards what others add.
///
/// A reference to memory of its own: a loop touches it several times for each job, from calls that
/// the compiler cannot see through, and would pay for a check of exclusive access each time.
@safe public final class JobQueue: @unchecked Sendable {
    @usableFromInline var places: UnsafeMutablePointer<UnownedJob>
    /// A power of two.
    @usableFromInline var placeCount: Int
    @usableFromInline var head = 0
    @usableFromInline var heldCount = 0

    /// - Parameter capacity: jobs that fit before the ring grows.
    public init(capacity: Int = 64) {
        precondition(capacity > 0, "a ring has a place")
        placeCount = 1
        while placeCount < capacity { placeCount *= 2 }
        // Safe because only places between `head` and `head + count` are read, which were written.
        unsafe places = .allocate(capacity: placeCount)
    }

    deinit {
        // Safe because nobody refers to the ring any more; jobs are plain references.
        unsafe places.deallocate()
    }

    /// Jobs in line.
    @inlinable public var count: Int { heldCount }
    /// No job is in line.
    @inlinable public var isEmpty: Bool { heldCount == 0 }

    /// Adds a job at the end.
    @inlinable
    public func push(_ job: UnownedJob) {
        if count == placeCount { grow() }
        // Safe because the place is inside the ring and free.
        unsafe (places + ((head + count) & (placeCount - 1))).initialize(to: job)
        heldCount += 1
    }

    /// Takes all jobs of an inbox, in order, and leaves it empty with its room.
    public func drain(_ inbox: inout ContiguousArray<UnownedJob>) {
        for job in inbox { push(job) }
        inbox.removeAll(keepingCapacity: true)
    }

    /// Takes the first job.
    @inlinable
    public func pop() -> UnownedJob? {
        guard count > 0 else { return nil }
        // Safe because the place at the head was written.
        let job = unsafe places[head]
        head = (head + 1) & (placeCount - 1)
        heldCount -= 1
        return job
    }

    @usableFromInline
    func grow() {
        // Safe because the new ring has room for all, and the old one is given back.
        let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: placeCount * 2)
        for index in 0..<count {
            let job = unsafe places[(head + index) & (placeCount - 1)]
            unsafe (larger + index).initialize(to: job)
        }
        unsafe places.deallocate()
        unsafe places = larger
        placeCount *= 2
        head = 0
    }
}

// MARK: - Running jobs

/// Runs a job now, on this thread, which must be the executor's. Each job that an executor was
/// given runs exactly once.
///
/// For jobs of actors that live on the executor. Code that belongs to no actor works too, but is
/// enqueued two or three times for each suspension: the runtime takes it off the "actor" first.
public func runJob<Loop: SerialExecutor & TaskExecutor>(_ job: UnownedJob, on loop: Loop) {
    // Safe because the caller owns the job, and holds the executor during the call.
    unsafe job.runSynchronously(
        isolatedTo: loop.asUnownedSerialExecutor(), taskExecutor: loop.asUnownedTaskExecutor())
}

/// Runs a job now, on this thread, as code that belongs to no actor.
///
/// For tasks that prefer the executor: one enqueue for each suspension, where `runJob` costs two
/// or three. A job of an actor works too, and costs three.
public func runUnisolatedJob(_ job: UnownedJob, on loop: some TaskExecutor) {
    // Safe because the caller owns the job, and holds the executor during the call.
    unsafe job.runSynchronously(on: loop.asUnownedTaskExecutor())
}
