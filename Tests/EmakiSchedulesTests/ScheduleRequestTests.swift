import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiSchedules
@testable import EmakiWorkflow

/// What people ask of a schedule.
@Suite struct ScheduleRequestTests {
    typealias Bench = ScheduleTests.Bench
    typealias Job = ScheduleTests.Job

    private func instant(_ second: Int64) -> Int64 { ScheduleTests.instant(second) }

    @Test("while it is paused nothing is started, and what was passed is not made up for")
    func paused() async throws {
        let bench = try await Bench()
        try await bench.create()
        try await bench.pass(until: 130)
        try await bench.schedules.pause("s", note: "holidays")
        try await bench.pass(until: 610)
        #expect(try await bench.started() == [60, 120])
        let description = try await bench.describe()
        #expect(description.isPaused && description.pauseNote == "holidays")
        try await bench.schedules.resume("s")
        try await bench.pass(until: 670)
        #expect(try await bench.started() == [60, 120, 660])
        #expect(try await bench.describe().isPaused == false)
        bench.engine.close()
    }

    @Test("of what an outage left no more is started once somebody pauses, deletes or changes it")
    func catchUpIsStopped() async throws {
        let other = Schedule(.every(600), action: ScheduleAction(workflowType: "x", input: .empty))
        let codec = JSONPayloadCodec()
        let requests: [(name: String, input: Payload, reason: String)] = [
            ("pause", try codec.encode(""), "the schedule was paused"),
            ("delete", try codec.encode(Nothing()), ""),
            ("update", try codec.encode(other), "the schedule was changed"),
        ]
        for (name, input, reason) in requests {
            let store = MemoryHistoryStore()
            let first = try await Bench(on: store)
            try await first.create(
                .every(60), overlap: .allow, catchUp: .within(seconds: 100_000))
            try await first.pass(until: 70)
            first.engine.close()
            // Asked for while the first of those that were missed is being recorded.
            let asking = AskingStore(store.session())
            let second = try await Bench(on: asking, store, at: 650)
            let (answers, answer) = AsyncStream<Void>.makeStream()
            asking.go { [engine = second.engine] in
                let message = Message(name: name, requestID: "r", input: input)
                engine.core.host(Schedules.workflowID("s")).enqueue(
                    .update(message, accepted: { _ in }, completed: { _ in answer.finish() }))
            }
            for await _ in answers {}
            if name == "delete" {
                _ = try await second.engine.handle(
                    ScheduleWorkflow.self, id: Schedules.workflowID("s")
                ).result()
            } else {
                var description = try await second.describe()
                while description.startedCount + description.skippedCount < 10 {
                    // Who asks may be answered at once: others need the thread.
                    await Task.yield()
                    description = try await second.describe()
                }
                #expect(description.skipped.allSatisfy { $0.reason == reason }, "\(name)")
            }
            #expect(try await second.started() == [60, 120], "\(name)")
            second.engine.close()
        }
    }

    @Test("what is triggered starts now, also twice and while paused, and takes no nominal time")
    func triggered() async throws {
        let bench = try await Bench()
        try await bench.create(.every(60), Job.Input(seconds: 100))
        try await bench.schedules.pause("s")
        try await bench.pass(until: 30)
        let first = try await bench.schedules.trigger("s", requestID: "one")
        #expect(try await bench.schedules.trigger("s", requestID: "one") == first)
        #expect(first == "s/2023-11-14T22:14:30.000Z")
        let second = try await bench.schedules.trigger("s", overlap: .allow)
        #expect(second == "s/2023-11-14T22:14:30.001Z")
        let third = try await bench.schedules.trigger("s")
        try await bench.pass(until: 50)
        let description = try await bench.describe()
        #expect(description.recent.map(\.workflowID) == [first, second])
        #expect(description.skipped.map(\.nominal) == [instant(30) + 2_000_000])
        #expect(third.hasSuffix(".002Z"))
        bench.clock.skip(noFurtherThan: instant(135))
        #expect(
            try await bench.engine.handle(Job.self, id: second).result()
                == "2023-11-14T22:14:30.001Z")
        bench.engine.close()
    }

    @Test("nominal times that have passed are started once, those that were before are not again")
    func backfilled() async throws {
        let bench = try await Bench()
        try await bench.create()
        try await bench.pass(until: 130)
        try await bench.schedules.backfill("s", from: instant(-1_500), to: instant(1_000_000))
        try await bench.pass(until: 150)
        // From 25 minutes before; what was started is left out, and the future is not begun.
        #expect(try await bench.started() == (-25...2).map { $0 * 60 })
        let description = try await bench.describe()
        #expect(description.skipped.map { ScheduleTests.second($0.nominal) } == [60, 120])
        #expect(description.startedCount == 28 && description.backfillCount == 0)
        await #expect(throws: ScheduleError.self) {
            try await bench.schedules.backfill("s", from: 10, to: 5)
        }
        // One after the other, as a policy says.
        try await bench.schedules.update(
            "s",
            Schedule(
                .every(60),
                action: ScheduleAction(
                    workflowType: Job.workflowName,
                    input: Payload(text: #"{"seconds":7,"cleanUp":0}"#))))
        try await bench.schedules.backfill(
            "s", from: instant(-1_800), to: instant(-1_560), overlap: .skip)
        try await bench.pass(until: 170)
        #expect(try await bench.started() == [-1_800] + (-25...2).map { $0 * 60 })
        bench.engine.close()
    }

    @Test("a nominal time whose id was used by somebody else is not started again")
    func takenID() async throws {
        let bench = try await Bench()
        try await bench.create()
        _ = try await bench.engine.execute(Job.self, id: "s/2023-11-14T22:15:00Z", Job.Input())
        let open = try await bench.engine.start(
            Job.self, id: "s/2023-11-14T22:16:00Z", Job.Input(seconds: 1_000))
        try await bench.pass(until: 190)
        #expect(try await bench.started() == [60, 120, 180])
        let description = try await bench.describe()
        #expect(description.startedCount == 1)
        #expect(description.skipped.map { ScheduleTests.second($0.nominal) } == [60, 120])
        #expect(description.skipped.allSatisfy { $0.reason.contains("not started: already") })
        try await open.terminate(reason: "enough")
        bench.engine.close()
    }

    @Test("another spec counts from when it was given, another action from the next time on")
    func updated() async throws {
        let bench = try await Bench()
        try await bench.create()
        try await bench.pass(until: 90)
        var schedule = try await bench.describe().schedule
        // At 80, 180, 280 and so on: the first of these is past.
        schedule.spec = .every(100, phase: 20)
        schedule.note = "slower"
        try await bench.schedules.update("s", schedule)
        try await bench.pass(until: 305)
        #expect(try await bench.started() == [60, 180, 280])
        schedule.action.workflowType = "Unknown"
        try await bench.schedules.update("s", schedule)
        try await bench.pass(until: 405)
        let description = try await bench.describe()
        #expect(description.schedule == schedule)
        #expect(description.skipped.last?.reason.contains("unknownWorkflow") == true)
        bench.engine.close()
    }

    @Test("another spec begins to count anew only if its limit is another")
    func limitStays() async throws {
        let bench = try await Bench()
        var spec = ScheduleSpec.every(60)
        spec.limitedTo = 3
        try await bench.create(spec)
        try await bench.pass(until: 130)
        var schedule = try await bench.describe().schedule
        schedule.spec.jitterSeconds = 1
        try await bench.schedules.update("s", schedule)
        #expect(try await bench.describe().remainingCount == 1)
        schedule.spec.limitedTo = 5
        try await bench.schedules.update("s", schedule)
        #expect(try await bench.describe().remainingCount == 5)
        bench.engine.close()
    }

    @Test("what makes no sense is refused, and changes nothing")
    func refused() async throws {
        let bench = try await Bench()
        try await bench.create()
        let wrong = ScheduleError.invalid(field: "hour", "25 is not from 0 to 23")
        await #expect(throws: wrong) { try await bench.create(.cron("0 25 * * *")) }
        for name in ["", "a/", String(repeating: "n", count: 151)] {
            await #expect(throws: ScheduleError.self) {
                try await bench.schedules.create(
                    name, .every(60), starting: Job.self, Job.Input())
            }
        }
        await #expect(throws: WorkflowError.self) { try await bench.create(.every(5)) }
        var schedule = try await bench.describe().schedule
        schedule.action.input = Payload([UInt8](repeating: 0x20, count: 65_537))
        await #expect(throws: ScheduleError.self) {
            try await bench.schedules.update("s", schedule)
        }
        // Who does not come through the library is refused by the workflow.
        let handle = bench.engine.handle(ScheduleWorkflow.self, id: "schedule/s")
        await #expect(throws: WorkflowError.self) {
            try await handle.update(ScheduleWorkflow.update, schedule)
        }
        #expect(try await bench.describe().schedule.spec == .every(60))
        let record = ScheduleRecord(name: "other", schedule: schedule, now: 0)
        await #expect(throws: WorkflowError.self) {
            try await bench.engine.execute(ScheduleWorkflow.self, id: "schedule/other", record)
        }
        bench.engine.close()
    }

    @Test("schedules are listed by name; a deleted one is not, its runs go on, its name is free")
    func listed() async throws {
        let bench = try await Bench()
        try await bench.create(.every(60), Job.Input(seconds: 100))
        for name in ["a", "b/c", "z"] {
            try await bench.schedules.create(name, .every(3_600), starting: Job.self, Job.Input())
        }
        #expect(try await bench.schedules.list() == ["a", "b/c", "s", "z"])
        #expect(try await bench.schedules.list(after: "a", limit: 2) == ["b/c", "s"])
        try await bench.pass(until: 70)
        try await bench.schedules.delete("s")
        bench.clock.skip(noFurtherThan: instant(170))
        let run = bench.engine.handle(Job.self, id: "s/2023-11-14T22:15:00Z")
        #expect(try await run.result() == "2023-11-14T22:15:00Z")
        #expect(try await bench.schedules.list() == ["a", "b/c", "z"])
        await #expect(throws: WorkflowError.self) { try await bench.schedules.pause("s") }
        try await bench.create()
        try await bench.pass(until: 250)
        #expect(try await bench.started() == [60, 180, 240])
        bench.engine.close()
    }

    @Test("one that was started by hand, with no more than it needs, works from then on")
    func byHand() async throws {
        let bench = try await Bench(at: 10)
        let text =
            #"{"name":"s","schedule":{"spec":{"intervals":[{"seconds":60}]},"#
            + #""action":{"workflowType":"Job","input":"{\"seconds\":0,\"cleanUp\":0}"}}}"#
        let record = try JSONPayloadCodec().decode(
            ScheduleRecord.self, from: Payload(text: text))
        try await bench.engine.start(ScheduleWorkflow.self, id: "schedule/s", record)
        try await bench.pass(until: 130)
        #expect(try await bench.started() == [60, 120])
        bench.engine.close()
    }
}

/// A store in which the first start of a workflow by another waits, and is preceded by something.
private final class AskingStore: HistoryStore {
    private struct State {
        var wasThere = false
        var ask: (@Sendable () -> Void)?
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let base: MemoryHistoryStore.Session
    private let lock = Lock()
    private let state = Guarded(State())

    init(_ base: MemoryHistoryStore.Session) { self.base = base }

    /// What comes before it; it waits no more.
    func go(_ ask: @escaping @Sendable () -> Void) {
        let waiting = lock.withLock {
            state.value.ask = ask
            defer { state.value.waiting = nil }
            return state.value.waiting
        }
        waiting?.resume()
    }

    var capabilities: HistoryStoreCapabilities { base.capabilities }
    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        let isStart = commit.parts.flatMap(\.events).contains { $0.type == "ChildInitiated" }
        let isFirst = lock.withLock { () -> Bool in
            defer { if isStart { state.value.wasThere = true } }
            return isStart && !state.value.wasThere
        }
        if isFirst {
            await withCheckedContinuation { continuation in
                let mayGo = lock.withLock { () -> Bool in
                    let mayGo = state.value.ask != nil
                    if !mayGo { state.value.waiting = continuation }
                    return mayGo
                }
                if mayGo { continuation.resume() }
            }
            lock.withLock { state.value.ask }?()
        }
        return await base.append(commit)
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        try await base.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }
}
