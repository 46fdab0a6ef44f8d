import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import Foundation
import Testing

/// `emaki workflow reset`, `fork` and `delete`, and filters by attribute.
@Suite("emaki workflow, going back")
struct WorkflowGoingBackTests {
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

    enum Waiting: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            try await context.sleep(for: .seconds(3_600))
            return "gone"
        }
    }

    /// On a thread of its own: the process that is asked is this one.
    private func run(_ arguments: String...) async throws -> CommandResult {
        try await run(arguments)
    }

    private func run(_ arguments: [String]) async throws -> CommandResult {
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
            log: log, workflows: [Reading.self, Waiting.self], activities: [Fetch()])
        let result: Result<Void, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        engine.close()
        await log.close()
        try result.get()
    }

    private func end(_ engine: WorkflowEngine, _ id: String) async throws -> [String] {
        try await engine.handle(Reading.self, id: id).result()
    }

    @Test("a run goes on from a step, another from its beginning, and what has ended is deleted")
    func goingBack() async throws {
        let store = try TestStore()
        let pages = ["page 0", "page 1", "page 2"]
        try await onEngine(store) { engine in
            let started = try await run(
                "start", store.path, "Reading", "r", "--input", "3", "--attribute", "tenant=a",
                "--attribute", "kind=x=y", "--memo", "note=hello")
            #expect(started.status == 0, "\(started.errors)")
            #expect(try await end(engine, "r") == pages)
            let described = try await run("describe", store.path, "r", "--json")
            #expect(described.output.contains(#""attributes":{"kind":"x=y","tenant":"a"}"#))
            #expect(described.output.contains(#""memo":{"note":"hello"}"#))
            let reset = try await run(
                "reset", store.path, "r", "--to-step", "Fetch#2", "--reason", "again",
                "--request-id", "q")
            #expect(reset.status == 0, "\(reset.errors)")
            #expect(try await end(engine, "r") == pages)
            let again = try await run(
                "reset", store.path, "r", "--to-step", "Fetch#2", "--request-id", "q")
            #expect(again.output == reset.output)
            let forked = try await run("fork", store.path, "r", "f", "--to-beginning")
            #expect(forked.status == 0, "\(forked.errors)")
            #expect(try await end(engine, "f") == pages)
            for (value, count) in [("tenant=a", 2), ("tenant=b", 0), ("kind=x=y", 2)] {
                let list = try await run("list", store.path, "--attribute", value, "--json")
                let rows = list.output.split(separator: "\n").filter { $0.contains("workflow") }
                #expect(rows.count == count, "\(value): \(list.output)")
            }
            let bad = try await run("list", store.path, "--attribute", "tenant")
            #expect(bad.status != 0 && bad.errors.contains("name=value"), "\(bad.errors)")
        }
        // Nobody has it open.
        let later = try await run("reset", store.path, "r", "--to-event", "4")
        #expect(later.status == 0, "\(later.errors)")
        let open = try await run("delete", store.path, "r")
        #expect(open.status != 0 && open.errors.contains("terminate or cancel it"))
        try await onEngine(store) { engine in
            let result = try await end(engine, "r")
            #expect(result == pages)
        }
        let dry = try await run("bulk", store.path, "delete", "--all", "--dry-run")
        #expect(dry.status == 0 && dry.output.contains("2"), "\(dry.output)")
        let deleted = try await run("delete", store.path, "r")
        #expect(deleted.status == 0, "\(deleted.errors)")
        let gone = try await run("describe", store.path, "r")
        #expect(gone.errors.contains("there is no workflow r"))
        let all = try await run("bulk", store.path, "delete", "--state", "completed")
        #expect(all.status == 0, "\(all.errors)")
        let left = try await run("list", store.path)
        #expect(!left.output.contains("Reading"), "\(left.output)")
    }

    @Test("many are reset with one request, and none twice")
    func many() async throws {
        let store = try TestStore()
        try await onEngine(store) { engine in
            for id in ["w1", "w2"] { _ = try await engine.start(Waiting.self, id: id, 1) }
            func runs() async throws -> [String] {
                var runs: [String] = []
                for id in ["w1", "w2"] {
                    runs.append(try await engine.handle(Waiting.self, id: id).describe().runID)
                }
                return runs
            }
            let before = try await runs()
            let words = ["bulk", store.path, "reset", "--type", "Waiting", "--to-beginning"]
            let unnamed = try await run(words)
            #expect(unnamed.status != 0 && unnamed.errors.contains("--request-id"))
            let dry = try await run(words + ["--request-id", "release-7", "--dry-run"])
            #expect(dry.output.contains("2 would be"), "\(dry.output)\(dry.errors)")
            #expect(try await runs() == before)
            let done = try await run(words + ["--request-id", "release-7"])
            #expect(done.status == 0 && done.output.contains("2 done"), "\(done.errors)")
            let after = try await runs()
            #expect(Set(after).isDisjoint(with: before))
            let again = try await run(words + ["--request-id", "release-7"])
            #expect(again.status == 0, "\(again.errors)")
            #expect(try await runs() == after)
            let other = try await run("bulk", store.path, "cancel", "--all", "--to-beginning")
            #expect(other.status != 0 && other.errors.contains("for reset"), "\(other.errors)")
        }
    }

    @Test("a point that is not there is named, and one has to be said")
    func points() async throws {
        let store = try TestStore()
        try await onEngine(store) { engine in
            _ = try await engine.execute(Reading.self, id: "r", 1)
            let none = try await run("reset", store.path, "r")
            #expect(none.status != 0 && none.errors.contains("--to-beginning"))
            let two = try await run(
                "reset", store.path, "r", "--to-beginning", "--to-event", "3")
            #expect(two.status != 0)
            let step = try await run("reset", store.path, "r", "--to-step", "Nobody")
            #expect(step.status != 0 && step.errors.contains("no step Nobody"), "\(step.errors)")
            let event = try await run("fork", store.path, "r", "f", "--to-event", "99")
            #expect(event.status != 0 && event.errors.contains("from 2 to"), "\(event.errors)")
            let checkpoint = try await run("reset", store.path, "r", "--to-checkpoint")
            #expect(checkpoint.status != 0, "\(checkpoint.output)")
            #expect(checkpoint.errors.contains("has no checkpoint"), "\(checkpoint.errors)")
        }
    }
}
