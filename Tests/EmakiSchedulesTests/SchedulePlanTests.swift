import EmakiWorkflow
import Testing

@testable import EmakiSchedules

/// What is to be started at an instant, and what was missed.
@Suite struct SchedulePlanTests {
    private static let start: Int64 = 1_700_000_040
    private static let minute = ScheduleSpec.every(60)

    /// In seconds since the start.
    private func plan(
        _ spec: ScheduleSpec = minute, _ catchUp: ScheduleCatchUp = .last, after cursor: Int64,
        now: Int64, limit: Int = .max
    ) throws -> (due: [Int64], missed: [Int64], count: Int, cursor: Int64, next: Int64?) {
        let plan = try SchedulePlan(
            spec, name: "s", catchUp: catchUp, after: instant(cursor), now: instant(now),
            limit: limit)
        return (
            plan.due.map { second($0.nominal) }, plan.missed.map { second($0) }, plan.missedCount,
            second(plan.cursor), plan.next.map { second($0.nominal) }
        )
    }

    private func instant(_ second: Int64) -> Int64 { (Self.start + second) * 1_000_000_000 }
    private func second(_ instant: Int64) -> Int64 { instant / 1_000_000_000 - Self.start }

    @Test("what is due is started once, and the next is after it")
    func due() throws {
        #expect(try plan(after: 0, now: 59) == ([], [], 0, 0, 60))
        #expect(try plan(after: 0, now: 60) == ([60], [], 0, 60, 120))
        #expect(try plan(after: 60, now: 60) == ([], [], 0, 60, 120))
    }

    @Test("of what was missed the last is started, however late it is")
    func last() throws {
        #expect(try plan(after: 0, now: 119) == ([60], [], 0, 60, 120))
        #expect(try plan(after: 0, now: 300) == ([300], [60, 240], 4, 300, 360))
        let second = ScheduleSpec.every(1)
        let year: Int64 = 365 * 86_400
        let (due, missed, count, cursor, next) = try plan(second, after: 0, now: year)
        #expect(due == [year] && missed == [1, year - 1] && count == 1_000)
        #expect(cursor == year && next == year + 1)
    }

    @Test("within a window all that was missed is started, some at a time; before it nothing is")
    func window() throws {
        #expect(
            try plan(catchUp(150), after: 0, now: 300) == (
                [180, 240, 300], [60, 120], 2, 300, 360
            ))
        #expect(try plan(catchUp(120), after: 0, now: 300).due == [180, 240, 300])
        #expect(try plan(catchUp(119), after: 0, now: 300).due == [240, 300])
        // A little late is not missed.
        #expect(try plan(catchUp(0), after: 0, now: 70).due == [60])
        #expect(try plan(catchUp(0), after: 0, now: 71) == ([], [60, 60], 1, 60, 120))
        let first = try plan(catchUp(100_000), after: 0, now: 6_000)
        #expect(first.due == (1...20).map { $0 * 60 } && first.cursor == 1_200)
        #expect(try plan(catchUp(100_000), after: first.cursor, now: 6_000).due.first == 1_260)
        let year: Int64 = 365 * 86_400
        let far = try plan(.every(1), .within(seconds: 10), after: 0, now: year)
        #expect(far.due == Array(year - 10...year) && far.missed == [1, year - 11])
    }

    private func catchUp(_ seconds: Int) -> ScheduleCatchUp { .within(seconds: seconds) }

    private func plan(
        _ catchUp: ScheduleCatchUp, after cursor: Int64, now: Int64
    ) throws -> (due: [Int64], missed: [Int64], count: Int, cursor: Int64, next: Int64?) {
        try plan(Self.minute, catchUp, after: cursor, now: now)
    }

    @Test("no more is started than is left, and then nothing comes any more")
    func limit() throws {
        #expect(
            try plan(Self.minute, catchUp(1_000), after: 0, now: 300, limit: 2)
                == ([60, 120], [], 0, 120, nil))
        var ending = Self.minute
        ending.end = instant(121)
        #expect(try plan(ending, after: 0, now: 300) == ([120], [60, 60], 1, 120, nil))
    }

    @Test("a start is late by its jitter, the same each time, and never as late as the next")
    func jitter() throws {
        var spec = Self.minute
        spec.jitterSeconds = 600
        let times = try NominalTimes(spec)
        let jitter = ScheduleJitter(spec, name: "s")
        var lateness: [Int64] = []
        for number in 1...200 {
            let nominal = instant(Int64(number) * 60)
            let late = jitter.startAt(nominal, times) - nominal
            #expect((0..<59_000_000_000).contains(late))
            #expect(late == ScheduleJitter(spec, name: "s").startAt(nominal, times) - nominal)
            lateness.append(late / 1_000_000_000)
            let plan = try SchedulePlan(
                spec, name: "s", catchUp: .last, after: nominal - 60_000_000_000,
                now: nominal + late, limit: .max)
            #expect(plan.due.map(\.nominal) == [nominal])
            let early = try SchedulePlan(
                spec, name: "s", catchUp: .last, after: nominal - 60_000_000_000,
                now: nominal + late - 1, limit: .max)
            #expect(early.due.isEmpty && early.next?.startAt == nominal + late)
        }
        // All over the minute, and another schedule's are others.
        #expect(Set(lateness.map { $0 / 10 }) == Set(0...5))
        let other = ScheduleJitter(spec, name: "t")
        #expect(other.startAt(instant(60), times) != jitter.startAt(instant(60), times))
        spec.jitterSeconds = 5
        let small = ScheduleJitter(spec, name: "s")
        #expect(small.startAt(instant(60), times) - instant(60) <= 5_000_000_000)
    }

    @Test("a schedule is read as it was written, and by hand not everything need be said")
    func coding() throws {
        var spec = ScheduleSpec(
            cron: ["@daily"], calendars: [CalendarTimes(days: [-1])],
            intervals: [.init(seconds: 60, phase: 3)], timeZone: "Europe/Berlin", limitedTo: 3,
            jitterSeconds: 9)
        spec.start = instant(0)
        let action = ScheduleAction(
            workflowType: "Job", input: Payload([0xff, 1], metadata: ["key": "k"]),
            options: RunOptions(
                runTimeout: .seconds(90), startDelay: .milliseconds(1_500),
                retry: RetryPolicy(maximumAttempts: 7), versioning: .pinned))
        let schedule = Schedule(
            spec, action: action, overlap: .cancel, catchUp: .within(seconds: 60), note: "n")
        let codec = JSONPayloadCodec()
        #expect(try codec.decode(Schedule.self, from: try codec.encode(schedule)) == schedule)
        let text = """
            {"name": "jobs", "schedule": {"spec": {"cron": ["0 9 * * *"], \
            "intervals": [{"seconds": 5}], "calendars": [{"hours": [3]}], \
            "end": "2030-01-01T00:00:00Z"}, "action": {"workflowType": "Job", "input": "7"}}}
            """
        let record = try codec.decode(ScheduleRecord.self, from: Payload(text: text))
        #expect(record.name == "jobs" && record.cursor == -1)
        #expect(record.schedule.overlap == .skip && record.schedule.catchUp == .last)
        #expect(record.schedule.action.input == Payload(text: "7"))
        #expect(record.schedule.spec.end == InstantText.instant("2030-01-01T00:00:00Z"))
        #expect(throws: (any Error).self) {
            try codec.decode(ScheduleSpec.self, from: Payload(text: #"{"start": "soon"}"#))
        }
    }
}
