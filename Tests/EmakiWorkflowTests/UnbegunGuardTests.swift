import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Runs that have not begun, and an engine that must not or need not remove what they have.
@Suite struct UnbegunGuardTests {
    private let memory = MemoryHistoryStore()
    private let faults = ProjectionKeeperTests.Faults()

    private func engine(
        _ store: HookedStore, definitions: [any Workflow.Type] = []
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        options.observer = faults
        return try await WorkflowEngine(
            store: store, definitions: definitions.map { WorkflowDefinition($0) },
            options: options)
    }

    private func settle(_ engine: WorkflowEngine) async {
        while engine.core.workInProgress > 0 { await Task.yield() }
    }

    /// What two processes left that died before their runs began.
    private func leave() async throws {
        let session = memory.session()
        let epoch = try await session.claim()
        for runID in ["r1", "r2"] {
            let start = HandMade.start {
                $0.runID = runID
                $0.copiedAhead = 2
            }
            let history = HandMade.history(start, [HandMade.signal("s")])
            let hash = EngineCore.hash(runID)
            let commit = HistoryCommit(
                partition: 0, epoch: epoch,
                parts: [
                    .init(
                        stream: StreamName.run("w", runID), expecting: nil,
                        events: history.map { .init($0.stored(), hash, $0.id) })
                ])
            guard case .committed = await session.append(commit) else {
                Issue.record("the story is not recorded")
                return
            }
        }
    }

    /// While the first of them is being removed something happens.
    private func removed(
        _ body: @escaping @Sendable (EngineCore) async -> Void
    ) async throws -> [String] {
        try await leave()
        let store = HookedStore(memory)
        let begun = FirstOutcome<EngineCore>()
        let isFirst = FirstTime()
        store.change {
            $0.removes = { _ in
                if isFirst.take(), let core = try? await begun.value()?.get() { await body(core) }
                return nil
            }
        }
        let engine = try await engine(store)
        begun.give(.success(engine.core))
        await settle(engine)
        engine.close()
        return store.now.removed
    }

    @Test("what nobody goes on with is removed")
    func all() async throws {
        let removed = try await removed { _ in }
        #expect(removed.sorted() == ["run/w/r1", "run/w/r2"])
        #expect(try await memory.session().streams(prefix: "", after: nil, limit: 9).isEmpty)
        #expect(faults.all.isEmpty)
    }

    enum Stop: CaseIterable { case closed, fenced, unusable, draining }

    @Test(
        "an engine that has no say any more, or is to come to rest, removes no more",
        arguments: Stop.allCases)
    func stops(_ stop: Stop) async throws {
        let removed = try await removed { core in
            switch stop {
            case .closed: await SystemThread.offload(name: "closing") { core.close() }
            case .fenced: core.isFenced = true
            case .unusable: core.isUnusable = true
            case .draining:
                Task.detached { _ = await core.drain(for: .seconds(3_600)) }
                while !core.isDraining { await Task.yield() }
            }
        }
        #expect(removed.count == 1)
        #expect(try await memory.session().streams(prefix: "", after: nil, limit: 9).count == 1)
        #expect(faults.all.isEmpty)
    }

    @Test("of a store that removes nothing nobody asks that, and of an engine without code neither")
    func keeps() async throws {
        try await leave()
        let store = HookedStore(memory)
        store.change { $0.capabilities = { $0.removesStreams = false } }
        let engine = try await engine(store)
        await settle(engine)
        engine.close()
        var options = EngineOptions()
        options.executesCode = false
        let other = HookedStore(memory)
        let operating = try await WorkflowEngine(store: other, definitions: [], options: options)
        #expect(await operating.core.projection?.ask { $0.unbegunRuns().count } == 2)
        await settle(operating)
        operating.close()
        #expect(store.now.removed.isEmpty && other.now.removed.isEmpty && faults.all.isEmpty)
    }

    @Test("what was not removed since somebody else went on with it is known still")
    func notRemoved() async throws {
        try await leave()
        let store = HookedStore(memory)
        store.change { $0.removes = { $0.hasSuffix("r1") ? false : nil } }
        let engine = try await engine(store)
        await settle(engine)
        #expect(store.now.removed.count == 2)
        let left = await engine.core.projection?.ask { $0.unbegunRuns() }
        #expect(left == [.init(workflowID: "w", runID: "r1")])
        engine.close()
    }

    @Test("what was copied for nothing stays in a store that removes nothing")
    func copiedForNothing() async throws {
        let store = HookedStore(memory)
        store.change {
            $0.capabilities = {
                $0.removesStreams = false
                $0.eventsPerCommitMax = 16
            }
        }
        let engine = try await engine(store, definitions: [UnbegunTests.Listener.self])
        let handle = try await engine.start(UnbegunTests.Listener.self, id: "l", Nothing())
        for word in 1...40 { try await handle.signal(UnbegunTests.Listener.say, word) }
        await settle(engine)
        let count = try await handle.history().count
        let next = Guarded(0)
        let lock = Lock()
        store.change {
            // The second piece.
            $0.answer = { _ in
                lock.withLock {
                    next.value += 1
                    return next.value == 2 ? .noSpace : nil
                }
            }
        }
        await #expect(throws: WorkflowError.noSpace) {
            try await engine.reset("l", to: .event(count + 1))
        }
        await settle(engine)
        #expect(store.now.removed.isEmpty && faults.all.isEmpty)
        #expect(try await memory.session().streams(prefix: "run/", after: nil, limit: 9).count == 2)
        engine.close()
    }
}
