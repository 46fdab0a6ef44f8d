import EmakiLog
import EmakiPlatform

/// The demo's chapters, in order. Each tells what it does while it does it.
struct DemoStory {
    let folder: String
    let taskCount: Int
    let seconds: Double
    let killCount: Int
    let seed: UInt64
    /// Where the story goes; silent with `--json`.
    let tell: (String) throws -> Void
    private(set) var report = DemoReport()

    /// Acknowledged appends before a kill: enough for several groups, and another number each time.
    private static let killAfter: ClosedRange<UInt64> = 500...9_000
    /// No further kills after this long, on a slow disk: the story takes less than a minute.
    private static let killingNanosecondsMax: Int64 = 30_000_000_000
    /// Above what imported histories and the crash streams use.
    private static let appendBase: UInt64 = 1 << 32

    init(
        folder: String, taskCount: Int, seconds: Double, killCount: Int, seed: UInt64,
        tell: @escaping (String) throws -> Void
    ) {
        self.folder = folder
        self.taskCount = taskCount
        self.seconds = seconds
        self.killCount = killCount
        self.seed = seed
        self.tell = tell
        report.folder = folder
    }

    mutating func run() async throws {
        let started = SystemClock.monotonicNanoseconds()
        try await probe()
        let log = try await EventLog.open(at: folder)
        try await importHistories(into: log)
        try await append(to: log)
        await log.close()
        try await crash()
        try await transfer()
        report.totalSeconds = Double(SystemClock.monotonicNanoseconds() - started) / 1e9
        try conclude()
    }

    // MARK: 6

    private mutating func transfer() async throws {
        try tell("\n6  A transfer, killed between debit and credit\n")
        let outcome = try await DemoTransfer(folder: folder).run()
        report.transfer = outcome
        try tell("   Debited; the process was killed with kill -9 before it had credited.")
        try tell(
            "   Another process opened the store: \(outcome.receipt), after"
                + " \(outcome.resumeMilliseconds.fixed(1)) ms.")
        try tell(
            "   The bank was asked for \(outcome.debitCount) debit and"
                + " \(outcome.creditCount) credit in all.")
    }

    // MARK: 1

    private mutating func probe() async throws {
        try tell("1  The disk\n")
        let store = try await EventLog.create(at: folder)
        report.store = store
        let micro = Double(store.rawLatencyNanoseconds) / 1000
        try tell("   A new store: \(folder)")
        try tell(
            "   One durable \(store.blockBytes) B write takes F = \(micro.fixed(1)) us here,"
                + " by \(store.syncMethod) sync.")
        try tell("   No append can be faster than F, so F is the unit of what follows.")
        for warning in store.warnings {
            for line in Self.wrapped("Warning: \(warning)") { try tell("   " + line) }
        }
    }

    private static func wrapped(_ text: String) -> [String] {
        let widthMax = 84
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            let line = lines[lines.count - 1]
            if line.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if line.count + word.count < widthMax {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    // MARK: 2

    private mutating func importHistories(into log: EventLog) async throws {
        try tell("\n2  Recorded workflow histories\n")
        let started = SystemClock.monotonicNanoseconds()
        guard let tally = try await DemoImport.run(into: log) else {
            try tell("   The recorded histories are not beside this program; left out.")
            return
        }
        let nanoseconds = SystemClock.monotonicNanoseconds() - started
        report.importMilliseconds = Double(nanoseconds) / 1e6
        report.historyCount = tally.historyCount
        report.importedEventCount = tally.importedCount
        try tell(
            "   \(tally.historyCount) histories of a real workflow server,"
                + " \(tally.importedCount) events, in"
                + " \(report.importMilliseconds.fixed(1)) ms: each one whole or not at all.")
        for refusal in tally.refusals { try tell("   Refused: \(refusal.report.message)") }
        if let oldest = try log.events(limit: 1).first {
            try tellHistory(oldest.stream, in: log)
        }
    }

    private func tellHistory(_ stream: StreamID, in log: EventLog) throws {
        let shownMax = 5
        try tell("   Read back, the first events of \(stream):\n")
        for event in try log.events(in: stream, limit: shownMax) {
            let version = DemoHistogram.padded("\(event.version)", to: 4, left: true)
            try tell("     \(version)  \(event.type)  (\(event.payloadBytes) B)")
        }
    }

    // MARK: 3

    private mutating func append(to log: EventLog) async throws {
        try tell("\n3  \(taskCount) tasks append, each waiting until its event is durable\n")
        let plan = BenchPlan(
            operation: .append, variant: .loop, item: "B", appenderCount: taskCount,
            batchEvents: 1, rate: 0, seconds: seconds, threadCount: 1, streamCount: 1,
            eventsPerStream: BenchPlan.eventsPerHistory, eventCount: 1,
            payloadBytes: DemoChild.payloadBytes, seed: seed, base: Self.appendBase,
            usesIDs: true, segmentBytes: log.store.segmentBytes, t0: nil)
        let session = try await BenchSession(plan: plan, folder: folder, log: log)
        var result = try await session.append()
        result.complete(from: session)
        report.appends = result
        guard let raw = result.deviceLatency, let latency = result.latency,
            let rate = result.eventsPerSecond
        else { return }
        try tell(
            "   \(result.tally.eventCount) events in \(result.meter.wallSeconds.fixed(1)) s:"
                + " \(rate.fixed(0)) a second, \((rate * raw.p50 / 1e6).fixed(1)) for each F.")
        try tell(
            "   F in this run: \(raw.p50.fixed(1)) us. p50 \((latency.p50 / raw.p50).fixed(2)) F,"
                + " p99 \((latency.p99 / raw.p50).fixed(2)) F, max \(latency.max.fixed(0)) us.\n")
        let histogram = DemoHistogram(session.latency.snapshot, rawMicroseconds: raw.p50)
        for line in histogram.lines { try tell("     " + line) }
    }

    // MARK: 4

    private mutating func crash() async throws {
        try tell("\n4  kill -9 while appending, \(killCount) times\n")
        try tell("   Another process appends from \(taskCount) tasks and reports each append once")
        try tell("   it is durable. It is killed in the middle; then the store is opened here.\n")
        try tell("   kill   acknowledged    in the store   missing   not yet told   open")
        let deadline = SystemClock.monotonicNanoseconds() + Self.killingNanosecondsMax
        for round in 0..<UInt64(killCount) {
            guard round == 0 || SystemClock.monotonicNanoseconds() < deadline else { break }
            let result = try await crashOnce(round)
            report.rounds.append(result)
            try tell(Self.row(result))
        }
        if let last = report.rounds.last {
            try tell("\n   What the last recovery says for itself:\n")
            for line in last.receipt.split(separator: "\n") { try tell("     \(line)") }
        }
    }

    private func crashOnce(_ round: UInt64) async throws -> DemoRound {
        let span = Self.killAfter.upperBound - Self.killAfter.lowerBound
        let killAfter =
            Self.killAfter.lowerBound + SplitMix.mix64(seed &+ round) % (span + 1)
        let victim = DemoVictim(
            folder: folder, round: round, taskCount: taskCount, killAfter: Int(killAfter))
        let words = try await victim.run()
        let log = try await EventLog.open(at: folder)
        var result = try await SystemThread.offload(name: "demo-proof") { () throws(LogError) in
            try DemoProof(log: log).check(words.acknowledged, round: round)
        }
        await log.close()
        if let complaint = words.complaint { result.fail("the child reported: \(complaint)") }
        if !words.wasKilled { result.fail("the child ended before it could be killed") }
        result.openMilliseconds = Double(log.receipt.durationNanoseconds) / 1e6
        result.cutCount = log.receipt.cuts.count { !$0.isRemembered }
        result.receipt = "\(log.receipt)"
        return result
    }

    private static func row(_ round: DemoRound) -> String {
        func cell(_ text: String, _ width: Int) -> String {
            DemoHistogram.padded(text, to: width, left: true)
        }
        let missing = round.acknowledgedCount - round.provenCount
        let torn = round.cutCount > 0 ? "   (a torn frame was cut)" : ""
        return "   " + cell("\(round.round + 1)", 4) + cell("\(round.acknowledgedCount)", 15)
            + cell("\(round.provenCount)", 16) + cell("\(missing)", 10)
            + cell("\(round.unacknowledgedCount)", 15)
            + cell("\(round.openMilliseconds.fixed(0)) ms", 9) + torn
    }

    // MARK: 5

    private func conclude() throws {
        try tell("\n5  The proof\n")
        if report.isProven {
            try tell(
                "   All \(report.acknowledgedCount) acknowledged appends are there: same stream,"
                    + " same version,\n   same position, every byte of the payload.")
        } else {
            try tell(
                "   FAILED: an acknowledged append is missing or changed, or no kill was made.")
            for failure in report.failures { try tell("   - \(failure)") }
        }
        try tell(
            "   (\(report.unacknowledgedCount) more became durable before anybody could be told;"
                + " that is allowed.)")
        try tell("\n   \(report.totalSeconds.fixed(1)) s in all.")
    }
}
