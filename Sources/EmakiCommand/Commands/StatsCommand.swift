import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show what a store is, and what opening it found.",
        discussion: """
            Opens the store for reading only and changes nothing; if a process has it open, that \
            one is asked, and the figures are since its opening. F is the median time of one \
            durable block write, as measured when the store was made or last probed.

            EXAMPLES
              emaki stats orders.emaki
              emaki stats orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var damage: DamageOption
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        try await place.open(damage.configuration) { owner in
            let answer = try owner.ask(ControlClient.request("stats"))
            try report(
                try answer.required("store", as: StoreDescription.self),
                try answer.required("receipt", as: RecoveryReceipt.self),
                try answer.required("statistics", as: LogStatistics.self))
        } _: { log in
            try report(log.store, log.receipt, log.statistics)
        }
    }

    private func report(
        _ store: StoreDescription, _ receipt: RecoveryReceipt, _ statistics: LogStatistics
    ) throws {
        var output = Output()
        if answer.json {
            var object = JSONObject()
            object.add("path", place.store)
            try object.add("store", encoding: store)
            try object.add("receipt", encoding: receipt)
            try object.add("statistics", encoding: statistics)
            try output.line(object)
        } else {
            for line in StoreLines.lines(of: store) { try output.line(line) }
            try output.line(receipt.description)
            try output.line(statistics.description)
        }
        try output.send()
    }
}
