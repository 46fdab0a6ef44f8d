import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// Activities in named queues, which workers pull.
@Suite struct QueueTests {
    struct Print: Activity {
        static let options = ActivityOptions(startToClose: .seconds(60), queue: "printers")

        func run(context: ActivityContext, input: String) async throws -> String {
            "the engine itself printed \(input)"
        }
    }

    enum Printing: Workflow {
        struct Order: Codable, Sendable {
            var options: ActivityLimits = .usual
        }

        enum ActivityLimits: Codable, Sendable { case usual, once, impatient, persistent }

        static func run(context: WorkflowContext<Self>, input: Order) async throws -> String {
            var options = Print.options
            switch input.options {
            case .usual: break
            case .once: options.retry.maximumAttempts = 1
            case .persistent: options.retry = RetryPolicy(initialInterval: .zero, jitter: 0)
            case .impatient:
                options.retry.maximumAttempts = 1
                options.scheduleToStart = .seconds(5)
            }
            do {
                return try await context.run(Print.self, "page", options: options)
            } catch let failure as StepFailure {
                return "\(failure.cause.kind)"
            }
        }
    }

    @Test(
        "who pulls gets what the run wants, and its answer is the result",
        arguments: [true, false])
    func pulled(waitsFirst: Bool) async throws {
        let engine = try await makeEngine([Printing.self], [Print()])
        async let early = waitsFirst ? engine.nextAttempt(from: "printers") : nil
        let handle = try await engine.start(Printing.self, id: "p", Printing.Order())
        var attempt = try await early
        if attempt == nil { attempt = try await engine.nextAttempt(from: "printers") }
        let taken = try #require(attempt)
        #expect(taken.name == "Print")
        #expect(try taken.input(as: String.self) == "page")
        #expect(taken.info.attempt == 1 && taken.info.workflowID == "p")
        #expect(try await engine.heartbeat(taken.token, "half"))
        #expect(try await engine.complete(taken.token, "printed"))
        #expect(try await handle.result() == "printed")
        #expect(try await !engine.heartbeat(taken.token, "late"))
        #expect(try await !engine.complete(taken.token, "again"))
        engine.close()
    }

    @Test("an attempt that nobody takes in time fails, and is not there for who comes later")
    func nobody() async throws {
        let engine = try await makeEngine([Printing.self], [Print()])
        let order = Printing.Order(options: .impatient)
        #expect(try await engine.execute(Printing.self, id: "p", order) == "timedOut")
        let second = try await engine.start(Printing.self, id: "q", Printing.Order())
        let attempt = try await engine.nextAttempt(from: "printers")
        #expect(attempt.info.workflowID == "q")
        #expect(try await engine.complete(attempt.token, "printed"))
        #expect(try await second.result() == "printed")
        engine.close()
    }

    @Test("a worker that fails, or is lost, gets another attempt made, with what it had reported")
    func retried() async throws {
        let clock = SkippingClock(skips: false)
        let engine = try await makeEngine([Printing.self], [Print()], clock: clock)
        let order = Printing.Order(options: .persistent)
        let handle = try await engine.start(Printing.self, id: "p", order)
        let first = try await engine.nextAttempt(from: "printers")
        #expect(try await engine.heartbeat(first.token, "half"))
        let failure = Failure(.application, type: "Jam", message: "no paper")
        #expect(try await engine.fail(first.token, failure))
        let second = try await engine.nextAttempt(from: "printers")
        #expect(second.info.attempt == 2)
        #expect(second.info.idempotencyKey == first.info.idempotencyKey)
        let details = try #require(second.info.heartbeatDetails)
        #expect(String(decoding: details.bytes, as: UTF8.self) == "\"half\"")
        // Its worker is lost.
        clock.advance(by: .seconds(61))
        let third = try await engine.nextAttempt(from: "printers")
        #expect(third.info.attempt == 3)
        #expect(try await !engine.complete(second.token, "too late"))
        #expect(try await engine.complete(third.token, "printed"))
        #expect(try await handle.result() == "printed")
        engine.close()
    }

    @Test("after a restart what was not taken is there, as the same attempt; what was taken is not")
    func restart() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let before = try await makeEngine(
            [Printing.self], [Print()], on: store.session(), clock: clock)
        let once = Printing.Order(options: .once)
        _ = try await before.start(Printing.self, id: "taken", once)
        let taken = try await before.nextAttempt(from: "printers")
        _ = try await before.start(Printing.self, id: "waiting", once)
        before.close()
        let after = try await makeEngine(
            [Printing.self], [Print()], on: store.session(), clock: clock)
        let waiting = try await after.nextAttempt(from: "printers")
        #expect(waiting.info.workflowID == "waiting" && waiting.info.attempt == 1)
        #expect(try await after.complete(waiting.token, "second"))
        #expect(try await after.complete(taken.token, "first"))
        #expect(try await after.handle(Printing.self, id: "taken").result() == "first")
        #expect(try await after.handle(Printing.self, id: "waiting").result() == "second")
        after.close()
    }

    @Test("who waits for an attempt is let go by cancelling, and by closing the engine")
    func leaving() async throws {
        let engine = try await makeEngine([Printing.self], [Print()])
        let cancelled = Task { try await engine.nextAttempt(from: "printers") }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        // What comes then goes to the next, not to who left.
        let handle = try await engine.start(Printing.self, id: "p", Printing.Order())
        let attempt = try await engine.nextAttempt(from: "printers")
        #expect(try await engine.complete(attempt.token, "printed"))
        #expect(try await handle.result() == "printed")
        await #expect(throws: WorkflowError.self) { try await engine.nextAttempt(from: "default") }
        let waiting = Task { try await engine.nextAttempt(from: "printers") }
        engine.close()
        await #expect(throws: WorkflowError.engineClosed) { try await waiting.value }
    }
}
