import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// What is not removed: since it goes on, since others are still to be told of it, or since the
/// engine has no say any more.
@Suite struct RemovingGuardTests {
    /// Ends when it is told to, or at once.
    enum Short: Workflow {
        static let end = Signal<Self, Nothing>("end")
        static let note = Signal<Self, Nothing>("note")
        static func initialState(for input: Bool) -> Bool { input }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(end) { state, _ in state = true }
            handlers.on(note) { _, _ in }
        }

        static func run(context: WorkflowContext<Self>, input: Bool) async throws -> String {
            try await context.wait { $0 }
            return "over"
        }
    }

    private func engine(
        _ store: HookedStore, clock: SkippingClock = SkippingClock(skips: false),
        executesCode: Bool = true, observer: (any EngineObserver)? = nil,
        retention: Duration? = nil
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.executesCode = executesCode
        options.retention = retention
        if let observer { options.observer = observer }
        return try await WorkflowEngine(
            store: store, definitions: executesCode ? [WorkflowDefinition(Short.self)] : [],
            options: options)
    }

    private func settle(_ engine: WorkflowEngine) async {
        while engine.core.workInProgress > 0 { await Task.yield() }
    }

    // MARK: Deleting

    @Test("of what ended before an instant a workflow is none that is open, or ended at it")
    func endedBefore() async throws {
        let engine = try await engine(HookedStore(MemoryHistoryStore()))
        let open = try await engine.start(Short.self, id: "w", false)
        func isDeleted(before instant: Int64) async throws -> Bool {
            try await engine.core.ask("w") { .delete(endedBefore: instant, $0) }
        }
        #expect(try await !isDeleted(before: .max))
        try await open.signal(Short.end, Nothing())
        _ = try await open.result()
        await settle(engine)
        let time = try #require(try await open.history().last?.time)
        #expect(try await !isDeleted(before: time))
        #expect(try await open.describe().outcome != nil)
        #expect(try await isDeleted(before: time + 1))
        await settle(engine)
        await #expect(throws: WorkflowError.notFound(workflowID: "w")) {
            try await open.describe()
        }
        engine.close()
    }

    @Test("who waits for a run that is ended and deleted at once hears how it ended")
    func endedAndDeleted() async throws {
        let store = HookedStore(MemoryHistoryStore())
        let engine = try await engine(store)
        let handle = try await engine.start(Short.self, id: "w", false)
        await settle(engine)
        // All of it comes while a commit is on its way.
        let (entered, leaves) = (Gate(), Gate())
        store.change {
            $0.appends = { _ in
                entered.open()
                await leaves.waited()
            }
        }
        async let signalled: Void = handle.signal(Short.note, Nothing())
        await entered.waited()
        store.change { $0.appends = { _ in } }
        let host = engine.core.host("w")
        let ended = FirstOutcome<HistoryEvent.Outcome>()
        let terminated = FirstOutcome<Void>()
        let deleted = FirstOutcome<Bool>()
        host.enqueue(.result(runID: nil) { ended.give($0) })
        host.enqueue(
            .terminate(requestID: "t", reason: "enough", childOf: nil) { terminated.give($0) })
        host.enqueue(.delete(endedBefore: nil) { deleted.give($0) })
        leaves.open()
        try await signalled
        #expect(try await deleted.value()?.get() == true)
        _ = try await terminated.value()?.get()
        let outcome = try await ended.value()?.get()
        #expect(outcome == .terminated(reason: "enough", uncompensated: []))
        await settle(engine)
        #expect(try await store.streams(prefix: "", after: nil, limit: 9).isEmpty)
        engine.close()
    }

    @Test("a deletion that the store refuses, or of which nobody knows, is not carried out")
    func notDeleted() async throws {
        for answer in [CommitAnswer.refused(Fault()), .unusable(Fault())] {
            let memory = MemoryHistoryStore()
            let store = HookedStore(memory)
            let engine = try await engine(store)
            let handle = try await engine.start(Short.self, id: "w", true)
            #expect(try await handle.result() == "over")
            await settle(engine)
            let (entered, leaves) = (Gate(), Gate())
            store.change {
                $0.answer = { _ in answer }
                $0.appends = { _ in
                    entered.open()
                    await leaves.waited()
                }
            }
            let deletion = Task { try await engine.delete("w") }
            await entered.waited()
            // Who asks meanwhile asks for what there is.
            let described = FirstOutcome<RunDescription>()
            engine.core.host("w").enqueue(.describe { described.give($0) })
            leaves.open()
            await #expect(throws: WorkflowError.outcomeUnknown) { try await deletion.value }
            #expect(try await described.value()?.get().outcome != nil)
            await settle(engine)
            #expect(store.now.removed.isEmpty)
            engine.close()
            let next = try await self.engine(HookedStore(memory))
            #expect(try await next.handle(Short.self, id: "w").result() == "over")
            next.close()
        }
    }

    private struct Fault: Error {}

    // MARK: Keeping for a while

    @Test("a store that removes nothing is told that nobody keeps what it cannot remove")
    func nothingToRemove() async throws {
        let store = HookedStore(MemoryHistoryStore())
        store.change { $0.capabilities = { $0.removesStreams = false } }
        let problem = WorkflowError.invalid(
            "this store removes nothing: `retention` has no effect")
        await #expect(throws: problem) {
            try await engine(store, retention: .seconds(5))
        }
    }

    /// Looks at so many workflows that ended a moment ago.
    /// - Returns: how many were looked at, after so many something happened.
    private func sweep(
        _ count: Int, after seen: Int, _ body: @escaping @Sendable (EngineCore) -> Void
    ) async throws -> Int {
        let store = HookedStore(MemoryHistoryStore())
        let engine = try await engine(store)
        for number in 0..<count {
            let handle = try await engine.start(Short.self, id: "w\(1_000 + number)", true)
            _ = try await handle.result()
        }
        await settle(engine)
        store.change { $0.read = [] }
        let core = engine.core
        store.change { hooks in
            hooks.hasRead = { _ in
                if store.now.read.count == seen {
                    await SystemThread.offload(name: "meanwhile") { body(core) }
                }
            }
        }
        #expect(try await core.removeEnded(for: .seconds(1_000)) == 0)
        engine.close()
        let read = store.now.read
        #expect(read.allSatisfy { $0.hasPrefix("workflow/") } && Set(read).count == read.count)
        return read.count
    }

    @Test("what is not old enough is looked at once, and not at all once the engine has no say")
    func sweeps() async throws {
        #expect(try await sweep(200, after: 0) { _ in } == 200)
        // Those of one turn at most.
        #expect(try await sweep(200, after: 10) { $0.close() } <= 64)
        #expect(try await sweep(200, after: 10) { $0.isFenced = true } <= 64)
    }

    @Test(
        "an older run of whose end others are still to be told stays until they were",
        arguments: [false, true])
    func unsettled(isSettled: Bool) async throws {
        let memory = MemoryHistoryStore()
        var closed = IDRecord(.closed, "r1")
        closed.isUnsettled = true
        closed.time = 5
        var records = [IDRecord(.opened, "r1"), closed, IDRecord(.opened, "r2")]
        if isSettled { records.append(IDRecord(.settled, "r1")) }
        func part(_ stream: String, _ events: [StoredEvent]) -> HistoryCommit.Part {
            let hash = EngineCore.hash(stream)
            return .init(
                stream: stream, expecting: nil,
                events: events.enumerated().map { .init($1, hash, $0) })
        }
        func run(_ runID: String, _ bodies: [HistoryEvent.Body]) -> HistoryCommit.Part {
            let history = HandMade.history(HandMade.start { $0.runID = runID }, bodies)
            return part(StreamName.run("w", runID), history.map { $0.stored() })
        }
        let session = memory.session()
        let commit = HistoryCommit(
            partition: 0, epoch: try await session.claim(),
            parts: [
                run("r1", [.closed(.completed(.empty))]), run("r2", []),
                part(StreamName.id("w"), records.map { $0.stored() }),
            ])
        guard case .committed = await session.append(commit) else {
            Issue.record("the story is not recorded")
            return
        }
        let engine = try await engine(HookedStore(memory), executesCode: false)
        #expect(try await engine.core.removeEnded(for: .zero) == (isSettled ? 1 : 0))
        engine.close()
        let runs = try await memory.session().streams(prefix: "run/", after: nil, limit: 9)
        #expect(runs == (isSettled ? ["run/w/r2"] : ["run/w/r1", "run/w/r2"]))
    }
}
