import EmakiPlatform

/// What every append touches of a committer, and its lock guards.
struct CommitTraffic {
    var queue: CommitQueue
    var waiters: ContiguousArray<Committer.Waiter> = []
    var callers: ContiguousArray<Committer.Caller> = []
    /// Appends that were woken and found no room again. While there are any, others queue behind
    /// them, so that a large batch is not overtaken for ever.
    var overtakenCount = 0
    /// When the first batch of the gathering group was staged; nil: there is none.
    var gatheringSince: Int64?
    var isLoopResting = false

    init(queue: CommitQueue) {
        self.queue = queue
        waiters.reserveCapacity(1024)
    }

    /// The group that gathers needs a thread to lead it: the loop would not write it by itself.
    func callsLeader(hasStaged: Bool) -> Bool { isLoopResting && hasStaged }

    /// Whoever waits for the group that gathers waits for the loop, which may get a long job first.
    /// The end of a write wakes those who wait for it in any case.
    func loopMayOverrun(isWriting: Bool) -> Bool { !isLoopResting && !isWriting }
}

/// Called with the lock.
extension Committer {
    var queue: CommitQueue {
        @inline(__always) _read { yield traffic.value.queue }
        @inline(__always) _modify { yield &traffic.value.queue }
    }
    var waiters: ContiguousArray<Waiter> {
        @inline(__always) _read { yield traffic.value.waiters }
        @inline(__always) _modify { yield &traffic.value.waiters }
    }
    var callers: ContiguousArray<Caller> {
        @inline(__always) _read { yield traffic.value.callers }
        @inline(__always) _modify { yield &traffic.value.callers }
    }
    var overtakenCount: Int {
        @inline(__always) _read { yield traffic.value.overtakenCount }
        @inline(__always) _modify { yield &traffic.value.overtakenCount }
    }
    var gatheringSince: Int64? {
        @inline(__always) _read { yield traffic.value.gatheringSince }
        @inline(__always) _modify { yield &traffic.value.gatheringSince }
    }
    var isLoopResting: Bool {
        @inline(__always) _read { yield traffic.value.isLoopResting }
        @inline(__always) _modify { yield &traffic.value.isLoopResting }
    }
}
