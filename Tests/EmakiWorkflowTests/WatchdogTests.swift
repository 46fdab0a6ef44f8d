import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Synchronization
import Testing

/// Code that computes for ever on the thread that commits (G9).
@Suite struct WatchdogTests {
    /// Goes on computing until the test says so.
    final class Brake: Sendable {
        let isSpinning = Atomic(false)
        let mayStop = Atomic(false)

        func spin() {
            isSpinning.store(true, ordering: .releasing)
            while !mayStop.load(ordering: .acquiring) {}
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
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        let engine = try await WorkflowEngine(
            log: log, workflows: [Spinner.self, Counter.self], options: options)
        let counter = try await engine.start(Counter.self, id: "c", 1)

        async let spinner = engine.execute(Spinner.self, id: "s", Nothing())
        while !Self.brake.isSpinning.load(ordering: .acquiring) { await Task.yield() }
        // Of another run, of a new one, and of somebody who has nothing to do with workflows.
        for _ in 0..<20 { try await counter.signal(Counter.add, 1) }
        #expect(try await counter.query(Counter.value) == 21)
        let late = try await engine.start(Counter.self, id: "late", 7)
        try await late.signal(Counter.finish, Nothing())
        #expect(try await late.result() == 7)
        let mine = try await log.append(Event(type: "Mine", text: "1"), to: "mine")
        #expect(mine.version == 1)

        Self.brake.mayStop.store(true, ordering: .releasing)
        #expect(try await spinner == "stopped")
        try await counter.signal(Counter.finish, Nothing())
        #expect(try await counter.result() == 21)
        engine.close()
        await log.close()
    }
}
