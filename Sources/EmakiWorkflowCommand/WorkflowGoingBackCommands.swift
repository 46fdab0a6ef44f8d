import ArgumentParser
import EmakiCommandSupport
import EmakiLog

/// Where in a history another run goes on.
struct ResetPointOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Before this event; `history` numbers them.", valueName: "number"))
    var toEvent: UInt64?
    @Option(help: ArgumentHelp("Before this step; `show` lists them.", valueName: "step"))
    var toStep: String?
    @Flag(help: "Right after the start.") var toBeginning = false
    @Flag(help: "Right behind the newest checkpoint: new code takes the state of then.")
    var toCheckpoint = false
    @Flag(help: "Leave out the signals and updates that came after the point.")
    var withoutMessages = false

    var count: Int { [toEvent != nil, toStep != nil, toBeginning, toCheckpoint].count { $0 } }

    func expectOne() throws {
        guard count == 1 else {
            throw ValidationError(
                "say where to go on: --to-event, --to-step, --to-beginning or --to-checkpoint.")
        }
    }

    func add(to request: inout WorkflowRequest) {
        request.add("event", toEvent)
        request.add("step", toStep)
        request.fill { object in
            if toBeginning { object.add("beginning", true) }
            if toCheckpoint { object.add("checkpoint", true) }
            if withoutMessages { object.add("withoutMessages", true) }
        }
    }
}

struct WorkflowResetCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "End a workflow's newest run, and let another one go on from a point of it.",
        discussion: """
            What had a result before the point keeps it; what came after is done again, and what \
            it did the first time is not undone. The new run goes on once a process has its code.

            EXAMPLES
              \(Program.name) workflow reset bank.emaki transfer-7 --to-step Credit
              \(Program.name) workflow reset bank.emaki transfer-7 --to-event 9 --without-messages
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @OptionGroup var point: ResetPointOptions
    @Option(help: "Why.") var reason: String?
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func validate() throws { try point.expectOne() }

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("reset")
        request.add("id", workflow.id)
        point.add(to: &request)
        request.add("reason", reason)
        request.fill { requestID.add(to: &$0) }
        return request
    }
}

struct WorkflowForkCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "fork",
        abstract: "Begin another workflow from a point in a run, which is left as it is.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow fork bank.emaki transfer-7 what-if --to-step Credit
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Argument(help: "The new workflow's id.") var newID: String
    @OptionGroup var point: ResetPointOptions
    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("This run instead of the newest.", valueName: "run"))
    var runID: String?
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func validate() throws { try point.expectOne() }

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("fork")
        request.add("id", workflow.id)
        request.add("as", newID)
        request.add("run", runID)
        point.add(to: &request)
        request.fill { requestID.add(to: &$0) }
        return request
    }
}

struct WorkflowDeleteCommand: WorkflowTelling {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a workflow that has ended, with the histories of all its runs.",
        discussion: """
            Its id is free again. The bytes are given back when the log merges their files.

            EXAMPLES
              \(Program.name) workflow delete bank.emaki transfer-7
              \(Program.name) workflow bulk bank.emaki delete --prefix test- --dry-run
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @OptionGroup var answer: OutputOptions

    func request() throws -> WorkflowRequest {
        var request = WorkflowRequest("delete")
        request.add("id", workflow.id)
        return request
    }
}
