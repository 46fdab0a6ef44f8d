/// A spec that makes sense, ready to be asked for its nominal times.
struct NominalTimes: Sendable {
    private static let nanosecondsPerSecond = InstantText.nanosecondsPerSecond
    /// Cron lines, calendars and intervals of a spec.
    private static let sourcesMax = 100
    private static let secondsMax = 100 * 366 * 86_400

    private let clock: ZoneClock
    private let days: [DayTimes]
    private let intervals: [ScheduleSpec.Interval]
    private let first: Int
    private let end: Int

    /// - Throws: `ScheduleError` that names what is wrong.
    init(_ spec: ScheduleSpec) throws(ScheduleError) {
        clock = try ZoneClock(spec.timeZone)
        var days: [DayTimes] = []
        for line in spec.cron { days.append(try CronLine(line).times) }
        for calendar in spec.calendars { days.append(try calendar.times()) }
        for interval in spec.intervals { try Self.check(interval) }
        let count = days.count + spec.intervals.count
        guard (1...Self.sourcesMax).contains(count) else {
            throw .invalid(
                field: "spec",
                "\(count) cron lines, calendars and intervals; from 1 to "
                    + "\(Self.sourcesMax)")
        }
        self.days = days
        intervals = spec.intervals
        first = Self.secondsUp(spec.start ?? 0)
        end = Self.secondsUp(spec.end ?? .max / 2)
        try Self.check(spec)
        if spec.start ?? 0 <= spec.end ?? .max, next(after: (spec.start ?? 0) - 1) != nil { return }
        throw .invalid(field: "spec", "it has no time at all")
    }

    private static func check(_ interval: ScheduleSpec.Interval) throws(ScheduleError) {
        guard (1...secondsMax).contains(interval.seconds) else {
            throw .invalid(
                field: "intervals", "\(interval.seconds) seconds; from 1 to \(secondsMax)")
        }
        guard (0..<interval.seconds).contains(interval.phase) else {
            throw .invalid(
                field: "intervals",
                "the phase is \(interval.phase); it is from 0 on, below \(interval.seconds)")
        }
    }

    private static func check(_ spec: ScheduleSpec) throws(ScheduleError) {
        for (name, instant) in [("start", spec.start), ("end", spec.end)] {
            guard (0...Int64.max / 2).contains(instant ?? 0) else {
                throw .invalid(field: name, "it is not from 1970 to 2116")
            }
        }
        guard spec.limitedTo ?? 1 > 0 else {
            throw .invalid(field: "limitedTo", "\(spec.limitedTo ?? 0) is below 1")
        }
        guard (0...secondsMax).contains(spec.jitterSeconds) else {
            throw .invalid(
                field: "jitterSeconds", "\(spec.jitterSeconds) is not from 0 to \(secondsMax)")
        }
    }

    private static func secondsUp(_ instant: Int64) -> Int {
        let floor = instant / nanosecondsPerSecond
        return Int(floor + (instant > floor * nanosecondsPerSecond ? 1 : 0))
    }

    /// The first nominal time after an instant; nil: there is none.
    func next(after instant: Int64) -> Int64? {
        let floor = Int(max(-1, instant) / Self.nanosecondsPerSecond)
        // From the start on it is included.
        let after = max(instant < 0 ? -1 : floor, first - 1)
        var next = Int.max
        for times in days { next = min(next, self.next(times, after: after) ?? .max) }
        for interval in intervals {
            let count = (after - interval.phase) / interval.seconds
            let whole =
                after < interval.phase
                ? interval.phase : interval.phase + (count + 1) * interval.seconds
            next = min(next, whole)
        }
        return next < end ? Int64(next) * Self.nanosecondsPerSecond : nil
    }

    private func next(_ times: DayTimes, after second: Int) -> Int? {
        var local = clock.shown(at: second)
        // What the clock shows for the second time was there before.
        while let shown = times.next(after: local) {
            let instant = clock.instant(showing: shown)
            if instant > second { return instant }
            local = shown
        }
        return nil
    }
}
