import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// The four time-outs, heartbeats, and results that come too late.
@Suite struct TimeoutTests {
    /// Runs until it is let go; reports if it is told to.
    struct Hanging: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        let gate: Gate

        func run(context: ActivityContext, input: Nothing) async throws -> String {
            try context.heartbeat("attempt \(context.info.attempt)")
            let before = try context.heartbeatDetails(as: String.self) ?? "nothing"
            await gate.wait(context.info.attempt)
            return "\(context.info.attempt) after \(before)"
        }
    }

    /// Attempts wait here, each until its number is let through.
    final class Gate: Sendable {
        private let lock = Lock()
        private let waiting = Guarded<[Int: CheckedContinuation<Void, Never>]>([:])
        private let opened = Guarded<Set<Int>>([])
        private let arrivals = Guarded<[Int]>([])

        var arrived: [Int] { lock.withLock { arrivals.value } }

        func wait(_ number: Int) async {
            await withCheckedContinuation { continuation in
                let isOpen = lock.withLock { () -> Bool in
                    arrivals.value.append(number)
                    if opened.value.contains(number) { return true }
                    waiting.value[number] = continuation
                    return false
                }
                if isOpen { continuation.resume() }
            }
        }

        func open(_ number: Int) {
            let continuation = lock.withLock {
                opened.value.insert(number)
                return waiting.value.removeValue(forKey: number)
            }
            continuation?.resume()
        }
    }

    enum Waiting: Workflow {
        enum Limits: Codable, Sendable {
            case startToClose, heartbeat, scheduleToClose, once
        }

        static func run(context: WorkflowContext<Self>, input: Limits) async throws -> String {
            let retry = RetryPolicy(initialInterval: .seconds(1), jitter: 0)
            let options =
                switch input {
                case .startToClose: ActivityOptions(startToClose: .seconds(10), retry: retry)
                case .heartbeat:
                    ActivityOptions(
                        startToClose: .seconds(1_000), heartbeat: .seconds(5), retry: retry)
                case .scheduleToClose: ActivityOptions(scheduleToClose: .seconds(20), retry: retry)
                case .once: ActivityOptions(startToClose: .seconds(10), retry: .once)
                }
            return try await context.run(Hanging.self, Nothing(), options: options)
        }
    }

    private func run(
        _ limits: Waiting.Limits
    ) async throws -> (WorkflowEngine, WorkflowHandle<Waiting>, SkippingClock, Gate) {
        let clock = SkippingClock(skips: false)
        let gate = Gate()
        let engine = try await makeEngine([Waiting.self], [Hanging(gate: gate)], clock: clock)
        let handle = try await engine.start(Waiting.self, id: "w", limits)
        while gate.arrived.isEmpty { await Task.yield() }
        return (engine, handle, clock, gate)
    }

    /// Moves the clock on until a second attempt has begun.
    private func untilSecondAttempt(_ clock: SkippingClock, _ gate: Gate) async {
        while gate.arrived.count < 2 {
            clock.advance(by: .seconds(1))
            await Task.yield()
        }
    }

    @Test("an attempt that takes too long is made again, and its late result counts for nothing")
    func startToClose() async throws {
        let (engine, handle, clock, gate) = try await run(.startToClose)
        await untilSecondAttempt(clock, gate)
        gate.open(1)
        gate.open(2)
        #expect(try await handle.result() == "2 after attempt 1")
        #expect(gate.arrived == [1, 2])
        engine.close()
    }

    /// Fails at its first attempt, once it is let through.
    struct Stumbling: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(10),
            retry: RetryPolicy(initialInterval: .milliseconds(500), jitter: 0))
        let gate: Gate

        func run(context: ActivityContext, input: Nothing) async throws -> String {
            await gate.wait(context.info.attempt)
            if context.info.attempt == 1 { throw ApplicationFailure("stumbled") }
            return "attempt \(context.info.attempt)"
        }
    }

    enum Standing: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.run(Stumbling.self, input)
        }
    }

    @Test("the limit of an attempt that has failed does not concern the next one")
    func limitOfBefore() async throws {
        let clock = SkippingClock(skips: false)
        let gate = Gate()
        let engine = try await makeEngine([Standing.self], [Stumbling(gate: gate)], clock: clock)
        let handle = try await engine.start(Standing.self, id: "s", Nothing())
        while gate.arrived.isEmpty { await Task.yield() }
        clock.advance(by: .seconds(9))
        gate.open(1)
        while try await handle.history().count < 3 { await Task.yield() }
        clock.advance(by: .milliseconds(500))
        while gate.arrived.count < 2 { await Task.yield() }
        // The first attempt's time is over, the second's is not.
        clock.advance(by: .seconds(5))
        try await handle.pause(reason: "so that what is due is looked at")
        #expect(gate.arrived == [1, 2])
        gate.open(2)
        try await handle.resume()
        #expect(try await handle.result() == "attempt 2")
        #expect(gate.arrived == [1, 2])
        engine.close()
    }

    @Test("an attempt that stops reporting is made again, and gets what the first one reported")
    func heartbeat() async throws {
        let (engine, handle, clock, gate) = try await run(.heartbeat)
        await untilSecondAttempt(clock, gate)
        gate.open(1)
        gate.open(2)
        #expect(try await handle.result() == "2 after attempt 1")
        engine.close()
    }

    @Test(
        "an activity that takes too long in all fails",
        arguments: [
            Waiting.Limits.scheduleToClose, .once,
        ])
    func scheduleToClose(limits: Waiting.Limits) async throws {
        let (engine, handle, clock, gate) = try await run(limits)
        let result = Task { try await handle.result() }
        while try await handle.describe().outcome == nil {
            clock.advance(by: .seconds(1))
            await Task.yield()
        }
        gate.open(1)
        do {
            _ = try await result.value
            Issue.record("it has a result")
        } catch WorkflowError.ended(_, .failed(let failure)) {
            #expect(failure.kind == .timedOut)
            #expect(failure.mayHaveHappened)
            #expect(
                failure.timeout == (limits == .once ? .startToClose : .scheduleToClose))
        }
        #expect(gate.arrived == [1])
        engine.close()
    }

    @Test("a run that takes too long in all is closed as timed out")
    func runTimeout() async throws {
        let clock = SkippingClock()
        let engine = try await makeEngine([Counter.self], clock: clock)
        let handle = try await engine.start(
            Counter.self, id: "c", 1, options: RunOptions(runTimeout: .seconds(30)))
        await #expect(throws: WorkflowError.ended(workflowID: "c", .timedOut(uncompensated: []))) {
            try await handle.result()
        }
        engine.close()
    }

    @Test("a delayed start begins when it is due")
    func startDelay() async throws {
        let clock = SkippingClock(skips: false)
        let world = World()
        let engine = try await makeEngine(
            [Countdown.self], [Note(world: world)], clock: clock)
        let handle = try await engine.start(
            Countdown.self, id: "n", 0, options: RunOptions(startDelay: .seconds(60)))
        clock.advance(by: .seconds(59))
        #expect(try await handle.history().count == 1)
        clock.advance(by: .seconds(1))
        #expect(try await handle.result() == "lift off")
        engine.close()
    }
}
