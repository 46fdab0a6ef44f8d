/// What a schedule has to do at an instant: which nominal times are to be started now, which have
/// been missed, and when to look again. Computed in a step, and recorded: rules of time zones may
/// change, and what was done stays as it was.
struct SchedulePlan: Sendable, Hashable, Codable {
    struct Due: Sendable, Hashable, Codable {
        var nominal: Int64
        /// When it is to be started: the nominal time, or later by the jitter.
        var startAt: Int64
    }

    /// Nominal times that are due, in order.
    var due: [Due] = []
    /// The first and last of those that were missed and are left out.
    var missed: [Int64] = []
    /// At least so many were missed.
    var missedCount = 0
    /// Everything up to this nominal time has been looked at.
    var cursor: Int64
    /// The next one; nil: there is none.
    var next: Due?

    /// Starts of one plan; more are for the next.
    static let dueMax = 20
    /// Missed times that are counted one by one.
    static let countedMax = 1_000
    /// What is late by no more than this is not missed.
    static let graceNanoseconds: Int64 = 10_000_000_000

    /// - Parameters:
    ///   - cursor: what was looked at before.
    ///   - limit: so many may be started.
    init(
        _ spec: ScheduleSpec, name: String, catchUp: ScheduleCatchUp, after cursor: Int64,
        now: Int64, limit: Int
    ) throws(ScheduleError) {
        self.cursor = cursor
        let times = try NominalTimes(spec)
        let jitter = ScheduleJitter(spec, name: name)
        let from =
            switch catchUp {
            case .last: Self.lastMissed(times, jitter, cursor, now)
            case .within(let seconds):
                now - max(Self.graceNanoseconds, Self.nanoseconds(seconds)) - 1
            }
        skip(times, jitter, until: from, now)
        while due.count < min(limit, Self.dueMax), let next = self.next(times, jitter) {
            guard next.startAt <= now else { break }
            due.append(next)
            self.cursor = next.nominal
        }
        next = due.count < limit ? self.next(times, jitter) : nil
    }

    private func next(_ times: NominalTimes, _ jitter: ScheduleJitter) -> Due? {
        guard let nominal = times.next(after: cursor) else { return nil }
        return Due(nominal: nominal, startAt: jitter.startAt(nominal, times))
    }

    /// Leaves out what is before the one from which on starts are made.
    private mutating func skip(
        _ times: NominalTimes, _ jitter: ScheduleJitter, until from: Int64, _ now: Int64
    ) {
        while let next = self.next(times, jitter), next.startAt <= now, next.startAt <= from {
            missedCount += 1
            missed = [missed.first ?? next.nominal, next.nominal]
            cursor = next.nominal
            guard missedCount < Self.countedMax else { break }
        }
        guard missedCount == Self.countedMax else { return }
        // The others are not counted: on to the last before it.
        if let last = Self.last(times, jitter, cursor, from) {
            missed[1] = last
            cursor = last
        }
    }

    /// The instant up to which everything but the last missed start is left out.
    private static func lastMissed(
        _ times: NominalTimes, _ jitter: ScheduleJitter, _ cursor: Int64, _ now: Int64
    ) -> Int64 {
        guard let last = last(times, jitter, cursor, now) else { return cursor }
        return jitter.startAt(last, times) - 1
    }

    /// The last nominal time after the cursor that starts no later than this, sought backwards in
    /// windows that grow, so that a year of seconds need not be counted.
    private static func last(
        _ times: NominalTimes, _ jitter: ScheduleJitter, _ cursor: Int64, _ now: Int64
    ) -> Int64? {
        var window: Int64 = 60_000_000_000
        while true {
            let first = max(cursor, now - jitter.most - window)
            var last: Int64?
            var after = first
            while let nominal = times.next(after: after), jitter.startAt(nominal, times) <= now {
                last = nominal
                after = nominal
            }
            if last != nil || first == cursor { return last }
            window *= 16
        }
    }
}

/// What becomes of starts that were missed, because no process ran or the clock jumped.
public enum ScheduleCatchUp: Sendable, Hashable, Codable {
    /// The last one is made.
    case last
    /// Those are made that are late by no more than so many seconds; at least 10.
    case within(seconds: Int)
}

/// How late a start is on purpose: the same for the same schedule and nominal time.
struct ScheduleJitter: Sendable {
    private let name: String
    let most: Int64

    init(_ spec: ScheduleSpec, name: String) {
        self.name = name
        most = Int64(spec.jitterSeconds) * InstantText.nanosecondsPerSecond
    }

    /// Always before the next nominal time.
    func startAt(_ nominal: Int64, _ times: NominalTimes) -> Int64 {
        guard most > 0 else { return nominal }
        let gap = times.next(after: nominal).map { $0 - nominal } ?? .max
        let room = min(most, gap - InstantText.nanosecondsPerSecond)
        return nominal + Int64(Double(max(0, room)) * chance(nominal))
    }

    /// From 0 up to 1, by FNV-1a and a mixing step. Never changed: what is late stays as late.
    private func chance(_ nominal: Int64) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let number = (0..<8).map { UInt8(truncatingIfNeeded: nominal >> Int64(8 * $0)) }
        for byte in Array(name.utf8) + number {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        hash ^= hash >> 32
        hash = hash &* 0xd6e8_feb8_6659_fd93
        hash ^= hash >> 32
        return Double(hash >> 11) * 0x1p-53
    }
}

extension SchedulePlan {
    /// At most as long as there have been instants.
    private static func nanoseconds<Seconds: BinaryInteger>(_ seconds: Seconds) -> Int64 {
        let (product, isOver) = Int64(clamping: seconds).multipliedReportingOverflow(
            by: 1_000_000_000)
        return isOver ? Int64.max / 4 : min(product, Int64.max / 4)
    }
}
