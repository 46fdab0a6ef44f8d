/// A date and a time of day, as a wall clock shows them, without a time zone.
///
/// Days are counted from 1970-01-01 in the Gregorian calendar, which is extended to all years.
/// March is taken for the first month while counting, so that the leap day comes last.
struct CivilTime: Hashable, Sendable {
    var year: Int
    /// 1 to 12.
    var month: Int
    /// 1 to 31.
    var day: Int
    /// Seconds since midnight.
    var second: Int

    static let secondsPerDay = 86_400

    init(year: Int, month: Int, day: Int, second: Int = 0) {
        self.year = year
        self.month = month
        self.day = day
        self.second = second
    }

    /// - Parameter seconds: since 1970, as if the clock stood in UTC.
    init(seconds: Int) {
        let (days, rest) = seconds.quotientAndRemainder(dividingBy: Self.secondsPerDay)
        self.init(
            dayNumber: rest < 0 ? days - 1 : days,
            second: rest < 0 ? rest + Self.secondsPerDay : rest)
    }

    /// - Parameter dayNumber: days since 1970-01-01.
    init(dayNumber: Int, second: Int = 0) {
        // Since 0000-03-01, in eras of 400 years.
        let shifted = dayNumber + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let leapDays = dayOfEra / 1_460 - dayOfEra / 36_524 + dayOfEra / 146_096
        let yearOfEra = (dayOfEra - leapDays) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        self.second = second
    }

    /// Days since 1970-01-01.
    var dayNumber: Int {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let shiftedMonth = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Seconds since 1970, as if the clock stood in UTC.
    var seconds: Int { dayNumber * Self.secondsPerDay + second }

    /// 0 for Sunday, up to 6.
    var weekday: Int { ((dayNumber + 4) % 7 + 7) % 7 }

    static func daysIn(month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Instants, in nanoseconds since 1970 UTC, as text: `2026-11-28T09:00:00Z`.
public enum InstantText {
    static let nanosecondsPerSecond: Int64 = 1_000_000_000
    private static let nanosecondsPerMillisecond: Int64 = 1_000_000

    /// To the second, or to the millisecond if the instant is in between.
    public static func text(_ instant: Int64) -> String {
        let millisecond = instant % nanosecondsPerSecond / nanosecondsPerMillisecond
        return millisecond == 0
            ? text(instant, fraction: "") : text(instant, fraction: "." + padded(millisecond, 3))
    }

    /// Always with milliseconds.
    static func longText(_ instant: Int64) -> String {
        let millisecond = instant % nanosecondsPerSecond / nanosecondsPerMillisecond
        return text(instant, fraction: "." + padded(millisecond, 3))
    }

    private static func text(_ instant: Int64, fraction: String) -> String {
        let time = CivilTime(seconds: Int(instant / nanosecondsPerSecond))
        let date = [(time.year, 4), (time.month, 2), (time.day, 2)]
        let clock = [(time.second / 3_600, 2), (time.second / 60 % 60, 2), (time.second % 60, 2)]
        return date.map { padded(Int64($0), $1) }.joined(separator: "-") + "T"
            + clock.map { padded(Int64($0), $1) }.joined(separator: ":") + fraction + "Z"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Reads `2026-11-28T09:00:00Z`, with or without a fraction of up to three digits.
    /// - Returns: nil for anything else, and before 1970 or after 2116.
    public static func instant(_ text: String) -> Int64? {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].hasSuffix("Z") else { return nil }
        let clock = parts[1].dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard let date = numbers(parts[0], "-", [4, 2, 2]), let first = clock.first,
            let time = numbers(first, ":", [2, 2, 2]), clock.count <= 2
        else { return nil }
        var millisecond = 0
        if clock.count == 2 {
            guard let fraction = digits(clock[1]), (1...3).contains(clock[1].count) else {
                return nil
            }
            millisecond = fraction * [100, 10, 1][clock[1].count - 1]
        }
        guard (1970...2115).contains(date[0]), (1...12).contains(date[1]),
            (1...CivilTime.daysIn(month: date[1], of: date[0])).contains(date[2]),
            time[0] < 24, time[1] < 60, time[2] < 60
        else { return nil }
        let seconds = CivilTime(
            year: date[0], month: date[1], day: date[2],
            second: time[0] * 3_600 + time[1] * 60 + time[2]
        ).seconds
        return Int64(seconds) * nanosecondsPerSecond + Int64(millisecond)
            * nanosecondsPerMillisecond
    }

    private static func numbers(
        _ text: Substring, _ separator: Character, _ widths: [Int]
    ) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.map(\.count) == widths else { return nil }
        let numbers = parts.compactMap { digits($0) }
        return numbers.count == parts.count ? numbers : nil
    }

    private static func digits(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}
