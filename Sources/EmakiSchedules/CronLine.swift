/// A line of five fields, as cron has it: minute, hour, day of the month, month, day of the week.
///
/// A field is `*`, a number, a range `1-5`, a list `1,15`, each with a step as in `*/10`; months
/// and weekdays have names, `JAN` and `SUN`, and Sunday is 0 as well as 7. Where both days are
/// given, one of them is enough, unless one begins with `*` or is `?`. `@yearly`, `@annually`,
/// `@monthly`, `@weekly`, `@daily`, `@midnight` and `@hourly` stand for lines.
struct CronLine: Hashable, Sendable {
    let times: DayTimes

    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *",
        "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *",
        "@hourly": "0 * * * *",
    ]

    private struct Field {
        let name: String
        let range: ClosedRange<Int>
        var words: [String] = []
        /// The number of the first word.
        var firstWord = 0
    }

    private static let fields = [
        Field(name: "minute", range: 0...59), Field(name: "hour", range: 0...23),
        Field(name: "day of the month", range: 1...31),
        Field(
            name: "month", range: 1...12,
            words: [
                "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
            ], firstWord: 1),
        Field(
            name: "day of the week", range: 0...7,
            words: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
    ]

    /// - Throws: `ScheduleError` that names the field.
    init(_ text: String) throws(ScheduleError) {
        let line = Self.macros[text.lowercased()] ?? text
        if line.hasPrefix("@") {
            throw .invalid(
                field: "cron",
                "\(text) is none of \(Self.macros.keys.sorted().joined(separator: " "))")
        }
        let parts = line.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard parts.count == Self.fields.count else {
            throw .invalid(
                field: "cron",
                "“\(text)” has \(parts.count) fields; it has five: minute, hour, day of the month, "
                    + "month, day of the week")
        }
        var values: [[Int]] = []
        for (part, field) in zip(parts, Self.fields) {
            values.append(try Self.values(part, field))
        }
        var times = DayTimes(hours: values[1], minutes: values[0], seconds: [0])
        if values[2].count < 31 { times.days = Set(values[2]) }
        if values[3].count < 12 { times.months = Set(values[3]) }
        let weekdays = Set(values[4].map { $0 % 7 })
        if weekdays.count < 7 { times.weekdays = weekdays }
        let hasStar = [parts[2], parts[4]].contains { $0.hasPrefix("*") || $0 == "?" }
        times.rule = hasStar ? .both : .either
        // Every day of the one kind, given as a range, is enough of itself.
        if !hasStar, times.days.isEmpty || times.weekdays.isEmpty {
            times.days = []
            times.weekdays = []
        }
        self.times = times
    }

    private static func values(_ text: String, _ field: Field) throws(ScheduleError) -> [Int] {
        var values: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            values.formUnion(try self.part(String(part), field))
        }
        return values.sorted()
    }

    /// One of a list: a range with a step.
    private static func part(_ text: String, _ field: Field) throws(ScheduleError) -> [Int] {
        let pieces = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard pieces.count <= 2, let first = pieces.first, !first.isEmpty else {
            throw .invalid(field: field.name, "“\(text)” is no number, range or list")
        }
        var step = 1
        if pieces.count == 2 {
            guard let number = Int(pieces[1]), number > 0, number <= field.range.upperBound else {
                throw .invalid(
                    field: field.name,
                    "the step “\(pieces[1])” is not from 1 to "
                        + "\(field.range.upperBound)")
            }
            step = number
        }
        let range = try range(first, field, hasStep: pieces.count == 2)
        return Array(stride(from: range.lowerBound, through: range.upperBound, by: step))
    }

    private static func range(
        _ text: String, _ field: Field, hasStep: Bool
    ) throws(ScheduleError) -> ClosedRange<Int> {
        // Sunday is meant once.
        let whole =
            field.range.lowerBound...(field.range.upperBound == 7 ? 6 : field.range.upperBound)
        if text == "*" || (text == "?" && field.name.hasPrefix("day")) { return whole }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        let first = try number(ends[0], field)
        guard ends.count <= 2 else {
            throw .invalid(field: field.name, "“\(text)” is no range")
        }
        // `5/10` is from 5 on.
        guard ends.count == 2 else { return first...(hasStep ? whole.upperBound : first) }
        var last = try number(ends[1], field)
        // To Sunday is to the end of the week.
        if last == 0, field.range.upperBound == 7, first > 0 { last = 7 }
        guard first <= last else {
            throw .invalid(field: field.name, "“\(text)” ends before it begins")
        }
        return first...last
    }

    private static func number(_ text: String, _ field: Field) throws(ScheduleError) -> Int {
        if let word = field.words.firstIndex(of: text.uppercased()) {
            return word + field.firstWord
        }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
            let words = field.words.isEmpty ? "" : " or a name as \(field.words[0])"
            throw .invalid(field: field.name, "“\(text)” is no number\(words)")
        }
        guard field.range.contains(number) else {
            throw .invalid(
                field: field.name,
                "\(number) is not from \(field.range.lowerBound) to \(field.range.upperBound)")
        }
        return number
    }
}
