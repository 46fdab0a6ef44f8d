import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct WorkflowCancelCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ask a workflow to stop: its code undoes what it has to.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow cancel bank.emaki transfer-7 --reason "wrong account"
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Option(help: "Why.") var reason: String?
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("cancel")
        request.add("id", workflow.id)
        request.add("reason", reason)
        request.fill { requestID.add(to: &$0) }
        return request
    }
}

struct WorkflowTerminateCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "terminate",
        abstract: "End a workflow at once: nothing is undone, and what is left is listed.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow terminate bank.emaki transfer-7 --reason "test data"
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Option(help: "Why.") var reason: String
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("terminate")
        request.add("id", workflow.id)
        request.add("reason", reason)
        return request
    }
}

struct WorkflowPauseCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Let a workflow rest: its code sees nothing, and nothing is retried.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow pause bank.emaki transfer-7 --reason "bank is closed"
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Option(help: "Why.") var reason: String?
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("pause")
        request.add("id", workflow.id)
        request.add("reason", reason)
        return request
    }
}

struct WorkflowResumeCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a workflow go on that rests, for whatever reason.",
        discussion: """
            A compensation that gave up is tried again or skipped: `describe` names its step.

            EXAMPLES
              \(Program.name) workflow resume bank.emaki transfer-7
              \(Program.name) workflow resume bank.emaki transfer-7 --retry-compensation debit
              \(Program.name) workflow resume bank.emaki transfer-7 --skip-compensation debit \\
                --reason "paid back by hand"
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Option(help: ArgumentHelp("The step whose compensation is tried again.", valueName: "step"))
    var retryCompensation: String?
    @Option(help: ArgumentHelp("The step whose compensation is skipped.", valueName: "step"))
    var skipCompensation: String?
    @Option(help: "Why it is skipped.") var reason: String?
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard skipCompensation == nil || reason != nil else {
            throw ValidationError("--skip-compensation needs --reason.")
        }
        guard skipCompensation == nil || retryCompensation == nil else {
            throw ValidationError(
                "--retry-compensation and --skip-compensation exclude each other.")
        }
    }

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("resume")
        request.add("id", workflow.id)
        request.add("retry", retryCompensation)
        request.add("skip", skipCompensation)
        if skipCompensation != nil { request.add("reason", reason) }
        return request
    }
}

struct WorkflowActivityCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activity",
        abstract: "Complete, fail or report an attempt at an activity, by its token.",
        subcommands: [
            ActivityCompleteCommand.self, ActivityFailCommand.self, ActivityHeartbeatCommand.self,
        ])
}

struct ActivityCompleteCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "complete", abstract: "Record the result of an attempt.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow activity complete bank.emaki "$TOKEN" --input '"approved"'
            """)

    @OptionGroup var place: StoreArgument
    @Argument(help: "RUN.STEP.ATTEMPT.WORKFLOW, as the activity was given it.") var token: String
    @OptionGroup var input: InputOption
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("complete")
        request.add("token", token)
        try request.fill { try input.add(to: &$0) }
        return request
    }
}

struct ActivityFailCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "fail", abstract: "Record that an attempt failed.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow activity fail bank.emaki "$TOKEN" \\
                --message "no such account" --final
            """)

    @OptionGroup var place: StoreArgument
    @Argument(help: "RUN.STEP.ATTEMPT.WORKFLOW, as the activity was given it.") var token: String
    @Option(help: "The error's name, by which retry policies tell errors apart.")
    var type: String?
    @Option(help: "For people.") var message: String
    @Flag(help: "It is not retried.") var final = false
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("fail")
        request.add("token", token)
        request.add("type", type)
        request.add("message", message)
        if final { request.fill { $0.add("final", true) } }
        return request
    }
}

struct ActivityHeartbeatCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "heartbeat", abstract: "Report that an attempt is alive, and how far it is.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow activity heartbeat bank.emaki "$TOKEN" --input '{"done":40}'
            """)

    @OptionGroup var place: StoreArgument
    @Argument(help: "RUN.STEP.ATTEMPT.WORKFLOW, as the activity was given it.") var token: String
    @OptionGroup var input: InputOption
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("heartbeat")
        request.add("token", token)
        try request.fill { try input.add(to: &$0) }
        return request
    }
}
