import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiWorkflow
import Foundation
import Synchronization

struct WorkflowCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Replay all open runs on this program's code: may it be put in service?",
        discussion: """
            Every open run, and a sample of those that have ended, is replayed on the code of this \
            program, in processes of their own: nothing is executed but the workflows' own code, \
            and nothing is recorded. Where the code asks for something else than the history has, \
            both sides are shown, with the last point in which they agree. Ends with 0 if every \
            open run may go on, and with 1 if one may not. Runs that have ended do not count, \
            unless --strict is given: they show what the code does where no open run is yet.

            If another process has the store open, it is asked for a backup, and that is checked. \
            Runs go on meanwhile; so record what was found, stop the old program, and check \
            --after that again: only runs that went on since are replayed.

            EXAMPLES
              \(Program.name) workflow check bank.emaki
              \(Program.name) workflow check bank.emaki --type AccountTransfer --closed all
              \(Program.name) workflow check bank.emaki --record checked.jsonl
              \(Program.name) workflow check bank.emaki --after checked.jsonl
            """)

    @OptionGroup var place: StoreArgument
    @Option(help: "Only workflows of this type.") var type: String?
    @Option(help: "Only workflows whose ids begin so.") var prefix: String?
    @Option(
        help: ArgumentHelp(
            "Runs of each type that have ended, too: so many, or all.", valueName: "count|all"))
    var closed = "10"
    @Flag(help: "Runs that have ended count, too.") var strict = false
    @Option(help: ArgumentHelp("Processes that replay.", valueName: "count"))
    var jobs = ProcessInfo.processInfo.activeProcessorCount
    @Option(
        help: ArgumentHelp(
            "How long the replay of one run may take.", valueName: "seconds"))
    var timeout = 10.0
    @Option(help: ArgumentHelp("Write down which runs may go on.", valueName: "file"))
    var record: String?
    @Option(
        help: ArgumentHelp(
            "Leave out what this record says, unless the code or the run is another since.",
            valueName: "file"))
    var after: String?
    @Option(
        help: ArgumentHelp("Ways to part that are shown, the most frequent first."))
    var ways = 20
    @Option(
        help: ArgumentHelp(
            "Where a copy of a store in use is put while it is checked; beside it, if nothing is "
                + "said.", valueName: "folder"))
    var scratch: String?
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard closed == "all" || (Int(closed) ?? -1) >= 0 else {
            throw ValidationError("--closed \(closed): a number from 0 on, or all.")
        }
        guard (1...1_024).contains(jobs) else {
            throw ValidationError("--jobs \(jobs): from 1 to 1024.")
        }
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout \(timeout): seconds, more than 0, at most a day.")
        }
        guard ways >= 0 else { throw ValidationError("--ways \(ways): from 0 on.") }
    }

    func run() async throws {
        guard let code = WorkflowCode.atHand else { throw WorkflowCheck.needsCode }
        if let problem = code.problem { throw problem }
        var check = WorkflowCheck()
        check.wish.isRecorded = record != nil
        check.wish.type = type
        check.wish.prefix = prefix ?? ""
        check.wish.closedMax = Int(closed)
        check.wish.known = try after.map { try CheckRecord(reading: $0) }
        check.jobs = jobs
        check.limit = .milliseconds(Int64(timeout * 1_000))
        let chosen = check
        let outcome = try await CheckedStore(place: place, scratch: scratch).with { log in
            try await self.report(chosen, on: log, code)
        }
        if let record { try outcome.record.write(to: record) }
        let findings = outcome.findings
        let problems = findings.problemCount + (strict ? findings.endedProblemCount : 0)
        try Output.reporting(problems > 0 ? .damageFound : .done) {
            var output = Output()
            if answer.json {
                try output.line(json(outcome))
            } else {
                for line in lines(outcome) { try output.line(line) }
            }
            try output.send()
        }
    }

    private func report(
        _ check: WorkflowCheck, on log: EventLog, _ code: OperatorCode
    ) async throws -> WorkflowCheck.Outcome {
        let count = CountLine("workflows", answer)
        defer { count.end() }
        // Who closes the output is told by the status all the same.
        let isRead = Atomic(answer.json)
        return try await check.run(on: log, code, counting: count) { run, verdict in
            guard isRead.load(ordering: .relaxed), verdict.kind != .same else { return }
            var output = Output()
            var object = JSONObject()
            object.add("workflow", run.workflowID)
            object.add("type", run.workflowType)
            object.add("run", run.runID)
            object.add("open", run.isOpen)
            try object.add("verdict", encoding: verdict)
            do {
                try output.line(object)
                try output.send()
            } catch is OutputClosed {
                isRead.store(false, ordering: .relaxed)
            }
        }
    }

    private func json(_ outcome: WorkflowCheck.Outcome) -> JSONObject {
        var object = JSONObject()
        object.add("open", outcome.findings.openCount)
        object.add("closed", outcome.findings.closedCount)
        object.add("known", outcome.knownCount)
        object.add("problems", outcome.findings.problemCount)
        object.add("endedProblems", outcome.findings.endedProblemCount)
        object.add("events", outcome.findings.eventCount)
        object.add("milliseconds", outcome.duration.milliseconds)
        var types = JSONObject()
        for (type, counts) in outcome.findings.counts.sorted(by: { $0.key < $1.key }) {
            var row = JSONObject()
            for kind in ReplayVerdict.Kind.allCases { row.add(kind.rawValue, counts[kind] ?? 0) }
            types.add(type, row)
        }
        object.add("types", types)
        object.add("patches", patches(outcome.findings, isWhole: outcome.isWhole))
        return object
    }

    private func patches(_ findings: CheckFindings, isWhole: Bool) -> [JSONObject] {
        findings.patches.sorted { $0.key < $1.key }.flatMap { type, ids in
            ids.sorted { $0.key < $1.key }.map { id, ways in
                var object = JSONObject()
                object.add("type", type)
                object.add("patch", id)
                object.add("taken", ways.taken)
                object.add("declined", ways.declined)
                object.add("oldWayMayGo", isWhole && findings.mayAdvise(type, ways))
                return object
            }
        }
    }

    private func lines(_ outcome: WorkflowCheck.Outcome) -> [String] {
        let findings = outcome.findings
        let count = findings.openCount + findings.closedCount
        var lines =
            count > 0 ? findings.lines(groupsMax: ways, isWhole: outcome.isWhole) + [""] : []
        var end =
            "\(findings.openCount) open runs and \(findings.closedCount) that have ended were"
            + " replayed in \(outcome.duration.milliseconds) ms"
        if outcome.knownCount > 0 { end += "; \(outcome.knownCount) are as they were before" }
        lines.append(end)
        lines.append(
            findings.problemCount == 0
                ? "this code may go on with all open runs"
                : "\(findings.problemCount) open runs may not go on with this code")
        if findings.endedProblemCount > 0 {
            lines.append(
                "of those that have ended it does not follow \(findings.endedProblemCount)")
        }
        return lines
    }
}

extension Duration {
    var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
