import EmakiLog
import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Testing

/// Code that ends the whole process (G9): caught alone, and put aside.
@Suite struct QuarantineTests {
    static let runCount = 1_000
    static let culprit = 500

    struct Work: Activity {
        static let options = ActivityOptions(startToClose: .seconds(1_000))

        func run(context: ActivityContext, input: Int) async throws -> Int {
            if input == QuarantineTests.culprit { _exit(1) }
            return input
        }
    }

    enum Worker: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.run(Work.self, input)
        }
    }

    /// The workflow's own code ends the process, once it is told to go on.
    enum Trapping: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.sleep(for: .seconds(1))
            if input == QuarantineTests.culprit { _exit(1) }
            return input
        }
    }

    private static func open(
        _ folder: String, _ clock: SkippingClock
    ) async throws -> (EventLog, WorkflowEngine) {
        let log = try await EventLog.open(
            at: folder, .creating(StoreOptions(segmentBytes: 4 << 20)))
        var options = EngineOptions()
        options.clock = clock
        let engine = try await WorkflowEngine(
            log: log, workflows: [Worker.self, Trapping.self], activities: [Work()],
            options: options)
        return (log, engine)
    }

    /// Starts all runs, and waits for a result that does not come.
    private static func begin<W: Workflow>(_ type: W.Type, _ folder: String) async throws
    where W.Input == Int, W.Output == Int {
        let (_, engine) = try await open(folder, SkippingClock())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<runCount {
                group.addTask { try await engine.start(type, id: "w-\(number)", number) }
            }
            try await group.waitForAll()
        }
        _ = try await engine.handle(type, id: "w-\(culprit)").result()
    }

    /// - Returns: once all others have ended and the culprit rests.
    private static func finish<W: Workflow>(_ type: W.Type, _ folder: String) async throws
    where W.Input == Int, W.Output == Int {
        // Later than all timers, so that they are due when the runs are taken up.
        let (log, engine) = try await open(
            folder, SkippingClock(start: 1_800_000_000_000_000_000))
        for number in 0..<runCount where number != culprit {
            let result = try await engine.handle(type, id: "w-\(number)").result()
            precondition(result == number, "each run has its own result")
        }
        let culprit = engine.handle(type, id: "w-\(culprit)")
        while true {
            if case .quarantined(let failure) = try await culprit.describe().pause {
                precondition(failure.message.contains("3 times"), failure.message)
                let names = failure.message.contains("Work")
                precondition(names == (type is Worker.Type), failure.message)
                break
            }
            await Task.yield()
        }
        engine.close()
        await log.close()
    }

    private func temporaryFolder() -> String {
        FileManager.default.temporaryDirectory.path + "/emaki-quarantine-\(UUID())"
    }

    @Test("of 1,000 runs one ends the process in its activity: it is put aside, the others finish")
    func activity() async throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
            try await Self.begin(Worker.self, folder)
        }
        // It is one of several suspects now. Three times it is caught alone.
        for _ in 0..<3 {
            await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
                try await Self.finish(Worker.self, folder)
            }
        }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            try await Self.finish(Worker.self, folder)
        }
    }

    @Test("of 1,000 runs one ends the process in its own code: it is put aside, the others finish")
    func code() async throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
            try await Self.begin(Trapping.self, folder)
        }
        for _ in 0..<3 {
            await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
                try await Self.finish(Trapping.self, folder)
            }
        }
        await #expect(processExitsWith: .success) { [folder = folder as String] in
            try await Self.finish(Trapping.self, folder)
        }
    }
}
