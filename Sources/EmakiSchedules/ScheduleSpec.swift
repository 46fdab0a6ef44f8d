/// When a schedule starts its workflow: at the times of all its cron lines, calendars and
/// intervals together. Each such instant is a **nominal time**, to the second.
///
/// Cron lines and calendars are about a wall clock in `timeZone`. A time that the clock leaves out,
/// because it is put forward, is taken for the first instant after that; a time that it shows
/// twice, because it is put back, counts once, the first time. Intervals are about time that
/// passes, and know no zone.
public struct ScheduleSpec: Sendable, Hashable {
    /// Every so many seconds since 1970 UTC, and `phase` later.
    public struct Interval: Sendable, Hashable, Codable {
        /// From 1 on.
        public var seconds: Int
        /// From 0 on, less than `seconds`.
        public var phase: Int

        /// An interval.
        public init(seconds: Int, phase: Int = 0) {
            self.seconds = seconds
            self.phase = phase
        }

        /// Without a phase it is 0.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            seconds = try values.decode(Int.self, forKey: .seconds)
            phase = try values.decodeIfPresent(Int.self, forKey: .phase) ?? 0
        }
    }

    /// Lines of cron: five fields, or a word as `@daily`.
    public var cron: [String]
    /// Calendars.
    public var calendars: [CalendarTimes]
    /// Intervals.
    public var intervals: [Interval]
    /// `UTC`, a distance from it as `+09:00`, or a name of the time-zone database as
    /// `Europe/Berlin`.
    public var timeZone: String
    /// No nominal time is before this instant, in nanoseconds since 1970 UTC.
    public var start: Int64?
    /// Every nominal time is before this instant, in nanoseconds since 1970 UTC.
    public var end: Int64?
    /// The schedule starts so many workflows, and no more; what is triggered and backfilled does
    /// not count.
    public var limitedTo: Int?
    /// Each start is so many seconds late at most, the same for the same schedule and nominal time,
    /// and always before the next nominal time.
    public var jitterSeconds: Int

    /// All of these together.
    public init(
        cron: [String] = [], calendars: [CalendarTimes] = [], intervals: [Interval] = [],
        timeZone: String = "UTC", start: Int64? = nil, end: Int64? = nil, limitedTo: Int? = nil,
        jitterSeconds: Int = 0
    ) {
        self.cron = cron
        self.calendars = calendars
        self.intervals = intervals
        self.timeZone = timeZone
        self.start = start
        self.end = end
        self.limitedTo = limitedTo
        self.jitterSeconds = jitterSeconds
    }

    /// A line of cron.
    public static func cron(_ line: String, timeZone: String = "UTC") -> ScheduleSpec {
        ScheduleSpec(cron: [line], timeZone: timeZone)
    }

    /// An interval of whole seconds.
    public static func every(_ seconds: Int, phase: Int = 0) -> ScheduleSpec {
        ScheduleSpec(intervals: [Interval(seconds: seconds, phase: phase)])
    }

    /// The first nominal times after an instant.
    /// - Throws: `ScheduleError` for one that makes no sense.
    public func times(after instant: Int64, count: Int) throws(ScheduleError) -> [Int64] {
        let times = try NominalTimes(self)
        var found: [Int64] = []
        var last = instant
        while found.count < count, let next = times.next(after: last) {
            found.append(next)
            last = next
        }
        return found
    }
}

extension ScheduleSpec: Codable {
    private enum CodingKeys: String, CodingKey {
        case cron, calendars, intervals, timeZone, start, end, limitedTo, jitterSeconds
    }

    /// Whoever writes it by hand gives what is not the usual; instants are text, as
    /// `2026-11-28T09:00:00Z`.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func instant(_ key: CodingKeys) throws -> Int64? {
            guard let text = try values.decodeIfPresent(String.self, forKey: key) else {
                return nil
            }
            guard let instant = InstantText.instant(text) else {
                throw ScheduleError.invalid(
                    field: key.rawValue, "“\(text)” is no instant as 2026-11-28T09:00:00Z")
            }
            return instant
        }
        self.init(
            cron: try values.decodeIfPresent([String].self, forKey: .cron) ?? [],
            calendars: try values.decodeIfPresent([CalendarTimes].self, forKey: .calendars) ?? [],
            intervals: try values.decodeIfPresent([Interval].self, forKey: .intervals) ?? [],
            timeZone: try values.decodeIfPresent(String.self, forKey: .timeZone) ?? "UTC",
            start: try instant(.start), end: try instant(.end),
            limitedTo: try values.decodeIfPresent(Int.self, forKey: .limitedTo),
            jitterSeconds: try values.decodeIfPresent(Int.self, forKey: .jitterSeconds) ?? 0)
    }

    /// With instants as text.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(cron, forKey: .cron)
        try values.encode(calendars, forKey: .calendars)
        try values.encode(intervals, forKey: .intervals)
        try values.encode(timeZone, forKey: .timeZone)
        try values.encodeIfPresent(start.map(InstantText.text), forKey: .start)
        try values.encodeIfPresent(end.map(InstantText.text), forKey: .end)
        try values.encodeIfPresent(limitedTo, forKey: .limitedTo)
        try values.encode(jitterSeconds, forKey: .jitterSeconds)
    }
}
