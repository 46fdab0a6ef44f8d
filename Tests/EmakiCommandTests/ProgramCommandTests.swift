import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import Foundation
import Testing

/// The verbs of `emaki workflow` in a program that has the workflows' code: an example, which gains
/// them by one line.
@Suite("a program with the verbs of emaki workflow")
struct ProgramCommandTests {
    /// As the example has it, as far as the histories here go; the same code, by its fingerprint.
    enum Approval: Workflow {
        struct Expense: Codable, Sendable {
            var what: String
            var amount: Int
        }

        static let decide = Signal<Self, String>("decide")
        static let amend = Update<Self, Int, Int>("amend")

        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(decide) { state, decision in state.decision = decision }
            handlers.on(amend) { state, amount in
                defer { state.amount = amount }
                return state.amount
            }
        }

        struct State: Sendable {
            var amount = 0
            var decision: String?
        }

        static func initialState(for input: Expense) -> State { State(amount: input.amount) }

        static func run(context: WorkflowContext<Self>, input: Expense) async throws -> String {
            _ = try await context.wait(
                until: { $0.decision != nil }, timeout: .seconds(3 * 86_400))
            return context.state.decision ?? "expired"
        }
    }

    private func run(_ arguments: String...) throws -> CommandResult {
        try Command.run(["workflow"] + arguments, of: Command.program("example-approval"))
    }

    private func onEngine(
        _ store: TestStore, _ body: (WorkflowHandle<Approval>) async throws -> Void
    ) async throws {
        let log = try await EventLog.open(at: store.path)
        let engine = try await WorkflowEngine(log: log, workflows: [Approval.self])
        do {
            try await body(engine.handle(Approval.self, id: "chair"))
        } catch {
            engine.close()
            await log.close()
            throw error
        }
        engine.close()
        await log.close()
    }

    private static let chair = #"{"what":"a chair","amount":200}"#

    @Test("its code answers queries, refuses what it does not know, and handles updates")
    func answers() async throws {
        let store = try TestStore()
        let started = try run(
            "start", store.path, "Approval", "chair", "--input", Self.chair)
        #expect(started.status == 0, "\(started.errors)")
        let query = try run("query", store.path, "chair", "reminders")
        #expect(query.output == "0\n", "\(query.errors)")
        let early = try run(
            "update", store.path, "chair", "amend", "--input", "150", "--request-id", "r")
        #expect(early.status == 2, "\(early.errors)")
        #expect(early.lines[0].contains("no engine has begun the run yet"))
        #expect(early.lines[1] == "for its answer, ask again with --request-id r")
        // It does not: its own words for what it was asked.
        for (arguments, text) in [
            (["start", store.path, "Purchase", "p"], "no workflow of the type Purchase"),
            (["signal", store.path, "chair", "shout"], "no handler for shout"),
            (["signal", store.path, "chair", "decide", "--input", "\"perhaps\""], "refused"),
            (["update", store.path, "chair", "amend", "--input", "0"], "0 is no amount"),
            (["query", store.path, "chair", "colour"], "no query colour"),
        ] {
            let result = try Command.run(
                ["workflow"] + arguments, of: Command.program("example-approval"))
            #expect(result.status == 3 && result.errors.contains(text), "\(result.errors)")
            #expect(result.errors.hasPrefix("example-approval: "))
        }
        // An engine begins the run.
        try await onEngine(store) { chair in
            let before = try await chair.update(Approval.amend, 150, requestID: "r")
            #expect(before == 200)
        }
        let first = try run(
            "update", store.path, "chair", "amend", "--input", "150", "--request-id", "r")
        #expect(first.status == 0 && first.output == "200\n", "\(first.errors)")
        let next = try run("update", store.path, "chair", "amend", "--input", "99", "--json")
        #expect(try next.object()["answer"] as? Int == 150, "\(next.errors)")
        let decided = try run("signal", store.path, "chair", "decide", "--input", "\"granted\"")
        #expect(decided.status == 0, "\(decided.errors)")
        try await onEngine(store) { chair in
            let decision = try await chair.result()
            #expect(decision == "granted")
            let history = try await chair.history()
            // Nothing began by what the program was asked.
            let kinds = Set(history.map(\.typeName))
            #expect(kinds.isDisjoint(with: ["StepScheduled", "TimerFired"]))
        }
    }

    @Test("its help is about itself, and without the word it does its own work")
    func help() throws {
        let help = try run("update", "--help")
        #expect(help.status == 0 && help.output.contains("USAGE: example-approval workflow update"))
        #expect(help.output.contains("example-approval workflow update bank.emaki account-7"))
        let all = try run("--help")
        let words = all.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("answered by the code of this program"))
        let wrong = try run("fly", "--json")
        #expect(wrong.status == 64)
        #expect(try wrong.error()["code"] as? String == "usage")
        let own = try Command.run([], of: Command.program("example-approval"))
        #expect(own.status == 0 && own.lines.count == 9)
    }
}
