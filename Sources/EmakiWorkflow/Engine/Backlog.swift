import EmakiPlatform

/// Homes that came late all at once: open runs after a restart, and timers that are overdue.
///
/// A bounded number of them is under way at a time, and they get every second turn at most while
/// others wait for one, and every second worker that becomes free. So new work goes on beside
/// however many there are, and memory holds no more of their turns than that. Whoever asks one of them for something does not wait for its
/// turn in here: it begins at once, with what it is late with.
final class Backlog: @unchecked Sendable {
    /// Homes under way at a time: enough to fill a commit and two cores.
    private static let underWayMax = 32
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
        admit()
    }

    /// A home that was let begin has nothing to do any more.
    func passed() {
        lock.withLock { underWayCount -= 1 }
        admit()
    }

    /// Lets those begin for which there is room.
    private func admit() {
        while let host = next() {
            if !host.beginLate() { lock.withLock { underWayCount -= 1 } }
            host.engine.ends()
        }
    }

    private func next() -> RunHost? {
        lock.withLock {
            guard underWayCount < Self.underWayMax, !waiting.isEmpty else { return nil }
            guard let host = waiting.popFirst() else { return nil }
            underWayCount += 1
            return host
        }
    }
}
