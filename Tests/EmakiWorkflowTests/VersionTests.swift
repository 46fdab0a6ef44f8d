import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// Runs that meet other code than they began with.
@Suite struct VersionTests {
    /// Two steps around a wait, in this order.
    enum Old: Versioned {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let one = try await context.step("one") { _ in "1" }
            try await context.wait { $0 }
            return one + (try await context.step("two") { _ in "2" })
        }
    }

    /// The first step has another name.
    enum Changed: Versioned {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let one = try await context.step("eins") { _ in "I" }
            try await context.wait { $0 }
            return one + (try await context.step("two") { _ in "II" })
        }
    }

    /// The change is guarded.
    enum Patched: Versioned {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let one: String
            if context.patched("eins") {
                one = try await context.step("eins") { _ in "I" }
            } else {
                one = try await context.step("one") { _ in "1" }
            }
            try await context.wait { $0 }
            return one + (try await context.step("two") { _ in "II" })
        }
    }

    /// A store in which a run of the old code waits.
    private func waiting() async throws -> MemoryHistoryStore {
        let store = MemoryHistoryStore()
        let engine = try await makeEngine([Old.self], on: store.session())
        let handle = try await engine.start(Old.self, id: "v", Nothing())
        while try await handle.history().count < 3 { await Task.yield() }
        engine.close()
        return store
    }

    @Test("changed code is told where it differs, from both sides, and the old code goes on")
    func divergence() async throws {
        let store = try await waiting()
        let changed = try await makeEngine(
            [Changed.self], on: store.session(), clock: SkippingClock(skips: false))
        let handle = changed.handle(Changed.self, id: "v")
        try await handle.signal(Changed.go, Nothing())
        let failure = try #require(try await handle.describe().taskFailure)
        #expect(failure.type == "Divergence")
        #expect(failure.message.contains("StepScheduled one (one)"))
        #expect(failure.message.contains("StepScheduled eins (eins)"))
        #expect(failure.message.contains("after event 1"))
        changed.close()
        let old = try await makeEngine([Old.self], on: store.session())
        #expect(try await old.handle(Old.self, id: "v").result() == "12")
        old.close()
    }

    @Test(
        "a patch is false for runs that came by before it, and true for new ones",
        arguments: [false, true])
    func patches(evicts: Bool) async throws {
        let store = try await waiting()
        let engine = try await makeEngine(
            [Patched.self], on: store.session(), evictsAlways: evicts)
        let old = engine.handle(Patched.self, id: "v")
        try await old.signal(Patched.go, Nothing())
        #expect(try await old.result() == "1II")
        let new = try await engine.start(Patched.self, id: "w", Nothing())
        try await new.signal(Patched.go, Nothing())
        #expect(try await new.result() == "III")
        let replayer = Replayer(workflows: [Patched.self])
        try replayer.check(try await old.history())
        try replayer.check(try await new.history())
        let history = try await old.history()
        #expect(throws: Failure.self) {
            try Replayer(workflows: [Changed.self]).check(history)
        }
        engine.close()
    }
}

/// Versions of one workflow, which waits for a signal in its middle.
protocol Versioned: Workflow where Input == Nothing, Output == String, State == Bool {}

extension Versioned {
    static var workflowName: String { "Versioned" }
    static var go: Signal<Self, Nothing> { Signal("go") }
    static func initialState(for input: Nothing) -> Bool { false }
    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(go) { state, _ in state = true }
    }
}
