import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

@testable import EmakiSchedules

/// Schedules in an engine whose clock skips.
@Suite struct ScheduleTests {
    /// On the minute.
    static let start: Int64 = 1_700_000_040_000_000_000

    /// Takes so many seconds; when it is asked to stop, so many more.
    enum Job: Workflow {
        struct Input: Codable, Sendable {
            var seconds = 0
            var cleanUp = 0
        }

        static func run(context: WorkflowContext<Self>, input: Input) async throws -> String {
            do {
                if input.seconds > 0 { try await context.sleep(for: .seconds(input.seconds)) }
            } catch let error as CancellationError {
                if input.cleanUp > 0 {
                    try await context.shielded {
                        try await context.sleep(for: .seconds(input.cleanUp))
                    }
                }
                throw error
            }
            return context.info.headers["nominalTime"] ?? ""
        }
    }

    /// Somebody waits for it, so that the clock skips until then.
    enum Sleeper: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int64) async throws -> Nothing {
            try await context.sleep(until: input)
            return Nothing()
        }
    }

    struct Bench {
        let clock: SkippingClock
        let store: MemoryHistoryStore
        let engine: WorkflowEngine
        var schedules: Schedules { engine.schedules }

        init(
            on store: MemoryHistoryStore = MemoryHistoryStore(), at second: Int64 = 0,
            evicts: Bool = false
        ) async throws {
            self.store = store
            clock = SkippingClock(start: ScheduleTests.start + second * 1_000_000_000)
            engine = try await ScheduleTests.engine(store.session(), clock, evicts: evicts)
        }

        /// - Parameter session: of this store, in front of which something stands.
        init(on session: any HistoryStore, _ store: MemoryHistoryStore, at second: Int64)
            async throws
        {
            self.store = store
            clock = SkippingClock(start: ScheduleTests.start + second * 1_000_000_000)
            engine = try await ScheduleTests.engine(session, clock, evicts: false)
        }

        func create(
            _ spec: ScheduleSpec = .every(60), _ job: Job.Input = Job.Input(),
            overlap: ScheduleOverlap = .skip, catchUp: ScheduleCatchUp = .last
        ) async throws {
            try await schedules.create(
                "s", spec, starting: Job.self, job, overlap: overlap, catchUp: catchUp)
        }

        /// Lets time pass until a second since the start.
        func pass(until second: Int64) async throws {
            let instant = ScheduleTests.start + second * 1_000_000_000
            clock.skip(noFurtherThan: instant)
            _ = try await engine.execute(
                Sleeper.self, id: "sleeper \(second)", instant, requestID: "\(second)")
            // What is due at this very instant is done, too.
            _ = try await schedules.describe("s")
        }

        /// Nominal times of runs that were started, in seconds since the start.
        func started() async throws -> [Int64] { try await ScheduleTests.started(store) }

        func describe() async throws -> ScheduleDescription {
            try await schedules.describe("s")
        }
    }

    static func engine(
        _ session: any HistoryStore, _ clock: SkippingClock, evicts: Bool
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.evictsAlways = evicts
        let workflows: [any Workflow.Type] = [Job.self, Sleeper.self] + Schedules.workflows
        return try await WorkflowEngine(
            store: session, definitions: workflows.map { WorkflowDefinition($0) },
            options: options)
    }

    /// Of every run there ever was, one entry for each: a nominal time that is there twice was
    /// started twice.
    static func started(_ store: MemoryHistoryStore) async throws -> [Int64] {
        let names = try await store.session().streams(prefix: "run/s/", after: nil, limit: .max)
        return try names.map { name in
            let text = try #require(name.split(separator: "/").dropFirst(2).first)
            return second(try #require(InstantText.instant(String(text))))
        }.sorted()
    }

    static func second(_ instant: Int64) -> Int64 { (instant - start) / 1_000_000_000 }
    static func instant(_ second: Int64) -> Int64 { start + second * 1_000_000_000 }

    // MARK: Nominal times

    @Test("each nominal time starts one run, which knows when it is for", arguments: [false, true])
    func nominal(evicts: Bool) async throws {
        let bench = try await Bench(evicts: evicts)
        try await bench.create()
        try await bench.pass(until: 330)
        #expect(try await bench.started() == [60, 120, 180, 240, 300])
        let handle = bench.engine.handle(Job.self, id: "s/2023-11-14T22:15:00Z")
        #expect(try await handle.result() == "2023-11-14T22:15:00Z")
        let description = try await bench.describe()
        #expect(description.startedCount == 5 && description.skippedCount == 0)
        #expect(description.recent.map(\.end) == Array(repeating: "completed", count: 5))
        #expect(description.recent.map(\.startedAt) == description.recent.map(\.nominal))
        #expect(description.running.isEmpty && description.problem.isEmpty)
        #expect(description.upcoming.prefix(2).map(Self.second) == [360, 420])
        try await Replayer(workflows: [Job.self, Sleeper.self] + Schedules.workflows)
            .checkAll(in: bench.store.session())
        bench.engine.close()
    }

    @Test("a start is late by its jitter, and its nominal time is not")
    func jitter() async throws {
        let bench = try await Bench()
        var spec = ScheduleSpec.every(60)
        spec.jitterSeconds = 30
        try await bench.create(spec)
        try await bench.pass(until: 659)
        #expect(try await bench.started() == (1...10).map { $0 * 60 })
        let recent = try await bench.describe().recent
        let times = try NominalTimes(spec)
        let jitter = ScheduleJitter(spec, name: "s")
        for run in recent { #expect(run.startedAt == jitter.startAt(run.nominal, times)) }
        #expect(Set(recent.map { $0.startedAt - $0.nominal }).count == 10)
        bench.engine.close()
    }

    @Test("it starts so many and no more, and none after its end")
    func limited() async throws {
        let bench = try await Bench()
        var spec = ScheduleSpec.every(60)
        spec.limitedTo = 3
        try await bench.create(spec)
        try await bench.pass(until: 1_000)
        #expect(try await bench.started() == [60, 120, 180])
        #expect(try await bench.describe().remainingCount == 0)
        #expect(try await bench.describe().upcoming == [])
        spec.limitedTo = nil
        spec.end = Self.instant(1_100)
        var schedule = try await bench.describe().schedule
        schedule.spec = spec
        try await bench.schedules.update("s", schedule)
        try await bench.pass(until: 2_000)
        #expect(try await bench.started() == [60, 120, 180, 1_020, 1_080])
        bench.engine.close()
    }

    @Test("it goes on in run after run, each of bounded length, and misses nothing")
    func long() async throws {
        let bench = try await Bench()
        try await bench.create(.every(60), overlap: .allow)
        let count: Int64 = 350
        try await bench.pass(until: count * 60 + 30)
        #expect(try await bench.started() == (1...count).map { $0 * 60 })
        #expect(try await bench.describe().startedCount == Int(count))
        let session = bench.store.session()
        let runs = try await session.streams(prefix: "run/schedule/s/", after: nil, limit: .max)
        #expect(runs.count >= 3)
        for run in runs {
            #expect(try await session.count(run) < 20 * ScheduleWorkflow.roundsMax)
        }
        bench.engine.close()
    }

    @Test("a run that goes on while the schedule begins a new run of its own is still known")
    func watched() async throws {
        let bench = try await Bench()
        try await bench.create(.every(60), Job.Input(seconds: 90))
        let count: Int64 = 240
        try await bench.pass(until: count * 60 + 30)
        #expect(try await bench.started() == stride(from: 1, through: count, by: 2).map { $0 * 60 })
        #expect(try await bench.describe().recent.dropLast().allSatisfy { $0.end == "completed" })
        let runs = try await bench.store.session().streams(
            prefix: "run/schedule/s/", after: nil, limit: .max)
        #expect(runs.count >= 3)
        bench.engine.close()
    }

    // MARK: Overlap

    private func overlapping(
        _ overlap: ScheduleOverlap, _ job: Job.Input, evicts: Bool
    ) async throws -> (started: [Int64], description: ScheduleDescription) {
        let bench = try await Bench(evicts: evicts)
        try await bench.create(.every(60), job, overlap: overlap)
        try await bench.pass(until: 630)
        let result = (try await bench.started(), try await bench.describe())
        bench.engine.close()
        return result
    }

    private func starts(_ description: ScheduleDescription) -> [Int64] {
        description.recent.map { Self.second($0.startedAt) }
    }

    @Test("skip: a time at which the run before is at work is left out", arguments: [false, true])
    func skip(evicts: Bool) async throws {
        let (started, description) = try await overlapping(
            .skip, Job.Input(seconds: 145), evicts: evicts)
        #expect(started == [60, 240, 420, 600])
        #expect(
            description.skipped.map { Self.second($0.nominal) } == [120, 180, 300, 360, 480, 540])
        #expect(description.skipped.allSatisfy { $0.reason.contains("has not ended") })
        #expect(description.running.map { Self.second($0.nominal) } == [600])
    }

    @Test(
        "buffer one: it begins when the run before ends, others are left out",
        arguments: [false, true])
    func bufferOne(evicts: Bool) async throws {
        let (started, description) = try await overlapping(
            .bufferOne, Job.Input(seconds: 145), evicts: evicts)
        #expect(started == [60, 120, 240, 360])
        #expect(starts(description) == [60, 205, 350, 495])
        #expect(description.skipped.map { Self.second($0.nominal) } == [180, 300, 420, 480, 600])
        #expect(description.buffered.map(Self.second) == 540)
    }

    @Test("allow: they run beside one another", arguments: [false, true])
    func allow(evicts: Bool) async throws {
        let (started, description) = try await overlapping(
            .allow, Job.Input(seconds: 145), evicts: evicts)
        #expect(started == (1...10).map { $0 * 60 } && description.skippedCount == 0)
        #expect(description.running.map { Self.second($0.nominal) } == [540, 600])
    }

    @Test(
        "cancel: the run before is asked to stop, and the next begins when it has",
        arguments: [false, true])
    func cancel(evicts: Bool) async throws {
        let (started, description) = try await overlapping(
            .cancel, Job.Input(seconds: 145, cleanUp: 20), evicts: evicts)
        // It begins 20 seconds late, so the one before has worked for 40.
        #expect(started == (1...10).map { $0 * 60 })
        #expect(starts(description) == [60, 140, 200, 260, 320, 380, 440, 500, 560, 620])
        #expect(description.recent.dropLast().allSatisfy { $0.end == "Cancelled" })
    }

    @Test("cancel: of two that wait for the run before the later one begins")
    func cancelSlowly() async throws {
        let (started, description) = try await overlapping(
            .cancel, Job.Input(seconds: 145, cleanUp: 130), evicts: false)
        // Asked at 120 it ends at 250: of 120, 180 and 240 the last begins.
        #expect(started == [60, 240, 420, 600])
        #expect(starts(description) == [60, 250, 430, 610])
        #expect(
            description.skipped.map { Self.second($0.nominal) } == [120, 180, 300, 360, 480, 540])
    }

    @Test("terminate: the run before is ended at once", arguments: [false, true])
    func terminate(evicts: Bool) async throws {
        let (started, description) = try await overlapping(
            .terminate, Job.Input(seconds: 145, cleanUp: 50), evicts: evicts)
        #expect(started == (1...10).map { $0 * 60 })
        #expect(starts(description) == started)
        #expect(description.recent.dropLast().allSatisfy { $0.end == "Terminated" })
    }

    // MARK: Outages

    @Test("after an outage the last missed start is made, or those in the window, in order")
    func outage() async throws {
        for (catchUp, expected) in [
            (ScheduleCatchUp.last, [60, 960]), (.within(seconds: 150), [60, 840, 900, 960]),
            (.within(seconds: 0), [60]),
        ] as [(ScheduleCatchUp, [Int64])] {
            let store = MemoryHistoryStore()
            let first = try await Bench(on: store)
            try await first.create(.every(60), overlap: .allow, catchUp: catchUp)
            try await first.pass(until: 110)
            first.engine.close()
            let second = try await Bench(on: store, at: 990)
            try await second.pass(until: 1_000)
            #expect(try await second.started() == expected)
            let description = try await second.describe()
            #expect(description.skippedCount == 16 - expected.count)
            #expect(description.skipped.last?.reason.contains("missed") == true)
            try await second.pass(until: 1_090)
            #expect(try await second.started() == expected + [1_020, 1_080])
            second.engine.close()
        }
    }

    @Test("a clock that jumps back starts nothing twice, and one that jumps ahead catches up")
    func jumps() async throws {
        let store = MemoryHistoryStore()
        let first = try await Bench(on: store)
        try await first.create()
        try await first.pass(until: 330)
        first.engine.close()
        let second = try await Bench(on: store, at: -5_000)
        try await second.pass(until: 390)
        #expect(try await second.started() == [60, 120, 180, 240, 300, 360])
        second.clock.set(to: Self.instant(900))
        try await second.pass(until: 930)
        #expect(try await second.started() == [60, 120, 180, 240, 300, 360, 900])
        second.engine.close()
    }
}
