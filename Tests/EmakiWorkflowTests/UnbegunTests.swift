import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Runs that go on from a point in a long history, and what is copied ahead for them: a process may
/// end before they begin.
@Suite struct UnbegunTests {
    /// Counts words until it is told to stop, or to begin anew, or for an hour.
    enum Listener: Workflow {
        static let say = Signal<Self, Int>("say")
        static func initialState(for input: Nothing) -> [Int] { [] }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(say) { state, word in state.append(word) }
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            _ = try await context.wait(
                until: { $0.contains { $0 < 0 } }, timeout: .seconds(3_600))
            if context.state.contains(-2) { throw try context.continueAsNew(input) }
            return context.state.count
        }
    }

    private static let wordCount = 40

    private func engine(
        on session: MemoryHistoryStore.Session, executesCode: Bool = true,
        answer: @escaping @Sendable (HistoryCommit) -> CommitAnswer? = { _ in nil }
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        options.executesCode = executesCode
        options.projectionEventsMin = 1
        // A piece that is copied ahead has 8 events.
        return try await WorkflowEngine(
            store: SmallStore(base: session, eventsPerCommitMax: 16, answer: answer),
            definitions: executesCode ? [WorkflowDefinition(Listener.self)] : [], options: options)
    }

    /// A store with a run that has heard so many words, and listens.
    private func listening() async throws -> MemoryHistoryStore {
        let store = MemoryHistoryStore()
        let engine = try await engine(on: store.session())
        let handle = try await engine.start(Listener.self, id: "l", Nothing())
        for word in 1...Self.wordCount { try await handle.signal(Listener.say, word) }
        try await settle(engine, handle)
        engine.close()
        return store
    }

    /// Until the code has seen all.
    private func settle(_ engine: WorkflowEngine, _ handle: WorkflowHandle<Listener>) async throws {
        while engine.core.workInProgress > 0 { await Task.yield() }
    }

    /// A way to begin a run with the events of another one.
    enum Way: String, CaseIterable {
        case reset, fork

        func go(_ engine: WorkflowEngine) async throws -> String {
            switch self {
            case .reset: try await engine.reset("l", to: .event(30), requestID: "again")
            case .fork:
                try await engine.fork("l", from: .event(30), as: "aside", requestID: "again")
            }
        }

        /// The new run's workflow.
        var id: String { self == .reset ? "l" : "aside" }
    }

    /// Dies at a commit or a removal.
    private func untilDeath(
        _ session: MemoryHistoryStore.Session, _ end: MemoryHistoryStore.Session.End,
        _ body: @escaping @Sendable (WorkflowEngine) async throws -> Void
    ) async throws {
        let over = FirstOutcome<Void>()
        session.end(at: end) { over.give(nil) }
        guard let engine = try? await engine(on: session) else { return }
        Task {
            _ = try? await body(engine)
            over.give(nil)
        }
        _ = await over.value()
        engine.close()
    }

    private func runIDs(_ id: String, in store: MemoryHistoryStore) async throws -> [String] {
        let page = try await store.session().read(StreamName.id(id), from: 0, limit: 1_000)
        return try page.events.map { try IDRecord($0.metadata) }.filter { $0.kind == .opened }
            .map(\.runID)
    }

    private func runStreams(_ store: MemoryHistoryStore) async throws -> [String] {
        try await store.session().streams(prefix: "run/", after: nil, limit: 100)
    }

    /// Nobody sees a run that has not begun: neither who counts nor who looks at all.
    private func expectNoPhantom(
        _ store: MemoryHistoryStore, _ comment: Comment
    ) async throws -> [String] {
        var begun: [String] = []
        for id in ["aside", "l"] {
            guard let runID = try await runIDs(id, in: store).last else { continue }
            begun.append("\(id)/\(runID)")
        }
        let engine = try await engine(on: store.session(), executesCode: false)
        defer { engine.close() }
        let ids = begun.map { String($0.split(separator: "/")[0]) }
        let (listed, counted, each) = try #require(
            await engine.core.projection?.ask { projection in
                (
                    projection.workflows(.init(), after: nil, limit: 10),
                    projection.openCounts(.init()),
                    projection.openRuns(of: ids)
                )
            })
        #expect(listed == ids, comment)
        #expect(counted == [.open: begun.count], comment)
        #expect(each.map { $0.map { "\($0.id)/\($0.runID)" } } == begun, comment)
        let lines = try await OperatorEngineTests.ask(engine, "list", [("state", "open")])
        #expect(lines.lines.count == begun.count, comment)
        // What is replayed is what has begun: all runs of all ids.
        let all = try await runIDs("l", in: store).count + runIDs("aside", in: store).count
        let replayed = try await Replayer(workflows: [Listener.self]).checkAll(in: store.session())
        #expect(replayed == all, comment)
        var histories = StoredHistories(engine)
        var kept: [String] = []
        while true {
            let page = try await histories.ids()
            if page.isEmpty { break }
            for id in page {
                let run = try await histories.newestRun(of: id, isHashed: false)
                if let run, run.isOpen { kept.append("\(id)/\(run.runID)") }
            }
        }
        #expect(kept == begun, comment)
        let versions = try await engine.versions()
        #expect(versions.reduce(0) { $0 + $1.openCount } == begun.count, comment)
        return begun
    }

    // MARK: Crashes

    @Test(
        "a process that dies at any write of a reset or a fork leaves the old run or the new one",
        arguments: Way.allCases)
    func dies(_ way: Way) async throws {
        let whole = try await listening()
        let session = whole.session()
        let engine = try await engine(on: session)
        _ = try await way.go(engine)
        engine.close()
        let commitCount = session.commitCount
        // Some are copied ahead.
        #expect(commitCount > 4)
        var (orphanCount, begunCount) = (0, 0)
        for commit in 1...commitCount {
            for isStored in [false, true] {
                let comment: Comment = "\(way) dies at \(commit), stored: \(isStored)"
                let store = try await listening()
                let old = try #require(try await runIDs("l", in: store).first)
                try await untilDeath(store.session(), .init(commit: commit, isStored: isStored)) {
                    _ = try await way.go($0)
                }
                try await checkProjection(of: store.session(), comment)
                let streams = try await runStreams(store)
                let begun = try await expectNoPhantom(store, comment)
                let hasHappened = begun != ["l/\(old)"]
                begunCount += hasHappened ? 1 : 0
                let isOrphaned = streams.count > (hasHappened ? 2 : 1)
                orphanCount += isOrphaned ? 1 : 0
                #expect(!(hasHappened && isOrphaned), comment)
                try await again(way, store, old, hasHappened, comment)
            }
        }
        #expect(orphanCount >= 5 && begunCount >= 1)
    }

    /// The next engine removes what is nobody's, and the same request has its effect once.
    private func again(
        _ way: Way, _ store: MemoryHistoryStore, _ old: String, _ hasHappened: Bool,
        _ comment: Comment
    ) async throws {
        let next = try await engine(on: store.session())
        while next.core.workInProgress > 0 { await Task.yield() }
        #expect(try await runStreams(store).count == (hasHappened ? 2 : 1), comment)
        let oldRun = WorkflowHandle<Listener>(core: next.core, id: "l", runID: old)
        let isOpen = try await next.core.machine("l", old).isOpen
        #expect(isOpen == !(way == .reset && hasHappened), comment)
        let runID = try await way.go(next)
        #expect(try await runIDs(way.id, in: store).last == runID, comment)
        #expect(try await runStreams(store).count == 2, comment)
        for id in Set(["l", way.id]) {
            let handle = next.handle(Listener.self, id: id)
            try await handle.signal(Listener.say, -1)
            #expect(try await handle.result() == Self.wordCount + 1, comment)
        }
        if way == .fork { #expect(try await oldRun.result() == Self.wordCount + 1, comment) }
        next.close()
        try await checkProjection(of: store.session(), comment)
    }

    @Test("what is nobody's is removed, wherever the process dies that removes it")
    func diesRemoving() async throws {
        for isStored in [false, true] {
            let store = try await listening()
            try await untilDeath(store.session(), .init(commit: 3, isStored: true)) {
                _ = try await Way.reset.go($0)
            }
            #expect(try await runStreams(store).count == 2)
            let begun = try await expectNoPhantom(store, "before")
            try await untilDeath(store.session(), .init(commit: 1, isStored: isStored)) { engine in
                while engine.core.workInProgress > 0 { await Task.yield() }
            }
            #expect(try await runStreams(store).count == (isStored ? 1 : 2))
            #expect(try await expectNoPhantom(store, "between") == begun)
            try await again(.reset, store, begun[0].replacing("l/", with: ""), false, "after")
        }
    }

    // MARK: Without a crash

    @Test("a reset that copies and is refused, or has been done, leaves nothing")
    func refused() async throws {
        let store = try await listening()
        let session = store.session()
        let engine = try await engine(on: session)
        // The disk is full for a moment.
        session.fail(at: session.commitCount + 2, .noSpace)
        await #expect(throws: WorkflowError.noSpace) { _ = try await Way.reset.go(engine) }
        #expect(try await runStreams(store).count == 1)
        #expect(await engine.core.projection?.ask { $0.unbegun.count + $0.runs.count } == 1)
        // The same request twice at once.
        async let first = Way.fork.go(engine)
        async let second = Way.fork.go(engine)
        let runIDs = try await [first, second]
        #expect(Set(runIDs).count == 1)
        #expect(try await runStreams(store).count == 2)
        #expect(await engine.core.projection?.ask { $0.unbegun.count } == 0)
        // Another workflow has the id.
        await #expect(throws: WorkflowError.self) {
            try await engine.fork("l", from: .event(30), as: "aside", requestID: "other")
        }
        #expect(try await runStreams(store).count == 2)
        #expect(await engine.core.projection?.ask { $0.unbegun.count } == 0)
        engine.close()
        try await checkProjection(of: store.session())
    }

    @Test("who deletes a workflow deletes what was copied for runs of it that did not begin")
    func deleted() async throws {
        let store = try await listening()
        try await untilDeath(store.session(), .init(commit: 3, isStored: true)) {
            _ = try await Way.reset.go($0)
        }
        // Without code nothing is removed that nobody asked for.
        let operating = try await engine(on: store.session(), executesCode: false)
        #expect(try await runStreams(store).count == 2)
        let found = await operating.core.projection?.ask { $0.unbegunRuns() }
        let phantom = try #require(found?.first)
        #expect(phantom.workflowID == "l")
        await #expect(throws: WorkflowError.notFound(workflowID: "l")) {
            _ = try await operating.core.machine("l", phantom.runID)
        }
        await #expect(throws: WorkflowError.notFound(workflowID: "l")) {
            try await operating.fork("l", runID: phantom.runID, from: .beginning, as: "x")
        }
        try await operating.handle(Listener.self, id: "l").terminate(reason: "enough")
        try await operating.delete("l")
        while operating.core.workInProgress > 0 { await Task.yield() }
        #expect(try await store.session().streams(prefix: "", after: nil, limit: 10).isEmpty)
        operating.close()
    }

    @Test("what is being copied, or of which nobody knows whether it began, is not removed")
    func unknown() async throws {
        let store = try await listening()
        let session = store.session()
        let engine = try await engine(on: session)
        // Nobody knows what became of the second piece.
        session.fail(at: session.commitCount + 2, .conflict)
        await #expect(throws: WorkflowError.outcomeUnknown) { _ = try await Way.reset.go(engine) }
        #expect(try await runStreams(store).count == 2)
        try await engine.core.removeUnbegun(of: "l")
        #expect(try await runStreams(store).count == 2)
        engine.close()
        // By the next engine all is known.
        let next = try await self.engine(on: store.session())
        while next.core.workInProgress > 0 { await Task.yield() }
        #expect(try await runStreams(store).count == 1)
        // A run that has begun is none of these, whoever says so.
        let runID = try await Way.reset.go(next)
        while next.core.workInProgress > 0 { await Task.yield() }
        let count = try await next.handle(Listener.self, id: "l").history().count
        next.core.removeUnbegun([.init(workflowID: "l", runID: runID)])
        while next.core.workInProgress > 0 { await Task.yield() }
        #expect(try await store.session().count("run/l/\(runID)") == count)
        next.close()
    }

    @Test("a full disk says nothing of a piece of which nobody knew whether it is stored")
    func fullAfterUnknown() async throws {
        let store = try await listening()
        // To the second piece and what is asked after it.
        let answers = Guarded<[CommitAnswer]>([.unknown, .noSpace])
        let lock = Lock()
        let engine = try await engine(on: store.session()) { commit in
            guard commit.parts[0].expecting != nil, commit.parts.count == 1 else { return nil }
            return lock.withLock { answers.value.isEmpty ? nil : answers.value.removeFirst() }
        }
        await #expect(throws: WorkflowError.outcomeUnknown) { _ = try await Way.reset.go(engine) }
        // It may still come, so nothing is removed before the next engine, which lets nothing in.
        #expect(try await runStreams(store).count == 2)
        engine.close()
        let next = try await self.engine(on: store.session())
        while next.core.workInProgress > 0 { await Task.yield() }
        #expect(try await runStreams(store).count == 1)
        next.close()
    }

    @Test("a run that follows one for which events were copied has begun with its own first event")
    func followers() async throws {
        let store = try await listening()
        let engine = try await engine(on: store.session())
        _ = try await Way.reset.go(engine)
        let forked = try await Way.fork.go(engine)
        let again = try await engine.reset("l", to: .beginning, reapplyingMessages: false)
        #expect(await engine.core.projection?.ask { $0.openRuns(of: ["l"])[0]?.runID } == again)
        let handle = engine.handle(Listener.self, id: "aside")
        try await handle.signal(Listener.say, -2)
        while try await handle.describe().runID == forked { await Task.yield() }
        let next = try await handle.describe().runID
        #expect(await engine.core.projection?.ask { $0.openRuns(of: ["aside"])[0]?.runID } == next)
        engine.close()
        try await checkProjection(of: store.session())
    }

    // MARK: Alone

    @Test("a run begins with the first event behind those that were copied, in whatever order")
    func inAnyOrder() async throws {
        let store = try await listening()
        let engine = try await engine(on: store.session())
        let runID = try await Way.reset.go(engine)
        engine.close()
        let read = store.session()
        let run = try await read.read("run/l/\(runID)", from: 0, limit: 1_000).events
        let id = try await read.read("workflow/l", from: 0, limit: 1_000).events
        guard
            case .started(let start) = try HistoryEvent(
                metadata: run[0].metadata, payload: run[0].payload
            ).body
        else { return }
        #expect(start.copiedAhead > 8 && start.copiedAhead < run.count)
        for idComesFirst in [true, false] {
            var projection = Projection()
            if idComesFirst { take(id, of: "workflow/l", &projection) }
            for (index, event) in run.enumerated() {
                take([event], of: "run/l/\(runID)", from: index, &projection)
                let isThere = index >= start.copiedAhead
                #expect(projection.openCounts(.init()) == (isThere ? [.open: 1] : [:]))
                #expect(projection.openRuns(of: ["l"])[0]?.runID == (isThere ? runID : nil))
                #expect(projection.unbegunRuns().count == (isThere ? 0 : 1))
                #expect(projection.unbegunRuns(of: "m").isEmpty)
                let findings = projection.findings(at: 0, isSuspect: { _ in true })
                #expect(findings.work == (isThere ? ["l"] : []))
                #expect(findings.unbegun.map(\.runID) == (isThere ? [] : [runID]))
            }
            if !idComesFirst { take(id, of: "workflow/l", &projection) }
            #expect(projection.openCounts(.init()) == [.open: 1])
        }
    }

    private func take(
        _ events: [HistoryPage.Stored], of stream: String, from index: Int = 0,
        _ projection: inout Projection
    ) {
        let isWanted = stream.withUTF8Span { projection.begin($0) }
        #expect(isWanted)
        for (offset, event) in events.enumerated() {
            event.metadata.withRawSpan {
                let version = UInt64(index + offset + 1)
                projection.take(version: version, $0)
            }
        }
    }
}
