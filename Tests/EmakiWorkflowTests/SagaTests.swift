import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// What is undone, in which order, and what is said of the rest.
@Suite struct SagaTests {
    /// Three steps, and then a fault, or a wait.
    enum Threefold: Workflow {
        static func run(context: WorkflowContext<Self>, input: Bool) async throws -> Nothing {
            try await context.saga { saga in
                for name in ["a", "b", "c"] {
                    _ = try await saga.run(Note.self, name, undo: Note.self) { _ in "undo \(name)" }
                }
                guard input else { throw ApplicationFailure("enough") }
                try await context.sleep(for: .seconds(3_600))
            }
            return Nothing()
        }
    }

    @Test("what happened last is undone first", arguments: [false, true])
    func reverse(evicts: Bool) async throws {
        let world = World()
        let engine = try await makeEngine(
            [Threefold.self], [Note(world: world)], evictsAlways: evicts)
        await #expect(throws: WorkflowError.self) {
            try await engine.execute(Threefold.self, id: "t", false)
        }
        #expect(world.names == ["a", "b", "c", "undo c", "undo b", "undo a"])
        engine.close()
    }

    private func waiting(
        _ engine: WorkflowEngine, _ options: RunOptions = RunOptions()
    ) async throws -> WorkflowHandle<Threefold> {
        let handle = try await engine.start(Threefold.self, id: "t", true, options: options)
        while try await handle.history().count(where: \.isOutcomeOfStep) < 3 { await Task.yield() }
        return handle
    }

    private static let keys = ["saga/Note", "saga/Note#2", "saga/Note#3"]

    @Test(
        "what ending a run leaves as it is is known with and without its code",
        arguments: [false, true])
    func terminated(evicts: Bool) async throws {
        let clock = SkippingClock(skips: false)
        let engine = try await makeEngine(
            [Threefold.self], [Note(world: World())], clock: clock, evictsAlways: evicts)
        let handle = try await waiting(engine)
        #expect(try await handle.describe().compensable == Self.keys)
        try await handle.terminate(reason: "enough")
        let outcome = HistoryEvent.Outcome.terminated(reason: "enough", uncompensated: Self.keys)
        await #expect(throws: WorkflowError.ended(workflowID: "t", outcome)) {
            try await handle.result()
        }
        engine.close()
    }

    @Test("a run whose time is over leaves what it did, and says so")
    func timedOut() async throws {
        let engine = try await makeEngine([Threefold.self], [Note(world: World())])
        let handle = try await waiting(engine, RunOptions(runTimeout: .seconds(60)))
        let outcome = HistoryEvent.Outcome.timedOut(uncompensated: Self.keys)
        await #expect(throws: WorkflowError.ended(workflowID: "t", outcome)) {
            try await handle.result()
        }
        engine.close()
    }

    /// Nobody hears of its first attempt; the second fails for certain.
    struct Doubtful: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        let gate: TimeoutTests.Gate

        func run(context: ActivityContext, input: Nothing) async throws -> String {
            await gate.wait(context.info.attempt)
            throw ApplicationFailure("no", isNonRetryable: true)
        }
    }

    enum InDoubt: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.saga { saga in
                _ = try await saga.run(Doubtful.self, input, undo: Note.self) { outcome in
                    if case .unknown = outcome { return "undo what may be" }
                    return "undo what is not"
                }
            }
            return Nothing()
        }
    }

    @Test("a step that failed for certain, after an attempt in doubt, is undone")
    func doubt() async throws {
        let world = World()
        let gate = TimeoutTests.Gate()
        let clock = SkippingClock(skips: false)
        let engine = try await makeEngine(
            [InDoubt.self], [Doubtful(gate: gate), Note(world: world)], clock: clock)
        let handle = try await engine.start(InDoubt.self, id: "d", Nothing())
        gate.open(2)
        while try await handle.describe().outcome == nil {
            clock.advance(by: .seconds(1))
            await Task.yield()
        }
        #expect(world.names == ["undo what may be"])
        gate.open(1)
        engine.close()
    }

    /// Undoes once it is let through.
    struct SlowUndo: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        let world: World
        let gate: TimeoutTests.Gate

        func run(context: ActivityContext, input: String) async throws -> Nothing {
            await gate.wait(1)
            world.act(input, context.info, in: nil)
            return Nothing()
        }
    }

    enum Failing: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.saga { saga in
                _ = try await saga.run(Note.self, "done", undo: SlowUndo.self) { _ in "undone" }
                throw ApplicationFailure("enough")
            }
        }
    }

    @Test("what is being undone goes on though the run is asked to stop", arguments: [false, true])
    func shielded(evicts: Bool) async throws {
        let world = World()
        let gate = TimeoutTests.Gate()
        let engine = try await makeEngine(
            [Failing.self], [Note(world: world), SlowUndo(world: world, gate: gate)],
            clock: SkippingClock(skips: false), evictsAlways: evicts)
        let handle = try await engine.start(Failing.self, id: "f", Nothing())
        while gate.arrived.isEmpty { await Task.yield() }
        try await handle.cancel()
        #expect(try await handle.describe().pause == nil)
        gate.open(1)
        if try await handle.describe().pause == nil {
            await #expect(throws: WorkflowError.self) { try await handle.result() }
        }
        #expect(world.names == ["done", "undone"])
        engine.close()
    }
}
