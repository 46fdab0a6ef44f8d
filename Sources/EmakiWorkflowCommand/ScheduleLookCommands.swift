import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiPlatform
import EmakiSchedules
import Foundation

struct ScheduleListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the schedules, in the order of their names.",
        discussion: """
            With --json: the description of each, one object a line.

            EXAMPLES
              \(Program.name) workflow schedule list bank.emaki
              \(Program.name) workflow schedule list bank.emaki --after reports --limit 20 --json
            """)

    @OptionGroup var place: StoreArgument
    @Option(help: ArgumentHelp("Begin after this name.", valueName: "name")) var after: String?
    @Option(help: "At most so many.") var limit: UInt64 = 100
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var output = Output()
        try await ScheduleSession.on(place, onlyLooks: true) { session in
            let (names, more) = try await session.names(after: after, limit: limit)
            var rows: [[String]] = []
            for name in names {
                let (row, json) = try await Self.look(at: name, session)
                if answer.json { try output.line(json) } else { rows.append(row) }
            }
            guard !answer.json else { return }
            if !rows.isEmpty { for line in ScheduleText.table(rows) { try output.line(line) } }
            if let more { try output.line("… more: --after \(more)") }
        }
        try output.send()
    }

    /// One that cannot be described is in the list all the same, with the reason.
    private static func look(
        at name: String, _ session: ScheduleSession
    ) async throws -> (row: [String], json: String) {
        do {
            let (description, json) = try await session.describe(name)
            return (ScheduleText.row(description), json)
        } catch let failure as CommandFailure where failure.status == .refused {
            var object = JSONObject()
            object.add("name", name)
            object.add("error", failure.json)
            return ([name, "?", "-", "-", failure.message], object.text)
        }
    }
}

struct ScheduleDescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Say when a schedule starts what, what it has done, and what comes next.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow schedule describe bank.emaki reports
              \(Program.name) workflow schedule describe bank.emaki reports --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var schedule: ScheduleArgument
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var output = Output()
        let (description, json) = try await ScheduleSession.on(place, onlyLooks: true) {
            try await $0.describe(schedule.name)
        }
        if answer.json {
            try output.line(json)
        } else {
            for line in ScheduleText.lines(of: description) { try output.line(line) }
        }
        try output.send()
    }
}

struct ScheduleNextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "next", abstract: "Print the next times of a schedule, or of cron lines.",
        discussion: """
            Without a store the times are computed from the options, to try them out.

            EXAMPLES
              \(Program.name) workflow schedule next bank.emaki reports
              \(Program.name) workflow schedule next --cron '0 9 * * MON-FRI' \\
                --time-zone Europe/Berlin --count 3
            """)

    private static let countMax = 10_000

    @Argument(help: "The store's folder, and the schedule's name.", completion: .directory)
    var place: [String] = []
    @OptionGroup var spec: ScheduleSpecOptions
    @Option(
        help: ArgumentHelp("Times after this one; by default now.", valueName: "instant"),
        transform: ScheduleTime.instant)
    var after: Int64?
    @Option(help: "So many.") var count = 10
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard place.isEmpty || place.count == 2 else {
            throw ValidationError("give a store and the name of a schedule, or neither of them.")
        }
        guard place.isEmpty != spec.isEmpty else {
            throw ValidationError(
                "say of what: STORE NAME, or options as --cron and --every.")
        }
        guard (1...Self.countMax).contains(count) else {
            throw ValidationError("--count is \(count); it is from 1 to \(Self.countMax).")
        }
    }

    func run() async throws {
        var times: [Int64] = []
        if place.isEmpty {
            var spec = ScheduleSpec()
            self.spec.apply(to: &spec)
            times = try upcoming(of: spec)
        } else {
            let store = try StoreArgument.parse([place[0]])
            let description = try await ScheduleSession.on(store, onlyLooks: true) {
                try await $0.describe(place[1]).description
            }
            if description.remainingCount ?? 1 > 0 {
                times = try upcoming(of: description.schedule.spec)
            }
            if let remaining = description.remainingCount { times = Array(times.prefix(remaining)) }
        }
        var output = Output()
        for time in times {
            guard answer.json else {
                try output.line(InstantText.text(time))
                continue
            }
            var object = JSONObject()
            object.add("time", InstantText.text(time))
            object.add("nanoseconds", time)
            try output.line(object)
        }
        try output.send()
    }

    private func upcoming(of spec: ScheduleSpec) throws -> [Int64] {
        let after = after ?? SystemClock.wallNanoseconds()
        do throws(ScheduleError) {
            return try spec.times(after: after, count: count)
        } catch {
            throw ScheduleText.refusal(error)
        }
    }
}
