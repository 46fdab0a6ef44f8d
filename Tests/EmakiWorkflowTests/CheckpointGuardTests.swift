import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Two checkpoints at once, and an engine with much to read.
@Suite struct CheckpointGuardTests {
    /// Asks for two checkpoints at once.
    enum Twin: Workflow {
        struct State: Codable, Sendable {
            var hasAsked = false
            var refusals: [String] = []
        }

        static func initialState(for input: Nothing) -> State { State() }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> [String] {
            if context.state.hasAsked { return context.state.refusals }
            try context.change { $0.hasAsked = true }
            async let first: Void = refused(context)
            async let second: Void = refused(context)
            _ = try await (first, second)
            return ["both were refused"]
        }

        private static func refused(_ context: WorkflowContext<Self>) async throws {
            do {
                try await context.checkpoint()
            } catch let failure as Failure where failure.type == "CheckpointRefused" {
                try context.change { $0.refusals.append(failure.message) }
            }
        }
    }

    @Test("of two checkpoints at once the second is refused, and the first begins anew")
    func twins() async throws {
        let engine = try await makeEngine([Twin.self], on: MemoryHistoryStore().session())
        let refusals = try await engine.execute(Twin.self, id: "t", Nothing())
        #expect(refusals == ["no checkpoint beside another one"])
        engine.close()
    }

    @Test(
        "an engine is ready before much is read, and reads little before",
        arguments: [131_072, 131_073])
    func ready(eventCount: Int) async throws {
        let journal = ScriptedJournal()
        let (entered, leaves) = (Gate(), Gate())
        journal.change {
            $0.events = .init(repeating: ("other", []), count: eventCount)
            $0.beforeScan = { _ in
                entered.open()
                leaves.wait()
            }
        }
        let ready = FirstOutcome<WorkflowEngine>()
        let begins = Task {
            var options = EngineOptions()
            options.clock = SkippingClock(skips: false)
            let engine = try await WorkflowEngine(
                store: ScriptedStore(journal), definitions: [], options: options)
            ready.give(.success(engine))
        }
        await entered.waited()
        // Otherwise this waits for what waits below.
        if eventCount > 131_072 { _ = await ready.value() }
        leaves.open()
        try await begins.value
        try await ready.value()?.get().close()
    }
}
