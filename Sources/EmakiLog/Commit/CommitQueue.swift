/// Decides who writes, what, and when: a pure value. Instants are monotonic nanoseconds, passed in.
///
/// There is one *lease*: who holds it performs one write, or one mark, and gives it back. The
/// commit loop asks `next`; a plain thread that may lead asks `lead`.
struct CommitQueue {
    enum Action: Equatable {
        /// The caller holds the lease now, and writes the gathering group.
        case write
        /// The caller holds the lease now, and marks the end of the log.
        case mark
        /// Nothing to do before this instant; nil: until somebody wakes the loop.
        case rest(until: Int64?)
        /// Closing, and everything is done.
        case leave
    }

    private let idleMarkDelay: Int64
    private(set) var isLeased = false
    private(set) var isClosing = false
    /// When the last group became durable.
    private var lastCommit: Int64 = 0
    /// The loop rests until it is woken, so somebody who commits must wake it to watch the clock.
    private(set) var restsWithoutTimer = false

    init(idleMarkDelay: Int64) { self.idleMarkDelay = idleMarkDelay }

    /// What the commit loop does next.
    mutating func next(hasStaged: Bool, wantsMark: Bool, now: Int64) -> Action {
        restsWithoutTimer = false
        guard !isLeased else { return rest(until: nil) }
        if hasStaged {
            isLeased = true
            return .write
        }
        if wantsMark {
            let due = lastCommit + idleMarkDelay
            guard isClosing || now >= due else { return rest(until: due) }
            isLeased = true
            return .mark
        }
        return isClosing ? .leave : rest(until: nil)
    }

    private mutating func rest(until instant: Int64?) -> Action {
        restsWithoutTimer = instant == nil
        return .rest(until: instant)
    }

    /// The loop sleeps and has something to do: a group nobody leads, a mark to time, or an end to
    /// make. Whoever has the lease looks again when it comes back.
    /// - Parameter isLeaderCalled: a thread is on its way to lead the group.
    func needsLoop(
        isResting: Bool, hasStaged: Bool, isLeaderCalled: Bool, wantsMark: Bool
    ) -> Bool {
        guard isResting, !isLeased else { return false }
        return (hasStaged && !isLeaderCalled) || (restsWithoutTimer && wantsMark) || isClosing
    }

    /// No commit is due, which would wake those who wait.
    func isIdle(hasStaged: Bool) -> Bool { !isLeased && !hasStaged }

    /// How many of those who wait for a commit are woken by one that staged nothing.
    /// - Parameter isAnswered: it does not wait itself.
    func turnsToPass(isAnswered: Bool, hasStaged: Bool) -> Int {
        isAnswered && isIdle(hasStaged: hasStaged) ? 1 : 0
    }

    /// A plain thread asks to write what is staged.
    mutating func lead(hasStaged: Bool) -> Bool {
        guard !isLeased, hasStaged else { return false }
        isLeased = true
        return true
    }

    /// A plain thread asks to write what is staged although the loop would do it: nothing was
    /// committed for so long.
    mutating func leadInstead(hasStaged: Bool, after limit: Int64, now: Int64) -> Bool {
        now - lastCommit >= limit && lead(hasStaged: hasStaged)
    }

    /// How long a plain thread sleeps before it asks that.
    func timeToLead(after limit: Int64, now: Int64) -> Int64 {
        // While a write is under way the time has not begun.
        guard !isLeased else { return limit }
        let rest = lastCommit + limit - now
        return rest > 0 ? rest : limit
    }

    /// The lease comes back.
    mutating func giveBack(now: Int64) {
        precondition(isLeased, "only a lease that was taken comes back")
        isLeased = false
        lastCommit = now
    }

    /// No new work; what is staged is written, then the end is marked.
    mutating func close() { isClosing = true }
}
