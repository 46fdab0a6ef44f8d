import EmakiLog
import EmakiPlatform

/// An open store, what feeds it, and what measures it: shared by all operations of `emaki bench`.
struct BenchSession: Sendable {
    let plan: BenchPlan
    let folder: String
    let log: EventLog
    let device: BenchDevice
    let payload: BenchPayload
    let streams: BenchStreams
    var latency = BenchLatency()

    /// Durable writes in one look at F: about 8 ms, less than the log needs to become idle.
    private static let deviceSamples = 250

    static func open(_ plan: BenchPlan, folder: String) async throws -> BenchSession {
        let options = StoreOptions(segmentBytes: plan.segmentBytes)
        let log = try await plan.openLog(at: folder, .creating(options))
        return try await BenchSession(plan: plan, folder: folder, log: log)
    }

    init(plan: BenchPlan, folder: String, log: EventLog) async throws {
        self.log = log
        self.folder = folder
        payload = BenchPayload(payloadBytes: plan.payloadBytes)
        // What is read was loaded by a run of its own, which began with stream 1.
        // What goes on beside appends may append to the low streams itself.
        let isFresh =
            (log.durablePosition == .start && plan.beside == nil)
            || [.read, .heads].contains(plan.operation)
        streams = BenchStreams(base: plan.base ?? Self.defaultBase(isFresh: isFresh))
        device = try await SystemThread.offload(name: "bench-device") { () throws(DiskError) in
            try BenchDevice(folder: folder)
        }
        self.plan = plan
    }

    /// A store that holds something may hold any low stream: microseconds since 1970 are new.
    static func defaultBase(isFresh: Bool) -> UInt64 {
        isFresh ? 1 : UInt64(SystemClock.wallNanoseconds() / 1000)
    }

    func measureDevice() async throws {
        try await SystemThread.offload(name: "bench-device") { () throws(DiskError) in
            try device.sample(count: Self.deviceSamples)
        }
    }

    /// Runs a measured piece of work.
    /// - Parameter body: gets what it is measured from, to be reset by work that is not ready at
    ///   once.
    func measure(
        into result: inout BenchResult, _ body: (BenchStart) async throws -> BenchTally
    ) async throws {
        let loopBefore = await loopNanoseconds()
        let groupsBefore = log.statistics.groups
        let start = BenchStart()
        let tally = try await body(start)
        result.meter += start.spent
        result.loopNanoseconds += await loopNanoseconds() - loopBefore
        result.groupCount += log.statistics.groups - groupsBefore
        result.tally += tally
    }

    /// CPU time of the commit loop's thread.
    private func loopNanoseconds() async -> Int64 {
        await Task(executorPreference: log.loop) { SystemClock.threadCPUNanoseconds() }.value
    }
}

extension BenchPlan {
    /// Opens the store, through the slow disk if there is to be one. Its folder is made if missing.
    func openLog(
        at folder: String, _ configuration: Configuration = Configuration()
    ) async throws -> EventLog {
        guard let syncDelay else { return try await EventLog.open(at: folder, configuration) }
        return try await SystemThread.offload(name: "bench-open") {
            let files = PosixFileSystem(root: folder)
            if try files.kind(of: "") == nil { try files.makeFolder("") }
            return try EventLog.open(
                in: BenchSlowDisk(files, delay: syncDelay), configuration,
                entropy: SystemEntropy())
        }
    }
}
