import EmakiPlatform

/// Open runs that are in memory and have nothing to do. When there are too many, those that have
/// not been used for longest are let go of: their histories are in the store, and when something
/// concerns one of them, it is read again.
///
/// A run is in line once. Its turn comes, and if it was used since the last time, it goes to the
/// end of the line (Corbató's clock, as in many page caches).
final class IdleRuns: @unchecked Sendable {
    /// What became of a run whose turn came.
    enum Verdict {
        /// It is out of memory now.
        case left
        /// It had ended.
        case wasGone
        /// It stays.
        case stays
    }

    /// Runs that are looked at each time; more would hold up whoever has just become idle.
    private static let looksMax = 32
    /// Before those that are gone leave the line, if they are half of it.
    private static let goneMax = 1_024

    private let countMax: Int
    private let lock = Lock()
    // Guarded by `lock`.
    private var line = Queue<RunHost>()
    /// In line, though they are not there any more.
    private var goneCount = 0

    /// - Parameter countMax: runs in memory, idle or not.
    init(countMax: Int) { self.countMax = max(0, countMax) }

    /// Runs in line.
    var count: Int { lock.withLock { line.count } }

    /// A run has become idle that is not in line.
    func add(_ host: RunHost) { lock.withLock { line.append(host) } }

    /// A run that is in line has ended.
    func ended() {
        let all = lock.withLock { () -> [RunHost] in
            goneCount += 1
            guard goneCount > Self.goneMax, 2 * goneCount > line.count else { return [] }
            goneCount = 0
            var all: [RunHost] = []
            while let host = line.popFirst() { all.append(host) }
            return all
        }
        for host in all where !host.isGone { add(host) }
    }

    /// Lets go of some, if there are too many.
    func trim(_ engine: EngineCore) {
        guard engine.hostCount > countMax else { return }
        var looks = 0
        // None twice.
        let looksMax = min(Self.looksMax, count)
        while looks < looksMax, engine.hostCount > countMax,
            let host = lock.withLock({ line.popFirst() })
        {
            looks += 1
            switch host.letGoIfUnused(always: countMax == 0) {
            case .left: break
            case .wasGone: lock.withLock { goneCount = max(0, goneCount - 1) }
            case .stays: add(host)
            }
        }
    }
}
