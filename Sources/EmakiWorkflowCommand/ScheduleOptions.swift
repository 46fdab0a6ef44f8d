import ArgumentParser
import EmakiCommandSupport
import EmakiSchedules
import EmakiWorkflow
import Foundation

extension ScheduleOverlap: ExpressibleByArgument {}

/// When a schedule starts its workflow.
struct ScheduleSpecOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A line of cron, or a word as @daily; may be repeated.", valueName: "line"))
    var cron: [String] = []
    @Option(
        help: ArgumentHelp(
            "So often, as 90, 5m or 1h30m; may be repeated.", valueName: "time"),
        transform: ScheduleTime.seconds)
    var every: [Int] = []
    @Option(
        help: ArgumentHelp(
            "Of cron lines: UTC, +05:45, or a name as Asia/Kathmandu.", valueName: "zone"))
    var timeZone: String?
    @Option(
        help: ArgumentHelp("No time is before this.", valueName: "instant"),
        transform: ScheduleTime.instant)
    var start: Int64?
    @Option(
        help: ArgumentHelp("Every time is before this.", valueName: "instant"),
        transform: ScheduleTime.instant)
    var end: Int64?

    /// Times that are given here are instead of all that there were.
    func apply(to spec: inout ScheduleSpec) {
        if !cron.isEmpty || !every.isEmpty {
            spec.cron = cron
            spec.calendars = []
            spec.intervals = every.map { ScheduleSpec.Interval(seconds: $0) }
        }
        if let timeZone { spec.timeZone = timeZone }
        if let start { spec.start = start }
        if let end { spec.end = end }
    }

    var isEmpty: Bool { cron.isEmpty && every.isEmpty && timeZone == nil && !isBounded }
    private var isBounded: Bool { start != nil || end != nil }
}

/// What a schedule is, in options or in a file.
struct ScheduleOptions: ParsableArguments {
    @OptionGroup var spec: ScheduleSpecOptions
    @Option(help: ArgumentHelp("So many starts, and no more.", valueName: "count"))
    var limit: Int?
    @Option(
        help: ArgumentHelp("Each start is late by up to so much.", valueName: "time"),
        transform: ScheduleTime.seconds)
    var jitter: Int?
    @Option(help: "If the run before has not ended.") var overlap: ScheduleOverlap?
    @Option(
        help: ArgumentHelp(
            "Of starts that were missed: `last`, or those that are late by no more than a time.",
            valueName: "last|time"),
        transform: ScheduleOptions.catchUp)
    var catchUp: ScheduleCatchUp?
    @Option(help: "The type of the workflow that is started.") var type: String?
    @OptionGroup var input: InputOption
    @Option(help: "For people.") var note: String?
    @Option(
        help: ArgumentHelp(
            """
            The whole schedule as JSON, as `describe --json` has it under `schedule`; `-` reads \
            it from standard input. Instead of all options about times and starts.
            """, valueName: "file"))
    var from: String?

    private static func catchUp(_ text: String) throws -> ScheduleCatchUp {
        text == "last" ? .last : .within(seconds: try ScheduleTime.seconds(text))
    }

    private var isEmpty: Bool {
        let others = [limit == nil, jitter == nil, overlap == nil, catchUp == nil, type == nil]
        return spec.isEmpty && others.allSatisfy { $0 } && input.input == nil && note == nil
    }

    func validate() throws {
        guard from == nil || isEmpty else {
            throw ValidationError(
                "--from has the whole schedule: leave the other options about it out.")
        }
    }

    // MARK: Making one

    /// A new schedule.
    func schedule(_ session: ScheduleSession) async throws -> Schedule {
        if let from { return try await schedule(in: from, session) }
        guard let type else {
            throw CommandFailure.usage("--type is missing: which workflow is to be started?")
        }
        guard !spec.cron.isEmpty || !spec.every.isEmpty else {
            throw CommandFailure.usage("--cron or --every is missing: when is it to be started?")
        }
        var schedule = Schedule(
            ScheduleSpec(), action: ScheduleAction(workflowType: type, input: .empty))
        try await apply(to: &schedule, session)
        return schedule
    }

    /// What there is, with what is given here.
    func changed(
        _ name: String, _ session: ScheduleSession
    ) async throws -> Schedule {
        if let from { return try await schedule(in: from, session) }
        guard !isEmpty else {
            throw CommandFailure.usage("nothing is to be changed: give an option, or --from")
        }
        var schedule = try await session.describe(name).description.schedule
        try await apply(to: &schedule, session)
        return schedule
    }

    private func apply(to schedule: inout Schedule, _ session: ScheduleSession) async throws {
        spec.apply(to: &schedule.spec)
        if let limit { schedule.spec.limitedTo = limit }
        if let jitter { schedule.spec.jitterSeconds = jitter }
        if let overlap { schedule.overlap = overlap }
        if let catchUp { schedule.catchUp = catchUp }
        if let type { schedule.action.workflowType = type }
        if let note { schedule.note = note }
        if let json = try input.text() {
            schedule.action.input = try await session.payload(of: json)
        }
        let made = schedule
        try ScheduleText.checking { () throws(ScheduleError) in try made.check() }
    }

    /// An input without metadata is what somebody wrote by hand: the codec has not seen it.
    private func schedule(
        in file: String, _ session: ScheduleSession
    ) async throws -> Schedule {
        var schedule: Schedule
        do {
            schedule = try JSONDecoder().decode(Schedule.self, from: try Self.contents(of: file))
        } catch let error as ScheduleError {
            throw ScheduleText.refusal(error)
        } catch let error as DecodingError {
            throw CommandFailure.usage("\(file) is no schedule: \(Self.words(error))")
        }
        let made = schedule
        try ScheduleText.checking { () throws(ScheduleError) in try made.check() }
        let input = schedule.action.input
        if input.metadata.isEmpty, !input.bytes.isEmpty,
            let text = String(validating: input.bytes, as: UTF8.self)
        {
            schedule.action.input = try await session.payload(of: text)
        }
        return schedule
    }

    private static func contents(of file: String) throws -> Data {
        if file == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
        do {
            return try Data(contentsOf: URL(filePath: file))
        } catch {
            throw CommandFailure.usage("\(file): \(CommandFailure.sentence(error))")
        }
    }

    /// Names the place.
    private static func words(_ error: DecodingError) -> String {
        let (path, reason): ([any CodingKey], String) =
            switch error {
            case .keyNotFound(let key, let context):
                (context.codingPath + [key], "it is missing")
            case .typeMismatch(_, let context), .valueNotFound(_, let context),
                .dataCorrupted(let context):
                (context.codingPath, context.debugDescription)
            @unknown default: ([], "\(error)")
            }
        let place = path.map(\.stringValue).joined(separator: ".")
        return place.isEmpty ? reason : "\(place): \(reason)"
    }
}
