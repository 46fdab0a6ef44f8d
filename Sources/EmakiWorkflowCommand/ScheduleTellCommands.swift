import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiSchedules
import Foundation

/// A command that asks a schedule for a change, and says that it is durable.
protocol ScheduleTelling: AsyncParsableCommand {
    var place: StoreArgument { get }
    var answer: OutputOptions { get }
    func tell(_ session: ScheduleSession) async throws -> OwnerAnswer
}

extension ScheduleTelling {
    func run() async throws {
        let result = try await ScheduleSession.on(place) { try await tell($0) }
        guard !answer.json, let done = try words(for: result) else {
            return try WorkflowText.report(result, answer)
        }
        var output = Output()
        try output.line(done)
        try output.send()
    }

    /// Nil: as other workflows say it.
    private func words(for result: OwnerAnswer) throws -> String? {
        let answer = try result.members().first { $0.name == "answer" }?.value
        return answer == Self.nothing ? "done" : nil
    }

    /// An answer without content.
    private static var nothing: String { #"{"base64":""}"# }
}

struct ScheduleCreateCommand: ScheduleTelling {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Create a schedule.",
        discussion: """
            Where nobody has the store open, its times count from when the next process that runs \
            the schedules begins it.

            EXAMPLES
              \(Program.name) workflow schedule create bank.emaki reports \\
                --cron '0 9 * * MON-FRI' --time-zone Europe/Berlin \\
                --type Report --input '{"kind":"daily"}' --overlap bufferOne --catch-up 2h
              \(Program.name) workflow schedule create bank.emaki sweep --every 15m --jitter 30s \\
                --type Sweep --limit 100
              \(Program.name) workflow schedule create bank.emaki reports --from reports.json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var schedule: ScheduleArgument
    @OptionGroup var options: ScheduleOptions
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func tell(_ session: ScheduleSession) async throws -> OwnerAnswer {
        try await session.create(
            schedule.name, try await options.schedule(session), requestID)
    }
}

struct ScheduleUpdateCommand: ScheduleTelling {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Change a schedule: what is not given stays.",
        discussion: """
            Times that are given replace all that there were, and count from now on. A limit, a \
            start or an end goes away by --from only.

            EXAMPLES
              \(Program.name) workflow schedule update bank.emaki reports --cron '30 8 * * MON-FRI'
              \(Program.name) workflow schedule update bank.emaki reports --overlap allow
              \(Program.name) workflow schedule update bank.emaki reports --from reports.json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var schedule: ScheduleArgument
    @OptionGroup var options: ScheduleOptions
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func tell(_ session: ScheduleSession) async throws -> OwnerAnswer {
        let changed = try await options.changed(schedule.name, session)
        return try await session.update(
            schedule.name, "update", try ScheduleText.json(changed), requestID)
    }
}

struct SchedulePauseCommand: ScheduleTelling {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let a schedule rest: it starts nothing by itself.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow schedule pause bank.emaki reports --note holidays
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var schedule: ScheduleArgument
    @Option(help: "Why, for people.") var note = ""
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func tell(_ session: ScheduleSession) async throws -> OwnerAnswer {
        try await session.update(
            schedule.name, "pause", try ScheduleText.json(note), requestID)
    }
}

struct ScheduleResumeCommand: ScheduleTelling {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a schedule go on, with its next time.",
        discussion: """
            Times that passed while it rested are not made up for; see `backfill`.

            EXAMPLES
              \(Program.name) workflow schedule resume bank.emaki reports
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var schedule: ScheduleArgument
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func tell(_ session: ScheduleSession) async throws -> OwnerAnswer {
        try await session.update(schedule.name, "resume", nil, requestID)
    }
}

struct ScheduleTriggerCommand: ScheduleTelling {
    static let configuration = CommandConfiguration(
        commandName: "trigger",
        abstract: "Start a run now, also while the schedule rests, and print its workflow id.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow schedule trigger bank.emaki reports
              \(Program.name) workflow schedule trigger bank.emaki reports --overlap allow
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var schedule: ScheduleArgument
    @Option(help: "Instead of the schedule's own.") var overlap: ScheduleOverlap?
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func tell(_ session: ScheduleSession) async throws -> OwnerAnswer {
        try await session.update(
            schedule.name, "trigger",
            try ScheduleText.json(ScheduleWorkflow.Trigger(overlap: overlap)), requestID)
    }
}

struct ScheduleBackfillCommand: ScheduleTelling {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Start the runs of times that have passed, those that have none.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow schedule backfill bank.emaki reports \\
                --from 2026-11-02T00:00:00Z --to 2026-11-09T00:00:00Z
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var schedule: ScheduleArgument
    @Option(
        help: ArgumentHelp("Times from this one on.", valueName: "instant"),
        transform: ScheduleTime.instant)
    var from: Int64
    @Option(
        help: ArgumentHelp("Up to this one, itself included.", valueName: "instant"),
        transform: ScheduleTime.instant)
    var to: Int64
    @Option(help: "By default all of them are started, ten at a time.")
    var overlap: ScheduleOverlap?
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard from <= to else {
            throw ValidationError(
                "--from \(InstantText.text(from)) is after --to \(InstantText.text(to)).")
        }
    }

    func tell(_ session: ScheduleSession) async throws -> OwnerAnswer {
        let backfill = ScheduleWorkflow.Backfill(from: from, to: to, overlap: overlap)
        return try await session.update(
            schedule.name, "backfill", try ScheduleText.json(backfill), requestID)
    }
}

struct ScheduleDeleteCommand: ScheduleTelling {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "End a schedule: runs that it started go on, and its name is free.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow schedule delete bank.emaki reports
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var schedule: ScheduleArgument
    @OptionGroup var requestID: RequestOption
    @OptionGroup var answer: OutputOptions

    func tell(_ session: ScheduleSession) async throws -> OwnerAnswer {
        try await session.update(schedule.name, "delete", nil, requestID)
    }
}
