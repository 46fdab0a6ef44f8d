import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// What an operator does with a run that no new code can replay: it goes on from its newest
/// checkpoint, with the state that `migrate(from:)` makes of what was recorded there.
@Suite struct MigrationTests {
    /// Counts pages, and prints them.
    enum Old: Workflow {
        static let workflowName = "Pages"
        struct State: Codable, Sendable {
            var pages = 0
            var isDone = false
        }
        static let done = Signal<Self, Nothing>("done")
        static func initialState(for input: Nothing) -> State { State() }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(done) { state, _ in state.isDone = true }
        }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            if context.state.pages == 0 {
                let count = try await context.step("count") { _ in 3 }
                try context.change { $0.pages = count }
                try await context.checkpoint()
            }
            _ = try await context.step("print") { _ in "" }
            try await context.wait { $0.isDone }
            return "printed \(context.state.pages)"
        }
    }

    /// Folds them, and calls them sheets.
    enum New: Workflow {
        static let workflowName = "Pages"
        struct State: Codable, Sendable {
            var sheets = 0
            var isDone = false
        }
        static let done = Signal<Self, Nothing>("done")
        static func initialState(for input: Nothing) -> State { State() }
        static func migrate(from old: RecordedState) throws -> State? {
            State(sheets: try old.decode(as: Old.State.self).pages)
        }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(done) { state, _ in state.isDone = true }
        }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            if context.state.sheets == 0 {
                let count = try await context.step("count") { _ in 5 }
                try context.change { $0.sheets = count }
                try await context.checkpoint()
            }
            _ = try await context.step("fold") { _ in "" }
            try await context.wait { $0.isDone }
            return "folded \(context.state.sheets)"
        }
    }

    @Test("a run that no code can replay goes on from its newest checkpoint, its state migrated")
    func fromCheckpoint() async throws {
        let store = MemoryHistoryStore()
        let old = try await makeEngine([Old.self], on: store.session(), fingerprint: "old")
        let begun = try await old.start(Old.self, id: "p", Nothing())
        while try await begun.history().count(where: { $0.typeName == "StepCompleted" }) < 2 {
            await Task.yield()
        }
        old.close()

        let new = try await makeEngine([New.self], on: store.session(), fingerprint: "new")
        let handle = new.handle(New.self, id: "p")
        try await handle.signal(New.done, Nothing())
        await #expect(throws: WorkflowError.self) { try await handle.warm() }
        let needed = try #require(try await handle.describe().versionNeeded)
        #expect(needed.message.contains("StepScheduled +1/print (print)"))
        #expect(needed.message.contains("StepScheduled +1/fold (fold)"))

        try await new.reset("p", to: .checkpoint, requestID: "migrate p")
        // The pages of then, what came after is asked for anew, and the signal is let in again.
        #expect(try await new.handle(New.self, id: "p").result() == "folded 3")
        // The same request a second time is the same run.
        let again = try await new.reset("p", to: .checkpoint, requestID: "migrate p")
        #expect(try await new.handle(New.self, id: "p").describe().runID == again)
        let moved = try await new.handle(New.self, id: "p").history()
        let kept = moved.prefix { $0.body.kind != .checkpointed }.count
        #expect(kept > 0 && kept < moved.count)
        #expect(Replayer(workflows: [New.self]).verdict(on: moved).kind == .same)
        new.close()
    }
}
