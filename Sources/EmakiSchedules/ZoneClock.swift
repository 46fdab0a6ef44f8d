import Foundation

/// A wall clock in a time zone: what it shows at an instant, and when it shows something.
///
/// A time that it never shows, because it is put forward over it, is taken for the first instant
/// after that. A time that it shows twice, because it is put back, is the first of the two.
struct ZoneClock: Sendable {
    /// No clock is further from UTC, nor changed twice within this.
    private static let daySeconds = CivilTime.secondsPerDay

    private enum Zone: Sendable {
        case fixed(Int)
        case named(TimeZone)
    }

    private let zone: Zone

    /// - Parameter name: `UTC`, a distance from it as `+09:00`, or a name of the time-zone database
    ///   as `Europe/Berlin`.
    /// - Throws: `ScheduleError` for a zone that this system does not know.
    init(_ name: String) throws(ScheduleError) {
        if let seconds = Self.distance(name) {
            zone = .fixed(seconds)
        } else if let known = TimeZone(identifier: name) {
            zone = .named(known)
        } else {
            throw .invalid(field: "timeZone", "this system knows no time zone \(name)")
        }
    }

    private static func distance(_ name: String) -> Int? {
        if ["UTC", "GMT", "Z"].contains(name) { return 0 }
        let digits = name.utf8.dropFirst().filter { $0 != 0x3a }
        guard name.utf8.count == 6, let sign = name.first, sign == "+" || sign == "-",
            name.dropFirst(3).first == ":", digits.count == 4,
            digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let hours = Int(name.dropFirst().prefix(2)), let minutes = Int(name.suffix(2)),
            hours <= 18, minutes < 60
        else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }

    /// How far the clock is before UTC, in seconds.
    /// - Parameter second: since 1970 UTC.
    func offset(at second: Int) -> Int {
        switch zone {
        case .fixed(let seconds): seconds
        case .named(let zone):
            zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))
        }
    }

    /// What the clock shows, in seconds as if it stood in UTC.
    func shown(at second: Int) -> Int { second + offset(at: second) }

    /// When the clock shows this for the first time, or is put forward over it.
    func instant(showing local: Int) -> Int {
        let before = offset(at: local - Self.daySeconds)
        let after = offset(at: local + Self.daySeconds)
        // The clock that is further ahead shows it earlier.
        for offset in [max(before, after), min(before, after)]
        where self.offset(at: local - offset) == offset { return local - offset }
        // It is put forward over it: the first instant with the new offset.
        var low = local - max(before, after)
        var high = local - min(before, after)
        let old = offset(at: low)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if offset(at: middle) == old { low = middle } else { high = middle }
        }
        return high
    }
}
