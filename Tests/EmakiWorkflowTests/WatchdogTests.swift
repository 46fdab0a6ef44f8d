import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Synchronization
import Testing

/// Code that computes for ever on the thread that commits (G9).
@Suite struct WatchdogTests {
    /// Keeps its thread until the test says so, as code that computes does, but without the CPU
    /// that the other tests need.
    final class Brake: Sendable {
        private let word = WaitWord()
        // wf:allow(WF040) code that computes for ever is what the test is about
        private let arrivals = Atomic(0)
        /// What goes on beside it need not any more.
        // wf:allow(WF040) code that computes for ever is what the test is about
        let isDone = Atomic(false)

        func spin() {
            // wf:allow(WF040) code that computes for ever is what the test is about
            arrivals.add(1, ordering: .releasing)
            word.wait(while: 0)
        }

        func spinning() async {
            while arrivals.load(ordering: .acquiring) == 0 { await Task.yield() }
        }

        func letGo() {
            word.bump()
            word.wakeAll()
        }
    }

    private static let brake = Brake()

    enum Spinner: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            WatchdogTests.brake.spin()
            return "stopped"
        }
    }

    @Test("one run computes for ever, and the commits of all others go on")
    func spinning() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-watchdog-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = try await EventLog.open(
            at: folder, .creating(StoreOptions(segmentBytes: 1 << 20)))
        let engine = try await Self.engine(log)
        let counter = try await engine.start(Counter.self, id: "c", 1)

        async let spinner = engine.execute(Spinner.self, id: "s", Nothing())
        await Self.brake.spinning()
        // Of another run, of a new one, and of somebody who has nothing to do with workflows.
        for _ in 0..<20 { try await counter.signal(Counter.add, 1) }
        #expect(try await counter.query(Counter.value) == 21)
        let late = try await engine.start(Counter.self, id: "late", 7)
        try await late.signal(Counter.finish, Nothing())
        #expect(try await late.result() == 7)
        let mine = try await log.append(Event(type: "Mine", text: "1"), to: "mine")
        #expect(mine.version == 1)

        Self.brake.letGo()
        #expect(try await spinner == "stopped")
        try await counter.signal(Counter.finish, Nothing())
        #expect(try await counter.result() == 21)
        engine.close()
        await log.close()
    }

    private static let stepBrake = Brake()

    /// The closure of a step computes for ever, on the loop.
    enum StepSpinner: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            try await context.step("spin", on: .loop) { _ in
                WatchdogTests.stepBrake.spin()
                return 1
            }
        }
    }

    /// Steps on the loop, of a run that has done nothing wrong.
    enum Stepper: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            var sum = 0
            for number in 1...input {
                sum += try await context.step("add", on: .loop) { _ in number }
            }
            return sum
        }
    }

    private static func engine(_ log: EventLog) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        return try await WorkflowEngine(
            log: log,
            workflows: [Spinner.self, StepSpinner.self, Stepper.self, Counter.self],
            options: options)
    }

    @Test("a step that computes for ever on the loop holds up no other run, on a log that is busy")
    func spinningStep() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-watchdog-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // Of the counter only sealed files know: its first commit has to look into them.
        let first = try await EventLog.open(
            at: folder, .creating(StoreOptions(segmentBytes: 1 << 20)))
        let before = try await Self.engine(first)
        try await before.start(Counter.self, id: "c", 1)
        before.close()
        try await first.seal(all: true)
        await first.close()
        let log = try await EventLog.open(at: folder)
        let engine = try await Self.engine(log)
        let counter = engine.handle(Counter.self, id: "c")

        async let spinner = engine.execute(StepSpinner.self, id: "s", Nothing())
        await Self.stepBrake.spinning()
        // Fills some segments, so that runs' commits have to wait for new ones.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let bytes = [UInt8](repeating: 7, count: 40_000)
                var count = 0
                while !Self.stepBrake.isDone.load(ordering: .acquiring) || count < 60 {
                    try await log.append(Event(type: "Big", payload: bytes), to: "big")
                    count += 1
                }
            }
            for _ in 0..<50 { try await counter.signal(Counter.add, 1) }
            #expect(try await counter.query(Counter.value) == 51)
            #expect(try await engine.execute(Stepper.self, id: "steps", 5) == 15)
            Self.stepBrake.isDone.store(true, ordering: .releasing)
            try await group.waitForAll()
        }
        Self.stepBrake.letGo()
        #expect(try await spinner == 1)
        engine.close()
        await log.close()
    }
}
