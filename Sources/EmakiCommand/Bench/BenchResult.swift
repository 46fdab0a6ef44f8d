import EmakiLog
import EmakiPlatform

/// What a run measured. `line` is the JSON line of the benchmark contract.
struct BenchResult: Sendable {
    let plan: BenchPlan
    /// Nil without a store: the raw device.
    var store: StoreDescription?
    let blockBytes: Int
    let syncMethod: String
    var meter = BenchMeter.zero
    var tally = BenchTally()
    /// CPU time of the commit loop's thread.
    var loopNanoseconds: Int64 = 0
    /// CPU time of the benchmark's own work for one operation; nil if it was not measured.
    var ownNanosecondsPerOperation: Double?
    var latency: BenchLatencySummary?
    var deviceLatency: BenchDeviceLatency?
    var recovery: BenchRecovery?
    /// At the end; counted from the opening, so a warm-up is part of it.
    var statistics: LogStatistics?
    /// Load only: with the sealing that went on behind the last append.
    var wholeMeter: BenchMeter?
    /// Load only: the most that the store took on the disk.
    var peakDiskBytes: Int?
    /// At the end.
    var space: BenchSpace?
    /// With `--beside`: the latency of what was measured by turns without it.
    var aloneLatency: BenchLatencySummary?
    /// With `--beside`: times that the work was done, or begun.
    var besideRounds = 0
    /// Groups within the measured time.
    var groupCount: UInt64 = 0

    init(_ session: BenchSession) {
        plan = session.plan
        let description = session.log.store
        store = description
        blockBytes = description.blockBytes
        syncMethod = description.syncMethod
    }

    init(plan: BenchPlan, method: SyncMethod) {
        self.plan = plan
        blockBytes = BenchDevice.blockBytes
        syncMethod = "\(method)"
    }

    /// Takes in what the session gathered beside the tally.
    mutating func complete(from session: BenchSession) {
        latency = session.latency.summary
        deviceLatency = session.device.latency
        statistics = session.log.statistics
        if [.load, .compact].contains(plan.operation) {
            space = BenchSpace.measure(session.log, in: session.folder)
        }
    }

    /// Bytes written for each byte of payload, sealing and merging included.
    var writeAmplification: Double? {
        let payloadBytes = tally.eventCount * plan.payloadBytes
        guard let wholeMeter, payloadBytes > 0 else { return nil }
        return Double(wholeMeter.writtenBytes) / Double(payloadBytes)
    }

    /// Fetched from the device for each history.
    var readBytesPerOperation: Double? {
        guard plan.operation == .read, tally.opCount > 0 else { return nil }
        return Double(meter.readBytes) / Double(tally.opCount)
    }

    /// Where histories came from: what was fetched for each says it. A history takes a page or
    /// more of its own; with a tenth of that it mostly was there already.
    private var cache: String? {
        readBytesPerOperation.map { bytes in
            bytes >= Self.coldBytesMin ? "cold" : bytes < Self.warmBytesMax ? "warm" : "mixed"
        }
    }

    private static let coldBytesMin = 4096.0
    private static let warmBytesMax = 410.0

    /// What waits to be sealed: full segments.
    private var unsealedBytes: Int? {
        guard let statistics, let store else { return nil }
        return statistics.fullSegments * store.segmentBytes
    }

    var opsPerSecond: Double? { rate(Double(tally.opCount)) }
    var eventsPerSecond: Double? { rate(Double(tally.eventCount)) }
    var megabytesPerSecond: Double? {
        rate(Double(tally.eventCount * plan.payloadBytes) / 1e6)
    }

    private func rate(_ count: Double) -> Double? {
        meter.wallSeconds > 0 ? count / meter.wallSeconds : nil
    }

    private func perWorkflow(_ amount: Double) -> Double? {
        guard plan.operation == .workflow, tally.opCount > 0 else { return nil }
        return amount / Double(tally.opCount)
    }

    /// The contract's line: every field, null where it was not measured.
    var line: String {
        var object = BenchJSON()
        object.add("v", 1)
        object.add("engine", "emaki")
        object.add("variant", plan.variant.rawValue)
        object.add("op", plan.operation.rawValue)
        object.add("item", plan.item)
        object.add("appenders", plan.appenderCount)
        object.add("threads", plan.threadCount)
        object.add("batch", plan.batchEvents)
        object.add("rate", plan.isOpenLoop ? plan.rate : nil, digits: 1)
        object.add("payload", plan.payloadBytes)
        object.add("wall_s", meter.wallSeconds, digits: 6)
        object.add("ops", tally.opCount)
        object.add("events", tally.eventCount)
        object.add("errors", tally.errorCount)
        object.add("ops_per_s", opsPerSecond, digits: 1)
        object.add("events_per_s", eventsPerSecond, digits: 1)
        object.add("mb_per_s", megabytesPerSecond, digits: 3)
        // For an engine within the process this is all that it cost.
        object.add("client_cpu_s", meter.processorSeconds, digits: 6)
        object.add("lat_us", latency?.object)
        // Not the contract's, as what follows it.
        object.add("lat_points", latency.map { $0.pointsText })
        if let beside = plan.beside {
            object.add("beside", beside.rawValue)
            object.add("alone_lat_us", aloneLatency?.object)
        }
        object.add("exec_ms", recovery?.mainMilliseconds, digits: 3)
        object.add("open_ms", recovery?.openMilliseconds, digits: 3)
        object.add("first_append_ms", recovery?.appendMilliseconds, digits: 3)
        object.add("first_read_ms", recovery?.readMilliseconds, digits: 3)
        object.add("f_us", deviceLatency?.p50, digits: 3)
        object.add("block_bytes", blockBytes)
        object.add("sync_method", syncMethod)
        object.add("sync_latency_us", plan.syncDelay?.microseconds, digits: 3)
        object.add("ids", plan.usesIDs)
        object.add("seal_lag_bytes", unsealedBytes)
        object.add("cache", cache)
        object.add("read_bytes_per_op", readBytesPerOperation, digits: 1)
        object.add("sealed_s", wholeMeter?.wallSeconds, digits: 6)
        object.add("sealed_cpu_s", wholeMeter?.processorSeconds, digits: 6)
        object.add("write_amplification", writeAmplification, digits: 3)
        object.add("peak_bytes_on_disk", peakDiskBytes)
        object.add("bytes_on_disk", space?.diskBytes)
        object.add("sealed_bytes", space?.sealedBytes)
        object.add("bytes_per_event", space?.bytesPerEvent, digits: 2)
        object.add("payload_codec", plan.operation == .workflow ? plan.codec.rawValue : nil)
        object.add("commits_per_op", perWorkflow(Double(groupCount)), digits: 3)
        object.add("bytes_per_op", perWorkflow(Double(meter.writtenBytes)), digits: 3)
        object.add("cpu_us_per_op", perWorkflow(meter.processorSeconds * 1e6), digits: 3)
        return object.text
    }
}

extension BenchLatencySummary {
    /// A list of lists: percent, and microseconds.
    var pointsText: BenchJSON.Verbatim {
        let texts = points.map { "[\($0.percent.fixed(5)),\($0.microseconds.fixed(3))]" }
        return BenchJSON.Verbatim(text: "[" + texts.joined(separator: ",") + "]")
    }

    var object: BenchJSON {
        var object = BenchJSON()
        object.add("mean", mean, digits: 3)
        object.add("p50", p50, digits: 3)
        object.add("p90", p90, digits: 3)
        object.add("p99", p99, digits: 3)
        object.add("p999", p999, digits: 3)
        object.add("max", max, digits: 3)
        return object
    }
}
