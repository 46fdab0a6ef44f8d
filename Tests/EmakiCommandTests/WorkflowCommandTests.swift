import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import Foundation
import Testing

/// `emaki workflow`, on a store that this process has open, and on one that nobody has.
@Suite("emaki workflow")
struct WorkflowCommandTests {
    /// Counts what it is sent.
    enum Tally: Workflow {
        static let add = Signal<Self, Int>("add")
        static let change = Update<Self, Int, Int>("change")
        static let value = Query<Self, Nothing, Int>("value")

        static func initialState(for input: Int) -> Int { input }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(add) { $0 += $1 }
            handlers.on(change) { state, number in
                guard number >= 0 else { throw ApplicationFailure("below zero") }
                state = number
                return state
            }
            handlers.on(value) { state, _ in state }
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.wait { $0 >= 100 }
            return context.state
        }
    }

    struct Fetch: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        func run(context: ActivityContext, input: Int) async throws -> String { "page \(input)" }
    }

    enum Reading: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> [String] {
            var pages: [String] = []
            for number in 0..<input { pages.append(try await context.run(Fetch.self, number)) }
            return pages
        }
    }

    /// On a thread of its own: the process that is asked is this one.
    private func run(_ arguments: String...) async throws -> CommandResult {
        let arguments = ["workflow"] + arguments
        let result = await SystemThread.offload(name: "command") {
            Result { try Command.run(arguments) }
        }
        return try result.get()
    }

    private func onEngine(
        _ store: TestStore, _ body: (WorkflowEngine) async throws -> Void
    ) async throws {
        let log = try await EventLog.open(at: store.path)
        let engine = try await WorkflowEngine(
            log: log, workflows: [Tally.self, Reading.self, Endless.self], activities: [Fetch()])
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

    @Test("the process that has the store open does all that is asked")
    func asked() async throws {
        let store = try TestStore()
        try await onEngine(store) { _ in
            let started = try await run(
                "start", store.path, "Tally", "t", "--input", "5", "--request-id", "r")
            #expect(started.status == 0, "\(started.errors)")
            #expect(started.output.hasPrefix("recorded: workflow t, run "))
            let signalled = try await run("signal", store.path, "t", "add", "--input", "2")
            #expect(signalled.output == "recorded: workflow t\n")
            #expect(try await run("query", store.path, "t", "value").output == "7\n")
            let changed = try await run(
                "update", store.path, "t", "change", "--input", "40", "--json")
            #expect(try changed.object()["answer"] as? Int == 40)
            let refused = try await run("update", store.path, "t", "change", "--input=-1")
            #expect(refused.status == 3 && refused.errors.contains("below zero"))
            let described = try await run("describe", store.path, "t")
            #expect(described.lines.contains { $0.hasPrefix("explanation   waits since ") })
            let read = try await run("start", store.path, "Reading", "pages", "--input", "3")
            #expect(read.status == 0)
        }
    }

    @Test("without a process that has the store, the same is shown, and messages are kept")
    func alone() async throws {
        let store = try TestStore()
        var open: [String] = []
        let looks: [[String]] = [
            ["list", store.path], ["list", store.path, "--json"],
            ["list", store.path, "--state", "completed"], ["count", store.path],
            ["count", store.path, "--json"], ["describe", store.path, "pages"],
            ["describe", store.path, "pages", "--json"], ["show", store.path, "pages"],
            ["show", store.path, "pages", "--json"], ["history", store.path, "t"],
            ["history", store.path, "pages", "--from", "2", "--limit", "2", "--json"],
        ]
        func look() async throws -> [String] {
            var outputs: [String] = []
            for arguments in looks {
                let result = await SystemThread.offload(name: "command") {
                    Result { try Command.run(["workflow"] + arguments) }
                }
                let done = try result.get()
                #expect(done.status == 0, "\(arguments): \(done.errors)")
                #expect(!done.output.isEmpty, "\(arguments)")
                outputs.append(done.output)
            }
            return outputs
        }
        try await onEngine(store) { engine in
            try await engine.start(Tally.self, id: "t", 5)
            _ = try await engine.execute(Reading.self, id: "pages", 2)
            open = try await look()
        }
        #expect(try await look() == open)
        let shown = try await run("show", store.path, "pages")
        #expect(shown.lines.count == 5 && shown.lines[1].contains("completed"))
        #expect(shown.lines[2].contains("step Fetch"))
        #expect(shown.lines[4].hasPrefix("in all: running (#) "))

        let query = try await run("query", store.path, "t", "value")
        #expect(query.status == 3 && query.errors.contains("needs the workflow's code"))
        let all = try await run("bulk", store.path, "pause")
        #expect(all.status == 64 && all.errors.contains("--all"))
        let dry = try await run("bulk", store.path, "pause", "--all", "--dry-run")
        #expect(dry.lines == ["Tally  t", "1 would be; nothing was done"])
        let paused = try await run("bulk", store.path, "pause", "--type", "Tally")
        #expect(paused.lines == ["Tally  t", "1 done"], "\(paused.errors)")
        let none = try await run("quarantine", "list", store.path)
        #expect(none.status == 0 && none.output.isEmpty, "\(none.errors)")
        let released = try await run("quarantine", "release", store.path, "--id", "t")
        #expect(released.output == "recorded: workflow t\n", "\(released.errors)")
        let sent = try await run("signal", store.path, "t", "add", "--input", "95")
        #expect(sent.status == 0, "\(sent.errors)")
        try await onEngine(store) { engine in
            let result = try await engine.handle(Tally.self, id: "t").result()
            #expect(result == 100)
        }
    }

    /// Updates that never end.
    enum Endless: Workflow {
        static let hold = Update<Self, Nothing, Nothing>("hold")
        static func initialState(for input: Nothing) -> Bool { false }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(
                hold,
                perform: { context, _ in
                    try await context.wait { $0 }
                    return Nothing()
                })
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.wait { $0 }
            return Nothing()
        }
    }

    @Test("commands that were given up while they waited keep no others from being answered")
    func givenUp() async throws {
        let store = try TestStore()
        try await onEngine(store) { engine in
            let handle = try await engine.start(Endless.self, id: "e", Nothing())
            let waiting = (0..<8).map { _ in
                Command.process(["workflow", "update", store.path, "e", "hold"])
            }
            for process in waiting { try process.run() }
            while try await handle.describe().eventCount < 9 { await Task.yield() }
            for process in waiting {
                process.terminate()
                process.waitUntilExit()
            }
            // Those that ask meanwhile are told that it is busy.
            var ended = try await run("terminate", store.path, "e", "--reason", "enough")
            while ended.status != 0, ended.errors.contains("try again later") {
                ended = try await run("terminate", store.path, "e", "--reason", "enough")
            }
            #expect(ended.status == 0, "\(ended.errors)")
        }
    }

    @Test("what cannot be done is named, with its status")
    func refused() async throws {
        let store = try TestStore()
        let nobody = try await run("describe", store.path, "nobody", "--json")
        #expect(nobody.status == 3)
        #expect(try nobody.error()["code"] as? String == "workflowNotFound")
        let state = try await run("list", store.path, "--state", "asleep")
        #expect(state.status == 64 && state.errors.contains("asleep"))
        let input = try await run("start", store.path, "Tally", "t", "--input", "{")
        #expect(input.status == 64 && input.errors.contains("no JSON"))
        let token = try await run("activity", "complete", store.path, "x")
        #expect(token.status == 64 && token.errors.contains("RUN.STEP.ATTEMPT.WORKFLOW"))
        let missing = try await run("list", store.path + "-missing")
        #expect(missing.status == 4)
        // Somebody has the store open who runs no workflows.
        let owner = try StoreOwnerProcess(store)
        try owner.append("s", payload: "1")
        let idle = try await run("list", store.path)
        #expect(idle.status == 3 && idle.errors.contains("runs no workflows"), "\(idle.errors)")
        try owner.end()
    }
}
