import EmakiLog
import EmakiPlatform

/// Closed loop: each appender has one append outstanding, and makes the next when it is durable.
extension BenchSession {
    private static let warmUpSecondsMax = 0.3
    private static let rehearsalCount = 2000

    /// `--op append`: warms up, then runs in slices with a look at F around each of them.
    func append() async throws -> BenchResult {
        _ = try await runSlice(seconds: min(Self.warmUpSecondsMax, plan.seconds / 4))
        if let work = plan.beside {
            latency.reset()
            return try await append(beside: work)
        }
        var result = BenchResult(self)
        result.ownNanosecondsPerOperation = try await rehearse()
        latency.reset()
        let isSliced = plan.seconds >= BenchPlan.slicedSecondsMin
        let sliceCount = isSliced ? BenchPlan.sliceCount : 1
        try await measureDevice()
        for _ in 0..<sliceCount {
            try await measure(into: &result) {
                try await runSlice(seconds: plan.seconds / Double(sliceCount), from: $0)
            }
            try await measureDevice()
        }
        return result
    }

    /// `--op tail`: one piece, until so many events are durable.
    func tail() async throws -> BenchResult {
        var result = BenchResult(self)
        try await measureDevice()
        try await measure(into: &result) {
            try await runAppenders(
                nanoseconds: nil, quota: BenchStop.Quota(plan.eventCount), from: $0)
        }
        try await measureDevice()
        return result
    }

    /// CPU time of what the benchmark itself does for an operation: making the payload, looking at
    /// the clock twice, recording the latency.
    private func rehearse() async throws -> Double {
        let spent = try await Task(executorPreference: log.loop) {
            var appender = try BenchAppender(self)
            let before = SystemClock.threadCPUNanoseconds()
            try appender.rehearse(Self.rehearsalCount)
            return SystemClock.threadCPUNanoseconds() - before
        }.value
        return Double(spent) / Double(Self.rehearsalCount)
    }

    func runSlice(seconds: Double, from start: BenchStart = BenchStart()) async throws -> BenchTally
    {
        let nanoseconds = Int64(seconds * 1e9)
        if plan.isOpenLoop { return try await runOpenLoop(nanoseconds: nanoseconds, from: start) }
        return try await runAppenders(nanoseconds: nanoseconds, quota: nil, from: start)
    }

    /// - Parameter nanoseconds: nil: until the quota is used up.
    private func runAppenders(
        nanoseconds: Int64?, quota: BenchStop.Quota?, from start: BenchStart
    ) async throws -> BenchTally {
        let stop: @Sendable (Int64) -> BenchStop = { begun in
            BenchStop(instant: nanoseconds.map { begun + $0 } ?? .max, quota: quota)
        }
        guard plan.variant != .threads else { return await runThreads(until: stop, from: start) }
        let executor: (any TaskExecutor)? = plan.variant == .loop ? log.loop : nil
        let end = stop(SystemClock.monotonicNanoseconds())
        return await withTaskGroup(of: BenchTally.self) { group in
            for _ in 0..<plan.appenderCount {
                group.addTask(executorPreference: executor) {
                    do throws(LogError) {
                        var appender = try BenchAppender(self)
                        return await appender.run(until: end)
                    } catch {
                        return BenchTally(error)
                    }
                }
            }
            return await group.reduce(into: BenchTally()) { $0 += $1 }
        }
    }

    private func runThreads(
        until stop: @escaping @Sendable (Int64) -> BenchStop, from start: BenchStart
    ) async -> BenchTally {
        let totals = BenchTotals()
        await BenchThreads.run(plan.appenderCount, from: start) { _, gate in
            do throws(LogError) {
                var appender = try BenchAppender(self)
                totals.add(appender.runBlocking(until: stop(gate.pass())))
            } catch {
                totals.add(BenchTally(error))
            }
        }
        return totals.tally
    }
}

extension BenchTally {
    /// An appender that could not start.
    init(_ error: any Error) { fail("\(error)") }
}
