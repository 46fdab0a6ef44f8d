import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowCommand

/// Histories of 20 events, and how fast `workflow check` replays them.
enum BenchChecked {
    static let definitions = [WorkflowDefinition(NineSteps.self)]
    private static let together = 256

    /// Takes nine steps, and sleeps for a day: one event for the start, two for each step, one for
    /// the timer.
    enum NineSteps: Workflow {
        static func run(
            context: WorkflowContext<Self>, input: BenchValue
        ) async throws -> BenchValue {
            var value = input
            for number in 0..<9 {
                value = try await context.step("step-\(number)", on: .loop) { [value] _ in value }
            }
            try await context.sleep(for: .seconds(86_400))
            return value
        }
    }

    static func fill(_ folder: String, runs: Int) async throws {
        let log = try await EventLog.open(at: folder, .creating())
        let engine = try await WorkflowEngine(log: log, definitions: definitions)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for first in 0..<together {
                group.addTask(executorPreference: log.loop) {
                    for number in stride(from: first, to: runs, by: together) {
                        let handle = try await engine.start(
                            NineSteps.self, id: "nine-\(number)", BenchValue.make(number))
                        while try await handle.describe().eventCount < 20 { await Task.yield() }
                    }
                }
            }
            try await group.waitForAll()
        }
        engine.close()
        await log.close()
    }

    static func check(_ folder: String, jobs: Int) async throws -> String {
        let log = try await EventLog.open(at: folder, .readOnly())
        let start = SystemClock.monotonicNanoseconds()
        let found = try await CheckBench.check(
            log, definitions, calling: ["bench-scale", "replay", "--dir", folder], jobs: jobs)
        let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        await log.close()
        let rate = Double(found.runs) / seconds
        return "\(found.runs) histories of \(found.events) events replayed in "
            + "\(seconds.fixed(2)) s by \(jobs) processes, \(rate.fixed(0)) a second;"
            + " the code follows \(found.same)"
    }
}
