import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Testing

/// A story that is to end in the same way however often the process dies on the way.
struct Scenario: Sendable, CustomTestStringConvertible {
    var name: String
    var workflows: [any Workflow.Type]
    /// The activities of one process.
    var activities: @Sendable (World, any ProcessSession) -> [any Activity]
    /// What callers do. Repeated, with the same request ids, in the next process.
    var drive: @Sendable (WorkflowEngine) async throws -> String

    var testDescription: String { name }

    static let all: [Scenario] = [
        transfer, compensation, messages, timers, children, continuation, neighbours, atMostOnce,
        retries, cancellation, steps, fromOutside, pulled,
        workflowRetry, parallel, lateTimers, reset, checkpoints, rationed,
    ].filter { chosen == nil || $0.name == chosen }

    /// One of them only, while something is sought.
    private static let chosen = ProcessInfo.processInfo.environment["EMAKI_SCENARIO"]

    static func bank(_ world: World, _ session: any ProcessSession) -> [any Activity] {
        [
            Debit(world: world, session: session), Credit(world: world, session: session),
            Refund(world: world, session: session),
        ]
    }

    static let transfer = Scenario(
        name: "transfer", workflows: [AccountTransfer.self], activities: bank
    ) { engine in
        try await engine.execute(
            AccountTransfer.self, id: "t", Transfer(amount: 7), requestID: "start")
    }

    static let compensation = Scenario(
        name: "compensation", workflows: [AccountTransfer.self], activities: bank
    ) { engine in
        let handle = try await engine.start(
            AccountTransfer.self, id: "t", Transfer(amount: 7, fails: true), requestID: "start")
        return try await outcome(of: handle)
    }

    static let messages = Scenario(
        name: "messages", workflows: [Counter.self], activities: { _, _ in [] }
    ) { engine in
        let handle = try await engine.start(Counter.self, id: "c", 1, requestID: "start")
        try await handle.signal(Counter.add, 2, requestID: "a")
        try await handle.signal(Counter.add, 2, requestID: "a")
        let old = try await handle.update(Counter.set, 10, requestID: "b")
        try await handle.startUpdate(Counter.double, Nothing(), requestID: "c")
        let doubled = try await handle.update(Counter.double, Nothing(), requestID: "c")
        try await handle.signal(Counter.finish, Nothing(), requestID: "d")
        return "\(old) \(doubled) \(try await handle.result())"
    }

    static let timers = Scenario(
        name: "timers", workflows: [Timers.self], activities: { _, _ in [] }
    ) { engine in
        try await engine.execute(Timers.self, id: "t", Nothing(), requestID: "start")
    }

    static let children = Scenario(
        name: "children", workflows: [Parent.self, Child.self],
        activities: { world, session in [Note(world: world, session: session)] }
    ) { engine in
        try await engine.execute(Parent.self, id: "p", Nothing(), requestID: "start")
    }

    static let continuation = Scenario(
        name: "continuation", workflows: [Countdown.self],
        activities: { world, session in [Note(world: world, session: session)] }
    ) { engine in
        try await engine.execute(Countdown.self, id: "n", 3, requestID: "start")
    }

    static let neighbours = Scenario(
        name: "neighbours", workflows: [Counter.self, Sender.self], activities: { _, _ in [] }
    ) { engine in
        let counter = try await engine.start(Counter.self, id: "c", 0, requestID: "counter")
        let sent = try await engine.execute(Sender.self, id: "s", "c", requestID: "sender")
        return "\(sent) \(try await counter.result())"
    }

    static let atMostOnce = Scenario(
        name: "at most once", workflows: [OnceOnly.self],
        activities: { world, session in [Note(world: world, session: session)] }
    ) { engine in
        try await engine.execute(OnceOnly.self, id: "o", Nothing(), requestID: "start")
    }

    static let retries = Scenario(
        name: "retries", workflows: [Retrying.self],
        activities: { world, session in [Flaky(world: world, session: session)] }
    ) { engine in
        try await engine.execute(Retrying.self, id: "r", Nothing(), requestID: "start")
    }

    static let cancellation = Scenario(
        name: "cancellation", workflows: [Cancellable.self], activities: bank
    ) { engine in
        let handle = try await engine.start(
            Cancellable.self, id: "x", Nothing(), requestID: "start")
        while try await !handle.history().contains(where: \.isOutcomeOfStep) { await Task.yield() }
        try await handle.signal(Cancellable.ready, Nothing(), requestID: "ready")
        try await handle.cancel(requestID: "cancel")
        return try await outcome(of: handle)
    }

    static let steps = Scenario(
        name: "steps", workflows: [Steps.self], activities: { _, _ in [] }
    ) { engine in
        try await engine.execute(Steps.self, id: "s", Nothing(), requestID: "start")
    }

    static let fromOutside = Scenario(
        name: "completed from outside", workflows: [Outside.self],
        activities: { world, session in [Later()] }
    ) { engine in
        let handle = try await engine.start(Outside.self, id: "o", Nothing(), requestID: "start")
        while true {
            let history = try await handle.history()
            if case .closed = history.last?.body { break }
            guard let (step, attempt) = currentAttempt(history) else {
                await Task.yield()
                continue
            }
            let token = TaskToken(
                workflowID: "o", runID: try await handle.describe().runID, step: step,
                attempt: attempt)
            _ = try await engine.complete(token, "from outside")
        }
        return try await handle.result()
    }

    static let pulled = Scenario(
        name: "pulled", workflows: [QueueTests.Printing.self],
        activities: { _, _ in [QueueTests.Print()] }
    ) { engine in
        let handle = try await engine.start(
            QueueTests.Printing.self, id: "q", QueueTests.Printing.Order(), requestID: "start")
        // Each process has somebody who takes; what was taken is done by whoever finds it so.
        let taking = Task { while true { _ = try await engine.nextAttempt(from: "printers") } }
        defer { taking.cancel() }
        while true {
            let history = try await handle.history()
            if case .closed = history.last?.body { break }
            guard case .attemptHandedOver(let step, let attempt, _) = history.last?.body else {
                await Task.yield()
                continue
            }
            let token = TaskToken(
                workflowID: "q", runID: try await handle.describe().runID, step: step,
                attempt: attempt)
            _ = try await engine.complete(token, "printed the page")
        }
        return try await handle.result()
    }

    static let workflowRetry = Scenario(
        name: "workflow retry", workflows: [FailingTwice.self], activities: { _, _ in [] }
    ) { engine in
        let options = RunOptions(retry: RetryPolicy(maximumAttempts: 3))
        return try await engine.execute(
            FailingTwice.self, id: "f", Nothing(), options: options, requestID: "start")
    }

    static let parallel = Scenario(
        name: "parallel", workflows: [Parallel.self],
        activities: { world, session in [Note(world: world, session: session)] }
    ) { engine in
        try await engine.execute(Parallel.self, id: "p", Nothing(), requestID: "start")
    }

    static let lateTimers = Scenario(
        name: "late timers", workflows: [LateTimers.self],
        activities: { world, session in [Note(world: world, session: session)] }
    ) { engine in
        try await engine.execute(LateTimers.self, id: "l", Nothing(), requestID: "start")
    }

    static let checkpoints = Scenario(
        name: "checkpoints", workflows: [CheckpointTests.Reader.self],
        activities: { world, session in [Note(world: world, session: session)] }
    ) { engine in
        let handle = try await engine.start(
            CheckpointTests.Reader.self, id: "r", 5, requestID: "start")
        try await handle.signal(CheckpointTests.Reader.remark, "one", requestID: "a")
        let count = try await handle.update(
            CheckpointTests.Reader.count, Nothing(), requestID: "b")
        try await handle.signal(CheckpointTests.Reader.go, Nothing(), requestID: "c")
        let result = try await handle.result()
        return count >= 0 ? result : "a count below nothing"
    }

    static let reset = Scenario(
        name: "reset", workflows: [ResettingTests.Errand.self],
        activities: { world, session in [Note(world: world, session: session)] }
    ) { engine in
        let first = try await engine.start(
            ResettingTests.Errand.self, id: "e", Nothing(), requestID: "start")
        try await first.signal(ResettingTests.Errand.go, "ana", requestID: "go")
        _ = try await first.result()
        try await engine.reset("e", to: .step("Note#2"), requestID: "reset")
        return try await engine.handle(ResettingTests.Errand.self, id: "e").result()
    }

    /// What queues of the stories allow.
    static let queues = [
        "rationed": QueueOptions(
            concurrency: 2, rate: QueueRate(1, per: .seconds(60), burst: 2), concurrencyPerKey: 1,
            waitingMax: 1, isServedByEngine: true)
    ]

    static let rationed = Scenario(
        name: "rationed", workflows: [Rationed.self],
        activities: { world, session in [Note(world: world, session: session)] }
    ) { engine in
        try await engine.execute(Rationed.self, id: "r", Nothing(), requestID: "start")
    }

    /// Four attempts at once in a queue that lets few of them begin, and holds one in memory.
    enum Rationed: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let notes = try await context.all(
                (0..<4).map { number in
                    { @Sendable in
                        let options = ActivityOptions(
                            startToClose: .seconds(10), queue: "rationed", priority: -number,
                            limitKey: "\(number % 2)")
                        return try await context.run(Note.self, "\(number)", options: options)
                    }
                })
            return notes.joined(separator: ", ")
        }
    }

    private static func outcome<W: Workflow>(
        of handle: WorkflowHandle<W>
    ) async throws -> String {
        do {
            return "\(try await handle.result())"
        } catch WorkflowError.ended(_, let outcome) {
            switch outcome {
            case .failed(let failure): return "failed: \(failure.message)"
            case .cancelled: return "cancelled"
            default: return "\(outcome)"
            }
        }
    }

    private static func currentAttempt(_ history: [HistoryEvent]) -> (Int, Int)? {
        var current: (Int, Int)?
        for event in history {
            switch event.body {
            case .stepScheduled: current = (event.id, 1)
            case .attemptStarted(let step, let attempt): current = (step, attempt)
            case .attemptFailed, .stepCompleted, .stepFailed: current = nil
            default: break
            }
        }
        return current
    }
}

extension HistoryEvent {
    /// A step ended.
    var isOutcomeOfStep: Bool {
        switch body {
        case .stepCompleted, .stepFailed: true
        default: false
        }
    }
}
