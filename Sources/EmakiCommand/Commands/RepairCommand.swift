import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct RepairCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Make a damaged store open again, and record what was lost.",
        discussion: """
            Keeps a copy of every file that it changes in the store's folder `damaged`, and writes \
            a loss record where acknowledged events cannot be read. Nothing that is whole is \
            changed; no event gets another position or version; reading a lost one says so. \
            Missing and short files are beyond it: restore a backup. Asks first, unless --yes.

            EXAMPLES
              emaki verify orders.emaki
              emaki repair orders.emaki
              emaki repair orders.emaki --yes --json
            """)

    @OptionGroup var place: StoreArgument

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var answer: OutputOptions

    func run() async throws {
        if !yes { try await explainAndAsk() }
        let report = try await EventLog.repair(at: place.store)
        var output = Output()
        try output.line(answer.json ? JSONObject.encoded(report) : report.description)
        try output.send()
    }

    /// Shows what would be given up, on standard error, and goes on only after "yes".
    private func explainAndAsk() async throws {
        let receipt = try await place.open(.readOnly(toleratingDamage: true)) { $0.receipt }
        guard !receipt.damages.isEmpty else { return }
        var lines = receipt.damages.map { "damaged: \($0.file) at byte \($0.fileOffset)" }
        lines += receipt.losses.filter { !$0.isRecorded }.map {
            "positions \($0.firstPosition)..<\($0.endPosition) cannot be read"
        }
        lines += [
            "repair keeps a copy of the damaged files and declares these events lost, for good.",
            "If there is a backup, restore it instead.",
        ]
        ErrorOutput.write(lines.joined(separator: "\n") + "\nType yes to go on: ")
        guard readLine() == "yes" else {
            throw CommandFailure(
                .usage, code: "notConfirmed",
                "nothing was changed; answer yes, or pass --yes, to repair \(place.store)")
        }
    }
}
