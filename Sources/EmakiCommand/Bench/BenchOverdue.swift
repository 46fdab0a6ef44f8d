import EmakiLog
import EmakiPlatform
import EmakiWorkflow

/// `--op workflow --variant overdue`: timers that ran off while no engine was there.
extension BenchSession {
    private static let armedSeconds = 3_600
    /// Runs that are armed at the same time.
    private static let armedAtOnce = 256

    /// A first engine arms the timers, of an hour; a second one, whose clock is two hours ahead,
    /// finds all of them due, and executes transfers for its callers meanwhile.
    func overdue() async throws -> BenchResult {
        var result = BenchResult(self)
        let before = try await makeEngine()
        try await arm(before)
        before.close()
        let clock = BenchClock(aheadSeconds: 2 * Self.armedSeconds)
        defer { clock.stop() }
        try await measureDevice()
        try await measure(into: &result) { _ in
            let first = BenchSleeper.wokenCount.load(ordering: .relaxed)
            let last = first + plan.streamCount
            var options = EngineOptions()
            options.clock = clock
            let engine = try await makeEngine(options)
            defer { engine.close() }
            let callers = try await clients(engine)
            // What is counted is the overdue runs; of the transfers, errors and latencies.
            var tally = await runClients(callers) {
                BenchSleeper.wokenCount.load(ordering: .relaxed) < last
            }
            tally.opCount = BenchSleeper.wokenCount.load(ordering: .relaxed) - first
            tally.eventCount = tally.opCount
            return tally
        }
        try await measureDevice()
        return result
    }

    private func arm(_ engine: WorkflowEngine) async throws {
        let prefix = "overdue-\(Self.defaultBase(isFresh: false))-"
        let milliseconds = Self.armedSeconds * 1_000
        try await startMany { number in
            try await engine.start(BenchSleeper.self, id: prefix + String(number), milliseconds)
        }
    }

    /// Starts as many runs as the plan has streams, some at a time.
    func startMany(_ start: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for first in 0..<Self.armedAtOnce {
                group.addTask(executorPreference: log.loop) {
                    for number in stride(
                        from: first, to: plan.streamCount, by: Self.armedAtOnce)
                    { try await start(number) }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// The system's clock, set wrong.
private final class BenchClock: EngineClock {
    private let clock = SystemEngineClock()
    private let ahead: Int64

    init(aheadSeconds: Int) { ahead = Int64(aheadSeconds) * 1_000_000_000 }

    var now: Int64 { clock.now + ahead }

    func wake(at instant: Int64?, _ body: @escaping @Sendable () -> Void) {
        clock.wake(at: instant.map { $0 - ahead }, body)
    }

    func stop() { clock.stop() }
}
