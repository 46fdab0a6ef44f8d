import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import Foundation

/// Which workflows are meant.
struct WorkflowFilter: ParsableArguments {
    @Option(help: "Only of this type.")
    var type: String?

    @Option(
        help: """
            Only these: open, paused, quarantined; closed, completed, failed, cancelled, \
            terminated, timedOut.
            """)
    var state: String?

    @Option(help: "Only those whose ids begin like this.")
    var prefix: String?

    @Option(
        help: ArgumentHelp(
            "Only those that were started with this search attribute; with each of several.",
            valueName: "name=value"))
    var attribute: [String] = []

    func validate() throws {
        if let value = attribute.first(where: { !$0.contains("=") || $0.contains("\n") }) {
            throw ValidationError("--attribute is name=value in one line, not `\(value)`.")
        }
    }

    func add(to request: inout WorkflowRequest) {
        request.add("type", type)
        request.add("state", state)
        request.add("prefix", prefix)
        if !attribute.isEmpty { request.add("attribute", attribute.joined(separator: "\n")) }
    }
}

struct WorkflowListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List workflows, with the newest run of each, in the order of their ids.",
        discussion: """
            Workflows are known by id, type, state and search attributes; of closed ones, those \
            that are listed are looked at. With --json the answer is one object a line.

            EXAMPLES
              \(Program.name) workflow list bank.emaki --state open --limit 20
              \(Program.name) workflow list bank.emaki --prefix transfer- --after transfer-20 --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var filter: WorkflowFilter
    @Option(help: ArgumentHelp("Begin after this id.", valueName: "id")) var after: String?
    @Option(help: "At most so many.") var limit: UInt64 = 100
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var request = WorkflowRequest("list", onlyLooks: true)
        filter.add(to: &request)
        request.add("after", after)
        request.add("limit", limit)
        var output = Output()
        let count = CountLine("workflows", answer)
        let result = try await request.send(to: place, count: count) { line in
            if answer.json { return try output.line(String(decoding: line, as: UTF8.self)) }
            let row = try JSONDecoder().decode(Row.self, from: Data(line))
            try output.line(row.text)
        }
        if !answer.json, let after = try result.value("after", as: String.self) {
            try output.line("… more: --after \(after)")
        }
        try output.send()
    }

    private struct Row: Decodable {
        var workflow: String
        var type: String
        var state: String
        var started: String
        var events: Int

        var text: String {
            let state = state.padding(toLength: 10, withPad: " ", startingAt: 0)
            return "\(state)  \(started)  \(type)  \(workflow)  \(events) events"
        }
    }
}

struct WorkflowCountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count", abstract: "Count workflows by the states of their newest runs.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow count bank.emaki
              \(Program.name) workflow count bank.emaki --type AccountTransfer --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var filter: WorkflowFilter
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var request = WorkflowRequest("count", onlyLooks: true)
        filter.add(to: &request)
        let result = try await request.send(to: place, count: CountLine("workflows", answer))
        var output = Output()
        if answer.json {
            try output.line(result.text)
        } else {
            for (name, value) in try result.members() where name != "count" {
                try output.line(
                    "\(name.padding(toLength: 10, withPad: " ", startingAt: 0))  \(value)")
            }
            try output.line("in all      \(try result.number("count") ?? 0)")
        }
        try output.send()
    }
}

struct WorkflowDescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Say what a workflow waits for, since when, and what would move it on.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow describe bank.emaki transfer-7
              \(Program.name) workflow describe bank.emaki transfer-7 --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Option(help: "An earlier run of it.") var run: String?
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var request = WorkflowRequest("describe", onlyLooks: true)
        request.add("id", workflow.id)
        request.add("run", run)
        let result = try await request.send(to: place)
        var output = Output()
        if answer.json {
            try output.line(result.text)
        } else {
            for line in try WorkflowText.description(of: result) { try output.line(line) }
        }
        try output.send()
    }
}

struct WorkflowShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Draw what happened in a workflow, on a line of time.",
        discussion: """
            Each line is a step, a timer, a child or a message: when it began after the run did, \
            how long it took, and how it ended. Parts of it are drawn with signs of their own: \
            running (#), waiting in a queue (:), sleeping until an instant or the next attempt \
            (-), waiting for somebody outside (o), waiting for the commit of its group (^). An \
            attempt's wait for a worker is recorded in named queues and in those with limits; \
            elsewhere it is part of the running. Below are what an open run waits for or why it \
            rests, and what it would undo if it failed now, or what an ended one did not undo.

            EXAMPLES
              \(Program.name) workflow show bank.emaki transfer-7
              \(Program.name) workflow show bank.emaki transfer-7 --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Option(help: "An earlier run of it.") var run: String?
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var request = WorkflowRequest("show", onlyLooks: true)
        request.add("id", workflow.id)
        request.add("run", run)
        var output = Output()
        var rows: [TimelineRow] = []
        let result = try await request.send(to: place) { line in
            if answer.json { return try output.line(String(decoding: line, as: UTF8.self)) }
            rows.append(try JSONDecoder().decode(TimelineRow.self, from: Data(line)))
        }
        if answer.json {
            try output.line(result.text)
        } else {
            for line in TimelineText.lines(of: rows) { try output.line(line) }
            for line in try TimelineText.sums(of: result) { try output.line(line) }
            if let standing = try WorkflowText.standing(of: result) { try output.line(standing) }
            for line in try WorkflowText.stack(of: result) { try output.line(line) }
        }
        try output.send()
    }
}

struct WorkflowHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Print the events of a workflow's run.",
        discussion: """
            EXAMPLES
              \(Program.name) workflow history bank.emaki transfer-7
              \(Program.name) workflow history bank.emaki transfer-7 --from 100 --limit 20 --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Option(help: "An earlier run of it.") var run: String?
    @Option(help: "The event to begin with.") var from: UInt64 = 1
    @Option(help: "At most so many events.") var limit: UInt64?
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var request = WorkflowRequest("history", onlyLooks: true)
        request.add("id", workflow.id)
        request.add("run", run)
        request.add("from", from)
        request.add("limit", limit)
        var output = Output()
        _ = try await request.send(to: place) { line in
            try output.line(
                answer.json
                    ? String(decoding: line, as: UTF8.self) : try WorkflowText.event(line))
        }
        try output.send()
    }
}

struct WorkflowVersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "Say which code open runs are on, and which of it nothing needs any more.",
        discussion: """
            Versions that the process has which runs the workflows, or this program, and those \
            that open runs were last executed by. Reads the histories of all open runs.

            EXAMPLES
              \(Program.name) workflow versions bank.emaki
              \(Program.name) workflow versions bank.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        var output = Output()
        _ = try await WorkflowRequest("versions", onlyLooks: true).send(to: place) { line in
            if answer.json { return try output.line(String(decoding: line, as: UTF8.self)) }
            try output.line(try JSONDecoder().decode(Row.self, from: Data(line)).text)
        }
        try output.send()
    }

    private struct Row: Decodable {
        var type: String
        var fingerprint: String
        var registered: Bool
        var current: Bool
        var open: Int
        var pinned: Int
        var mayBeRetired: Bool

        var text: String {
            var words = ["\(type)  \(fingerprint.isEmpty ? "no code yet" : fingerprint)"]
            words.append("\(open) open" + (pinned > 0 ? ", \(pinned) of them pinned" : ""))
            if current { words.append("new runs begin with it") }
            if !registered { words.append("not here") }
            if mayBeRetired { words.append("nothing needs it") }
            return words.joined(separator: "  ")
        }
    }
}
