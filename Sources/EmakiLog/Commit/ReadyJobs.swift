import EmakiPlatform

/// The jobs that a loop has to run, in two lines: those that a commit resumed, then all others.
///
/// When a round of gathering is cut short, jobs are left over. Waiters that the next commit resumes
/// run before those, or one task that computes would make every append wait for it. They cannot
/// hold up the others for ever: a round that is late turns to the others all the same, and resumed
/// jobs that are left over then join the end of that line.
struct ReadyJobs {
    private let resumed = JobQueue()
    private let others = JobQueue()
    /// Jobs that come now were resumed by a commit.
    var isResuming = false

    var isEmpty: Bool { resumed.isEmpty && others.isEmpty }

    func push(_ job: UnownedJob) {
        if isResuming {
            resumed.push(job)
        } else {
            others.push(job)
        }
    }

    func drain(_ inbox: inout ContiguousArray<UnownedJob>) { others.drain(&inbox) }

    /// The next job that was resumed.
    func popResumed() -> UnownedJob? { resumed.pop() }

    /// The next other job.
    func popOther() -> UnownedJob? { others.pop() }

    /// What was resumed and did not run in its round has no precedence any more.
    func demoteResumed() {
        while let job = resumed.pop() { others.push(job) }
    }
}
