import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct ScrubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Read every sealed file, and mend damaged pages by their parity.",
        discussion: """
            Reads all pages past the page cache, mends those that fail their checksum, and holds \
            counts, order and digest of all events against what the files say. Damage beyond the \
            parity is named, and leaves the rest of the store readable; the status is 1 then. \
            `emaki verify` checks the segments. A store that a process has open is scrubbed by \
            that process, which goes on with its work.

            EXAMPLES
              emaki scrub orders.emaki
              emaki scrub orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var progress: ProgressOption
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let line = progress.line("scrubbed", answer)
        let report = try await place.open(Configuration()) { owner in
            try owner.ask(ControlClient.request("scrub")) { _, done, total in
                _ = line.report(done, of: total)
            }.required("report", as: ScrubReport.self)
        } _: { log in
            try await log.scrub(progress: line.report)
        }
        line.end()
        try Output.reporting(report.damages.isEmpty ? .done : .damageFound) {
            var output = Output()
            try output.line(answer.json ? JSONObject.encoded(report) : report.description)
            try output.send()
        }
    }
}
