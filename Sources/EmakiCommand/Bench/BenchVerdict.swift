/// What `emaki bench` alone found out about this disk; its `--json`, and what `--compare` reads.
struct BenchVerdict: Codable, Sendable {
    var v = 1
    var machine: String
    var fileSystem: String
    /// Seconds since 1970.
    var time: Double
    /// Before the run, and cores that others used in the second before it.
    var load: Double
    var othersCores: Double
    /// What a slower disk was pretended by; nil: nothing was.
    var syncLatencyMicroseconds: Double?
    /// F by method and size.
    var writes: [Write] = []
    var appends: [Append] = []
    var workflows: [Workflow] = []
    var warnings: [String] = []

    /// One way to write durably.
    struct Write: Codable, Sendable {
        var method: String
        var blockBytes: Int
        var p50: Double
        var p99: Double
    }

    /// A closed loop. Times in microseconds.
    struct Append: Codable, Sendable {
        var shape: String
        var appenders: Int
        var f: Double
        var rawP99: Double
        var p50: Double
        var p99: Double
        var p999: Double
        var eventsPerSecond: Double
        var eventsPerGroup: Double
        /// Of the time that passed, what the commit loop's thread was busy, and what a write of a
        /// group was on its way to the disk.
        var loopShare: Double
        var writeShare: Double
        var points: [BenchLatencyPoint] = []
    }

    /// Two activities one after the other.
    struct Workflow: Codable, Sendable {
        var inFlight: Int
        var f: Double
        var p50: Double
        var p99: Double
        var perSecond: Double
        var commits: Double
    }

    /// From so many cores of others on, figures say more about them.
    static let othersCoresMax = 0.5

    var isBusy: Bool { othersCores > Self.othersCoresMax }
}

extension BenchVerdict {
    /// The price of one durable write of 4 KiB: the best of the methods.
    var f: Double? { writes.filter { $0.blockBytes == 4096 }.map(\.p50).min() }

    /// One sentence on what an append waits for.
    var limit: String {
        guard let one = appends.first(where: { $0.appenders == 1 }),
            let many = appends.max(by: { $0.appenders < $1.appenders })
        else { return "" }
        let delay = syncLatencyMicroseconds ?? 0
        let share = min(100, 100 * (one.f + delay) / one.p50)
        var text = "One append by itself waits \(share.fixed(0)) % of its time for the disk"
        text += share < 70 ? "; the rest is this machine's CPU and its wake-ups. " : ". "
        text += "With \(many.appenders) at once, "
        if many.loopShare >= Self.fullShare {
            text += "one core limits it: the commit loop is busy all the time."
        } else if many.writeShare >= Self.fullShare {
            text += "the disk limits it: a group of events is on its way to it all the time."
        } else {
            text += "neither the disk nor the commit loop is busy all the time: it is the waking"
            text += " of those who append, or other work on this machine."
        }
        return text
    }

    private static let fullShare = 0.8
    /// How long somebody is ready to wait for an answer.
    private static let budgetMicroseconds = 15_000.0

    /// What a workflow takes, in words.
    var workflowSentence: String {
        guard let one = workflows.first(where: { $0.inFlight == 1 }) else { return "" }
        let medium = (one.p50 / 1000).fixed(2)
        let late = (one.p99 / 1000).fixed(2)
        var text = "A two-step workflow takes \(medium) ms, one in a hundred \(late) ms or more,"
        text += " which is \((one.p50 / one.f).fixed(1)) F. "
        let count = Int(Self.budgetMicroseconds / one.p99)
        text += "A budget of 15 ms: "
        switch count {
        case 0: text += "not held by one in a hundred."
        case 1: text += "held once, by 99 in a hundred; there is no room for a second one."
        default: text += "room for \(count) of them one after the other, by 99 in a hundred."
        }
        if let many = workflows.first(where: { $0.inFlight > 1 }) {
            text += " With \(many.inFlight) in flight: \(many.perSecond.fixed(0)) a second."
        }
        return text
    }
}
