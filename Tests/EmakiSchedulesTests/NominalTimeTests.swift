import Testing

@testable import EmakiSchedules

/// When a spec says so: instants that were worked out by hand, on a calendar.
@Suite struct NominalTimeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var line: String
        var zone = "UTC"
        var after: String
        var expected: [String]
        var testDescription: String { "\(line) \(zone)" }
    }

    private static let lines: [Row] = [
        // 28 November 2026 is a Saturday.
        Row(
            line: "0 9 * * 1-5", after: "2026-11-27T09:00:00Z",
            expected: ["2026-11-30T09:00:00Z", "2026-12-01T09:00:00Z", "2026-12-02T09:00:00Z"]),
        Row(
            line: "*/15 * * * *", after: "2026-11-28T10:07:00Z",
            expected: ["2026-11-28T10:15:00Z", "2026-11-28T10:30:00Z", "2026-11-28T10:45:00Z"]),
        Row(
            line: "5/20 10 * * *", after: "2026-11-28T10:05:00Z",
            expected: ["2026-11-28T10:25:00Z", "2026-11-28T10:45:00Z", "2026-11-29T10:05:00Z"]),
        // The 1st and 15th, and Fridays.
        Row(
            line: "30 4 1,15 * 5", after: "2026-11-28T00:00:00Z",
            expected: [
                "2026-12-01T04:30:00Z", "2026-12-04T04:30:00Z", "2026-12-11T04:30:00Z",
                "2026-12-15T04:30:00Z", "2026-12-18T04:30:00Z",
            ]),
        // Mondays that are the 1st, 11th, 21st or 31st.
        Row(
            line: "0 0 */10 * MON", after: "2026-11-28T00:00:00Z",
            expected: ["2026-12-21T00:00:00Z", "2027-01-11T00:00:00Z"]),
        Row(
            line: "0 9 ? * mon", after: "2026-11-28T00:00:00Z",
            expected: ["2026-11-30T09:00:00Z", "2026-12-07T09:00:00Z"]),
        Row(
            line: "0 12 29 2 *", after: "2026-11-28T00:00:00Z",
            expected: ["2028-02-29T12:00:00Z", "2032-02-29T12:00:00Z", "2036-02-29T12:00:00Z"]),
        Row(
            line: "59 23 31 * *", after: "2026-11-28T00:00:00Z",
            expected: ["2026-12-31T23:59:00Z", "2027-01-31T23:59:00Z", "2027-03-31T23:59:00Z"]),
        Row(
            line: "0 0 * JAN-MAR/2 SUN", after: "2027-01-25T00:00:00Z",
            expected: ["2027-01-31T00:00:00Z", "2027-03-07T00:00:00Z", "2027-03-14T00:00:00Z"]),
        Row(
            line: "0 0 * * FRI-SUN", after: "2026-11-28T00:00:00Z",
            expected: ["2026-11-29T00:00:00Z", "2026-12-04T00:00:00Z", "2026-12-05T00:00:00Z"]),
        Row(
            line: "0 0 * * 7", after: "2026-11-28T00:00:00Z",
            expected: ["2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z"]),
        // Every day, since a range of all days is one of two that are enough.
        Row(
            line: "0 0 1-31 * MON", after: "2026-11-28T00:00:00Z",
            expected: ["2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z"]),
        Row(
            line: "@hourly", after: "2026-12-31T22:59:59Z",
            expected: ["2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"]),
        Row(
            line: "@daily", after: "2026-11-28T00:00:00Z", expected: ["2026-11-29T00:00:00Z"]),
        Row(
            line: "@Weekly", after: "2026-11-28T00:00:00Z",
            expected: ["2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z"]),
        Row(
            line: "@monthly", after: "2026-11-28T00:00:00Z",
            expected: ["2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
        Row(
            line: "@yearly", after: "2026-11-28T00:00:00Z", expected: ["2027-01-01T00:00:00Z"]),
        Row(
            line: "0 9 * * *", zone: "+05:45", after: "2026-11-28T03:15:00Z",
            expected: ["2026-11-29T03:15:00Z"]),
        Row(
            line: "0 9 * * *", zone: "Asia/Kathmandu", after: "2026-11-28T03:14:59Z",
            expected: ["2026-11-28T03:15:00Z"]),
        Row(
            line: "0 1 * * *", zone: "-03:30", after: "2026-11-28T00:00:00Z",
            expected: ["2026-11-28T04:30:00Z"]),
    ]

    /// Clocks are put forward at 01:00 UTC on 29 March 2026 in Berlin, at 07:00 UTC on 8 March in
    /// New York; they are put back at 01:00 UTC on 25 October, and at 06:00 UTC on 1 November.
    private static let changes: [Row] = [
        Row(
            line: "30 2 * * *", zone: "Europe/Berlin", after: "2026-03-28T00:00:00Z",
            expected: ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
        Row(
            line: "*/20 * * * *", zone: "Europe/Berlin", after: "2026-03-29T00:30:00Z",
            expected: ["2026-03-29T00:40:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:20:00Z"]),
        Row(
            line: "30 2 * * *", zone: "Europe/Berlin", after: "2026-10-24T00:00:00Z",
            expected: ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        Row(
            line: "*/30 * * * *", zone: "Europe/Berlin", after: "2026-10-25T00:00:00Z",
            expected: ["2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z", "2026-10-25T02:30:00Z"]),
        // It is a quarter past two for the second time soon; that counts no more.
        Row(
            line: "15 2 * * *", zone: "Europe/Berlin", after: "2026-10-25T01:10:00Z",
            expected: ["2026-10-26T01:15:00Z"]),
        Row(
            line: "30 2 * * *", zone: "America/New_York", after: "2026-03-07T00:00:00Z",
            expected: ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"]),
        Row(
            line: "30 1 * * *", zone: "America/New_York", after: "2026-10-31T00:00:00Z",
            expected: ["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"]),
        Row(
            line: "0 * * * *", zone: "America/New_York", after: "2026-11-01T04:00:00Z",
            expected: ["2026-11-01T05:00:00Z", "2026-11-01T07:00:00Z"]),
        // By half an hour, at 15:30 UTC.
        Row(
            line: "15 2 * * *", zone: "Australia/Lord_Howe", after: "2026-10-02T16:00:00Z",
            expected: ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]),
        // A day was left out: 30 December 2011 was not.
        Row(
            line: "0 9 * * *", zone: "Pacific/Apia", after: "2011-12-29T18:00:00Z",
            expected: ["2011-12-29T19:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"]),
    ]

    private func check(_ row: Row) throws {
        let after = try #require(InstantText.instant(row.after))
        let spec = ScheduleSpec.cron(row.line, timeZone: row.zone)
        let times = try spec.times(after: after, count: row.expected.count)
        #expect(times.map(InstantText.text) == row.expected)
    }

    @Test("a cron line means these instants", arguments: lines)
    func cron(row: Row) throws { try check(row) }

    @Test(
        "a time that is left out is the first instant after it, one that comes twice is the first",
        arguments: changes)
    func changesOfTheClock(row: Row) throws { try check(row) }

    @Test("any line means what counting minute by minute gives", arguments: 0..<40)
    func counted(seed: Int) throws {
        var random = Seeded(state: UInt64(seed))
        let fields: [(ClosedRange<Int>, Int)] = [
            (0...59, 3), (0...23, 3), (1...28, 4), (1...12, 4),
        ]
        var parts = fields.map { range, count in
            Int.random(in: 0..<3, using: &random) == 0
                ? "*"
                : (0..<count).map { _ in "\(Int.random(in: range, using: &random))" }
                    .joined(separator: ",")
        }
        parts.append(
            Bool.random(using: &random) ? "*" : "\(Int.random(in: 0...6, using: &random))")
        let line = parts.joined(separator: " ")
        let start = CivilTime(year: 2027, month: Int.random(in: 1...12, using: &random), day: 9)
        let after = Int64(start.seconds) * 1_000_000_000
        let found = try ScheduleSpec.cron(line).times(after: after, count: 50)
        let end = start.seconds + 60 * 86_400
        let sets = parts.map { part in
            part == "*" ? nil : Set(part.split(separator: ",").compactMap { Int($0) })
        }
        let expected = stride(from: start.seconds + 60, to: end, by: 60).filter { second in
            let time = CivilTime(seconds: second)
            let isDay = sets[2]?.contains(time.day)
            let isWeekday = sets[4]?.contains((4 + second / 86_400) % 7)
            let isAllowed = isDay.map { $0 || isWeekday == true } ?? (isWeekday ?? true)
            return isAllowed && sets[0]?.contains(time.second / 60 % 60) ?? true
                && sets[1]?.contains(time.second / 3_600) ?? true
                && sets[3]?.contains(time.month) ?? true
        }
        let within = found.map { Int($0 / 1_000_000_000) }.prefix { $0 < end }
        #expect(Array(within) == Array(expected.prefix(50)), "seed \(seed): \(line)")
    }

    @Test("what makes no sense is refused, and the field is named")
    func refused() {
        let wrong: [(String, String)] = [
            ("60 * * * *", "minute"), ("* 24 * * *", "hour"), ("* * 0 * *", "day of the month"),
            ("* * * 13 *", "month"), ("* * * * 8", "day of the week"),
            ("* * * FEBRUARY *", "month"), ("1-70 * * * *", "minute"), ("*/0 * * * *", "minute"),
            ("*/x * * * *", "minute"), ("1/2/3 * * * *", "minute"), ("1-2-3 * * * *", "minute"),
            ("* 22-2 * * *", "hour"), (", * * * *", "minute"), ("1, * * * *", "minute"),
            ("* * * * FRI-MON", "day of the week"), ("? * * * *", "minute"),
            ("-1 * * * *", "minute"),
            ("* * * *", "cron"), ("* * * * * *", "cron"), ("", "cron"), ("@never", "cron"),
            ("١ * * * *", "minute"), ("9999999999999999999999 * * * *", "minute"),
            ("0 0 30 2 *", "spec"),
        ]
        for (line, field) in wrong {
            #expect(fault(in: .cron(line)) == field, "\(line)")
        }
        var spec = ScheduleSpec.cron("@daily")
        spec.limitedTo = 0
        #expect(fault(in: spec) == "limitedTo")
        spec.limitedTo = nil
        spec.jitterSeconds = -1
        #expect(fault(in: spec) == "jitterSeconds")
        spec.jitterSeconds = 0
        spec.start = -1
        #expect(fault(in: spec) == "start")
        spec.start = 10
        spec.end = 5
        #expect(fault(in: spec) == "spec")
        #expect(fault(in: .cron("@daily", timeZone: "Europe/Atlantis")) == "timeZone")
        #expect(fault(in: .cron("@daily", timeZone: "+9:00")) == "timeZone")
        #expect(fault(in: .every(0)) == "intervals")
        #expect(fault(in: .every(10, phase: 10)) == "intervals")
        #expect(fault(in: ScheduleSpec()) == "spec")
        let lists: [(CalendarTimes, String)] = [
            (CalendarTimes(hours: [24]), "hours"), (CalendarTimes(minutes: []), "minutes"),
            (CalendarTimes(seconds: [60]), "seconds"), (CalendarTimes(days: [0]), "days"),
            (CalendarTimes(months: [0]), "months"), (CalendarTimes(weekdays: [7]), "weekdays"),
            (CalendarTimes(years: [1]), "years"), (CalendarTimes(days: [30], months: [2]), "spec"),
        ]
        for (calendar, field) in lists {
            #expect(fault(in: ScheduleSpec(calendars: [calendar])) == field)
        }
    }

    private func fault(in spec: ScheduleSpec) -> String? {
        do throws(ScheduleError) {
            _ = try NominalTimes(spec)
            return nil
        } catch {
            guard case .invalid(let field, _) = error else { return nil }
            return field
        }
    }

    private func texts(_ spec: ScheduleSpec, _ after: String, _ count: Int) throws -> [String] {
        let after = try #require(InstantText.instant(after))
        return try spec.times(after: after, count: count).map(InstantText.text)
    }

    @Test("calendars, intervals and bounds are taken together")
    func together() throws {
        let last = CalendarTimes(hours: [18], days: [-1])
        #expect(
            try texts(ScheduleSpec(calendars: [last]), "2028-01-31T18:00:00Z", 3) == [
                "2028-02-29T18:00:00Z", "2028-03-31T18:00:00Z", "2028-04-30T18:00:00Z",
            ])
        // A leap day on a Saturday, and the first Monday of a year.
        let leap = CalendarTimes(days: [29], months: [2], weekdays: [6])
        #expect(
            try texts(ScheduleSpec(calendars: [leap]), "2026-11-28T00:00:00Z", 1) == [
                "2048-02-29T00:00:00Z"
            ])
        let far = CalendarTimes(seconds: [1, 30], years: [2099])
        #expect(
            try texts(ScheduleSpec(calendars: [far]), "2026-11-28T00:00:00Z", 3) == [
                "2099-01-01T00:00:01Z", "2099-01-01T00:00:30Z", "2099-01-02T00:00:01Z",
            ])
        var spec = ScheduleSpec(
            cron: ["0 12 * * *"], intervals: [.init(seconds: 28_800, phase: 60)])
        spec.start = InstantText.instant("2026-11-28T00:01:00Z")
        spec.end = InstantText.instant("2026-11-29T00:01:00Z")
        #expect(
            try texts(spec, "2026-11-01T00:00:00Z", 9) == [
                "2026-11-28T00:01:00Z", "2026-11-28T08:01:00Z", "2026-11-28T12:00:00Z",
                "2026-11-28T16:01:00Z",
            ])
        // Between two seconds.
        spec.start = InstantText.instant("2026-11-28T00:01:00.500Z")
        #expect(try texts(spec, "2026-11-01T00:00:00Z", 1) == ["2026-11-28T08:01:00Z"])
    }

    @Test("instants are read as they are written, and nothing else is")
    func text() {
        for text in [
            "1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-11-28T09:00:00.123Z",
            "2115-12-31T00:00:00Z", "2100-03-01T00:00:00.007Z",
        ] { #expect(InstantText.instant(text).map(InstantText.text) == text) }
        #expect(InstantText.instant("2026-11-28T09:00:00.5Z") == 1_795_856_400_500_000_000)
        for text in [
            "", "2026-11-28", "2026-11-28T09:00:00", "2026-11-28T9:00:00Z", "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z", "2026-11-28T24:00:00Z", "2026-11-28T09:00:00.1234Z",
            "2026-11-28T09:00:00.Z", "1969-12-31T23:59:59Z", "2116-01-01T00:00:00Z",
            "2026-11-28T09:00:00ZZ", "+026-11-28T09:00:00Z", "2026-11-28T09:00:-1Z",
        ] { #expect(InstantText.instant(text) == nil, "\(text)") }
    }

    @Test("days are counted as the calendar has them, over four centuries and backwards")
    func civil() {
        var expected = CivilTime(year: 1960, month: 1, day: 1)
        for number in expected.dayNumber..<CivilTime(year: 2361, month: 1, day: 1).dayNumber {
            let day = CivilTime(dayNumber: number)
            guard day == expected, day.dayNumber == number else {
                Issue.record("\(number): \(day), \(expected)")
                return
            }
            expected.day += 1
            if expected.day > CivilTime.daysIn(month: expected.month, of: expected.year) {
                expected.day = 1
                expected.month += 1
            }
            if expected.month > 12 {
                expected.month = 1
                expected.year += 1
            }
        }
        #expect(CivilTime(seconds: -1) == CivilTime(year: 1969, month: 12, day: 31, second: 86_399))
        #expect(CivilTime(year: 2026, month: 11, day: 28).weekday == 6)
    }
}

/// Random numbers by a seed: SplitMix64.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
