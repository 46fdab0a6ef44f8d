import EmakiLog
import EmakiPlatform
import EmakiSchedules
import EmakiWorkflow
import Foundation
import Testing

/// `emaki workflow schedule`, on a store that this process has open, and on one that nobody has.
@Suite("emaki workflow schedule")
struct ScheduleCommandTests {
    struct Kind: Codable, Sendable { var kind: String }

    /// What is started: it waits until it is told to end.
    enum Report: Workflow {
        static let finish = Signal<Self, Nothing>("finish")
        static func initialState(for input: Kind) -> Bool { false }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(finish) { state, _ in state = true }
        }

        static func run(context: WorkflowContext<Self>, input: Kind) async throws -> String {
            try await context.wait { $0 }
            return input.kind
        }
    }

    /// On a thread of its own: the process that is asked may be this one.
    private func run(_ arguments: String..., input: String = "") async throws -> CommandResult {
        let arguments = ["workflow", "schedule"] + arguments
        let result = await SystemThread.offload(name: "command") {
            Result { try Command.run(arguments, input: Array(input.utf8)) }
        }
        return try result.get()
    }

    private func onEngine(
        _ store: TestStore, schedules: Bool = true, options: EngineOptions = EngineOptions(),
        _ body: (WorkflowEngine) async throws -> Void
    ) async throws {
        let log = try await EventLog.open(at: store.path)
        let engine = try await WorkflowEngine(
            log: log, workflows: [Report.self] + (schedules ? Schedules.workflows : []),
            options: options)
        do {
            try await body(engine)
        } catch {
            engine.close()
            await log.close()
            throw error
        }
        engine.close()
        await log.close()
    }

    /// Creates one that starts nothing by itself for the time being.
    private func create(_ store: TestStore, _ more: String...) async throws -> CommandResult {
        let arguments =
            ["workflow", "schedule", "create", store.path, "reports", "--cron", "0 9 1 1 *"]
            + ["--time-zone", "Asia/Kathmandu", "--type", "Report"]
            + ["--input", #"{"kind":"daily"}"#] + more
        let result = await SystemThread.offload(name: "command") {
            Result { try Command.run(arguments) }
        }
        return try result.get()
    }

    private func described(_ store: TestStore) async throws -> ScheduleDescription {
        let result = try await run("describe", store.path, "reports", "--json")
        try #require(result.status == 0, "\(result.errors)")
        return try JSONDecoder().decode(
            ScheduleDescription.self, from: Data(result.output.utf8))
    }

    @Test("the process that runs the schedules creates, changes, triggers and deletes them")
    func owned() async throws {
        let store = try TestStore()
        try await onEngine(store) { engine in
            let made = try await create(
                store, "--overlap", "bufferOne", "--catch-up", "2h", "--limit", "7", "--jitter",
                "1m30s", "--note", "for the board", "--start", "2030-01-01T00:00:00Z")
            #expect(made.status == 0, "\(made.errors)")
            #expect(made.output.hasPrefix("recorded: workflow schedule/reports, run "))
            let first = try await described(store)
            #expect(first.schedule.spec.cron == ["0 9 1 1 *"])
            #expect(first.schedule.spec.jitterSeconds == 90 && first.remainingCount == 7)
            #expect(first.schedule.overlap == .bufferOne && first.schedule.note == "for the board")
            #expect(first.schedule.catchUp == .within(seconds: 7_200))
            let listed = try await run("list", store.path)
            #expect(
                listed.lines == [
                    "NAME     STATE  NEXT                  "
                        + "TIMES                             STARTS",
                    "reports  open   2030-01-01T03:15:00Z  "
                        + "cron 0 9 1 1 * in Asia/Kathmandu  Report",
                ], "\(listed.output)")
            let next = try await run("next", store.path, "reports", "--count", "2")
            #expect(next.lines == ["2030-01-01T03:15:00Z", "2031-01-01T03:15:00Z"])

            let changed = try await run(
                "update", store.path, "reports", "--every", "30d", "--overlap", "allow")
            #expect(changed.output == "done\n", "\(changed.errors)")
            let second = try await described(store).schedule
            #expect(second.spec.cron == [] && second.spec.intervals.map(\.seconds) == [2_592_000])
            #expect(second.overlap == .allow && second.note == "for the board")

            let paused = try await run("pause", store.path, "reports", "--note", "holidays")
            #expect(paused.output == "done\n", "\(paused.errors)")
            let shown = try await run("describe", store.path, "reports")
            #expect(shown.lines[1] == "state       paused: holidays")
            #expect(shown.lines[4] == #"starts      Report  {"kind":"daily"}"#)
            let triggered = try await run("trigger", store.path, "reports", "--request-id", "t")
            let id = try #require(triggered.lines.first)
            #expect(id.hasPrefix("reports/2"), "\(triggered.errors)")
            let again = try await run("trigger", store.path, "reports", "--request-id", "t")
            #expect(again.lines == [id])
            let resumed = try await run("resume", store.path, "reports")
            #expect(resumed.output == "done\n", "\(resumed.errors)")
            while try await engine.schedules.describe("reports").running.isEmpty {
                await Task.yield()
            }
            try await engine.handle(Report.self, id: id).signal(Report.finish, Nothing())
            #expect(try await engine.handle(Report.self, id: id).result() == "daily")
            while try await engine.schedules.describe("reports").recent[0].end == nil {
                await Task.yield()
            }
            let ended = try await run("describe", store.path, "reports")
            #expect(ended.lines.contains { $0.hasPrefix("recent      \(id)  started ") })
            #expect(ended.lines.contains { $0.hasSuffix("  completed") })
            let deleted = try await run("delete", store.path, "reports")
            #expect(deleted.output == "done\n", "\(deleted.errors)")
            while try await !engine.schedules.list().isEmpty { await Task.yield() }
            #expect(try await run("list", store.path).output == "")
        }
    }

    @Test("times that have passed are started when that is asked, each once")
    func backfilled() async throws {
        let store = try TestStore()
        try await onEngine(store) { engine in
            let made = try await run(
                "create", store.path, "reports", "--every", "1d", "--type", "Report", "--input",
                "-", input: #"{"kind":"daily"}"#)
            #expect(made.status == 0, "\(made.errors)")
            for _ in 0..<2 {
                let filled = try await run(
                    "backfill", store.path, "reports", "--from", "2026-03-01T00:00:00Z", "--to",
                    "2026-03-03T00:00:00Z", "--overlap", "allow")
                #expect(filled.output == "done\n", "\(filled.errors)")
            }
            while true {
                let description = try await engine.schedules.describe("reports")
                if description.backfillCount == 0, description.startedCount >= 3 { break }
                await Task.yield()
            }
            let ids = try await engine.schedules.describe("reports").running.map(\.workflowID)
            #expect(
                ids == (1...3).map { "reports/2026-03-0\($0)T00:00:00Z" }, "\(ids)")
        }
    }

    @Test("where nobody has the store, schedules are made, shown, checked and changed all the same")
    func alone() async throws {
        let store = try TestStore()
        let made = try await create(store)
        #expect(made.status == 0, "\(made.errors)")
        let early = try await run("pause", store.path, "reports", "--request-id", "p")
        #expect(early.status == 2, "\(early.errors)")
        #expect(early.lines[0].contains("no engine has begun the run yet"))
        #expect(try await described(store).isPaused)
        try await onEngine(store) { engine in
            let handle = engine.handle(
                ScheduleWorkflow.self, id: Schedules.workflowID("reports"))
            var kinds: Set<String> = []
            while !kinds.isSuperset(of: ["UpdateCompleted", "StepCompleted"]) {
                await Task.yield()
                kinds = Set(try await handle.history().map(\.typeName))
            }
        }
        let answered = try await run("pause", store.path, "reports", "--request-id", "p")
        #expect(answered.output == "done\n", "\(answered.errors)")
        let listed = try await run("list", store.path)
        #expect(listed.lines.last?.hasPrefix("reports  paused  2") == true, "\(listed.output)")
        let long = try await run(
            "pause", store.path, "reports", "--note", String(repeating: "x", count: 1_025))
        #expect(long.status == 3 && long.errors.contains("more than 1024 bytes"))
        let renamed = try await run("update", store.path, "reports", "--note", "later")
        #expect(renamed.output == "done\n", "\(renamed.errors)")
        #expect(try await described(store).schedule.note == "later")
        // Its code wants a step, which nobody is there to make.
        let resumed = try await run("resume", store.path, "reports")
        #expect(
            resumed.status == 2 && resumed.output.contains("--request-id"),
            "\(resumed.status) \(resumed.output) \(resumed.errors)")
        try await onEngine(store) { engine in
            while try await engine.schedules.describe("reports").isPaused { await Task.yield() }
            #expect(try await engine.schedules.describe("reports").schedule.note == "later")
        }
        let deleted = try await run("delete", store.path, "reports")
        #expect(deleted.status == 0, "\(deleted.errors) \(deleted.output)")
        let late = try await run("describe", store.path, "reports")
        #expect(late.status == 3 && late.errors.contains("was deleted"), "\(late.output)")
        let gone = try await run("describe", store.path, "gone")
        #expect(gone.status == 3 && gone.errors.contains("there is no schedule gone; `"))
    }

    @Test("a whole schedule comes from a file, as describe --json has it")
    func file() async throws {
        let store = try TestStore()
        let json = """
            {"spec":{"calendars":[{"hours":[4],"days":[-1]}],"timeZone":"Europe/Berlin"},
             "action":{"workflowType":"Report","input":"{\\"kind\\":\\"m\\"}","memo":{"a":"b"}}}
            """
        let made = try await run("create", store.path, "reports", "--from", "-", input: json)
        #expect(made.status == 0, "\(made.errors)")
        let first = try await described(store).schedule
        #expect(first.action.options.memo == ["a": "b"] && first.spec.calendars[0].days == [-1])
        let file = try store.folder.write(
            "schedule.json", String(decoding: try JSONEncoder().encode(first), as: UTF8.self))
        let other = try await run("create", store.path, "others", "--from", file)
        #expect(other.status == 0, "\(other.errors)")
        let names = try await run("list", store.path, "--json").objects().map {
            $0["name"] as? String
        }
        #expect(names == ["others", "reports"])
        let page = try await run("list", store.path, "--limit", "1")
        #expect(page.lines.last == "… more: --after others")
        #expect(
            try await run("list", store.path, "--after", "others").lines.last?
                .hasPrefix("reports  open") == true)
    }

    @Test("what makes no schedule is refused, and the field and the value are named")
    func refused() async throws {
        let store = try TestStore()
        let kind = ["--type", "Report"]
        let cases: [([String], String)] = [
            (["create", store.path, "a", "--cron", "61 * * * *"] + kind, "61"),
            (["create", store.path, "a", "--every", "0"] + kind, "intervals: 0 seconds"),
            (["create", store.path, "a", "--every", "5x"] + kind, "“5x” is no time"),
            (["create", store.path, "a", "--every", "99999999999999999d"] + kind, "is no time"),
            (["create", store.path, "a", "--every", "1h", "--limit", "0"] + kind, "limitedTo: 0"),
            (
                ["create", store.path, "a", "--cron", "@daily", "--time-zone", "Mars"] + kind,
                "Mars"
            ),
            (["create", store.path, "a", "--cron", "@daily", "--start", "now"] + kind, "“now”"),
            (["create", store.path, "a", "--cron", "@daily"], "--type is missing"),
            (["create", store.path, "a"] + kind, "--cron or --every is missing"),
            (["create", store.path, "a/", "--every", "1h"] + kind, "name: “a/”"),
            (["create", store.path, "a", "--every", "1h", "--input", "{"] + kind, "no JSON"),
            (["create", store.path, "a", "--every", "1h", "--overlap", "x"] + kind, "bufferOne"),
            (["create", store.path, "a", "--from", "x.json", "--every", "1h"], "--from has"),
            (["create", store.path, "a", "--from", store.path + "/no.json"], "no.json"),
            (["create", store.path, "a", "--from", "-"], "action: it is missing"),
            (["update", store.path, "a"], "nothing is to be changed"),
            (["backfill", store.path, "a", "--from", "2026-03-01T00:00:00Z"], "--to"),
            (
                [
                    "backfill", store.path, "a", "--from", "2026-03-02T00:00:00Z", "--to",
                    "2026-03-01T00:00:00Z",
                ], "is after --to"
            ),
            (["next", store.path], "give a store and the name"),
            (["next"], "say of what"),
            (["next", "--cron", "0 0 30 2 *"], "no time at all"),
            (["next", "--cron", "@daily", "--count", "0"], "--count is 0"),
        ]
        for (arguments, words) in cases {
            let result = try Command.run(
                ["workflow", "schedule"] + arguments, input: Array(#"{"spec":{}}"#.utf8))
            #expect(
                result.status == 64 && result.errors.contains(words),
                "\(arguments): \(result.status) \(result.errors)")
        }
        #expect(try await run("list", store.path).output == "")
        #expect(try await run("list", store.path + "-no").status == 4)
    }

    @Test("a name that is taken, one that is not there, and an engine without schedules are named")
    func conflicts() async throws {
        let store = try TestStore()
        try await onEngine(store) { _ in
            #expect(try await create(store).status == 0)
            let taken = try await create(store)
            #expect(taken.status == 3, "\(taken.errors)")
            #expect(taken.errors.contains("there is a schedule reports already"))
            for verb in ["describe", "pause", "resume", "trigger", "delete"] {
                let result = try await run(verb, store.path, "nobody", "--json")
                #expect(result.status == 3, "\(verb): \(result.errors)")
                let error = try result.error()
                #expect(error["code"] as? String == "workflowNotFound")
                #expect("\(error["message"] ?? "")".contains("there is no schedule nobody"))
            }
        }
        let other = try TestStore()
        try await onEngine(other, schedules: false) { _ in
            let made = try await create(other)
            #expect(
                made.status == 3 && made.errors.contains("Schedules.workflows"), "\(made.errors)")
        }
    }

    @Test("the input of what is started is encoded as the engine's codec wants it")
    func encoded() async throws {
        let store = try TestStore()
        var options = EngineOptions()
        options.encodesForOperators = { Payload($0.bytes, metadata: ["seal": "of the owner"]) }
        try await onEngine(store, options: options) { engine in
            let made = try await create(store)
            #expect(made.status == 0, "\(made.errors)")
            let input = try await engine.schedules.describe("reports").schedule.action.input
            #expect(
                input
                    == Payload(Array(#"{"kind":"daily"}"#.utf8), metadata: ["seal": "of the owner"])
            )
            // What is not changed stays as it was encoded.
            let changed = try await run("update", store.path, "reports", "--note", "n")
            #expect(changed.status == 0, "\(changed.errors)")
            let after = try await engine.schedules.describe("reports").schedule
            #expect(after.action.input == input && after.note == "n")
        }
    }

    @Test("upcoming times are computed without a store, over a change of the clock")
    func next() async throws {
        let result = try await run(
            "next", "--cron", "30 2 * * *", "--time-zone", "Europe/Berlin", "--after",
            "2026-03-27T12:00:00Z", "--count", "3")
        #expect(
            result.lines == [
                "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z",
            ], "\(result.errors)")
        let json = try await run(
            "next", "--every", "1h30m", "--after", "2026-03-27T00:00:00Z", "--count", "1", "--json")
        #expect(try json.object()["time"] as? String == "2026-03-27T01:30:00Z", "\(json.errors)")
    }
}
