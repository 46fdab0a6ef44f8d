import EmakiCommandSupport
import EmakiLog
import EmakiPlatform

/// Measures a verdict: about three quarters of a minute.
struct BenchVerdictRun: Sendable {
    let folder: String
    let seconds: Double
    let syncDelay: BenchDelay?
    let say: @Sendable (String) -> Void

    /// Of each run of the log; a verdict has seven of them.
    static let secondsDefault = 4.0
    private static let appenderCounts = [1, 8, 64, 256]
    private static let blockSizes = [4096, 16_384, 65_536]
    private static let probeSampleCount = 400
    private static let probeNanoseconds: Int64 = 1_000_000_000
    private static let quietNanoseconds: Int64 = 1_000_000_000

    /// Looks at the machine for a second before anything else.
    func begin() throws -> BenchVerdict {
        let traits = try PosixFileSystem(root: folder).traits()
        let watch = BenchOthersWatch()
        let load = BenchMachine.loadAverage()
        BenchTimer().sleep(until: SystemClock.monotonicNanoseconds() + Self.quietNanoseconds)
        return BenchVerdict(
            machine: BenchMachine.description(), fileSystem: traits.fileSystemName,
            time: Double(SystemClock.wallNanoseconds()) / 1e9, load: load,
            othersCores: watch.cores(), syncLatencyMicroseconds: syncDelay?.microseconds)
    }

    func measure(_ verdict: BenchVerdict) async throws -> BenchVerdict {
        var verdict = verdict
        say("the disk by itself")
        verdict.writes = try await SystemThread.offload(name: "bench-device") {
            try Self.blockSizes.flatMap { try writes(blockBytes: $0) }
        }
        for count in Self.appenderCounts {
            say("\(count) appender\(count == 1 ? "" : "s")")
            verdict.appends.append(try await append(count, .loop, &verdict.warnings))
        }
        say("1 plain thread")
        verdict.appends.append(try await append(1, .threads, &verdict.warnings))
        for count in [1, 256] {
            say("two-step workflows, \(count) in flight")
            verdict.workflows.append(try await workflow(count))
        }
        return verdict
    }

    private func writes(blockBytes: Int) throws(DiskError) -> [BenchVerdict.Write] {
        let files = PosixFileSystem(root: folder)
        let report = try SyncProbe.measure(
            in: files, folder: "", blockBytes: blockBytes, sampleCount: Self.probeSampleCount,
            budgetNanoseconds: Self.probeNanoseconds, now: SystemClock.monotonicNanoseconds)
        return report.timings.map { timing in
            BenchVerdict.Write(
                method: "\(timing.method)", blockBytes: blockBytes,
                p50: Double(timing.durableP50) / 1000, p99: Double(timing.durableP99) / 1000)
        }
    }

    private func plan(_ operation: BenchOperation, _ variant: BenchVariant, _ count: Int)
        -> BenchPlan
    {
        BenchPlan(
            operation: operation, variant: variant, item: "", appenderCount: count, batchEvents: 1,
            rate: 0, seconds: seconds, threadCount: 1, streamCount: 1, eventsPerStream: 1,
            eventCount: 1, payloadBytes: 256, seed: 1, usesIDs: true,
            segmentBytes: StoreOptions().segmentBytes, syncDelay: syncDelay)
    }

    /// Runs in a new store, which is removed.
    private func run(_ plan: BenchPlan) async throws -> BenchResult {
        // A name that nobody has: the folder may be anybody's.
        let store = folder + "/emaki-bench-\(SystemClock.wallNanoseconds())"
        defer { BenchFolder.remove(store) }
        let started = SystemClock.monotonicNanoseconds()
        let (result, log) = try await BenchRun(plan: plan, folder: store, started: started).run()
        await log?.close()
        if let error = result.tally.firstError {
            throw CommandFailure(.internalError, code: "bench", error)
        }
        return result
    }

    private func append(
        _ count: Int, _ variant: BenchVariant, _ warnings: inout [String]
    ) async throws -> BenchVerdict.Append {
        let result = try await run(plan(.append, variant, count))
        for warning in result.store?.warnings ?? [] where !warnings.contains(warning) {
            warnings.append(warning)
        }
        guard let latency = result.latency, let device = result.deviceLatency else {
            throw CommandFailure(.internalError, code: "bench", "nothing was measured")
        }
        let wall = Double(max(1, result.meter.wallNanoseconds))
        let writing =
            Double(result.groupCount) * Double(result.statistics?.writeNanosecondsMean ?? 0)
        return BenchVerdict.Append(
            shape: variant == .threads ? "thread" : "task on the loop", appenders: count,
            f: device.p50, rawP99: device.p99, p50: latency.p50, p99: latency.p99,
            p999: latency.p999, eventsPerSecond: result.eventsPerSecond ?? 0,
            eventsPerGroup: Double(result.tally.eventCount) / Double(max(1, result.groupCount)),
            loopShare: Double(result.loopNanoseconds) / wall, writeShare: min(1, writing / wall),
            points: latency.points)
    }

    private func workflow(_ count: Int) async throws -> BenchVerdict.Workflow {
        let result = try await run(plan(.workflow, .transfer, count))
        guard let latency = result.latency, let device = result.deviceLatency else {
            throw CommandFailure(.internalError, code: "bench", "nothing was measured")
        }
        return BenchVerdict.Workflow(
            inFlight: count, f: device.p50, p50: latency.p50, p99: latency.p99,
            perSecond: result.opsPerSecond ?? 0,
            commits: Double(result.groupCount) / Double(max(1, result.tally.opCount)))
    }
}

/// Cores that were busy with others than this process.
struct BenchOthersWatch: Sendable {
    private let start = SystemClock.monotonicNanoseconds()
    private let busy = BenchMachine.busySeconds()
    private let own = SystemClock.processCPUNanoseconds()

    func cores() -> Double {
        let wall = Double(SystemClock.monotonicNanoseconds() - start) / 1e9
        let ours = Double(SystemClock.processCPUNanoseconds() - own) / 1e9
        return wall > 0 ? max(0, (BenchMachine.busySeconds() - busy - ours) / wall) : 0
    }
}

extension BenchMachine {
    private static let ticksPerSecond = 100.0

    /// CPU of all processors since the start, stolen time included; not what waits for a disk.
    fileprivate static func busySeconds() -> Double {
        let first = text(of: "stat", in: "/proc").split(separator: "\n").first ?? ""
        let fields = first.split(separator: " ").dropFirst().compactMap { Double($0) }
        // user, nice, system, (idle, waiting,) interrupts of two kinds, stolen
        return [0, 1, 2, 5, 6, 7].filter { $0 < fields.count }
            .reduce(0) { $0 + fields[$1] } / ticksPerSecond
    }
}
