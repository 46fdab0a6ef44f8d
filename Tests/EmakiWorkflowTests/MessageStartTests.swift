import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// Messages that start the run that they are for.
@Suite struct MessageStartTests {
    @Test("a signal starts a run where there is none, once for each request")
    func signal() async throws {
        let engine = try await makeEngine([Counter.self])
        let first = try await engine.signalWithStart(
            Counter.self, id: "c", 5, Counter.add, 3, requestID: "a")
        #expect(try await first.query(Counter.value) == 8)
        let again = try await engine.signalWithStart(
            Counter.self, id: "c", 5, Counter.add, 3, requestID: "a")
        #expect(again.runID == first.runID)
        #expect(try await first.query(Counter.value) == 8)
        try await engine.signalWithStart(Counter.self, id: "c", 100, Counter.add, 1)
        #expect(try await first.query(Counter.value) == 9)
        try await first.signal(Counter.finish, Nothing())
        #expect(try await first.result() == 9)
        let next = try await engine.signalWithStart(Counter.self, id: "c", 100, Counter.add, 1)
        #expect(next.runID != first.runID)
        #expect(try await next.query(Counter.value) == 101)
        engine.close()
    }

    @Test("an update starts a run where there is none, once for each request")
    func update() async throws {
        let engine = try await makeEngine([Counter.self])
        let (first, before) = try await engine.updateWithStart(
            Counter.self, id: "c", 5, Counter.set, 30, requestID: "a")
        #expect(before == 5)
        let (again, answer) = try await engine.updateWithStart(
            Counter.self, id: "c", 5, Counter.set, 30, requestID: "a")
        #expect(answer == 5 && again.runID == first.runID)
        let (_, other) = try await engine.updateWithStart(
            Counter.self, id: "c", 5, Counter.set, 40)
        #expect(other == 30)
        #expect(try await first.query(Counter.value) == 40)
        try await first.signal(Counter.finish, Nothing())
        #expect(try await first.result() == 40)
        let (next, fresh) = try await engine.updateWithStart(
            Counter.self, id: "c", 7, Counter.set, 50)
        #expect(fresh == 7 && next.runID != first.runID)
        engine.close()
    }

    @Test("an update that is refused leaves the run that was started for it")
    func refusedUpdate() async throws {
        let engine = try await makeEngine([Counter.self])
        await #expect(throws: WorkflowError.self) {
            try await engine.updateWithStart(Counter.self, id: "c", 5, Counter.set, -1)
        }
        let handle = engine.handle(Counter.self, id: "c")
        #expect(try await handle.query(Counter.value) == 5)
        #expect(try await handle.history().allSatisfy { !$0.body.isUpdate })
        engine.close()
    }

    @Test("where no run may be started no update is sent")
    func refusedStart() async throws {
        let engine = try await makeEngine([Counter.self])
        let handle = try await engine.start(Counter.self, id: "c", 1)
        try await handle.signal(Counter.finish, Nothing())
        #expect(try await handle.result() == 1)
        let runID = try #require(handle.runID)
        await #expect(throws: WorkflowError.alreadyUsed(workflowID: "c", runID: runID)) {
            try await engine.updateWithStart(
                Counter.self, id: "c", 5, Counter.set, 30, reuse: .reject)
        }
        await #expect(throws: WorkflowError.unknownWorkflow("Transfer")) {
            try await engine.updateWithStart(
                Renamed.self, id: "d", Nothing(), Renamed.go, Nothing())
        }
        engine.close()
    }

    /// A workflow that the engine does not know.
    private enum Renamed: Workflow {
        static let workflowName = "Transfer"
        static let go = Update<Self, Nothing, Nothing>("go")

        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(go) { _, _ in Nothing() }
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            Nothing()
        }
    }

    @Test("a process that dies in between: the same request to the next one has one effect")
    func death() async throws {
        var deaths = 0
        for (commit, isStored) in (1...4).flatMap({ [($0, false), ($0, true)] }) {
            let store = MemoryHistoryStore()
            let session = store.session()
            let outcome = FirstOutcome<Int>()
            session.end(at: .init(commit: commit, isStored: isStored)) { outcome.give(nil) }
            let engine = try await makeEngine([Counter.self], on: session)
            Task {
                let result = try? await Self.change(engine)
                outcome.give((result?.output).map { .success($0) })
            }
            let first = try await outcome.value()?.get()
            #expect(first == nil || first == 5)
            if session.isOver { deaths += 1 }
            engine.close()
            let next = try await makeEngine([Counter.self], on: store.session())
            let (handle, before) = try await Self.change(next)
            #expect(before == 5)
            #expect(try await handle.query(Counter.value) == 30)
            #expect(try await handle.history().count { $0.body.isUpdate } == 1)
            next.close()
        }
        #expect(deaths >= 4)
    }

    private static func change(
        _ engine: WorkflowEngine
    ) async throws -> (handle: WorkflowHandle<Counter>, output: Int) {
        try await engine.updateWithStart(
            Counter.self, id: "c", 5, Counter.set, 30, requestID: "a")
    }
}

extension HistoryEvent.Body {
    fileprivate var isUpdate: Bool {
        if case .updateAccepted = self { return true }
        return false
    }
}
