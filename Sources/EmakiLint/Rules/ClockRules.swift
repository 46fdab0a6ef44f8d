#if Lint
    import SwiftSyntax

    /// WF001, WF002, WF003: time.
    enum ClockRules {
        private static let wall = NameTable(
            rule: "WF001",
            made: ["NSDate"],
            statics: [
                "Date.now", "Date.timeIntervalSinceReferenceDate", "NSDate.now", "DispatchTime.now",
                "DispatchWallTime.now", "FilePath.now",
            ],
            calls: [
                "CFAbsoluteTimeGetCurrent": 0...0, "time": 1...1, "clock": 0...0,
                "clock_gettime": 2...2, "clock_gettime_nsec_np": 1...1, "gettimeofday": 2...2,
                "mach_absolute_time": 0...0, "mach_continuous_time": 0...0, "timespec_get": 2...2,
            ],
            members: [
                "timeIntervalSinceNow", "isDateInToday", "isDateInTomorrow", "isDateInYesterday",
            ])

        private static let machine = NameTable(
            rule: "WF002",
            made: ["ContinuousClock", "SuspendingClock", "UTCClock"],
            statics: [
                "ContinuousClock.now", "SuspendingClock.now", "UTCClock.now",
                "ContinuousClock.Instant.now", "SuspendingClock.Instant.now", "Clock.continuous",
                "NIODeadline.now",
            ])

        private static let timers = NameTable(
            rule: "WF003",
            types: ["Timer", "AsyncTimerSequence"],
            statics: [
                "Task.sleep", "Thread.sleep", "DispatchSource.makeTimerSource",
            ],
            calls: [
                "usleep": 1...1, "sleep": 1...1, "nanosleep": 2...2, "clock_nanosleep": 4...4,
            ])

        private static let clocks: Set = [
            "ContinuousClock", "SuspendingClock", "UTCClock", "Clock",
        ]

        static func check(_ use: Use) -> Hit? {
            if let name = use.made, name == "Date" || name == "NSDate" { return made(use) }
            if let hit = timers.hit(use) { return Fixes.sleep(use, hit) }
            if let (type, name) = use.member, let type, clocks.contains(type.name) {
                let rule = name == "sleep" ? "WF003" : "WF002"
                return Hit(rule, NameTable.message(use, rule))
            }
            if let hit = wall.hit(use) { return Fixes.date(use, hit) }
            return machine.hit(use)
        }

        /// `Date()` and what counts from now; `Date(timeIntervalSince1970:)` is a value.
        private static func made(_ use: Use) -> Hit? {
            guard use.hasNoArguments || use.labels.first == "timeIntervalSinceNow" else {
                return nil
            }
            return Fixes.date(use, Hit("WF001", NameTable.message(use, "WF001")))
        }
    }
#endif
