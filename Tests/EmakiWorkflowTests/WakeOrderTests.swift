import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// What one event wakes goes on in the order of identities, whatever came to wait first.
@Suite struct WakeOrderTests {
    /// Three branches that wait for the same, and are begun in another order than their names'.
    enum Waiters: Workflow {
        static let go = Signal<Self, Nothing>("go")

        static func initialState(for input: Bool) -> [String] { [] }

        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(go) { state, _ in state.append("go") }
        }

        static func run(context: WorkflowContext<Self>, input: Bool) async throws -> [String] {
            async let c: Void = wait(context, "c", input)
            async let a: Void = wait(context, "a", input)
            async let b: Void = wait(context, "b", input)
            _ = try await (c, a, b)
            return context.state
        }

        private static func wait(
            _ context: WorkflowContext<Self>, _ name: String, _ isCondition: Bool
        ) async throws {
            try await context.branch(name) {
                guard isCondition else {
                    do {
                        try await context.sleep(for: .seconds(1_000))
                    } catch {  // wf:allow(WF080) what is cancelled ends right behind it
                        try context.change { $0.append(name) }
                    }
                    return
                }
                try await context.wait { !$0.isEmpty }
                _ = try await context.step("step") { _ in name }
            }
        }
    }

    @Test("conditions that hold at once, and then their steps", arguments: [false, true])
    func conditions(evicts: Bool) async throws {
        let engine = try await makeEngine([Waiters.self], evictsAlways: evicts)
        let handle = try await engine.start(Waiters.self, id: "w", true)
        try await handle.signal(Waiters.go, Nothing())
        #expect(try await handle.result() == ["go"])
        let keys = try await handle.history().compactMap { event -> String? in
            guard case .stepScheduled(let schedule) = event.body else { return nil }
            return schedule.key
        }
        #expect(keys == ["a/step", "b/step", "c/step"])
        engine.close()
    }

    @Test("places where code waits that is cancelled", arguments: [false, true])
    func cancelled(evicts: Bool) async throws {
        let engine = try await makeEngine(
            [Waiters.self], clock: SkippingClock(skips: false), evictsAlways: evicts)
        let handle = try await engine.start(Waiters.self, id: "w", false)
        try await handle.cancel()
        #expect(try await handle.result() == ["a", "b", "c"])
        engine.close()
    }
}
