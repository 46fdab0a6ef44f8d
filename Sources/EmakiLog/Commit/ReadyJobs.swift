import EmakiPlatform

/// The jobs that a loop has to run, in three lines: appends that found no room and may try again,
/// other waiters that a commit resumed, then all others.
///
/// When a round of gathering is cut short, jobs are left over. Waiters that the next commit resumes
/// run before those, or one task that computes would make every append wait for it. They cannot
/// hold up the others for ever: a round that is late, or whose group is full, turns to the others
/// all the same, and resumed jobs that are left over from a late one join the end of that line.
///
/// Appends that found no room run before everybody, or a batch that fills a group would be
/// overtaken again and again by those whose group was just written.
struct ReadyJobs {
    private let admitted = JobQueue()
    private let resumed = JobQueue()
    private let others = JobQueue()
    /// What the jobs that come now are.
    var origin = Origin.elsewhere

    enum Origin {
        case admission, commit, elsewhere
    }

    var isEmpty: Bool { admitted.isEmpty && resumed.isEmpty && others.isEmpty }

    func push(_ job: UnownedJob) {
        switch origin {
        case .admission: admitted.push(job)
        case .commit: resumed.push(job)
        case .elsewhere: others.push(job)
        }
    }

    func drain(_ inbox: inout ContiguousArray<UnownedJob>) { others.drain(&inbox) }

    /// The next job that may try again, or that was resumed.
    func popResumed() -> UnownedJob? { admitted.pop() ?? resumed.pop() }

    /// The next other job.
    func popOther() -> UnownedJob? { others.pop() }

    /// What was resumed and did not run in its round, for want of time, has no precedence any more.
    func endLine(isFull: Bool, isInTime: Bool) {
        guard !isFull, !isInTime else { return }
        while let job = resumed.pop() { others.push(job) }
    }
}
