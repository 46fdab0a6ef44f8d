import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct StreamsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "streams",
        abstract: "List streams with their versions, in the order of their ids.",
        discussion: """
            To go on where a listing ended, pass its last id as --after.

            EXAMPLES
              emaki streams orders.emaki
              emaki streams orders.emaki --prefix order- --limit 100
              emaki streams orders.emaki --after order-7 --json
            """)

    @OptionGroup var place: StoreArgument

    @Option(help: "Only streams whose id starts with this.")
    var prefix = ""

    @Option(help: "Only streams behind this id.")
    var after: String?

    @Option(help: "At most so many streams. Default: all.")
    var limit = Int.max

    @OptionGroup var damage: DamageOption
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is \(limit); it is at least 1.") }
    }

    func run() async throws {
        var last = try after.map { text throws(LogError) in try StreamID(text) }
        try await place.open(damage.configuration) { log in
            var output = Output()
            var left = limit
            while left > 0 {
                let page = try log.streams(
                    withPrefix: prefix, after: last, limit: min(left, Limits.streamsPerPageMax))
                for summary in page { try write(summary, to: &output) }
                left -= page.count
                guard page.count == Limits.streamsPerPageMax, let next = page.last else { break }
                last = next.stream
            }
            try output.send()
        }
    }

    private func write(_ summary: StreamSummary, to output: inout Output) throws {
        if answer.json {
            var object = JSONObject()
            object.add("stream", summary.stream.text)
            object.add("version", summary.version.rawValue)
            try output.line(object)
        } else {
            try output.line("\(summary.version)  \(summary.stream)")
        }
    }
}
