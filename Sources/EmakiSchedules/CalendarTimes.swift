/// Wall-clock times by lists of numbers. All lists have to allow a time; an empty one of days,
/// months, weekdays or years allows all.
public struct CalendarTimes: Sendable, Hashable, Codable {
    /// 0 to 23.
    public var hours: [Int]
    /// 0 to 59.
    public var minutes: [Int]
    /// 0 to 59.
    public var seconds: [Int]
    /// Days of the month, 1 to 31; -1 is the month's last, down to -31.
    public var days: [Int]
    /// 1 to 12.
    public var months: [Int]
    /// 0 for Sunday, up to 6.
    public var weekdays: [Int]
    /// 1970 to 2115.
    public var years: [Int]

    /// Midnight of every day, unless something is given.
    public init(
        hours: [Int] = [0], minutes: [Int] = [0], seconds: [Int] = [0], days: [Int] = [],
        months: [Int] = [], weekdays: [Int] = [], years: [Int] = []
    ) {
        self.hours = hours
        self.minutes = minutes
        self.seconds = seconds
        self.days = days
        self.months = months
        self.weekdays = weekdays
        self.years = years
    }

    /// Whoever writes it by hand gives what is not the usual.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            hours: try values.decodeIfPresent([Int].self, forKey: .hours) ?? [0],
            minutes: try values.decodeIfPresent([Int].self, forKey: .minutes) ?? [0],
            seconds: try values.decodeIfPresent([Int].self, forKey: .seconds) ?? [0],
            days: try values.decodeIfPresent([Int].self, forKey: .days) ?? [],
            months: try values.decodeIfPresent([Int].self, forKey: .months) ?? [],
            weekdays: try values.decodeIfPresent([Int].self, forKey: .weekdays) ?? [],
            years: try values.decodeIfPresent([Int].self, forKey: .years) ?? [])
    }

    /// - Throws: `ScheduleError` that names the list.
    func times() throws(ScheduleError) -> DayTimes {
        let lists: [(name: String, numbers: [Int], allowed: ClosedRange<Int>, mayBeEmpty: Bool)] = [
            ("hours", hours, 0...23, false), ("minutes", minutes, 0...59, false),
            ("seconds", seconds, 0...59, false), ("days", days, -31...31, true),
            ("months", months, 1...12, true), ("weekdays", weekdays, 0...6, true),
            ("years", years, 1970...2115, true),
        ]
        for (name, numbers, allowed, mayBeEmpty) in lists {
            if numbers.isEmpty, !mayBeEmpty { throw .invalid(field: name, "there is none") }
            for number in numbers where !allowed.contains(number) || (number == 0 && name == "days")
            {
                throw .invalid(
                    field: name,
                    "\(number) is not from \(allowed.lowerBound) to \(allowed.upperBound)"
                        + (name == "days" ? ", without 0" : ""))
            }
        }
        return DayTimes(
            hours: Set(hours).sorted(), minutes: Set(minutes).sorted(),
            seconds: Set(seconds).sorted(), days: Set(days), months: Set(months),
            weekdays: Set(weekdays), years: Set(years))
    }
}
