import ArgumentParser
import EmakiLog

struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show what a store is, and what opening it found.",
        discussion: """
            Opens the store for reading only and changes nothing. F is the median time of one \
            durable block write, as measured when the store was made or last probed.

            EXAMPLES
              emaki stats orders.emaki
              emaki stats orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var damage: DamageOption
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        try await place.open(damage.configuration) { log in
            var output = Output()
            if answer.json {
                var object = JSONObject()
                object.add("path", place.store)
                try object.add("store", encoding: log.store)
                try object.add("receipt", encoding: log.receipt)
                try object.add("statistics", encoding: log.statistics)
                try output.line(object)
            } else {
                for line in StoreLines.lines(of: log.store) { try output.line(line) }
                try output.line(log.receipt.description)
                try output.line(log.statistics.description)
            }
            try output.send()
        }
    }
}
