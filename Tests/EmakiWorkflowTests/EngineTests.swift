import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// An engine on a store in memory, with a clock that skips.
func makeEngine(
    _ workflows: [any Workflow.Type], _ activities: [any Activity] = [],
    on session: any HistoryStore = MemoryHistoryStore().session(),
    clock: SkippingClock = SkippingClock(), evictsAlways: Bool = false,
    observer: (any EngineObserver)? = nil, fingerprint: String? = nil,
    projectionEventsMin: UInt64? = 1, endedMost: Int = Projection.remembered
) async throws -> WorkflowEngine {
    var options = EngineOptions()
    options.clock = clock
    options.evictsAlways = evictsAlways
    options.observer = observer
    options.queues = Scenario.queues
    // So that every test of a restart is one of a checkpoint, too.
    options.projectionEventsMin = projectionEventsMin
    options.endedWorkflowsInMemoryMax = endedMost
    return try await WorkflowEngine(
        store: session,
        definitions: workflows.map { WorkflowDefinition($0, fingerprint: fingerprint) },
        activities: activities, options: options)
}

@Suite struct EngineTests {
    @Test(
        "a workflow of two activities runs each once and gives its result",
        arguments: [false, true])
    func transfer(evicts: Bool) async throws {
        let world = World()
        let engine = try await makeEngine(
            [AccountTransfer.self],
            [Debit(world: world), Credit(world: world), Refund(world: world)],
            evictsAlways: evicts)
        let receipt = try await engine.execute(
            AccountTransfer.self, id: "t", Transfer(amount: 7))
        #expect(receipt == "debited 7, credited 7")
        #expect(world.names == ["debit", "credit"])
        engine.close()
    }

    @Test("a saga undoes what had happened when a later step fails", arguments: [false, true])
    func compensation(evicts: Bool) async throws {
        let world = World()
        let engine = try await makeEngine(
            [AccountTransfer.self],
            [Debit(world: world), Credit(world: world), Refund(world: world)],
            evictsAlways: evicts)
        await #expect(throws: WorkflowError.self) {
            try await engine.execute(
                AccountTransfer.self, id: "t", Transfer(amount: 7, fails: true))
        }
        #expect(world.names == ["debit", "refund"])
        engine.close()
    }

    @Test("signals, queries and updates see and change the state", arguments: [false, true])
    func messages(evicts: Bool) async throws {
        let engine = try await makeEngine([Counter.self], evictsAlways: evicts)
        let handle = try await engine.start(Counter.self, id: "c", 1)
        try await handle.signal(Counter.add, 2)
        #expect(try await handle.query(Counter.value) == 3)
        #expect(try await handle.update(Counter.set, 10) == 3)
        await #expect(throws: WorkflowError.self) { try await handle.update(Counter.set, -1) }
        #expect(try await handle.query(Counter.value) == 10)
        async let doubled = handle.update(Counter.double, Nothing())
        async let result = handle.result()
        #expect(try await doubled == 20)
        try await handle.signal(Counter.finish, Nothing())
        #expect(try await result == 20)
        engine.close()
    }

    @Test("the same request id starts one run, and another id of the same workflow is refused")
    func requests() async throws {
        let engine = try await makeEngine([Counter.self])
        let first = try await engine.start(Counter.self, id: "c", 1, requestID: "r")
        let again = try await engine.start(Counter.self, id: "c", 1, requestID: "r")
        #expect(first.runID == again.runID)
        await #expect(throws: WorkflowError.self) {
            try await engine.start(Counter.self, id: "c", 1, requestID: "s")
        }
        try await first.signal(Counter.add, 5, requestID: "x")
        try await first.signal(Counter.add, 5, requestID: "x")
        #expect(try await first.query(Counter.value) == 6)
        engine.close()
    }
}
