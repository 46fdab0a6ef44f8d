import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// What a hostile reading of the engine found, one test each.
@Suite struct EdgeTests {
    struct Failing: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(10),
            retry: RetryPolicy(initialInterval: .seconds(100), jitter: 0))
        let world: World

        func run(context: ActivityContext, input: Nothing) async throws -> Nothing {
            world.act("tried", context.info, in: nil)
            throw ApplicationFailure("not now")
        }
    }

    enum BackingOff: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.saga { saga in
                _ = try await saga.run(Failing.self, Nothing(), undo: Refund.self) { _ in "" }
                return "done"
            }
        }
    }

    @Test(
        "a request of a workflow to end another, told again, does not end the next run of its id",
        arguments: [false, true])
    func terminatedOnce(restarts: Bool) async throws {
        let store = MemoryHistoryStore()
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        func open() async throws -> WorkflowEngine {
            try await WorkflowEngine(
                store: store.session(), definitions: [WorkflowDefinition(Counter.self)],
                activities: [], options: options)
        }
        func terminate(_ engine: WorkflowEngine, _ requestID: String) async throws {
            try await engine.core.ask("c") {
                .terminate(requestID: requestID, reason: "enough", childOf: nil, $0)
            }
        }
        var engine = try await open()
        let first = try await engine.start(Counter.self, id: "c", 1)
        try await terminate(engine, "m")
        #expect(try await first.describe().outcome != nil)
        let next = try await engine.start(Counter.self, id: "c", 2)
        if restarts {
            engine.close()
            engine = try await open()
        }
        try await terminate(engine, "m")
        let counter = engine.handle(Counter.self, id: "c")
        #expect(try await counter.describe().outcome == nil)
        #expect(try await counter.query(Counter.value) == 2)
        try await terminate(engine, "n")
        #expect(try await counter.describe().outcome != nil)
        // That it is closed is no reason to say that it was not delivered.
        try await terminate(engine, "n")
        _ = next
        engine.close()
    }

    @Test("a step that is cancelled while it waits for its next attempt is not made again")
    func cancelledRetry() async throws {
        let world = World()
        let clock = SkippingClock(skips: false)
        let engine = try await makeEngine(
            [BackingOff.self], [Failing(world: world), Refund(world: world)], clock: clock)
        let handle = try await engine.start(BackingOff.self, id: "b", Nothing())
        while try await handle.history().count < 3 { await Task.yield() }
        try await handle.cancel()
        await #expect(throws: WorkflowError.ended(workflowID: "b", .cancelled)) {
            try await handle.result()
        }
        clock.advance(by: .seconds(1_000))
        #expect(world.names == ["tried"])
        engine.close()
    }

    @Test("a message that came while the run was paused is handled before the run may end")
    func messageBeforeEnd() async throws {
        let engine = try await makeEngine([Counter.self])
        let handle = try await engine.start(Counter.self, id: "c", 1)
        try await handle.pause()
        try await handle.signal(Counter.finish, Nothing())
        try await handle.signal(Counter.add, 5)
        try await handle.resume()
        // The body returns with the first of them, and the run ends only after the second.
        #expect(try await handle.result() == 1)
        let history = try await handle.history()
        let acknowledged = history.filter { $0.body.isSignal }.map(\.id)
        let seen = history.compactMap { event -> Int? in
            if case .activated(let id) = event.body { return id }
            return nil
        }
        #expect(acknowledged.count == 2)
        #expect(seen.starts(with: acknowledged))
        try Replayer(workflows: [Counter.self]).check(history)
        engine.close()
    }

    enum Restarting: Workflow {
        static let bump = Signal<Self, Int>("bump")
        static let restart = Signal<Self, Nothing>("restart")
        static let total = Query<Self, Nothing, Int>("total")

        struct Progress: Sendable {
            var total: Int
            var isOver = false
        }

        static func initialState(for input: Int) -> Progress { Progress(total: input) }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(bump) { state, number in state.total += number }
            handlers.on(restart) { state, _ in state.isOver = true }
            handlers.on(total) { state, _ in state.total }
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.wait { $0.isOver }
            throw try context.continueAsNew(context.state.total)
        }
    }

    @Test("a request has one effect, also when it is repeated to the run that follows")
    func requestsAcrossRuns() async throws {
        let engine = try await makeEngine([Restarting.self])
        let handle = try await engine.start(Restarting.self, id: "r", 0)
        let first = try await handle.describe().runID
        try await handle.signal(Restarting.bump, 5, requestID: "five")
        try await handle.signal(Restarting.restart, Nothing())
        while try await handle.describe().runID == first { await Task.yield() }
        try await handle.signal(Restarting.bump, 5, requestID: "five")
        let newest = engine.handle(Restarting.self, id: "r")
        #expect(try await newest.query(Restarting.total) == 5)
        engine.close()
    }

    enum Endless: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            // wf:allow(WF080) is what the test is about
            while true { try? await context.sleep(for: .seconds(10)) }
        }
    }

    @Test("cancelled code that swallows the error and goes on for ever fails its task")
    func endlessLoop() async throws {
        let failures = TaskFailures()
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        options.observer = failures
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [WorkflowDefinition(Endless.self), WorkflowDefinition(Counter.self)],
            options: options)
        let handle = try await engine.start(Endless.self, id: "e", Nothing())
        try await handle.cancel()
        await failures.wait(for: 1)
        #expect(try await handle.describe().taskFailure?.type == "EndlessLoop")
        // What was let go then never ended: that is counted.
        #expect(engine.leakedCount == 1)
        let counter = try await engine.start(Counter.self, id: "c", 1)
        #expect(try await counter.query(Counter.value) == 1)
        engine.close()
    }

    @Test("code that lets the error through ends when it is let go: nothing leaks")
    func nothingLeaks() async throws {
        let world = World()
        let engine = try await makeEngine(
            [AccountTransfer.self],
            [Debit(world: world), Credit(world: world), Refund(world: world)],
            evictsAlways: true)
        _ = try await engine.execute(AccountTransfer.self, id: "t", Transfer(amount: 7))
        #expect(engine.leakedCount == 0)
        engine.close()
    }

    @Test("durations beyond all bounds mean for ever, and trap nothing")
    func hugeDurations() async throws {
        let world = World()
        let engine = try await makeEngine([Huge.self], [Note(world: world)])
        let options = RunOptions(
            runTimeout: .seconds(Int64.max / 2), executionTimeout: .nanoseconds(Int64.max))
        let handle = try await engine.start(Huge.self, id: "h", Nothing(), options: options)
        #expect(try await handle.result() == "noted huge")
        engine.close()
    }

    enum Huge: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let options = ActivityOptions(
                startToClose: .nanoseconds(Int64.max), scheduleToClose: .seconds(Int64.max / 3),
                heartbeat: .seconds(9_000_000_000))
            return try await context.race(
                { try await context.run(Note.self, "huge", options: options) },
                {
                    try await context.sleep(for: .nanoseconds(Int64.max))
                    return "slept"
                })
        }
    }

    @Test("an error of any length is recorded, cut where it has to be")
    func longErrors() async throws {
        let engine = try await makeEngine([Long.self], [LongError()])
        let handle = try await engine.start(Long.self, id: "l", Nothing())
        do {
            _ = try await handle.result()
            Issue.record("it has a result")
        } catch WorkflowError.ended(_, .failed(let failure)) {
            #expect(failure.message.utf8.count <= Failure.messageBytesMax)
        }
        engine.close()
    }

    struct LongError: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10), retry: .once)
        func run(context: ActivityContext, input: Nothing) async throws -> Nothing {
            throw ApplicationFailure(String(repeating: "é", count: 100_000))
        }
    }

    enum Long: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.run(LongError.self, input)
        }
    }

    enum Greedy: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            try await context.all(
                (0..<2_000).map { number in
                    { @Sendable in try await context.step("s") { _ in number } }
                }
            ).count
        }
    }

    @Test("code that asks for more at once than a commit may hold fails its task, by name")
    func tooMuchAtOnce() async throws {
        let engine = try await makeEngine([Greedy.self], clock: SkippingClock(skips: false))
        let handle = try await engine.start(Greedy.self, id: "g", Nothing())
        #expect(try await handle.describe().taskFailure?.type == "TooMuchAtOnce")
        engine.close()
    }

    @Test("a child's id that somebody else uses later is not touched by the old parent's end")
    func reusedChildID() async throws {
        let store = MemoryHistoryStore()
        let workflows: [any Workflow.Type] = [Leaving.self, Counter.self]
        var engine = try await makeEngine(workflows, on: store.session())
        let parent = try await engine.start(Leaving.self, id: "p", Nothing())
        _ = try await parent.result()
        // The child is terminated with its parent; then its id is free.
        await #expect(throws: WorkflowError.self) {
            try await engine.handle(Counter.self, id: "child").result()
        }
        try await engine.start(Counter.self, id: "child", 7)
        engine.close()
        engine = try await makeEngine(workflows, on: store.session())
        _ = try await engine.handle(Leaving.self, id: "p").describe()
        let child = engine.handle(Counter.self, id: "child")
        #expect(try await child.query(Counter.value) == 7)
        engine.close()
    }

    @Test("a cancel request for a child reaches nobody else who has its id")
    func cancelOfAnother() async throws {
        let engine = try await makeEngine([Counter.self], clock: SkippingClock(skips: false))
        let handle = try await engine.start(Counter.self, id: "c", 7)
        // What a parent says whose child has ended, and whose child's id somebody else has now.
        try await engine.core.ask("c") { (reply: @escaping HostInput.Reply<Void>) in
            .cancel(requestID: "closed:r/3", reason: "its parent ended", childOf: ["r"], reply)
        }
        let events = try await handle.history()
        #expect(events.count == 1)
        #expect(try await handle.query(Counter.value) == 7)
        engine.close()
    }

    /// Ends at the first message, whatever waits behind it.
    final class Hasty: Decider {
        func activate(_ activation: Activation) -> Decision {
            var decision = Decision()
            if case .signalReceived = activation.event.body {
                decision.commands = [.close(.completed(.empty))]
                decision.hasReturned = true
            }
            return decision
        }
        func validate(_ message: Message, isUpdate: Bool) -> Failure? { nil }
        func uncompensated() -> [String] { [] }
        func query(_ name: String, _ input: Payload) throws -> Payload { .empty }
        func closure(of key: String) -> StepClosure? { nil }
        func evict() {}
    }

    @Test("a decider that ends a run before messages that were acknowledged is at fault")
    func earlyEnd() async throws {
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [
                WorkflowDefinition(name: "Counter", fingerprint: "x") { _, _ in Hasty() }
            ], options: options)
        let handle = try await engine.start(Counter.self, id: "c", 7)
        try await handle.pause(reason: "two at once")
        try await handle.signal(Counter.add, 1)
        try await handle.signal(Counter.add, 2)
        try await handle.resume()
        let description = try await handle.describe()
        #expect(description.outcome == nil)
        #expect(description.taskFailure?.type == "EarlyEnd")
        engine.close()
    }

    /// Fails once it is asked to stop.
    enum Stubborn: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            do {
                try await context.sleep(for: .seconds(3_600))
            } catch {
                throw ApplicationFailure("could not stop in order")
            }
            return Nothing()
        }
    }

    @Test("a run that was asked to stop, and failed, is not begun again")
    func cancelledIsNotRetried() async throws {
        let engine = try await makeEngine([Stubborn.self], clock: SkippingClock(skips: false))
        let handle = try await engine.start(
            Stubborn.self, id: "s", Nothing(),
            options: RunOptions(retry: RetryPolicy(maximumAttempts: 3)))
        try await handle.cancel()
        do {
            _ = try await handle.result()
            Issue.record("it has a result")
        } catch WorkflowError.ended(_, .failed(let failure)) {
            #expect(failure.message == "could not stop in order")
        }
        engine.close()
    }

    enum Leaving: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            _ = try await context.startChild(Counter.self, id: "child", 1)
            return "left"
        }
    }
}

extension HistoryEvent.Body {
    fileprivate var isSignal: Bool {
        if case .signalReceived = self { return true }
        return false
    }
}
