import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Runs that go on from a point in another one's history.
@Suite struct ResettingTests {
    /// Three steps, with a word in between.
    enum Errand: Workflow {
        static let go = Signal<Self, String>("go")
        static func initialState(for input: Nothing) -> String { "" }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(go) { state, word in state = word }
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let first = try await context.run(Note.self, "a")
            try await context.wait { !$0.isEmpty }
            let second = try await context.run(Note.self, "b by \(context.state)")
            let third = try await context.run(Note.self, "c")
            return "\(first), \(second), \(third)"
        }
    }

    /// A step that is undone, a sleep, and a step that fails.
    enum Doomed: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.saga { saga in
                _ = try await saga.run(Debit.self, Transfer(amount: 1), undo: Refund.self) { _ in ""
                }
                try await context.sleep(for: .seconds(60))
                throw ApplicationFailure("no way")
            }
        }
    }

    /// Somebody outside says how the step ends; at most once.
    enum Asking: Workflow {
        static func run(context: WorkflowContext<Self>, input: Bool) async throws -> String {
            let options = ActivityOptions(
                startToClose: .seconds(3600), retry: input ? .once : .standard)
            do {
                return try await context.run(Later.self, Nothing(), options: options)
            } catch let failure as StepFailure {
                return "\(failure.cause.kind)"
            }
        }
    }

    /// Has a child that waits, and then another one.
    enum Family: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let first = try await context.startChild(Child.self, id: "first", "wait")
            try await context.sleep(for: .seconds(60))
            let second = try await context.startChild(Child.self, id: "second", "wait")
            try await second.signal(Child.go, "2")
            return "\(try await first.result()), \(try await second.result())"
        }
    }

    private static let all: [any Workflow.Type] = [
        Errand.self, Doomed.self, Asking.self, Family.self, Child.self,
    ]

    private func engine(
        _ world: World, on store: MemoryHistoryStore, clock: SkippingClock = SkippingClock(),
        eventsPerCommitMax: Int = 4_096
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        return try await WorkflowEngine(
            store: SmallStore(base: store.session(), eventsPerCommitMax: eventsPerCommitMax),
            definitions: Self.all.map { WorkflowDefinition($0) },
            activities: [
                Note(world: world), Debit(world: world), Refund(world: world), Later(),
            ], options: options)
    }

    private func errand(_ engine: WorkflowEngine) async throws -> WorkflowHandle<Errand> {
        let handle = try await engine.start(Errand.self, id: "e", Nothing())
        try await handle.signal(Errand.go, "ana")
        #expect(try await handle.result() == "noted a, noted b by ana, noted c")
        return handle
    }

    // MARK: Points

    @Test("what had a result keeps it, and what came after the point is done again, under new keys")
    func steps() async throws {
        let world = World()
        let engine = try await engine(world, on: MemoryHistoryStore())
        let old = try await errand(engine)
        let runID = try await engine.reset("e", to: .step("Note#2"), reason: "again")
        let new = engine.handle(Errand.self, id: "e")
        #expect(try await new.result() == "noted a, noted b by ana, noted c")
        #expect(try await new.describe().runID == runID)
        #expect(world.names == ["a", "b by ana", "c", "b by ana", "c"])
        #expect(Set(world.counts.values) == [1])
        // The run before had ended; it stays as it was.
        #expect(try await old.result() == "noted a, noted b by ana, noted c")
        engine.close()
    }

    @Test("a run may go on from every event of any history, and ends as the code says")
    func everyPoint() async throws {
        var pointCount = 0
        // The others depend on when they are told what, or on others that have ended.
        let alike: Set = [
            "transfer", "steps", "retries", "at most once", "parallel", "late timers",
            "reset", "checkpoints",
        ]
        for scenario in Scenario.all
        where !["completed from outside", "pulled"].contains(scenario.name) {
            let whole = CrashRun(scenario: scenario)
            _ = try await whole.run(dyingAt: [], evicts: false)
            let session = whole.store.session()
            let engine = try await makeEngine(
                scenario.workflows, scenario.activities(whole.world, session), on: session,
                clock: SkippingClock())
            for history in try await histories(in: whole.store.session()) {
                guard case .started(let start) = history.first?.body else { continue }
                for point in 2...history.count {
                    pointCount += 1
                    let id = "\(start.workflowID) \(start.runID.prefix(8)) at \(point)"
                    try await engine.fork(
                        start.workflowID, runID: start.runID, from: .event(point), as: id)
                    let outcome = try await self.outcome(of: id, engine)
                    if alike.contains(scenario.name) {
                        #expect(history.last?.body == .closed(outcome), "\(scenario.name) \(id)")
                    }
                    #expect(try await description(of: id, engine).taskFailure == nil, "\(id)")
                }
            }
            engine.close()
            try await whole.checkReplay()
            try await whole.checkEffects()
        }
        #expect(pointCount > 150)
    }

    private func outcome(
        of id: String, _ engine: WorkflowEngine
    ) async throws -> HistoryEvent.Outcome {
        engine.core.waits(1)
        defer { engine.core.waits(-1) }
        return try await engine.core.ask(id) { .result(runID: nil, $0) }
    }

    private func description(of id: String, _ engine: WorkflowEngine) async throws -> RunDescription
    {
        try await engine.core.ask(id) { .describe($0) }
    }

    @Test("points that are not there are refused, and nothing is recorded")
    func badPoints() async throws {
        let store = MemoryHistoryStore()
        let engine = try await engine(World(), on: store)
        let handle = try await errand(engine)
        let events = try await handle.history()
        let bad: [ResetPoint] = [
            .event(0), .event(1), .event(events.count + 1), .event(events.count + 2),
            .step("nobody"),
        ]
        for point in bad {
            await #expect(throws: WorkflowError.self) { try await engine.reset("e", to: point) }
            await #expect(throws: WorkflowError.self) {
                try await engine.fork("e", from: point, as: "other")
            }
        }
        await #expect(throws: WorkflowError.notFound(workflowID: "x")) {
            try await engine.reset("x", to: .beginning)
        }
        await #expect(throws: WorkflowError.notFound(workflowID: "e")) {
            try await engine.fork("e", runID: "nobody", from: .beginning, as: "other")
        }
        await #expect(throws: WorkflowError.self) {
            try await engine.fork("e", from: .beginning, as: "e")
        }
        #expect(try await store.session().streams(prefix: "run/", after: nil, limit: 10).count == 1)
        engine.close()
    }

    // MARK: Messages

    @Test(
        "messages after the point are let in again, or not if nobody wants that",
        arguments: [true, false])
    func messages(_ again: Bool) async throws {
        let engine = try await engine(World(), on: MemoryHistoryStore())
        _ = try await errand(engine)
        try await engine.reset("e", to: .beginning, reapplyingMessages: again)
        let handle = engine.handle(Errand.self, id: "e")
        if !again { try await handle.signal(Errand.go, "bob") }
        let result = try await handle.result()
        #expect(result == "noted a, noted b by \(again ? "ana" : "bob"), noted c")
        engine.close()
    }

    @Test("the same request resets once, also after a restart")
    func repeated() async throws {
        let store = MemoryHistoryStore()
        let world = World()
        var engine = try await engine(world, on: store)
        _ = try await errand(engine)
        let first = try await engine.reset("e", to: .step("Note#3"), requestID: "r")
        #expect(try await engine.reset("e", to: .step("Note#3"), requestID: "r") == first)
        let forked = try await engine.fork("e", from: .step("Note#3"), as: "f", requestID: "r")
        _ = try await engine.handle(Errand.self, id: "f").result()
        engine.close()
        engine = try await self.engine(world, on: store)
        #expect(try await engine.reset("e", to: .step("gone"), requestID: "r") == first)
        #expect(try await engine.fork("e", from: .step("gone"), as: "f", requestID: "r") == forked)
        _ = try await engine.handle(Errand.self, id: "e").result()
        #expect(world.count(of: "c") == 3)
        engine.close()
    }

    // MARK: What was begun before the point

    @Test("a step of before is undone under its key, and an open run ends without undoing it")
    func compensation() async throws {
        let world = World()
        let clock = SkippingClock(skips: false)
        let engine = try await engine(world, on: MemoryHistoryStore(), clock: clock)
        let old = try await engine.start(Doomed.self, id: "d", Nothing())
        while try await old.history().last?.body.isTimer != true { await Task.yield() }
        let runID = try await engine.reset("d", to: .event(old.history().count + 1))
        guard case .terminated(_, let left) = try await closing(of: old) else {
            Issue.record("the run before goes on")
            return
        }
        #expect(left == ["saga/Debit"])
        clock.advance(by: .seconds(61))
        await #expect(throws: WorkflowError.self) {
            try await engine.handle(Doomed.self, id: "d").result()
        }
        #expect(world.names == ["debit", "refund"])
        #expect(world.compensated == ["d/\(old.runID ?? "")/saga/Debit"])
        #expect(world.counts.keys.contains("d/\(runID)/saga/Refund"))
        engine.close()
    }

    private func closing<W: Workflow>(
        of handle: WorkflowHandle<W>
    ) async throws -> HistoryEvent.Outcome? {
        let events = try await handle.core.history(handle.id, handle.runID ?? "").events
        guard case .closed(let outcome) = events.last?.body else { return nil }
        return outcome
    }

    @Test("an attempt that somebody outside has is lost, and its token is not current any more")
    func handedOver() async throws {
        for isOnce in [true, false] {
            let engine = try await engine(
                World(), on: MemoryHistoryStore(), clock: SkippingClock(skips: false))
            let old = try await engine.start(Asking.self, id: "a", isOnce)
            let token = try await handedOver(old, engine)
            let count = try await old.history().count
            let runID = try await engine.reset("a", to: .event(count + 1))
            #expect(try await engine.complete(token, "late") == false)
            let new = engine.handle(Asking.self, id: "a")
            if isOnce {
                #expect(try await new.result() == "outcomeUnknown")
            } else {
                let next = try await handedOver(new, engine)
                #expect(next.attempt == 2)
                #expect(next.runID == runID)
                #expect(try await engine.complete(next, "in time"))
                #expect(try await new.result() == "in time")
            }
            engine.close()
        }
    }

    private func handedOver(
        _ handle: WorkflowHandle<Asking>, _ engine: WorkflowEngine
    ) async throws -> TaskToken {
        while true {
            if case .attemptHandedOver(let step, let attempt, _) = try await handle.history().last?
                .body
            {
                return TaskToken(
                    workflowID: "a", runID: try await handle.describe().runID, step: step,
                    attempt: attempt)
            }
            await Task.yield()
        }
    }

    @Test("a step that was open at the point ends as it did in the run before")
    func openStep() async throws {
        let engine = try await engine(
            World(), on: MemoryHistoryStore(), clock: SkippingClock(skips: false))
        let old = try await engine.start(Asking.self, id: "a", true)
        let token = try await handedOver(old, engine)
        #expect(try await engine.complete(token, "done"))
        #expect(try await old.result() == "done")
        // Before it was handed over; the step may run once only.
        try await engine.reset("a", to: .event(3))
        #expect(try await engine.handle(Asking.self, id: "a").result() == "done")
        engine.close()
    }

    @Test("a child of before stays the run's, and one that came after the point is begun again")
    func children() async throws {
        let world = World()
        let clock = SkippingClock(skips: false)
        let engine = try await engine(world, on: MemoryHistoryStore(), clock: clock)
        let old = try await engine.start(Family.self, id: "p", Nothing())
        while try await old.history().last?.body.isTimer != true { await Task.yield() }
        let point = try await old.history().count + 1
        clock.advance(by: .seconds(61))
        let second = engine.handle(Child.self, id: "second")
        while try await !old.history().contains(where: \.isSecondChild) { await Task.yield() }
        _ = try await second.result()
        let first = engine.handle(Child.self, id: "first")
        let firstRun = try await first.describe().runID
        try await engine.reset("p", to: .event(point))
        let new = engine.handle(Family.self, id: "p")
        try await first.signal(Child.go, "1")
        #expect(try await new.result() == "noted wait1, noted wait2")
        #expect(try await first.describe().runID == firstRun)
        #expect(world.names.sorted() == ["wait1", "wait2", "wait2"])
        engine.close()
    }

    @Test("the end of a run that was reset ends the children that it took over, and only these")
    func endOfFamily() async throws {
        let clock = SkippingClock(skips: false)
        let store = MemoryHistoryStore()
        let engine = try await engine(World(), on: store, clock: clock)
        let old = try await engine.start(Family.self, id: "p", Nothing())
        while try await old.history().last?.body.isTimer != true { await Task.yield() }
        let point = try await old.history().count + 1
        try await engine.fork("p", from: .event(point), as: "fork")
        try await engine.handle(Family.self, id: "fork").terminate(reason: "enough")
        try await engine.reset("p", to: .event(point))
        let child = engine.handle(Child.self, id: "first")
        #expect(try await child.describe().outcome == nil)
        engine.close()
        // What the ends ask for is looked at again after a restart.
        let next = try await self.engine(World(), on: store, clock: clock)
        #expect(try await next.handle(Child.self, id: "first").describe().outcome == nil)
        try await next.handle(Family.self, id: "p").terminate(reason: "enough")
        await #expect(throws: WorkflowError.self) {
            try await next.handle(Child.self, id: "first").result()
        }
        next.close()
    }

    // MARK: Much, and more

    @Test("a history that fits into no commit is taken over whole")
    func large() async throws {
        let store = MemoryHistoryStore()
        let engine = try await engine(World(), on: store, eventsPerCommitMax: 16)
        let handle = try await engine.start(Errand.self, id: "e", Nothing())
        try await handle.pause()
        for number in 0..<100 { try await handle.signal(Errand.go, "\(number)") }
        try await handle.resume()
        let result = try await handle.result()
        try await engine.fork("e", from: .event(handle.history().count), as: "f")
        #expect(try await engine.handle(Errand.self, id: "f").result() == result)
        try await engine.reset("e", to: .event(handle.history().count))
        #expect(try await engine.handle(Errand.self, id: "e").result() == result)
        let lengths = try await histories(in: store.session()).map(\.count)
        #expect(lengths.allSatisfy { $0 > 100 })
        #expect(lengths.count == 3)
        engine.close()
    }

    @Test("resets in a row know whose doing each step was")
    func inARow() async throws {
        let world = World()
        let engine = try await engine(world, on: MemoryHistoryStore())
        let first = try await errand(engine)
        let b = try await engine.reset("e", to: .step("Note#3"))
        _ = try await engine.handle(Errand.self, id: "e").result()
        let c = try await engine.reset("e", to: .step("Note#2"))
        _ = try await engine.handle(Errand.self, id: "e").result()
        guard
            case .started(let start) = try await engine.handle(Errand.self, id: "e").history()
                .first?.body
        else { return }
        #expect(start.origins.map(\.runID) == [first.runID ?? "", b])
        #expect(start.familyRunIDs == [c, b, first.runID ?? ""])
        #expect(start.keptEvents(of: b) == start.origins[1].lastEvent)
        #expect(start.origin(of: 2)?.runID == first.runID)
        #expect(start.firstRunID == first.runID)
        engine.close()
    }

    @Test("whose attempts count follows a step through forks and resets")
    func doers() {
        let origins: [RunStart.Origin] = [
            .init(workflowID: "a", runID: "A", lastEvent: 10, isFork: false),
            .init(workflowID: "a", runID: "B", lastEvent: 20, isFork: true),
            .init(workflowID: "c", runID: "C", lastEvent: 30, isFork: false),
        ]
        var start = RunStart(
            workflowType: "t", workflowID: "c", runID: "D", firstRunID: "D", seed: 0,
            fingerprint: "", requestID: "", attempt: 1, headers: [:], memo: [:],
            searchAttributes: [:], input: .empty)
        start.origins = origins
        let expected: [(Int, Int?, String?)] = [
            (5, 8, "A"), (5, 20, "A"), (5, 21, "C"), (5, 40, "C"), (5, nil, "C"), (15, 18, "B"),
            (15, 25, "C"), (25, 28, "C"), (25, nil, "C"), (31, 32, nil), (31, nil, nil),
        ]
        for (scheduled, end, runID) in expected {
            let found = start.origin(ofStep: scheduled, endedBy: end)?.runID
            #expect(found == runID, "\(scheduled) \(end ?? 0)")
        }
        // A fork of a run that was reset makes attempts of its own at what was open.
        start.origins = [
            .init(workflowID: "a", runID: "A", lastEvent: 10, isFork: false),
            .init(workflowID: "a", runID: "B", lastEvent: 10, isFork: true),
        ]
        #expect(start.origin(ofStep: 5, endedBy: nil) == nil)
        #expect(start.origin(ofStep: 5, endedBy: 10)?.runID == "A")
    }

    @Test("a run that rests goes on once it is reset")
    func paused() async throws {
        let engine = try await engine(World(), on: MemoryHistoryStore())
        let handle = try await engine.start(Errand.self, id: "e", Nothing())
        try await handle.pause(reason: "wait")
        try await handle.signal(Errand.go, "ana")
        try await engine.reset("e", to: .event(handle.history().count + 1))
        #expect(
            try await engine.handle(Errand.self, id: "e").result()
                == "noted a, noted b by ana, noted c")
        engine.close()
    }
}

extension HistoryEvent {
    fileprivate var isSecondChild: Bool {
        if case .childStarted(let child, _) = body { return child > 5 }
        return false
    }
}

extension HistoryEvent.Body {
    fileprivate var isTimer: Bool {
        if case .timerStarted = self { return true }
        return false
    }
}
