import ArgumentParser
import EmakiLog
import EmakiPlatform
import Foundation

/// `emaki bench`: the benchmark contract's program for this engine.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Say what this disk means for the log, or measure one thing with --op.",
        discussion: """
            Without --op, in about a minute: what a durable write costs here, by method and size, \
            what appends and workflows make of it, and what limits them.

            F is the median of a 4 KiB durable write, measured in the same run on the same file \
            system. Figures that you compare should be ratios to F.
            """)

    @Option(help: "What to measure. Default: the disk, appends and workflows, for a verdict.")
    var op: BenchOperation?
    @Option(help: "The store's folder, made if missing. Default: a new one, removed afterwards.")
    var dir: String?
    @Option(
        help: """
            Where appenders run: loop and pool are tasks, threads block. With workflow: what runs. \
            Default: loop; transfer.
            """)
    var variant: BenchVariant?
    @Option(help: "How workflows encode their values.")
    var payloadCodec: BenchCodec = .json
    @Option(
        help: """
            What goes on beside appends: they are measured with and without it, by turns. heads \
            appends to the streams that a load left, 1 to --streams.
            """)
    var beside: BenchBeside?
    @Option(help: "The letter of the item in the report. Default: by what is measured.")
    var item: String?
    @Option(
        help: """
            Appenders, each with one append outstanding. Default: 1; 64 for tail; 256 with --rate.
            """)
    var appenders: Int?
    @Option(
        help: """
            Events in an append, all or nothing: up to 20 for a stream. Default: 1; 100 for load.
            """)
    var batch: Int?
    @Option(help: "Appends a second, arriving at random; latency counts from the arrival.")
    var rate: Double = 0
    @Option(help: "How long append, read and raw measure; of the verdict each of its seven runs.")
    var seconds: Double?
    @Option(help: "Threads that read.")
    var threads: Int = 1
    @Option(
        help: """
            Streams to load, or to read from; with overdue and wake: runs. Default: 200000; 10000 \
            with overdue and wake.
            """)
    var streams: Int?
    @Option(help: "Events in each loaded stream.")
    var perStream: Int = 20
    @Option(help: "Events to append with tail.")
    var events: Int = 1_000_000
    @Option(help: "Bytes in an event.")
    var payload: Int = 256
    @Option(help: "Seed of everything random.")
    var seed: UInt64 = 1
    @Option(
        help: """
            First stream to append to, or to read. Default: 1 in a new store, else unused ones; \
            read: 1.
            """)
    var base: UInt64?
    @Option(
        help: "CLOCK_MONOTONIC, in ns, just before the process was started; for recover.")
    var t0: Int64?
    @Flag(help: "After the report, wait with the store open until killed.")
    var hold = false
    @Option(help: "Size of a segment in a new store.")
    var segmentBytes: Int = StoreOptions().segmentBytes
    @Option(
        help: """
            Pretend a slower disk: each durable write and sync takes so much longer, 1ms or 250us.
            """)
    var syncLatency: BenchDelay?
    @Flag(inversion: .prefixedNo, help: "Give each event an id, which makes a retry safe.")
    var ids = true
    @Flag(help: "Read every history once before read measures. Without it, only the index.")
    var warm = false
    @Flag(help: "Print the benchmark contract's line instead of the summary.")
    var json = false
    @Option(help: "Without --op: write a page with pictures here.")
    var html: String?
    @Option(help: "Without --op: show what changed since an earlier run, which was kept by --json.")
    var compare: String?
    @Flag(help: "Without --op: also if others use the machine, which makes the figures worthless.")
    var evenIfBusy = false

    func validate() throws {
        func require(_ holds: Bool, _ message: String) throws {
            guard holds else { throw ValidationError(message) }
        }
        try require((1...1_000_000).contains(appenders ?? 1), "--appenders is 1 to 1000000")
        try require((1...10_000).contains(batch ?? 1), "--batch is 1 to 10000")
        try require(
            seconds ?? 1 > 0 && seconds ?? 1 <= 86_400, "--seconds is above 0, at most a day")
        try require(rate >= 0 && rate <= 100_000_000, "--rate is 0 (closed loop) to 100000000")
        try require((1...1024).contains(threads), "--threads is 1 to 1024")
        try require((1...1_000_000_000).contains(streams ?? 1), "--streams is 1 to 1000000000")
        try require((1...1_000_000).contains(perStream), "--per-stream is 1 to 1000000")
        try require(events > 0, "--events is above 0")
        try require(
            (BenchPayload.payloadBytesMin...1 << 20).contains(payload),
            "--payload is \(BenchPayload.payloadBytesMin) to \(1 << 20): the ids must fit in")
        try require(
            variant.map { BenchVariant.ofAppends.contains($0) == (op != .workflow) } ?? true,
            "--variant \(variant?.rawValue ?? "") does not go with --op \(op?.rawValue ?? "")")
        try require(
            op == nil || (html == nil && compare == nil),
            "--html and --compare are of the verdict: give no --op")
        try require(beside == nil || op == .append, "--beside goes with --op append")
        try require(
            syncLatency == nil || op != .raw, "--sync-latency is the log's: raw is the disk alone")
        try require((base ?? 1) < 1 << 59, "--base is below 2^59, so that names stay short")
    }

    var plan: BenchPlan {
        let op = op ?? .append
        let appenderCount = appenders ?? (rate > 0 ? 256 : op == .tail ? 64 : 1)
        let batchEvents = batch ?? (op == .load ? 100 : 1)
        let letter = BenchPlan.item(
            for: op, appenders: appenderCount, batch: batchEvents, rate: rate)
        return BenchPlan(
            operation: op, variant: variant ?? (op == .workflow ? .transfer : .loop),
            item: item ?? letter, appenderCount: appenderCount,
            batchEvents: batchEvents, rate: rate, seconds: seconds ?? 5,
            threadCount: threads,
            streamCount: streams ?? ([.overdue, .wake].contains(variant) ? 10_000 : 200_000),
            eventsPerStream: perStream, eventCount: events,
            payloadBytes: payload, seed: seed, base: base, usesIDs: ids, warmsUp: warm,
            segmentBytes: segmentBytes, codec: payloadCodec, beside: beside, syncDelay: syncLatency,
            t0: t0)
    }

    func run() async throws {
        guard op != nil else { return try await runVerdict() }
        let started = SystemClock.monotonicNanoseconds()
        let loadBefore = BenchMachine.loadAverage()
        let folder = try BenchFolder(dir)
        defer { folder.removeIfOwn() }
        let (result, log) = try await BenchRun(plan: plan, folder: folder.path, started: started)
            .run()
        let command = CommandLine.arguments.joined(separator: " ")
        let summary = BenchSummary(result, command: command, loadBefore: loadBefore)
        let text = json ? result.line : summary.text
        // At once: with --hold nobody would empty a buffer.
        try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
        // Nothing ever bumps this word: only a kill ends the wait.
        if hold { WaitWord().wait(while: 0) }
        await log?.close()
        guard result.tally.errorCount == 0 else { throw ExitCode(1) }
    }
}
