import EmakiLog
import EmakiPlatform
import EmakiWorkflow

/// `--op workflow --variant wake`: queries of runs that have left memory.
extension BenchSession {
    /// Runs that stay in memory, of `--streams`.
    private static let wakeMemoryMax = 1_000
    /// Prime, so that one run after the other is asked in an order that is none.
    private static let wakeStride = 7_919

    /// Starts all runs, which wait for a signal; then callers ask one after the other, each of
    /// which was put away long ago.
    func wake() async throws -> BenchResult {
        var result = BenchResult(self)
        var options = EngineOptions()
        options.runsInMemoryMax = Self.wakeMemoryMax
        let engine = try await makeEngine(options)
        defer { engine.close() }
        let prefix = "wake-\(Self.defaultBase(isFresh: false))-"
        try await startMany { number in
            try await engine.start(
                BenchCounter.self, id: prefix + String(number), BenchValue.make(0))
        }
        let end = SystemClock.monotonicNanoseconds() + Int64(plan.seconds * 1e9)
        try await measureDevice()
        try await measure(into: &result) { _ in
            await withTaskGroup(of: BenchTally.self) { group in
                for caller in 0..<plan.appenderCount {
                    group.addTask(executorPreference: log.loop) {
                        await ask(engine, prefix, from: caller, until: end)
                    }
                }
                return await group.reduce(into: BenchTally()) { $0 += $1 }
            }
        }
        try await measureDevice()
        return result
    }

    private func ask(
        _ engine: WorkflowEngine, _ prefix: String, from first: Int, until end: Int64
    ) async -> BenchTally {
        var tally = BenchTally()
        var samples = BenchSamples(for: latency)
        var turn = first
        repeat {
            let number = turn * Self.wakeStride % plan.streamCount
            turn += plan.appenderCount
            let started = SystemClock.monotonicNanoseconds()
            do {
                let handle = engine.handle(BenchCounter.self, id: prefix + String(number))
                _ = try await handle.query(BenchCounter.value)
                tally.succeed(events: 1)
            } catch {
                tally.fail("\(error)")
            }
            samples.add(SystemClock.monotonicNanoseconds() - started)
        } while SystemClock.monotonicNanoseconds() < end && !tally.isHopeless
        samples.handOver()
        return tally
    }
}
