import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Resets and forks while something else happens to the run, of histories that are too large for a
/// commit, and with names that are too long.
@Suite struct ResettingGuardTests {
    /// Collects what it hears until it is told to stop.
    enum Ear: Workflow {
        static let say = Signal<Self, String>("say")
        static func initialState(for input: Nothing) -> [String] { [] }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(say) { state, word in state.append(word) }
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            try await context.wait { $0.contains("stop") }
            return context.state.count
        }
    }

    private let memory = MemoryHistoryStore()

    private func engine(_ store: HookedStore) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        return try await WorkflowEngine(
            store: store, definitions: [WorkflowDefinition(Ear.self)], options: options)
    }

    private func settle(_ engine: WorkflowEngine) async {
        while engine.core.workInProgress > 0 { await Task.yield() }
    }

    /// A run that has heard these words.
    private func listening(_ engine: WorkflowEngine, _ words: [String] = ["a"]) async throws {
        let handle = try await engine.start(Ear.self, id: "w", Nothing())
        for word in words { try await handle.signal(Ear.say, word) }
        await settle(engine)
    }

    private func runs(of id: String) async throws -> [String] {
        let page = try await memory.session().read(StreamName.id(id), from: 0, limit: 1_000)
        return try page.events.map { try IDRecord($0.metadata) }.filter { $0.kind == .opened }
            .map(\.runID)
    }

    /// Does something once, after a run's history was read for the cut.
    private func interrupt(
        _ store: HookedStore, _ body: @escaping @Sendable () async throws -> Void
    ) {
        let isFirst = FirstTime()
        store.change {
            $0.hasRead = { stream in
                guard stream.hasPrefix("run/"), isFirst.take() else { return }
                do { try await body() } catch { Issue.record(error) }
            }
        }
    }

    // MARK: Meanwhile

    @Test("what a run is told while it is being reset is not lost")
    func told() async throws {
        let store = HookedStore(memory)
        let engine = try await engine(store)
        try await listening(engine)
        interrupt(store) {
            try await engine.handle(Ear.self, id: "w").signal(Ear.say, "meanwhile")
        }
        let runID = try await engine.reset("w", to: .event(3))
        let handle = engine.handle(Ear.self, id: "w")
        try await handle.signal(Ear.say, "stop")
        #expect(try await handle.result() == 3)
        #expect(try await handle.describe().runID == runID)
        #expect(try await runs(of: "w").count == 2)
        engine.close()
    }

    @Test("a workflow that goes on as another run while it is being reset is not reset")
    func anotherRun() async throws {
        let store = HookedStore(memory)
        let engine = try await engine(store)
        try await listening(engine)
        let other = FirstOutcome<String>()
        interrupt(store) {
            // It has as many events as the one before it had.
            try await engine.handle(Ear.self, id: "w").terminate(reason: "enough")
            let next = try await engine.start(Ear.self, id: "w", Nothing())
            try await next.signal(Ear.say, "b")
            other.give(.success(next.runID ?? ""))
        }
        do {
            let runID = try await engine.reset("w", to: .event(3))
            Issue.record("reset as \(runID)")
        } catch {
            let newest = try await other.value()?.get() ?? ""
            let problem = WorkflowError.invalid(
                "w went on as run \(newest): look at it, and ask again")
            #expect(error as? WorkflowError == problem)
        }
        #expect(try await runs(of: "w").count == 2)
        #expect(try await engine.handle(Ear.self, id: "w").describe().outcome == nil)
        engine.close()
    }

    @Test("the same request twice at once has the same answer", arguments: [true, false])
    func sameRequest(isFork: Bool) async throws {
        let store = HookedStore(memory)
        let engine = try await engine(store)
        try await listening(engine)
        @Sendable func go() async throws -> String {
            if isFork {
                return try await engine.fork("w", from: .event(3), as: "v", requestID: "r")
            }
            return try await engine.reset("w", to: .event(3), requestID: "r")
        }
        let first = FirstOutcome<String>()
        interrupt(store) { first.give(.success(try await go())) }
        let second = try await go()
        #expect(try await first.value()?.get() == second)
        #expect(try await runs(of: isFork ? "v" : "w").count == (isFork ? 1 : 2))
        engine.close()
    }

    @Test("a fork waits for the end of the run before it to be durable")
    func endAndFork() async throws {
        let store = HookedStore(memory)
        let engine = try await engine(store)
        try await listening(engine)
        _ = try await engine.start(Ear.self, id: "v", Nothing())
        await settle(engine)
        let history = try await engine.handle(Ear.self, id: "w").history()
        let cut = try RunCut(
            of: history,
            .init(
                point: .event(history.count + 1), workflowID: "v", runID: "forked",
                requestID: "q", isFork: true, reappliesMessages: true, now: 1))
        let (entered, leaves) = (Gate(), Gate())
        store.change {
            $0.appends = { _ in
                entered.open()
                await leaves.waited()
            }
        }
        async let told: Void = engine.handle(Ear.self, id: "v").signal(Ear.say, "b")
        await entered.waited()
        store.change { $0.appends = { _ in } }
        let (ended, forked) = (FirstOutcome<Void>(), FirstOutcome<String>())
        let host = engine.core.host("v")
        host.enqueue(.terminate(requestID: "t", reason: "", childOf: nil) { ended.give($0) })
        host.enqueue(.fork(cut) { forked.give($0) })
        leaves.open()
        try await told
        _ = try await ended.value()?.get()
        #expect(try await forked.value()?.get() == "forked")
        await settle(engine)
        let ids = try await runs(of: "v")
        #expect(ids.count == 2 && ids.last == "forked")
        for runID in ids {
            let events = try await engine.core.history("v", runID).events
            #expect(try RunMachine(history: events).isOpen == (runID == "forked"))
        }
        engine.close()
    }

    // MARK: Limits

    @Test(
        "a history of many bytes is copied in commits that the store takes", arguments: [10, 4_400])
    func bytes(lastBytes: Int) async throws {
        let limit = 8_192
        let store = HookedStore(memory)
        let isTooLarge = FirstTime()
        store.change {
            $0.capabilities = { $0.commitBytesMax = limit }
            $0.appends = { commit in
                let events = commit.parts.flatMap(\.events)
                if events.reduce(0, { $0 + $1.metadata.count + $1.payload.count }) > limit {
                    _ = isTooLarge.take()
                }
            }
        }
        let engine = try await engine(store)
        // The last one takes more than half a commit for itself.
        let words = (0..<20).map { String(repeating: "\($0 % 10)", count: 1_000) }
        try await listening(engine, words + [String(repeating: "z", count: lastBytes)])
        let old = try await engine.handle(Ear.self, id: "w").history()
        try await engine.reset("w", to: .event(old.count + 1))
        let new = try await engine.handle(Ear.self, id: "w").history()
        #expect(new.dropFirst().map(\.body) == old.dropFirst().map(\.body))
        #expect(isTooLarge.take())
        let handle = engine.handle(Ear.self, id: "w")
        try await handle.signal(Ear.say, "stop")
        #expect(try await handle.result() == words.count + 2)
        engine.close()
    }

    @Test("names that are too long are refused before anything is done")
    func names() async throws {
        let store = HookedStore(memory)
        let engine = try await engine(store)
        try await listening(engine)
        store.change { $0.commitCount = 0 }
        for name in ["", String(repeating: "n", count: StreamName.workflowIDBytesMax + 1)] {
            let problem = WorkflowError.tooLarge(
                "workflow id", limit: StreamName.workflowIDBytesMax, value: name.utf8.count)
            store.change { $0.read = [] }
            await #expect(throws: problem) {
                try await engine.fork("w", from: .beginning, as: name)
            }
            #expect(store.now.read.isEmpty)
        }
        let limit = EngineCore.requestIDBytesMax
        let long = String(repeating: "r", count: limit + 1)
        let problem = WorkflowError.tooLarge("request id", limit: limit, value: limit + 1)
        await #expect(throws: problem) {
            try await engine.reset("w", to: .beginning, requestID: long)
        }
        await #expect(throws: problem) {
            try await engine.fork("w", from: .beginning, as: "v", requestID: long)
        }
        #expect(store.now.commitCount == 0)
        _ = try await engine.reset("w", to: .beginning, requestID: String(long.dropLast()))
        engine.close()
    }
}

/// True for who comes first.
final class FirstTime: Sendable {
    private let lock = Lock()
    private let isTaken = Guarded(false)

    func take() -> Bool {
        lock.withLock {
            defer { isTaken.value = true }
            return !isTaken.value
        }
    }
}
