import EmakiPlatform

/// Homes that came late all at once: open runs after a restart, and timers that are overdue.
///
/// A bounded number of them is under way at a time, and they get every second turn at most while
/// others wait for one, and every second worker that becomes free. So new work goes on beside
/// however many there are, and memory holds no more of their turns than that. Whoever asks one of
/// them for something does not wait for its turn in here: it begins at once, with what it is late
/// with.
final class Backlog: @unchecked Sendable {
    /// Homes under way at a time while nobody else wants turns: enough to fill commits.
    private static let aloneMax = 32
    /// And while somebody does: more would make what is new wait longer (measured).
    private static let besideOthersMax = 8
    /// After so long without a home that passed one more is let begin: code may compute for ever.
    private static let patience: Duration = .milliseconds(100)
    /// Homes that wait before whoever looks for more waits, too.
    private static let waitingMax = 4_096
    /// Overdue by less than that is not late.
    static let lateNanoseconds: Int64 = 100_000_000

    private let lock = Lock()
    // Guarded by `lock`.
    private var waiting = Queue<RunHost>()
    private var underWayCount = 0
    /// Homes that were let begin beyond the limit, because nothing went on.
    private var extraCount = 0
    private var admittedCount = 0
    private var passedCount = 0
    private var isLooking = false
    /// Waits until fewer wait.
    private var seeker: CheckedContinuation<Void, Never>?
    private var isClosed = false
    /// To be done once so many homes were let begin.
    private var drained: (count: Int, body: @Sendable () -> Void)?

    /// Lets a home begin when there is room.
    func add(_ host: RunHost) {
        host.engine.begins()
        let isIn = lock.withLock { () -> Bool in
            if !isClosed { waiting.append(host) }
            return !isClosed
        }
        guard isIn else { return host.engine.ends() }
        admit(host.engine, leaving: 0)
    }

    /// Waits, for one at a time, until not too many wait.
    func room() async {
        await withCheckedContinuation { continuation in
            let isThere = lock.withLock { () -> Bool in
                if waiting.count < Self.waitingMax || isClosed { return true }
                seeker = continuation
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// A home that was let begin has done what it was late with.
    func passed(_ host: RunHost) {
        lock.withLock {
            underWayCount -= 1
            passedCount += 1
        }
        // It is still counted.
        admit(host.engine, leaving: 1)
    }

    /// Lets those begin for which there is room.
    private func admit(_ engine: EngineCore, leaving count: Int) {
        while let host = next(besides: engine.workInProgress - count) {
            if !host.beginLate() { lock.withLock { underWayCount -= 1 } }
            engine.ends()
        }
        let seeker = lock.withLock { () -> CheckedContinuation<Void, Never>? in
            guard waiting.count < Self.waitingMax / 2 else { return nil }
            defer { self.seeker = nil }
            return self.seeker
        }
        seeker?.resume()
        tellDrained()
        look(engine)
    }

    /// Nobody is let begin any more.
    func close() {
        let (seeker, left) = lock.withLock {
            var left: [RunHost] = []
            while let host = waiting.popFirst() { left.append(host) }
            drained = nil
            isClosed = true
            defer { self.seeker = nil }
            return (self.seeker, left)
        }
        seeker?.resume()
        for host in left { host.engine.ends() }
    }

    /// Does something once all that wait now were let begin; on any thread, or at once.
    func whenDrained(_ body: @escaping @Sendable () -> Void) {
        lock.withLock { drained = (admittedCount + waiting.count, body) }
        tellDrained()
    }

    private func tellDrained() {
        let body = lock.withLock { () -> (@Sendable () -> Void)? in
            guard let (count, body) = drained, admittedCount >= count else { return nil }
            drained = nil
            return body
        }
        body?()
    }

    /// While homes wait: looks whether any has passed.
    private func look(_ engine: EngineCore) {
        let seen = lock.withLock { () -> Int? in
            if waiting.isEmpty { extraCount = 0 }
            guard !waiting.isEmpty, !isLooking else { return nil }
            isLooking = true
            return passedCount
        }
        guard let seen else { return }
        Task.detached { [self] in
            try? await Task.sleep(for: Self.patience)
            lock.withLock {
                isLooking = false
                if passedCount == seen { extraCount += 1 }
            }
            if !engine.isClosed { admit(engine, leaving: 0) }
        }
    }

    /// - Parameter allCount: homes and attempts that are at work, or wait in here.
    private func next(besides allCount: Int) -> RunHost? {
        lock.withLock {
            let isAlone = allCount <= underWayCount + waiting.count
            let limit = (isAlone ? Self.aloneMax : Self.besideOthersMax) + extraCount
            guard underWayCount < limit,
                let host = waiting.popFirst()
            else { return nil }
            underWayCount += 1
            admittedCount += 1
            return host
        }
    }
}
