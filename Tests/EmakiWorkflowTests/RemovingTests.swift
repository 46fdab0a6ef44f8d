import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Foundation
import Testing

@testable import EmakiWorkflow

/// Workflows that are deleted, and those that are deleted because nobody keeps them any longer.
@Suite struct RemovingTests {
    /// Goes on as another run so many times, and then waits for a word.
    enum Relay: Workflow {
        static let go = Signal<Self, Nothing>("go")
        static func initialState(for input: Int) -> Bool { false }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(go) { state, _ in state = true }
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            if input > 0 { throw try context.continueAsNew(input - 1) }
            try await context.wait { $0 }
            return "over"
        }
    }

    enum Coach: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.runChild(Relay.self, id: "relay", 3)
        }
    }

    private func engine(
        on store: any HistoryStore, clock: SkippingClock = SkippingClock(), world: World = World(),
        retention: Duration? = nil, projectionEventsMin: UInt64? = nil
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.projectionEventsMin = projectionEventsMin
        options.retention = retention
        return try await WorkflowEngine(
            store: store,
            definitions: [
                WorkflowDefinition(Countdown.self), WorkflowDefinition(AccountTransfer.self),
                WorkflowDefinition(EvictionTests.Dozer.self),
                WorkflowDefinition(ResettingTests.Errand.self), WorkflowDefinition(Relay.self),
                WorkflowDefinition(Coach.self),
            ],
            activities: [
                Note(world: world), Debit(world: world), Credit(world: world),
                Refund(world: world),
            ], options: options)
    }

    private func streamCount(_ store: any HistoryStore) async throws -> Int {
        try await store.streams(prefix: "", after: nil, limit: 1_000).count
    }

    /// Until removals are done.
    private func settle(_ engine: WorkflowEngine) async {
        while engine.core.workInProgress > 0 { await Task.yield() }
    }

    // MARK: Deleting

    @Test("a workflow that was deleted is as if it had never been, and its id is free again")
    func deleted() async throws {
        let store = MemoryHistoryStore()
        let world = World()
        let engine = try await engine(on: store.session(), world: world)
        let first = try await engine.start(Countdown.self, id: "n", 2, requestID: "r")
        #expect(try await first.result() == "lift off")
        try await engine.delete("n")
        await settle(engine)
        #expect(try await streamCount(store.session()) == 0)
        await #expect(throws: WorkflowError.notFound(workflowID: "n")) {
            try await first.describe()
        }
        await #expect(throws: WorkflowError.notFound(workflowID: "n")) {
            try await engine.delete("n")
        }
        // The request is forgotten, too.
        let second = try await engine.start(Countdown.self, id: "n", 1, requestID: "r")
        #expect(second.runID != first.runID)
        #expect(try await second.result() == "lift off")
        #expect(world.names == ["2", "1", "0", "1", "0"])
        engine.close()
        let next = try await self.engine(on: store.session())
        let runs = try await store.session().streams(prefix: "run/", after: nil, limit: 10)
        #expect(runs.count == 2)
        #expect(try await next.handle(Countdown.self, id: "n").result() == "lift off")
        next.close()
    }

    @Test("what is open, or was never there, is not deleted")
    func refused() async throws {
        let store = MemoryHistoryStore()
        let engine = try await engine(on: store.session(), clock: SkippingClock(skips: false))
        let handle = try await engine.start(EvictionTests.Dozer.self, id: "d", 1)
        let runID = try await handle.describe().runID
        await #expect(throws: WorkflowError.stillOpen(workflowID: "d", runID: runID)) {
            try await engine.delete("d")
        }
        await #expect(throws: WorkflowError.notFound(workflowID: "x")) {
            try await engine.delete("x")
        }
        try await handle.terminate(reason: "enough")
        try await engine.delete("d")
        engine.close()
        let keeping = try await self.engine(on: CountingStore(store.session()))
        await #expect(throws: WorkflowError.self) {
            try await keeping.removeEnded(longerAgoThan: .zero)
        }
        _ = try await keeping.execute(AccountTransfer.self, id: "t", Transfer(amount: 1))
        await #expect(throws: WorkflowError.invalid("this store removes nothing")) {
            try await keeping.delete("t")
        }
        #expect(try await keeping.handle(AccountTransfer.self, id: "t").describe().outcome != nil)
        keeping.close()
    }

    @Test("an id is free again on a log, also after it was opened anew")
    func onLog() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-removing-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for round in 1...3 {
            let options = StoreOptions(segmentBytes: 1 << 20)
            let log = try await EventLog.open(
                at: folder, round == 1 ? .creating(options) : Configuration())
            let engine = try await engine(on: EventLogStore(log))
            for number in 1...2 {
                let handle = try await engine.start(
                    Countdown.self, id: "n", number, requestID: "r")
                #expect(try await handle.result() == "lift off", "\(round) \(number)")
                try await engine.delete("n")
                await settle(engine)
            }
            #expect(try await streamCount(EventLogStore(log)) == 0)
            engine.close()
            await log.close()
        }
    }

    @Test("of a workflow that is deleted the table of open runs keeps nothing")
    func noDebt() async throws {
        let store = GatedStore(MemoryHistoryStore().session())
        let engine = try await engine(on: store)
        _ = try await engine.execute(Countdown.self, id: "n", 1)
        store.close()
        try await engine.delete("n")
        // It is recorded and not carried out.
        #expect(await engine.core.projection?.ask { $0.debts.count } == 1)
        store.open()
        await settle(engine)
        #expect(await engine.core.projection?.ask { $0.debts.count } == 0)
        engine.close()
    }

    @Test("a process that dies while it deletes leaves all or nothing, and the next one ends it")
    func dies() async throws {
        let whole = MemoryHistoryStore().session()
        try await story(whole)
        #expect(whole.commitCount > 7)
        for commit in 1...whole.commitCount {
            for isStored in [false, true] {
                let store = MemoryHistoryStore()
                let session = store.session()
                let over = FirstOutcome<Void>()
                session.end(at: .init(commit: commit, isStored: isStored)) { over.give(nil) }
                Task {
                    _ = try? await story(session)
                    over.give(nil)
                }
                _ = await over.value()
                let next = store.session()
                let engine = try await self.engine(on: next)
                await settle(engine)
                let runCount = try await next.streams(prefix: "run/", after: nil, limit: 10).count
                let ids = try await next.streams(prefix: "workflow/", after: nil, limit: 10)
                #expect((runCount == 0) == ids.isEmpty, "\(commit) \(isStored)")
                let handle = try await engine.start(
                    Countdown.self, id: "n", 1, conflict: .useExisting)
                #expect(try await handle.result() == "lift off")
                try await checkProjection(of: engine, "\(commit) \(isStored)")
                engine.close()
                try await checkProjection(of: store.session(), "\(commit) \(isStored)")
            }
        }
    }

    @Test(
        "what is known follows deletions, however far behind it is", arguments: 0...5)
    func known(asked: Int) async throws {
        let store = MemoryHistoryStore()
        let engine = try await engine(on: store.session(), projectionEventsMin: .max)
        func ask(at moment: Int) async throws {
            if moment == asked { try await checkProjection(of: engine) }
        }
        try await ask(at: 0)
        let first = try await engine.start(Countdown.self, id: "n", 1)
        try await ask(at: 1)
        _ = try await first.result()
        _ = try await engine.execute(Countdown.self, id: "m", 1)
        try await ask(at: 2)
        try await engine.delete("n")
        await settle(engine)
        try await ask(at: 3)
        _ = try await engine.execute(Countdown.self, id: "n", 1)
        try await ask(at: 4)
        try await checkProjection(of: engine)
        engine.close()
        try await checkProjection(of: store.session())
    }

    @discardableResult
    private func story(_ session: MemoryHistoryStore.Session) async throws -> Bool {
        let engine = try await engine(on: session)
        _ = try await engine.execute(Countdown.self, id: "n", 1)
        try await engine.delete("n")
        await settle(engine)
        engine.close()
        return true
    }

    @Test("an id that is used again while its old runs are being removed keeps the new one")
    func usedAgain() async throws {
        let store = MemoryHistoryStore()
        let gate = GatedStore(store.session())
        let engine = try await engine(on: gate)
        _ = try await engine.execute(Countdown.self, id: "n", 1)
        gate.close()
        try await engine.delete("n")
        let second = try await engine.start(Countdown.self, id: "n", 0)
        #expect(try await second.result() == "lift off")
        gate.open()
        await settle(engine)
        let runs = try await store.session().streams(prefix: "run/", after: nil, limit: 10)
        #expect(runs == ["run/n/\(second.runID ?? "")"])
        try await checkProjection(of: engine)
        engine.close()
        let next = try await self.engine(on: store.session())
        #expect(try await next.handle(Countdown.self, id: "n").describe().runID == second.runID)
        let records = try await next.core.idRecords("n").0
        #expect(IDRecord.removal(records) == nil)
        next.close()
    }

    @Test("what the end of a run asks for is done before it can be deleted")
    func unsettled() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let session = store.session()
        let first = try await engine(on: session, clock: clock)
        let coach = try await first.start(Coach.self, id: "coach", Nothing())
        while try await !coach.history().contains(where: { $0.typeName == "ChildStarted" }) {
            await Task.yield()
        }
        await settle(first)
        // The process ends with the run.
        let over = FirstOutcome<Void>()
        session.end(at: .init(commit: session.commitCount + 1, isStored: true)) { over.give(nil) }
        Task { try? await coach.terminate(reason: "enough") }
        _ = await over.value()
        first.close()
        var options = EngineOptions()
        options.executesCode = false
        let operating = try await WorkflowEngine(
            store: store.session(), definitions: [], options: options)
        await #expect(throws: WorkflowError.self) { try await operating.delete("coach") }
        operating.close()
        let next = try await engine(on: store.session(), clock: clock)
        await #expect(throws: WorkflowError.self) {
            try await next.handle(Relay.self, id: "relay").result()
        }
        await settle(next)
        try await next.delete("coach")
        next.close()
    }

    // MARK: Keeping for a while

    @Test("who waits for a run whose history was removed hears of the one that followed it")
    func followed() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let engine = try await engine(on: store.session(), clock: clock)
        let parent = try await engine.start(Coach.self, id: "coach", Nothing())
        let alone = try await engine.start(Relay.self, id: "alone", 2)
        while try await store.session().streams(prefix: "run/", after: nil, limit: 20).count < 8 {
            await Task.yield()
        }
        clock.advance(by: .seconds(100))
        while try await engine.removeEnded(longerAgoThan: .seconds(10)) > 0 { await Task.yield() }
        #expect(try await store.session().streams(prefix: "run/", after: nil, limit: 20).count == 3)
        engine.close()
        let next = try await self.engine(on: store.session(), clock: clock)
        for id in ["relay", "alone"] {
            try await next.handle(Relay.self, id: id).signal(Relay.go, Nothing())
        }
        let first = WorkflowHandle<Relay>(core: next.core, id: "alone", runID: alone.runID)
        #expect(try await first.result() == "over")
        let coach = WorkflowHandle<Coach>(core: next.core, id: "coach", runID: parent.runID)
        #expect(try await coach.result() == "over")
        next.close()
    }

    @Test("what ended long enough ago goes, what is open or younger stays")
    func retention() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let engine = try await engine(on: store.session(), clock: clock)
        _ = try await engine.execute(AccountTransfer.self, id: "old", Transfer(amount: 1))
        _ = try await engine.start(ResettingTests.Errand.self, id: "open", Nothing())
        clock.advance(by: .seconds(100))
        _ = try await engine.execute(AccountTransfer.self, id: "young", Transfer(amount: 1))
        #expect(try await engine.removeEnded(longerAgoThan: .seconds(100)) == 0)
        clock.advance(by: .seconds(1))
        #expect(try await engine.removeEnded(longerAgoThan: .seconds(100)) == 1)
        await settle(engine)
        #expect(
            try await store.session().streams(prefix: "workflow/", after: nil, limit: 10)
                == ["workflow/open", "workflow/young"])
        engine.close()
        clock.advance(by: .seconds(100))
        let next = try await self.engine(on: store.session(), clock: clock, retention: .seconds(50))
        while try await store.session().streams(prefix: "workflow/", after: nil, limit: 10).count
            > 1
        {
            await Task.yield()
        }
        next.close()
    }

    @Test("older runs of a chain go, and its newest stays as long as it is open")
    func chain() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let engine = try await engine(on: store.session(), clock: clock)
        let first = try await engine.start(ResettingTests.Errand.self, id: "e", Nothing())
        try await first.pause()
        for _ in 1...3 {
            try await engine.reset("e", to: .beginning)
            try await engine.handle(ResettingTests.Errand.self, id: "e").pause()
            clock.advance(by: .seconds(10))
        }
        // Those that ended 20 and 30 seconds ago.
        #expect(try await engine.removeEnded(longerAgoThan: .seconds(15)) == 2)
        #expect(try await engine.removeEnded(longerAgoThan: .seconds(15)) == 0)
        #expect(try await store.session().streams(prefix: "run/", after: nil, limit: 10).count == 2)
        engine.close()
        let next = try await self.engine(on: store.session(), clock: clock)
        #expect(try await next.removeEnded(longerAgoThan: .zero) == 1)
        try await checkProjection(of: next)
        let handle = next.handle(ResettingTests.Errand.self, id: "e")
        #expect(try await handle.describe().outcome == nil)
        try await handle.resume()
        try await handle.signal(ResettingTests.Errand.go, "ana")
        #expect(try await handle.result() == "noted a, noted b by ana, noted c")
        next.close()
    }
}
