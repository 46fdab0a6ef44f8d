import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import Foundation

/// `emaki workflow`: looking at the workflows of a store, and telling them something.
public struct WorkflowCommand: AsyncParsableCommand {
    static let commandName = "workflow"

    /// Its help and its verbs.
    public static let configuration = CommandConfiguration(
        commandName: commandName,
        abstract: "Look at the workflows of a store, and tell them something.",
        discussion: """
            If a process runs its workflows on the store, that process answers, and everything \
            works. If nobody has the store open, the command opens it by itself and begins \
            nothing: what it is told is recorded, and handled by the next process that runs the \
            workflows. \(WorkflowCode.inWords)

            EXAMPLES
              \(Program.name) workflow list bank.emaki --state open
              \(Program.name) workflow describe bank.emaki transfer-7
              \(Program.name) workflow show bank.emaki transfer-7
              \(Program.name) workflow signal bank.emaki approval-3 approve --input '{"by":"ana"}'
              \(Program.name) workflow cancel bank.emaki transfer-7 --reason "wrong account"
            """,
        subcommands: looking + telling + ending)

    /// One verb, one command; those that do the same to an `Operator` stand together.
    private static let looking: [any ParsableCommand.Type] = [
        WorkflowListCommand.self, WorkflowCountCommand.self, WorkflowDescribeCommand.self,
        WorkflowShowCommand.self, WorkflowHistoryCommand.self, WorkflowTailCommand.self,
        WorkflowExportCommand.self, WorkflowVersionsCommand.self, WorkflowCheckCommand.self,
        ReplayWorkerCommand.self,
    ]
    private static let telling: [any ParsableCommand.Type] = [
        WorkflowStartCommand.self, WorkflowSignalCommand.self, WorkflowQueryCommand.self,
        WorkflowUpdateCommand.self, WorkflowActivityCommand.self, ScheduleCommand.self,
    ]
    private static let ending: [any ParsableCommand.Type] = [
        WorkflowCancelCommand.self, WorkflowTerminateCommand.self, WorkflowPauseCommand.self,
        WorkflowResumeCommand.self, WorkflowResetCommand.self, WorkflowForkCommand.self,
        WorkflowDeleteCommand.self, WorkflowBulkCommand.self, WorkflowQuarantineCommand.self,
    ]

    /// As the command line makes it.
    public init() {}
}

/// A workflow of the store.
struct WorkflowArgument: ParsableArguments {
    @Argument(help: "The workflow's id.")
    var id: String
}

/// What a message is given.
struct InputOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The argument, as JSON; without it: none. `-` reads it from standard input.",
            valueName: "json"))
    var input: String?

    func add(to request: inout JSONObject) throws {
        if let text = try text() { request.add("input", text) }
    }

    /// Nil: none was given.
    func text() throws -> String? {
        guard let input, input == "-" else { return input }
        let bytes = try FileHandle.standardInput.readToEnd() ?? Data()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure.usage("standard input is no UTF-8")
        }
        return text
    }
}

/// A name for what is asked, so that it has one effect however often it is repeated.
struct RequestOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A name for this request: repeated with it, it has one effect.", valueName: "id"))
    var requestID: String?

    func add(to request: inout JSONObject) {
        if let requestID { request.add("request", requestID) }
    }
}
