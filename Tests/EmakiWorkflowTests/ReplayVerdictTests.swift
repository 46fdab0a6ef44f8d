import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// What a replay says of histories that other code has left.
@Suite struct ReplayVerdictTests {
    /// Releases of one workflow.
    protocol Release: Workflow where Input == String, Output == String, State == Bool {}

    enum Old: Release {}
    /// Throws what it must not, where the old one took a step.
    enum Throwing: Release {
        struct Unwanted: Error {}
        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            throw Unwanted()
        }
    }
    enum Changed: Release {
        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            try await context.step("other") { _ in input }
        }
    }
    /// Takes another input.
    enum Typed: Workflow {
        static var workflowName: String { "Release" }
        static func run(context: WorkflowContext<Self>, input: [Int]) async throws -> String { "" }
    }
    /// Fails at what comes when the signal does.
    enum Failing: Release {
        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            _ = try await context.step("first") { _ in input }
            try await context.wait { $0 }
            throw Throwing.Unwanted()
        }
    }

    private static func definition<W: Workflow>(
        _ type: W.Type, _ fingerprint: String, isCurrent: Bool = false
    ) -> WorkflowDefinition {
        WorkflowDefinition(type, fingerprint: fingerprint, isCurrent: isCurrent)
    }

    /// A run that has taken its first step and waits.
    private func history(
        _ options: RunOptions = RunOptions(), isPaused: Bool = false
    ) async throws -> [HistoryEvent] {
        var engineOptions = EngineOptions()
        engineOptions.clock = SkippingClock(skips: false)
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [Self.definition(Old.self, "1")], options: engineOptions)
        let handle = try await engine.start(Old.self, id: "r", "x", options: options)
        if options.startDelay == nil {
            while try await handle.describe().eventCount < 3 { await Task.yield() }
        }
        if isPaused {
            try await handle.pause()
            try await handle.signal(Old.go, Nothing())
        }
        let history = try await handle.history()
        engine.close()
        return history
    }

    @Test("the version that a run is on counts where an engine would try it, and nowhere else")
    func ownVersion() async throws {
        let history = try await history()
        let old = Self.definition(Old.self, "1")
        func verdict(_ current: WorkflowDefinition) -> ReplayVerdict {
            Replayer(definitions: [old, current]).verdict(on: history)
        }
        let changed = verdict(Self.definition(Changed.self, "2", isCurrent: true))
        #expect(changed.kind == .same && changed.fingerprint == "1")
        let throwing = verdict(Self.definition(Throwing.self, "2", isCurrent: true))
        #expect(throwing.kind == .fails && throwing.fingerprint == "2")
    }

    @Test(
        "code that is no use for what a run will see next is found, though it has seen nothing yet")
    func lookAhead() async throws {
        let waiting = try await history(RunOptions(startDelay: .seconds(600)))
        let typed = Replayer(definitions: [Self.definition(Typed.self, "2")])
        #expect(typed.verdict(on: waiting).kind == .fails)
        let same = Replayer(definitions: [Self.definition(Old.self, "2")])
        #expect(same.verdict(on: waiting).kind == .same)
        // A message that came while the run rests.
        let paused = try await history(isPaused: true)
        let failing = Replayer(definitions: [Self.definition(Failing.self, "2")])
        #expect(failing.verdict(on: paused).kind == .fails)
        #expect(same.verdict(on: paused).kind == .same)
    }

    @Test("a divergence names both sides, what is equal before it, and a patch")
    func divergence() async throws {
        let verdict = Replayer(definitions: [Self.definition(Changed.self, "2")])
            .verdict(on: try await history())
        #expect(verdict.kind == .diverges && verdict.event == 1 && verdict.branch == "")
        #expect(verdict.recorded == "StepScheduled first (first)")
        #expect(verdict.found == "StepScheduled other (other)")
        #expect(verdict.lastEqual == nil && verdict.suggestedPatch == "other")
    }

    @Test("a history that makes no sense, or of a workflow that is not here, is said to be that")
    func others() async throws {
        let replayer = Replayer(definitions: [Self.definition(Old.self, "1")])
        let history = try await history()
        #expect(replayer.verdict(on: Array(history.dropFirst())).kind == .damaged)
        #expect(replayer.verdict(on: []).kind == .damaged)
        #expect(Replayer(definitions: []).verdict(on: history).kind == .blocked)
    }

    @Test("what goes to another process comes out there, and other bytes are refused")
    func wire() async throws {
        let history = try await history()
        let stored = history.map { event -> HistoryPage.Stored in
            let stored = event.stored()
            return HistoryPage.Stored(metadata: stored.metadata, payload: stored.payload)
        }
        var whole = StoredHistory(broken: "r", "")
        whole.events = stored
        #expect(try StoredHistory.events(of: whole.bytes) == history)
        for cut in 0..<whole.bytes.count {
            #expect(throws: HistoryError.self) {
                try StoredHistory.events(of: Array(whole.bytes[..<cut]))
            }
        }
        #expect(throws: HistoryError.self) { try StoredHistory.events(of: whole.bytes + [0]) }
    }
}

extension ReplayVerdictTests.Release {
    static var workflowName: String { "Release" }
    static var go: Signal<Self, Nothing> { Signal("go") }
    static func initialState(for input: String) -> Bool { false }
    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(go) { state, _ in state = true }
    }
    static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
        _ = try await context.step("first") { _ in input }
        try await context.wait { $0 }
        return try await context.step("second") { _ in input }
    }
}
