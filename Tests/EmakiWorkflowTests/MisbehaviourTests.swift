import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// Code that breaks the rules, and what becomes of its run and of others.
@Suite struct MisbehaviourTests {
    enum Rule: String, CaseIterable, Codable, Sendable {
        case taskTouchesContext, detachedTask, taskSleep, mainActor, undeclaredError, stream
    }

    struct Undeclared: Error {}

    enum Rogue: Workflow {
        static func run(context: WorkflowContext<Self>, input: Rule) async throws -> String {
            switch input {
            case .taskTouchesContext:
                // wf:allow(WF030) is what the test is about
                return try await Task { try await context.step("x") { _ in "x" } }.value
            case .detachedTask:
                // It ends when its stream does: never.
                let (stream, continuation) = AsyncStream<Int>.makeStream()
                // wf:allow(WF030) is what the test is about
                return await Task.detached {
                    for await _ in stream {}
                    return "\(continuation)"
                }.value
            case .taskSleep:
                // wf:allow(WF003) is what the test is about
                let nap = Task<Never, Never>.`sleep`(nanoseconds:)
                // Long enough not to be over before it has begun.
                try await nap(3_600_000_000_000)
            // wf:allow(WF032) is what the test is about
            case .mainActor: await MainActor.run {}
            case .undeclaredError: throw Undeclared()
            case .stream:
                let (stream, continuation) = AsyncStream<Int>.makeStream()
                for await _ in stream {}
                continuation.finish()
            }
            return try await context.step("after") { _ in "after" }
        }
    }

    @Test(
        "code that breaks a rule fails its task, is paused, and troubles nobody else",
        arguments: Rule.allCases)
    func rules(rule: Rule) async throws {
        let failures = TaskFailures()
        let clock = SkippingClock()
        let world = World()
        var options = EngineOptions()
        options.clock = clock
        options.observer = failures
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [
                WorkflowDefinition(Rogue.self), WorkflowDefinition(AccountTransfer.self),
            ],
            activities: [Debit(world: world), Credit(world: world), Refund(world: world)],
            options: options)
        let rogue = try await engine.start(Rogue.self, id: "rogue", rule)
        await failures.wait(for: 1)
        let receipt = try await engine.execute(
            AccountTransfer.self, id: "t", Transfer(amount: 1))
        #expect(receipt == "debited 1, credited 1")
        while try await rogue.describe().pause == nil {
            clock.advance(by: .seconds(60))
            await Task.yield()
        }
        #expect(failures.count == 5)
        let description = try await rogue.describe()
        guard case .taskFailures(let failure) = description.pause else {
            Issue.record("\(String(describing: description.pause))")
            return
        }
        #expect(failure.kind == .misuse)
        #expect(failure.type == (rule == .undeclaredError ? "Undeclared" : "Escape"))
        // A failure is recorded once, the pause once. A task that touches the context is caught as
        // it does so, or as the run waits for it, whichever comes first each time.
        let history = try await rogue.history()
        let recorded = history.filter { $0.typeName == "TaskFailed" }.map(\.body)
        #expect(history.count == recorded.count + 2)
        #expect(recorded.count == 1 || rule == .taskTouchesContext)
        #expect(zip(recorded, recorded.dropFirst()).allSatisfy { $0 != $1 })
        engine.close()
    }

    enum Swallower: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            // It goes on and on, whatever it is told.
            while true {
                // wf:allow(WF080) is what the test is about
                try? await context.sleep(for: .seconds(1_000))
                if context.now < 0 { return "" }
            }
        }
    }

    @Test("code that swallows every error is let go of all the same")
    func swallowing() async throws {
        let engine = try await makeEngine(
            [Swallower.self, Counter.self], clock: SkippingClock(skips: false))
        let handle = try await engine.start(Swallower.self, id: "s", Nothing())
        try await handle.terminate(reason: "enough")
        await #expect(throws: WorkflowError.self) { try await handle.result() }
        let counter = try await engine.start(Counter.self, id: "c", 1)
        #expect(try await counter.query(Counter.value) == 1)
        engine.close()
    }

    actor Inside {
        var value = 0
        func add(_ number: Int) { value += number }
    }

    enum Allowed: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> [String] {
            var trace: [String] = []
            let inside = Inside()
            await withTaskGroup(of: Void.self) { group in
                for number in 1...5 {
                    group.addTask {
                        // wf:allow(WF034) children of the run may yield to one another
                        await Task.yield()
                        await inside.add(number)
                    }
                }
            }
            trace.append("\(await inside.value)")
            let (stream, continuation) = AsyncStream<Int>.makeStream()
            async let consumed = stream.reduce(0, +)
            for number in 1...4 { continuation.yield(number) }
            continuation.finish()
            trace.append("\(await consumed)")
            async let first = context.step("s") { info in info.key }
            // wf:allow(WF091) siblings without branches are what is tried
            async let second = context.step("s") { info in info.key }
            trace += try await [first, second]
            let shielded = try await context.shielded { try await context.step("t") { _ in "t" } }
            trace.append(shielded)
            return trace
        }
    }

    @Test(
        "task groups, async let, actors and streams of the run's own are allowed",
        arguments: [false, true])
    func allowed(evicts: Bool) async throws {
        let engine = try await makeEngine([Allowed.self], evictsAlways: evicts)
        let trace = try await engine.execute(Allowed.self, id: "a", Nothing())
        #expect(trace == ["15", "10", "s", "s#2", "t"])
        engine.close()
    }
}

/// Counts faults of code.
final class TaskFailures: EngineObserver {
    private let lock = Lock()
    private let failures = Guarded<[Failure]>([])
    private let waiting = Guarded<[(Int, CheckedContinuation<Void, Never>)]>([])

    var count: Int { lock.withLock { failures.value.count } }

    func taskFailed(workflowID: String, runID: String, _ failure: Failure) {
        let ready = lock.withLock { () -> [CheckedContinuation<Void, Never>] in
            failures.value.append(failure)
            let count = failures.value.count
            let ready = waiting.value.filter { $0.0 <= count }.map(\.1)
            waiting.value.removeAll { $0.0 <= count }
            return ready
        }
        for continuation in ready { continuation.resume() }
    }

    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isReady = lock.withLock { () -> Bool in
                if failures.value.count >= count { return true }
                waiting.value.append((count, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
