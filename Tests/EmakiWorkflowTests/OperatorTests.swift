import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// What operators do: pause, resume, terminate, decide about compensations.
@Suite struct OperatorTests {
    /// Undoing fails until it is allowed.
    struct StubbornRefund: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(10), retry: RetryPolicy(maximumAttempts: 2))
        let world: World
        let isAllowed: Switch

        func run(context: ActivityContext, input: Nothing) async throws -> Nothing {
            guard isAllowed.isOn else { throw ApplicationFailure("the bank is closed") }
            world.act("refund", context.info, in: nil)
            return Nothing()
        }
    }

    final class Switch: Sendable {
        private let lock = Lock()
        private let value = Guarded(false)
        var isOn: Bool { lock.withLock { value.value } }
        func turnOn() { lock.withLock { value.value = true } }
    }

    enum Stubborn: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.saga { saga in
                _ = try await saga.run(
                    Debit.self, Transfer(amount: 1), undo: StubbornRefund.self
                ) { _ in Nothing() }
                throw ApplicationFailure("no way")
            }
        }
    }

    private func stubborn(_ world: World, _ isAllowed: Switch) async throws -> WorkflowEngine {
        try await makeEngine(
            [Stubborn.self],
            [Debit(world: world), StubbornRefund(world: world, isAllowed: isAllowed)])
    }

    private func pausedRun(
        _ engine: WorkflowEngine
    ) async throws -> (WorkflowHandle<Stubborn>, key: String, waiting: Task<String, any Error>) {
        let handle = try await engine.start(Stubborn.self, id: "s", Nothing())
        // Somebody waits, so that the clock skips to the retries.
        let waiting = Task { try await handle.result() }
        while true {
            if case .compensation(let key, _) = try await handle.describe().pause {
                return (handle, key, waiting)
            }
            await Task.yield()
        }
    }

    @Test("a compensation that gave up is tried again when an operator says so")
    func retry() async throws {
        let world = World()
        let isAllowed = Switch()
        let engine = try await stubborn(world, isAllowed)
        let (handle, key, waiting) = try await pausedRun(engine)
        #expect(key == "saga/Debit")
        await #expect(throws: WorkflowError.self) { try await handle.resume() }
        isAllowed.turnOn()
        try await handle.resume(.retryCompensation(key: key))
        await #expect(throws: WorkflowError.self) { try await waiting.value }
        #expect(world.names == ["debit", "refund"])
        engine.close()
    }

    @Test("a compensation that gave up is left out when an operator says so, with the reason")
    func skip() async throws {
        let world = World()
        let engine = try await stubborn(world, Switch())
        let (handle, key, waiting) = try await pausedRun(engine)
        await #expect(throws: WorkflowError.self) {
            try await handle.resume(.retryCompensation(key: "other"))
        }
        try await handle.resume(.skipCompensation(key: key, reason: "paid by hand"))
        await #expect(throws: WorkflowError.self) { try await waiting.value }
        #expect(world.names == ["debit"])
        let history = try await handle.history()
        #expect(
            history.contains {
                $0.body == .resumed(.skipCompensation(key: key, reason: "paid by hand"))
            })
        engine.close()
    }

    @Test(
        "a paused run sees nothing until it is resumed, and then everything",
        arguments: [false, true])
    func pause(evicts: Bool) async throws {
        let engine = try await makeEngine([Counter.self], evictsAlways: evicts)
        let handle = try await engine.start(Counter.self, id: "c", 1)
        try await handle.pause(reason: "lunch")
        try await handle.signal(Counter.add, 5)
        #expect(try await handle.query(Counter.value) == 1)
        #expect(try await handle.describe().pause == .requested("lunch"))
        try await handle.signal(Counter.add, 6)
        try await handle.resume()
        #expect(try await handle.query(Counter.value) == 12)
        try await handle.signal(Counter.finish, Nothing())
        #expect(try await handle.result() == 12)
        try Replayer(workflows: [Counter.self]).check(try await handle.history())
        engine.close()
    }

    @Test("terminating lists what was not undone")
    func terminate() async throws {
        let world = World()
        let engine = try await makeEngine(
            [Cancellable.self],
            [Debit(world: world), Credit(world: world), Refund(world: world)])
        let handle = try await engine.start(Cancellable.self, id: "x", Nothing())
        while world.names.isEmpty { await Task.yield() }
        while try await handle.history().count < 3 { await Task.yield() }
        try await handle.terminate(reason: "enough")
        do {
            _ = try await handle.result()
            Issue.record("it has a result")
        } catch WorkflowError.ended(_, let outcome) {
            #expect(
                outcome == .terminated(reason: "enough", uncompensated: ["saga/Debit"]))
        }
        #expect(world.names == ["debit"])
        engine.close()
    }
}
