import EmakiPlatform

/// An event as one line of JSON: what `emaki read --json` prints, and a log answers to `read`.
package enum EventJSON {
    /// The members that `export` writes, then id and time.
    package static func object(_ event: RecordedEvent) -> JSONObject {
        var object = JSONObject()
        object.add("stream", event.stream.text)
        object.add("version", event.version.rawValue)
        object.add("position", event.position.rawValue)
        object.add("type", event.type)
        let payload = event.payload
        let exported = PayloadText(payload)
        object.add("payload", json: exported.json)
        if let exact = exported.exact { object.add("text", exact) }
        if let id = event.id { object.add("id", id.description) }
        object.add("time", time(event.commitInstant))
        return object
    }

    /// Nanoseconds since 1970 as ISO 8601 in UTC, with milliseconds.
    package static func time(_ nanoseconds: Int64) -> String {
        let milliseconds = floored(nanoseconds, 1_000_000).quotient
        let (seconds, millisecond) = floored(milliseconds, 1000)
        let (days, second) = floored(seconds, 86_400)
        let date = date(ofDay: days)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            + "T\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2))"
            + ":\(padded(second % 60, 2)).\(padded(millisecond, 3))Z"
    }

    /// The calendar in years that start in March, so that the leap day is the last of one; in eras
    /// of 400 years, which have as many days each (Hinnant, "chrono-compatible date algorithms").
    private static func date(ofDay days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, ofEra) = floored(days + 719_468, 146_097)
        let year = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let marchMonth = (5 * ofYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (
            era * 400 + year + (month <= 2 ? 1 : 0), month, ofYear - (153 * marchMonth + 2) / 5 + 1
        )
    }

    private static func floored(_ value: Int64, _ unit: Int64) -> (quotient: Int64, rest: Int64) {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: unit)
        return rest < 0 ? (quotient - 1, rest + unit) : (quotient, rest)
    }

    private static func padded(_ number: Int64, _ digitCount: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, digitCount - digits.utf8.count)) + digits
    }
}
