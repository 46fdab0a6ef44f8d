import EmakiLog
import EmakiPlatform
import EmakiWorkflow

/// A run with very many events: how fast it goes on, what it takes in memory, and how long it takes
/// to be woken when the store was opened again.
enum BenchLong {
    private static let together = 256

    /// Counts messages, with a checkpoint after every 1,000th.
    enum Tally: Workflow {
        static let hit = Signal<Self, Int>("hit")
        static let sum = Query<Self, Nothing, Int>("sum")

        static func initialState(for input: Nothing) -> Int { 0 }

        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(hit) { sum, count in sum += count }
            handlers.on(sum) { sum, _ in sum }
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.serveMessages(checkpointAfter: 1_000)
        }
    }

    /// - Parameter events: of which there are to be so many in the one run.
    /// - Returns: what was measured.
    static func fill(_ folder: String, events: Int) async throws -> String {
        let log = try await EventLog.open(at: folder, .creating())
        let engine = try await WorkflowEngine(log: log, workflows: [Tally.self])
        let handle = try await engine.start(Tally.self, id: "tally", Nothing())
        let start = SystemClock.monotonicNanoseconds()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for first in 0..<together {
                group.addTask(executorPreference: log.loop) {
                    for _ in stride(from: first, to: events, by: together) {
                        try await handle.signal(Tally.hit, 1)
                    }
                }
            }
            try await group.waitForAll()
        }
        let seconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        let count = try await handle.describe().eventCount
        engine.close()
        await log.close()
        return "one run of \(count) events: \((Double(events) / seconds).fixed(0)) signals a second"
    }

    static func wake(_ folder: String) async throws -> String {
        let log = try await EventLog.open(at: folder)
        let start = SystemClock.monotonicNanoseconds()
        let engine = try await WorkflowEngine(log: log, workflows: [Tally.self])
        let handle = engine.handle(Tally.self, id: "tally")
        let sum = try await handle.query(Tally.sum)
        let milliseconds = Double(SystemClock.monotonicNanoseconds() - start) / 1e6
        let count = try await handle.describe().eventCount
        engine.close()
        await log.close()
        return "of \(count) events it is woken and has answered \(sum) after "
            + "\(milliseconds.fixed(2)) ms, the engine's opening included"
    }
}
