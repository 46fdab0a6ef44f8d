import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiPlatform

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Store recorded histories, or what `emaki export` wrote.",
        discussion: """
            Reads JSON Lines and JSON documents: Temporal histories (objects with `events`, with \
            or without `workflowId`, and lists of them), and events as `export` writes them \
            (objects with `stream`, `type`, `payload`). A history becomes the stream of its \
            `workflowId`, else of the one in its first event, else of its file's name and a \
            number. It is stored whole or not at all; each event's JSON is stored as it is \
            spelled. Importing again stores nothing twice. What is malformed, too large, or in \
            conflict with the store is named on standard error, the rest goes on, and the status \
            is 2. A full or failing disk ends the import.

            An event whose stream lacks the versions before it is refused. With --close-gaps, for \
            what `export --damaged` saved, it gets the next version instead, and so do those \
            behind a malformed line. Its id is computed from the version in the input, so \
            importing the same input again stores nothing twice.

            EXAMPLES
              emaki import orders.emaki histories.jsonl
              emaki import orders.emaki history-1.json history-2.json
              zcat histories.jsonl.gz | emaki import orders.emaki -
              emaki export old.emaki --damaged | emaki import new.emaki - --close-gaps
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "Files; - is standard input.", completion: .file())
    var files: [String]

    @Option(help: "So many appends in flight.")
    var jobs = 64

    @Flag(help: "Store what follows a gap in a stream's versions as its next versions.")
    var closeGaps = false

    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard (1...CommandLimits.jobsMax).contains(jobs) else {
            throw ValidationError("--jobs is \(jobs); it is 1 to \(CommandLimits.jobsMax).")
        }
    }

    func run() async throws {
        let started = SystemClock.monotonicNanoseconds()
        let reader = ThreadBound(
            ImportReader(files, closesGaps: closeGaps), name: "emaki-input")
        try await place.open(Configuration()) { log in
            let run = ImportRun(log: log, jobCount: jobs, closesGaps: closeGaps)
            var progress = ImportProgress(isJSON: answer.json)
            var total = ImportTally()
            var refusedCount = 0
            func report() throws {
                progress.end()
                let end = SystemClock.monotonicNanoseconds()
                try self.report(
                    total, refusedCount: refusedCount,
                    seconds: Double(end - started) / 1_000_000_000)
            }
            var window = try await reader.run { reader in try reader.window() }
            while !window.isEmpty {
                // The next window is read while this one is stored.
                async let next = reader.run { reader in try reader.window() }
                let stored = await run.store(window)
                refusedCount += stored.refusals.count
                progress.report(stored.refusals)
                total.add(stored)
                total.refusals = []
                if let end = stored.end {
                    // At once: the next window may wait for input that never comes.
                    let failure = CommandFailure(endingImport: end)
                    do { try report() } catch {}
                    await log.close()
                    RootCommand.end(with: failure)
                }
                progress.show(total)
                window = try await next
            }
            try Output.reporting(refusedCount == 0 ? .done : .partlyDone) { try report() }
        }
    }

    private func report(_ tally: ImportTally, refusedCount: Int, seconds: Double) throws {
        let rate = Int(Double(tally.eventCount) / max(seconds, 0.001))
        let milliseconds = Int(seconds * 1000)
        var output = Output()
        if answer.json {
            var object = JSONObject()
            object.add("histories", tally.historyCount)
            object.add("events", tally.eventCount)
            object.add("imported", tally.importedCount)
            object.add("alreadyThere", tally.presentCount)
            object.add("refused", refusedCount)
            object.add("seconds", json: "\(Double(milliseconds) / 1000)")
            object.add("eventsPerSecond", rate)
            try output.line(object)
        } else {
            try output.line(
                "\(tally.historyCount) histories, \(tally.eventCount) events:"
                    + " \(tally.importedCount) imported, \(tally.presentCount) already there;"
                    + " \(refusedCount) lines or histories refused;"
                    + " \(Double(milliseconds) / 1000) s, \(rate) events/s")
        }
        try output.send()
    }
}

/// What people and programs are told while an import runs, on standard error.
struct ImportProgress {
    let isJSON: Bool
    private let isTerminal = ErrorOutput.isTerminal
    private var shownAt: Int64 = 0

    private static let intervalNanoseconds: Int64 = 100_000_000
    /// Moves to the start of the line and clears it.
    private static let clearLine = "\r\u{1b}[K"

    init(isJSON: Bool) { self.isJSON = isJSON }

    mutating func show(_ tally: ImportTally) {
        let now = SystemClock.monotonicNanoseconds()
        guard isTerminal, now - shownAt >= Self.intervalNanoseconds else { return }
        shownAt = now
        ErrorOutput.write(
            "\(Self.clearLine)\(tally.historyCount) histories, \(tally.eventCount) events")
    }

    func report(_ refusals: [ImportRefusal]) {
        guard !refusals.isEmpty else { return }
        end()
        for refusal in refusals { ErrorOutput.report(refusal.report, asJSON: isJSON) }
    }

    func end() {
        if isTerminal { ErrorOutput.write(Self.clearLine) }
    }
}
