import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a store of a backup.",
        discussion: """
            The folder for the store is made if there is none, and must be empty. Every file is \
            checked event by event on its way, and the store opened once; damage beyond the parity \
            ends the restore. One that was interrupted leaves no store, and can be repeated. \
            Positions, versions and ids are those of the store that was backed up. Measures the \
            new disk as `emaki create` does.

            EXAMPLES
              emaki restore /backups/orders orders.emaki
              emaki backup --list /backups/orders
              emaki restore /backups/orders orders.emaki --at 120000
            """)

    @Argument(help: "The folder of backups.", completion: .directory)
    var folder: String

    @Argument(help: "The store to make.", completion: .directory)
    var store: String

    @Option(
        help: ArgumentHelp(
            "The backup that ends at this position. Default: the newest.", valueName: "position"))
    var at: UInt64?

    @OptionGroup var progress: ProgressOption
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let line = progress.line("restored", answer)
        let report = try await EventLog.restore(
            from: folder, at: at.map { Position($0) }, to: store, progress: line.report)
        line.end()
        var output = Output()
        try output.line(answer.json ? JSONObject.encoded(report) : report.description)
        try output.send()
    }
}
