/// Wall-clock times: on which days, and when on each of them. What cron lines and calendar lists
/// become.
struct DayTimes: Hashable, Sendable {
    /// How two restrictions of the day go together.
    enum DayRule: Hashable, Sendable {
        /// Both hold.
        case both
        /// One of them is enough, as in cron.
        case either
    }

    /// The longest time without a day: 29 February on a weekday comes after 40 years at most, when
    /// a year that is divided by 100 is among them.
    private static let yearsMax = 41

    var hours: [Int]
    var minutes: [Int]
    var seconds: [Int]
    /// Days of the month; negative ones count from its end, -1 being the last. Empty: all.
    var days: Set<Int> = []
    /// Empty: all.
    var months: Set<Int> = []
    /// 0 for Sunday, up to 6. Empty: all.
    var weekdays: Set<Int> = []
    /// Empty: all.
    var years: Set<Int> = []
    var rule = DayRule.both

    /// The first time after this one, in seconds as if the clock stood in UTC; nil: there is none.
    func next(after local: Int) -> Int? {
        let start = CivilTime(seconds: local)
        if allows(start), let second = timeOfDay(after: start.second) {
            return start.dayNumber * CivilTime.secondsPerDay + second
        }
        guard let first = timeOfDay(after: -1) else { return nil }
        var day = CivilTime(dayNumber: start.dayNumber + 1)
        while day.year <= years.max() ?? start.year + Self.yearsMax {
            if !allowsMonth(day) {
                day = CivilTime(dayNumber: firstOfNextMonth(day))
            } else if allows(day) {
                return day.dayNumber * CivilTime.secondsPerDay + first
            } else {
                day = CivilTime(dayNumber: day.dayNumber + 1)
            }
        }
        return nil
    }

    private func firstOfNextMonth(_ day: CivilTime) -> Int {
        day.dayNumber - day.day + 1 + CivilTime.daysIn(month: day.month, of: day.year)
    }

    private func allowsMonth(_ day: CivilTime) -> Bool {
        (months.isEmpty || months.contains(day.month))
            && (years.isEmpty || years.contains(day.year))
    }

    private func allows(_ day: CivilTime) -> Bool {
        guard allowsMonth(day) else { return false }
        let length = CivilTime.daysIn(month: day.month, of: day.year)
        let isDay = days.contains(day.day) || days.contains(day.day - length - 1)
        let isWeekday = weekdays.contains(day.weekday)
        switch (days.isEmpty, weekdays.isEmpty) {
        case (true, true): return true
        case (false, true): return isDay
        case (true, false): return isWeekday
        case (false, false): return rule == .both ? isDay && isWeekday : isDay || isWeekday
        }
    }

    /// The first time of a day after this second; nil: there is none.
    private func timeOfDay(after second: Int) -> Int? {
        for hour in hours where (hour + 1) * 3_600 > second + 1 {
            for minute in minutes where hour * 3_600 + (minute + 1) * 60 > second + 1 {
                for candidate in seconds {
                    let time = hour * 3_600 + minute * 60 + candidate
                    if time > second { return time }
                }
            }
        }
        return nil
    }
}
