import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct WorkflowExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the histories of workflows as lines of JSON, to be replayed elsewhere.",
        discussion: """
            One line for each event, as the store has it. Keep the file beside the workflow's \
            code, and let a test replay it with `Replayer.checkAll(exportedLines:)` from \
            EmakiWorkflowTesting: it fails if the code would not do the same. Payloads are in it \
            as they are stored, so a codec that encrypts keeps them secret.

            EXAMPLES
              \(Program.name) workflow export bank.emaki transfer-7 > transfer-7.jsonl
              \(Program.name) workflow export bank.emaki --type AccountTransfer --state open \\
                > open.jsonl
            """)

    @OptionGroup var place: StoreArgument
    @Argument(help: "The workflow's id; without it: all that the filter allows.") var id: String?
    @OptionGroup var filter: WorkflowFilter
    @Option(help: "An earlier run of it.") var run: String?
    @Flag(help: "All runs of an id that are kept, the oldest first, not only the newest.")
    var allRuns = false
    @Flag(help: "All workflows, where no filter is given.") var all = false
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        let isFiltered = filter.type != nil || filter.state != nil || filter.prefix != nil
        guard id == nil || !(isFiltered || all) else {
            throw ValidationError("a workflow's id and a filter exclude each other.")
        }
        guard id != nil || isFiltered || all else {
            throw ValidationError("say which: an id, --type, --state, --prefix, or --all.")
        }
        guard run == nil || (id != nil && !allRuns) else {
            throw ValidationError("--run needs the workflow's id, and excludes --all-runs.")
        }
    }

    func run() async throws {
        var request = WorkflowRequest("export", onlyLooks: true)
        request.add("id", id)
        filter.add(to: &request)
        request.add("run", run)
        if allRuns { request.fill { $0.add("allRuns", true) } }
        var output = Output()
        let count = CountLine("workflows", answer)
        _ = try await request.send(to: place, count: count) { line in
            try output.bytes(line)
            try output.bytes(CollectionOfOne(0x0a))
        }
        try output.send()
    }
}
