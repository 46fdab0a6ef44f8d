import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiSchedules
import EmakiWorkflow
import Foundation

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Look at the schedules of a store, make them, change them, and let them rest.",
        discussion: """
            A schedule starts a workflow at times. The process that has the store open does what \
            is asked, if its engine has `Schedules.workflows`. If nobody has the store open, what \
            is asked is checked here and recorded, and the next process that runs the schedules \
            goes on with it. Instants are in UTC, as 2026-11-28T09:00:00Z.

            EXAMPLES
              \(Program.name) workflow schedule list bank.emaki
              \(Program.name) workflow schedule create bank.emaki reports \\
                --cron '0 9 * * MON-FRI' --time-zone Europe/Berlin \\
                --type Report --input '{"kind":"daily"}'
              \(Program.name) workflow schedule pause bank.emaki reports --note holidays
              \(Program.name) workflow schedule trigger bank.emaki reports
            """,
        subcommands: [
            ScheduleListCommand.self, ScheduleDescribeCommand.self, ScheduleNextCommand.self,
            ScheduleCreateCommand.self, ScheduleUpdateCommand.self, SchedulePauseCommand.self,
            ScheduleResumeCommand.self, ScheduleTriggerCommand.self,
            ScheduleBackfillCommand.self, ScheduleDeleteCommand.self,
        ])
}

/// A schedule of the store.
struct ScheduleArgument: ParsableArguments {
    @Argument(help: "The schedule's name.")
    var name: String
}

/// What is asked of schedules, in a store.
struct ScheduleSession {
    private let session: WorkflowSession
    private let store: String

    /// Opens, works, closes; or works with the process that has the store open.
    static func on<R>(
        _ place: StoreArgument, onlyLooks: Bool = false,
        _ body: (ScheduleSession) async throws -> R
    ) async throws -> R {
        let own = Schedules.workflows.map { WorkflowDefinition($0) }
        let code =
            WorkflowCode.atHand?.adding(own) ?? OperatorCode(own, EngineOptions())
        return try await WorkflowSession.on(place, onlyLooks: onlyLooks, code: code) {
            try await body(ScheduleSession(session: $0, store: place.store))
        }
    }

    /// Names of schedules that there are, in order.
    /// - Returns: the name to go on after, too, if there are more.
    func names(after: String?, limit: UInt64) async throws -> (names: [String], more: String?) {
        var request = WorkflowRequest("list", onlyLooks: true)
        request.add("type", ScheduleWorkflow.workflowName)
        request.add("state", "open")
        request.add("prefix", Self.prefix)
        request.add("after", after.map(Schedules.workflowID))
        request.add("limit", limit)
        var names: [String] = []
        let result = try await session.ask(request) { line in
            let row = try JSONDecoder().decode(Row.self, from: Data(line))
            names.append(String(row.workflow.dropFirst(Self.prefix.count)))
        }
        let isCut = try result.value("after", as: String.self) != nil
        return (names, isCut ? names.last : nil)
    }

    private static let prefix = Schedules.workflowID("")

    private struct Row: Decodable { var workflow: String }

    /// - Returns: the answer as it came, too.
    func describe(
        _ name: String
    ) async throws -> (description: ScheduleDescription, json: String) {
        var request = WorkflowRequest("query", onlyLooks: true)
        request.add("id", Schedules.workflowID(name))
        request.add("name", "describe")
        let result = try await naming(name) { try await session.ask(request) }
        do {
            let description = try result.required("answer", as: ScheduleDescription.self)
            guard description.isDeleted != true else {
                throw CommandFailure(
                    .refused, code: "workflowClosed",
                    "the schedule \(name) was deleted; its name may be used again")
            }
            let json = try result.members().first { $0.name == "answer" }?.value ?? "null"
            return (description, json)
        } catch is DecodingError {
            throw CommandFailure(
                .refused, code: "unreadable",
                "the description of \(name) is encrypted, or of another version: the process that"
                    + " has \(store) open can show it by EngineOptions.decodesForOperators")
        }
    }

    /// What the codec of the engine makes of an input.
    func payload(of json: String) async throws -> Payload {
        var request = WorkflowRequest("encode")
        request.add("input", json)
        let result = try await session.ask(request)
        let text = try result.required("base64", as: String.self)
        guard let bytes = Data(base64Encoded: text) else {
            throw CommandFailure(.internalError, code: "answer", "the owner sent no base64")
        }
        return Payload(
            [UInt8](bytes),
            metadata: try result.required("metadata", as: [String: String].self))
    }

    func create(
        _ name: String, _ schedule: Schedule, _ requestID: RequestOption
    ) async throws -> OwnerAnswer {
        struct Record: Encodable {
            var name: String
            var schedule: Schedule
        }
        try ScheduleText.checking { () throws(ScheduleError) in
            try ScheduleRecord.check(name: name)
            try schedule.check()
        }
        var request = WorkflowRequest("start")
        request.add("id", Schedules.workflowID(name))
        request.add("type", ScheduleWorkflow.workflowName)
        request.add("input", try ScheduleText.json(Record(name: name, schedule: schedule)))
        request.fill { requestID.add(to: &$0) }
        return try await naming(name) { try await session.ask(request) }
    }

    /// - Parameter input: as JSON; nil: none.
    func update(
        _ name: String, _ update: String, _ input: String? = nil, _ requestID: RequestOption
    ) async throws -> OwnerAnswer {
        var request = WorkflowRequest("update")
        request.add("id", Schedules.workflowID(name))
        request.add("name", update)
        request.add("input", input)
        request.fill { requestID.add(to: &$0) }
        return try await naming(name) { try await session.ask(request) }
    }

    /// Speaks of schedules where the answer speaks of workflows.
    private func naming(
        _ name: String, _ body: () async throws -> OwnerAnswer
    ) async throws -> OwnerAnswer {
        do {
            return try await body()
        } catch var failure as CommandFailure {
            throw renamed(&failure, name)
        } catch let fault as ControlFault {
            var failure = CommandFailure(fault)
            throw renamed(&failure, name)
        }
    }

    private func renamed(_ failure: inout CommandFailure, _ name: String) -> CommandFailure {
        switch failure.code {
        case "workflowNotFound", "workflowClosed":
            failure.message =
                "there is no schedule \(name)\(failure.code == "workflowClosed" ? " any more" : "")"
                + "; `\(Program.name) workflow schedule list \(store)` shows those that are there"
        case "alreadyRunning":
            failure.message =
                "there is a schedule \(name) already: change it by `update`, or `delete` it first"
        case "unknownWorkflow":
            failure.message =
                "the process that has \(store) open runs no schedules: give its engine"
                + " `Schedules.workflows`"
        default: break
        }
        return failure
    }
}
