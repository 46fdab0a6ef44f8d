import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

@testable import EmakiSchedules

/// Processes that die between a nominal time and its run.
@Suite struct ScheduleCrashTests {
    typealias Job = ScheduleTests.Job

    /// A minute's schedule over three of its times, with a trigger, a backfill and a pause.
    private static func story(_ engine: WorkflowEngine, _ clock: SkippingClock) async throws {
        let schedules = engine.schedules
        let spec = ScheduleSpec(
            intervals: [.init(seconds: 60)], end: ScheduleTests.instant(210))
        try await schedules.create(
            "s", spec, starting: Job.self, Job.Input(seconds: 70), overlap: .allow,
            catchUp: .within(seconds: 3_600), requestID: "create")
        try await pass(engine, clock, until: 90)
        try await schedules.trigger("s", requestID: "trigger")
        try await schedules.backfill(
            "s", from: ScheduleTests.instant(-60), to: ScheduleTests.instant(0),
            requestID: "backfill")
        try await pass(engine, clock, until: 150)
        try await schedules.pause("s", requestID: "pause")
        try await schedules.resume("s", requestID: "resume")
        try await pass(engine, clock, until: 400)
    }

    private static func pass(
        _ engine: WorkflowEngine, _ clock: SkippingClock, until second: Int64
    ) async throws {
        clock.skip(noFurtherThan: ScheduleTests.instant(second))
        _ = try await engine.execute(
            ScheduleTests.Sleeper.self, id: "sleeper \(second)", ScheduleTests.instant(second),
            requestID: "\(second)")
    }

    /// - Returns: the commits that the last process made.
    private func run(
        _ store: MemoryHistoryStore, dyingAt ends: [MemoryHistoryStore.Session.End], evicts: Bool
    ) async throws -> Int {
        var clock = SkippingClock(start: ScheduleTests.start)
        for end in ends {
            let session = store.session()
            if try await untilDeath(session, clock, end, evicts) { return session.commitCount }
            clock = SkippingClock(start: clock.now + 1_000_000_000)
        }
        let session = store.session()
        let engine = try await ScheduleTests.engine(session, clock, evicts: evicts)
        try await Self.story(engine, clock)
        engine.close()
        return session.commitCount
    }

    /// - Returns: whether the story came to its end.
    private func untilDeath(
        _ session: MemoryHistoryStore.Session, _ clock: SkippingClock,
        _ end: MemoryHistoryStore.Session.End, _ evicts: Bool
    ) async throws -> Bool {
        let outcome = FirstOutcome<Bool>()
        session.end(at: end) { outcome.give(nil) }
        let engine: WorkflowEngine
        do {
            engine = try await ScheduleTests.engine(session, clock, evicts: evicts)
        } catch is MemoryHistoryStore.Session.Ended {
            return false
        }
        Task {
            do {
                try await Self.story(engine, clock)
                outcome.give(.success(true))
            } catch {
                outcome.give(session.isOver ? nil : .failure(error))
            }
        }
        let result = try await outcome.value()?.get()
        engine.close()
        return result ?? false
    }

    private func check(_ store: MemoryHistoryStore, _ comment: Comment) async throws {
        var started = try await ScheduleTests.started(store)
        // One was triggered, about when it was asked for.
        let trigger = try #require(started.first { $0 % 60 != 0 }, comment)
        started.removeAll { $0 == trigger }
        #expect((90...100).contains(trigger), comment)
        #expect(started == [-60, 0, 60, 120, 180], comment)
        try await Replayer(workflows: [Job.self, ScheduleTests.Sleeper.self] + Schedules.workflows)
            .checkAll(in: store.session())
    }

    @Test(
        "a process that dies at any commit starts each nominal time once", arguments: [false, true])
    func everyCommit(evicts: Bool) async throws {
        let whole = MemoryHistoryStore()
        let commitCount = try await run(whole, dyingAt: [], evicts: evicts)
        try await check(whole, "whole")
        #expect(commitCount > 30)
        for commit in 1...commitCount {
            for isStored in [false, true] {
                let store = MemoryHistoryStore()
                let end = MemoryHistoryStore.Session.End(commit: commit, isStored: isStored)
                _ = try await run(store, dyingAt: [end], evicts: evicts)
                try await check(store, "\(end)")
            }
        }
    }

    @Test("a process that dies again while it takes up what was left starts nothing twice")
    func diesTwice() async throws {
        let commitCount = try await run(MemoryHistoryStore(), dyingAt: [], evicts: false)
        for first in 1...commitCount {
            for second in 1...2 {
                let store = MemoryHistoryStore()
                let ends = [
                    MemoryHistoryStore.Session.End(commit: first, isStored: true),
                    MemoryHistoryStore.Session.End(
                        commit: second, isStored: (first + second) % 2 == 0),
                ]
                _ = try await run(store, dyingAt: ends, evicts: false)
                try await check(store, "\(ends)")
            }
        }
    }
}
