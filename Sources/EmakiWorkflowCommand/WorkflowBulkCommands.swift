import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import Foundation

struct WorkflowBulkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bulk",
        abstract: "Cancel, terminate, pause, resume, reset or delete all that a filter allows.",
        discussion: """
            A line for each says what was done, or why not; those that were done stay done if the \
            command is interrupted. Try it with --dry-run first.

            EXAMPLES
              \(Program.name) workflow bulk bank.emaki pause --type AccountTransfer \\
                --reason "bank closed" --dry-run
              \(Program.name) workflow bulk bank.emaki resume --state paused --prefix transfer-
              \(Program.name) workflow bulk bank.emaki reset --state paused --to-checkpoint \\
                --request-id release-7
            """)

    enum Verb: String, CaseIterable, ExpressibleByArgument {
        case cancel, terminate, pause, resume, reset, delete
    }

    @OptionGroup var place: StoreArgument
    @Argument(help: "cancel, terminate, pause, resume, reset; delete, of those that have ended.")
    var verb: Verb
    @OptionGroup var filter: WorkflowFilter
    @Flag(help: "All that are open, or have ended, where no filter is given.") var all = false
    @Option(help: "Why.") var reason: String?
    @OptionGroup(title: "RESET") var point: ResetPointOptions
    @OptionGroup(title: "RESET") var requestID: RequestOption
    @Flag(help: "Say which they are, and do nothing.") var dryRun = false
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        if verb == .terminate, reason == nil {
            throw ValidationError("terminate needs --reason.")
        }
        if verb == .reset {
            try point.expectOne()
            guard requestID.requestID != nil else {
                throw ValidationError("reset needs --request-id: repeated, none is reset twice.")
            }
        } else if point.count > 0 || point.withoutMessages || requestID.requestID != nil {
            throw ValidationError("a point and --request-id are for reset.")
        }
        let isFiltered = [filter.type, filter.state, filter.prefix].contains { $0 != nil }
        guard all || isFiltered || !filter.attribute.isEmpty else {
            throw ValidationError(
                "say which: --type, --state, --prefix, --attribute, or --all.")
        }
    }

    func run() async throws {
        var request = WorkflowRequest("bulk", onlyLooks: dryRun)
        request.add("each", verb.rawValue)
        filter.add(to: &request)
        request.add("reason", reason)
        point.add(to: &request)
        request.fill { requestID.add(to: &$0) }
        if dryRun { request.fill { $0.add("dry", true) } }
        try await WorkflowBulk.run(request, at: place, answer)
    }
}

enum WorkflowBulk {
    private struct Row: Decodable {
        var workflow: String
        var type: String
        var message: String?
    }

    /// - Throws: the exit status if some were not done.
    static func run(
        _ request: WorkflowRequest, at place: StoreArgument, _ answer: OutputOptions
    ) async throws {
        var output = Output()
        let count = CountLine("workflows", answer)
        let result = try await request.send(to: place, count: count) { line in
            if answer.json { return try output.line(String(decoding: line, as: UTF8.self)) }
            let row = try JSONDecoder().decode(Row.self, from: Data(line))
            let problem = row.message.map { "  not done: \($0)" } ?? ""
            try output.line("\(row.type)  \(row.workflow)\(problem)")
        }
        if answer.json {
            try output.line(result.text)
        } else if let count = try result.number("wouldBe") {
            try output.line("\(count) would be; nothing was done")
        } else {
            try output.line("\(try result.number("done") ?? 0) done")
        }
        let failed = try result.number("failed") ?? 0
        try Output.reporting(failed > 0 ? .partlyDone : .done) { try output.send() }
    }
}

struct WorkflowQuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Look at runs that ended the process again and again, or release them.",
        subcommands: [QuarantineListCommand.self, QuarantineReleaseCommand.self])
}

struct QuarantineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the runs that are quarantined.",
        discussion: """
            Reads the history of every open run.

            EXAMPLES
              \(Program.name) workflow quarantine list bank.emaki
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var list = try WorkflowListCommand.parse([place.store, "--state", "quarantined"])
        list.limit = 100_000
        list.answer = answer
        try await list.run()
    }
}

struct QuarantineReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Let runs that are quarantined go on.",
        discussion: """
            Mend the code first. Without --id: all of them.

            EXAMPLES
              \(Program.name) workflow quarantine release bank.emaki --id transfer-500
            """)

    @OptionGroup var place: StoreArgument
    @Option(help: "Only this workflow.") var id: String?
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        if let id {
            var command = try WorkflowResumeCommand.parse([place.store, "--", id])
            command.answer = answer
            return try await command.run()
        }
        var request = WorkflowRequest("bulk")
        request.add("each", "resume")
        request.add("state", "quarantined")
        try await WorkflowBulk.run(request, at: place, answer)
    }
}
