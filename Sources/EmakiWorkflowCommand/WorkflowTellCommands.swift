import ArgumentParser
import EmakiCommandSupport
import EmakiLog

/// A command that tells a workflow something, and says that it is durable.
protocol WorkflowTelling: AsyncParsableCommand {
    var place: StoreArgument { get }
    var answer: OutputOptions { get }
    func request() throws -> WorkflowRequest
}

extension WorkflowTelling {
    func run() async throws {
        try WorkflowText.report(try await request().send(to: place), answer)
    }
}

extension WorkflowText {
    /// Says that something is recorded, and what it was answered.
    /// - Throws: the exit status if it was not handled to its end.
    static func report(_ result: OwnerAnswer, _ answer: OutputOptions) throws {
        var output = Output()
        if answer.json {
            try output.line(result.text)
        } else if let value = try result.members().first(where: { $0.name == "answer" }) {
            try output.line(value.value)
        } else if let reason = try result.value("pending", as: String.self) {
            try output.line("recorded, and not handled to its end: \(reason)")
            if let request = try result.value("request", as: String.self) {
                try output.line("for its answer, ask again with --request-id \(request)")
            }
        } else {
            let members = try result.members().map { "\($0.name) \($0.value)" }
            try output.line("recorded: " + members.joined(separator: ", "))
        }
        let isPending = try result.value("pending", as: String.self) != nil
        try Output.reporting(isPending ? .partlyDone : .done) { try output.send() }
    }
}

struct WorkflowStartCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start a workflow.",
        discussion: """
            Where nobody has the store open, the run begins once a process that has its code does.

            EXAMPLES
              \(Program.name) workflow start bank.emaki AccountTransfer transfer-8 \\
                --input '{"amount":5}'
            """)

    @OptionGroup var place: StoreArgument
    @Argument(help: "The workflow's type.") var type: String
    @OptionGroup var workflow: WorkflowArgument
    @OptionGroup var input: InputOption
    @OptionGroup var requestID: RequestOption
    @Option(help: "If the id was used: allow, allowIfNotCompleted, reject.") var reuse: String?
    @Option(help: "If a run is open: fail, useExisting, terminateExisting.")
    var conflict: String?
    @Option(help: ArgumentHelp("For people; may be repeated.", valueName: "name=value"))
    var memo: [String] = []
    @Option(help: ArgumentHelp("For filters; may be repeated.", valueName: "name=value"))
    var attribute: [String] = []
    @Option(help: ArgumentHelp("A run may take so long.", valueName: "seconds"))
    var runTimeout: UInt64?
    @Option(help: ArgumentHelp("The workflow may take so long.", valueName: "seconds"))
    var executionTimeout: UInt64?
    @Option(help: ArgumentHelp("Its code begins so much later.", valueName: "seconds"))
    var startDelay: UInt64?
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("start")
        request.add("id", workflow.id)
        request.add("type", type)
        request.add("reuse", reuse)
        request.add("conflict", conflict)
        if !memo.isEmpty { request.add("memo", memo.joined(separator: "\n")) }
        if !attribute.isEmpty { request.add("attributes", attribute.joined(separator: "\n")) }
        request.add("runTimeout", runTimeout)
        request.add("executionTimeout", executionTimeout)
        request.add("startDelay", startDelay)
        try request.fill { object in
            try input.add(to: &object)
            requestID.add(to: &object)
        }
        return request
    }
}

struct WorkflowSignalCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "signal", abstract: "Send a workflow a signal.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow signal bank.emaki approval-3 approve --input '{"by":"ana"}'
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Argument(help: "The signal's name.") var name: String
    @OptionGroup var input: InputOption
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        try message("signal", workflow, name, input, requestID)
    }
}

struct WorkflowUpdateCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change a workflow, and print what its handler returns.",
        discussion: """
            Where nobody runs the workflows and this program has their code, the code handles it \
            as far as nothing begins by that. Otherwise it is recorded, the next process that \
            runs the workflows handles it, and the status is 2; asked again with the same \
            --request-id, the command prints the answer once there is one.

            EXAMPLES
              \(Program.name) workflow update bank.emaki account-7 changeLimit --input 500
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Argument(help: "The update's name.") var name: String
    @OptionGroup var input: InputOption
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        try message("update", workflow, name, input, requestID)
    }
}

struct WorkflowQueryCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Ask a workflow something, and print its answer.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow query bank.emaki account-7 balance
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Argument(help: "The query's name.") var name: String
    @OptionGroup var input: InputOption
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        try message("query", workflow, name, input, nil)
    }
}

extension WorkflowTelling {
    fileprivate func message(
        _ verb: String, _ workflow: WorkflowArgument, _ name: String, _ input: InputOption,
        _ requestID: RequestOption?
    ) throws -> WorkflowRequest {
        var request = WorkflowRequest(verb, onlyLooks: verb == "query")
        request.add("id", workflow.id)
        request.add("name", name)
        try request.fill { object in
            try input.add(to: &object)
            requestID?.add(to: &object)
        }
        return request
    }
}
