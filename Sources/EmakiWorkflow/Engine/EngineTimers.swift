import EmakiPlatform

/// When which run has something due: the earliest instant of each, in one heap.
///
/// What is overdue, after an outage or a jump of the clock, is released oldest first and a bounded
/// number at a time, and goes into the backlog, so that new work is not drowned.
final class EngineTimers: @unchecked Sendable {
    /// Runs that are woken at a time.
    private static let releasedMax = 256
    /// Tickets that were given back and lie in the queue all the same, before half of it are.
    private static let deadMax = 1_024
    /// Before the next are, if there were more.
    private static let pauseNanoseconds: Int64 = 2_000_000

    private let clock: any EngineClock
    private let lock = Lock()
    // Guarded by `lock`.
    private var queue = DeadlineQueue<Ticket>()
    /// Tickets in the queue that were given back.
    private var deadCount = 0
    private var isStopped = false
    /// Never goes back.
    private var newest: Int64 = .min
    /// Called when an instant came at which nobody was woken.
    private var onNothing: @Sendable () -> Void = {}
    private var bring: @Sendable (String) -> RunHost? = { _ in nil }

    init(_ clock: any EngineClock) { self.clock = clock }

    /// - Parameters:
    ///   - bring: gives the home of a run that is not in memory.
    ///   - onNothing: called when an instant came at which nobody was woken after all.
    func use(
        bring: @escaping @Sendable (String) -> RunHost?, onNothing: @escaping @Sendable () -> Void
    ) {
        lock.withLock {
            self.bring = bring
            self.onNothing = onNothing
        }
    }

    /// Engine time: the clock's, or the newest that was recorded, whichever is later.
    var now: Int64 {
        let wall = clock.now
        return lock.withLock {
            newest = max(newest, wall)
            return newest
        }
    }

    /// A history has an event of this time.
    func recorded(_ instant: Int64) { lock.withLock { newest = max(newest, instant) } }

    /// One wake-up of a run.
    final class Ticket: @unchecked Sendable {
        fileprivate enum Whom {
            case host(RunHost)
            /// A run that is not in memory.
            case workflow(String)
            /// Something of the engine's own.
            case body(@Sendable () -> Void)
        }

        let instant: Int64
        // Guarded by the timers' lock: nil once it was given back, or ran off.
        fileprivate var whom: Whom?

        fileprivate init(_ whom: Whom, _ instant: Int64) {
            self.whom = whom
            self.instant = instant
        }

        /// Of a run that is not in memory.
        init(_ workflowID: String, _ instant: Int64) {
            whom = .workflow(workflowID)
            self.instant = max(0, instant)
        }
    }

    /// Wakes runs that are not in memory, each at its instant.
    /// - Complexity: O(tickets + those that are armed).
    func arm(_ tickets: [Ticket]) {
        let first = lock.withLock { () -> Int64? in
            guard !isStopped else { return nil }
            // Some were given back already, and are not in the queue.
            let wanted = tickets.filter { $0.whom != nil }
            deadCount = max(0, deadCount - (tickets.count - wanted.count))
            queue.add(wanted.map { ($0, $0.instant) })
            return queue.first?.instant
        }
        if let first { wait(until: first) }
    }

    /// The run leaves memory; its wake-up stays.
    func leave(_ ticket: Ticket, _ workflowID: String) {
        lock.withLock { if ticket.whom != nil { ticket.whom = .workflow(workflowID) } }
    }

    /// The run is in memory again.
    func come(_ ticket: Ticket, _ host: RunHost) {
        lock.withLock { if ticket.whom != nil { ticket.whom = .host(host) } }
    }

    /// Wakes a run at an instant.
    /// - Parameter ticket: of an earlier call, which is given back.
    func arm(_ host: RunHost, at instant: Int64, insteadOf ticket: Ticket?) -> Ticket {
        arm(Ticket(.host(host), max(0, instant)), insteadOf: ticket)
    }

    /// Does something at an instant, on any thread.
    /// - Parameter ticket: of an earlier call, which is given back.
    func arm(
        at instant: Int64, insteadOf ticket: Ticket?, _ body: @escaping @Sendable () -> Void
    ) -> Ticket {
        arm(Ticket(.body(body), max(0, instant)), insteadOf: ticket)
    }

    private func arm(_ new: Ticket, insteadOf ticket: Ticket?) -> Ticket {
        let instant = new.instant
        let isEarliest = lock.withLock { () -> Bool in
            if let ticket { drop(ticket) }
            _ = trim()
            guard !isStopped else { return false }
            let isEarliest = instant < (queue.first?.instant ?? .max)
            queue.add(new, at: instant)
            return isEarliest
        }
        if isEarliest { wait(until: instant) }
        return new
    }

    /// The run is not to be woken any more: nothing of it is kept.
    func disarm(_ ticket: Ticket) {
        let wasFirst = lock.withLock { () -> Bool in
            drop(ticket)
            return trim()
        }
        // The clock waits for what is wanted, and not for what was.
        if wasFirst { waitForFirst() }
    }

    /// Called with the lock held.
    private func drop(_ ticket: Ticket) {
        guard ticket.whom != nil else { return }
        ticket.whom = nil
        deadCount += 1
        guard deadCount > Self.deadMax, 2 * deadCount > queue.count else { return }
        queue.keep { $0.whom != nil }
        deadCount = 0
    }

    /// Lets what comes first be something that is wanted. Called with the lock held.
    /// - Returns: whether something else comes first now.
    private func trim() -> Bool {
        var hasChanged = false
        while let first = queue.first, first.item.whom == nil {
            queue.removeFirst()
            deadCount -= 1
            hasChanged = true
        }
        return hasChanged
    }

    private func waitForFirst() {
        if let first = lock.withLock({ queue.first?.instant }) { return wait(until: first) }
        clock.wake(at: nil) {}
        // Somebody may have asked for something meanwhile, and been overtaken.
        if let first = lock.withLock({ queue.first?.instant }) { wait(until: first) }
    }

    /// Nothing is to be done before the next instant.
    func rest() { clock.rest() }

    /// Wakes nobody any more.
    func stop() {
        lock.withLock {
            isStopped = true
            queue = DeadlineQueue()
            deadCount = 0
        }
        clock.wake(at: nil) {}
    }

    /// - Parameter isPausing: what is overdue waits, too, so as not to drown new work.
    private func wait(until instant: Int64, isPausing: Bool = false) {
        var next: Int64? = instant
        while let wanted = next {
            clock.wake(at: wanted) { [weak self] in self?.release() }
            // Somebody may have asked for something earlier meanwhile, and been overtaken.
            next = lock.withLock {
                guard let first = queue.first?.instant, first < wanted,
                    !isPausing || first > newest
                else {
                    return nil
                }
                return first
            }
        }
    }

    private func release() {
        let wall = clock.now
        var released: [(whom: Ticket.Whom, isLate: Bool)] = []
        let next = lock.withLock { () -> Int64? in
            newest = max(newest, wall)
            let late = newest - Backlog.lateNanoseconds
            while let first = queue.first, first.instant <= newest,
                released.count < Self.releasedMax, let ticket = queue.removeFirst()
            {
                guard let whom = ticket.whom else {
                    deadCount -= 1
                    continue
                }
                ticket.whom = nil
                released.append((whom, first.instant < late))
            }
            _ = trim()
            guard let first = queue.first else { return nil }
            return first.instant <= newest ? wall + Self.pauseNanoseconds : first.instant
        }
        if let next { wait(until: next, isPausing: next == wall + Self.pauseNanoseconds) }
        let (onNothing, bring) = lock.withLock { (self.onNothing, self.bring) }
        var isAnybodyWoken = false
        for (whom, isLate) in released {
            let host: RunHost?
            switch whom {
            case .host(let home): host = home
            case .workflow(let workflowID): host = bring(workflowID)
            case .body(let body):
                body()
                continue
            }
            isAnybodyWoken = true
            if isLate { host?.postpone(.due) } else { host?.enqueue(.due) }
        }
        if !isAnybodyWoken { onNothing() }
    }
}
