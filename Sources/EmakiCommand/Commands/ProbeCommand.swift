import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct ProbeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Measure a store's disk again, and record the result in the store.",
        discussion: """
            Times durable writes of one block by every method that works on this disk, records the \
            fastest and F in STORE, and warns about syncs that cannot be what they claim. The next \
            open uses them.

            EXAMPLES
              emaki probe orders.emaki
              emaki probe orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let report = try await EventLog.probe(at: place.store)
        var output = Output()
        try output.line(answer.json ? JSONObject.encoded(report) : report.description)
        try output.send()
    }
}
