import Foundation

/// Where threads wait for one another, so that what they open is no part of what is measured.
final class StartGate: @unchecked Sendable {
    private let condition = NSCondition()
    private var missing: Int
    private var opened: Opened?

    struct Opened: Sendable {
        let instant: Int64
        let cpuSeconds: Double
        let serverSeconds: Double?
    }

    init(_ count: Int) { missing = count }

    /// - Returns: the start, which is the same for all.
    @discardableResult
    func pass() -> Opened {
        condition.lock()
        defer { condition.unlock() }
        missing -= 1
        if missing <= 0 {
            opened = opened ?? Self.now()
            condition.broadcast()
        }
        while true {
            if let opened { return opened }
            condition.wait()
        }
    }

    /// When it opened; now if it never did.
    var start: Opened {
        condition.withLock { opened } ?? Self.now()
    }

    static func now() -> Opened {
        let servers = ProcessTree.now().serverSeconds()
        return Opened(
            instant: Clock.nanoseconds(), cpuSeconds: Clock.processCPUSeconds(),
            serverSeconds: servers)
    }
}

/// What was done, and what it took.
struct Measured: Sendable {
    var tally: Tally
    let wallSeconds: Double
    let cpuSeconds: Double
    let serverSeconds: Double?

    init(_ tally: Tally, since start: StartGate.Opened) {
        self.tally = tally
        wallSeconds = Double(Clock.nanoseconds() - start.instant) / 1e9
        let now = StartGate.now()
        cpuSeconds = now.cpuSeconds - start.cpuSeconds
        serverSeconds = now.serverSeconds.map { $0 - (start.serverSeconds ?? 0) }
    }
}
