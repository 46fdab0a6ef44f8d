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
    /// And while somebody does: measured, so that what is new takes twice as long at most.
    private static let besideOthersMax = 8
    /// Overdue by less than that is not late.
    static let lateNanoseconds: Int64 = 100_000_000

    private let lock = Lock()
    // Guarded by `lock`.
    private var waiting = Queue<RunHost>()
    private var underWayCount = 0

    /// Lets a home begin when there is room.
    func add(_ host: RunHost) {
        host.engine.begins()
        lock.withLock { waiting.append(host) }
        admit(host.engine, leaving: 0)
    }

    /// A home that was let begin has nothing to do any more.
    func passed(_ host: RunHost) {
        lock.withLock { underWayCount -= 1 }
        // It is still counted.
        admit(host.engine, leaving: 1)
    }

    /// Lets those begin for which there is room.
    private func admit(_ engine: EngineCore, leaving count: Int) {
        while let host = next(besides: engine.workInProgress - count) {
            if !host.beginLate() { lock.withLock { underWayCount -= 1 } }
            engine.ends()
        }
    }

    /// - Parameter allCount: homes and attempts that are at work, or wait in here.
    private func next(besides allCount: Int) -> RunHost? {
        lock.withLock {
            let isAlone = allCount <= underWayCount + waiting.count
            guard underWayCount < (isAlone ? Self.aloneMax : Self.besideOthersMax),
                let host = waiting.popFirst()
            else { return nil }
            underWayCount += 1
            return host
        }
    }
}
