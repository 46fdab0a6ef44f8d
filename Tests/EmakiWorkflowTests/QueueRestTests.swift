import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Queues with limits beside runs that rest, steps that many wait with, owners that are replaced.
@Suite struct QueueRestTests {
    typealias Hall = QueueLimitTests.Hall
    typealias Visit = QueueLimitTests.Visit

    /// Visits the hall as often as it is told, all at once.
    enum Crowd: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            let options = ActivityOptions(startToClose: .seconds(3_600), queue: "hall")
            return try await context.all(
                (0..<input).map { number in
                    { @Sendable in
                        try await context.run(Visit.self, "\(number)", options: options)
                    }
                }
            ).count
        }
    }

    /// Says whether it is in doubt of a visit that did not end in time.
    enum Doubtful: Workflow {
        static func run(context: WorkflowContext<Self>, input: String) async throws -> Bool {
            var options = ActivityOptions(startToClose: .seconds(3_600), queue: "hall")
            options.scheduleToClose = .seconds(60)
            do {
                _ = try await context.run(Visit.self, input, options: options)
                return false
            } catch let failure as StepFailure {
                return failure.cause.leavesDoubt
            }
        }
    }

    private func engine(
        _ hall: Hall, concurrency: Int = 1, waitingMax: Int = 1_000, isServed: Bool = true,
        on store: any HistoryStore = MemoryHistoryStore().session(), evicts: Bool = false,
        clock: SkippingClock = SkippingClock(skips: false),
        observer: (any EngineObserver)? = nil
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.observer = observer
        options.clock = clock
        var limits = QueueOptions(concurrency: concurrency, waitingMax: waitingMax)
        limits.isServedByEngine = isServed
        options.queues = ["hall": limits]
        options.evictsAlways = evicts
        return try await WorkflowEngine(
            store: store,
            definitions: [
                WorkflowDefinition(Crowd.self), WorkflowDefinition(Doubtful.self),
                WorkflowDefinition(QueueLimitTests.Visiting.self),
            ],
            activities: [Visit(hall: hall)], options: options)
    }

    private func until(_ isSo: () async throws -> Bool) async rethrows {
        while try await !isSo() { await Task.yield() }
    }

    private func status(_ engine: WorkflowEngine) -> QueueStatus? {
        engine.queueStatus().first { $0.name == "hall" }
    }

    private func events(
        _ engine: WorkflowEngine, _ id: String, _ type: String
    ) async throws -> Int {
        try await engine.handle(Crowd.self, id: id).history().count {
            $0.body.kind.typeName == type
        }
    }

    // MARK: Runs that rest

    @Test(
        "what waits in a queue does not begin while its run is paused, and does once it goes on",
        arguments: [false, true], [false, true])
    func paused(evicts: Bool, restarts: Bool) async throws {
        let store = MemoryHistoryStore()
        let first = Hall()
        var engine = try await engine(first, on: store.session(), evicts: evicts)
        _ = try await engine.start(Crowd.self, id: "guests", 1)
        await until { first.arrived.count == 1 }
        let paused = try await engine.start(Crowd.self, id: "paused", 2)
        await until { status(engine)?.waitingCount == 2 }
        try await paused.pause()
        var hall = first
        if restarts {
            engine.close()
            hall = Hall()
            engine = try await self.engine(hall, on: store.session(), evicts: evicts)
        }
        hall.open()
        // Who comes behind it passes it by.
        #expect(try await engine.start(Crowd.self, id: "behind", 1).result() == 1)
        // Who was there when the process ended comes again, soon or late.
        #expect(try await engine.handle(Crowd.self, id: "guests").result() == 1)
        let visits = hall.arrived.count
        #expect(try await events(engine, "paused", "AttemptBegan") == 0)
        #expect(try await engine.handle(Crowd.self, id: "paused").describe().pause != nil)
        try await engine.handle(Crowd.self, id: "paused").resume()
        #expect(try await engine.handle(Crowd.self, id: "paused").result() == 2)
        #expect(hall.arrived.count == visits + 2)
        #expect(try await events(engine, "paused", "AttemptBegan") == 2)
        #expect(try await events(engine, "paused", "AttemptFailed") == 0)
        engine.close()
    }

    @Test("a worker gets nothing of a run that is paused, and all of it once it goes on")
    func pausedPulled() async throws {
        let engine = try await engine(Hall(), concurrency: 9, isServed: false)
        let handle = try await engine.start(Crowd.self, id: "paused", 1)
        await until { status(engine)?.waitingCount == 1 }
        try await handle.pause()
        let next = Task { try await engine.nextAttempt(from: "hall") }
        // Taken from the queue, and put aside.
        await until { status(engine)?.waitingCount == 0 && status(engine)?.workerCount == 1 }
        try await handle.resume()
        let attempt = try await next.value
        #expect(attempt.info.attempt == 1)
        #expect(try await engine.complete(attempt.token, "by a worker"))
        #expect(try await handle.result() == 1)
        engine.close()
    }

    @Test("what rests does not fail for want of a worker, and its limit counts anew after it")
    func pausedTooLong() async throws {
        let hall = Hall()
        let clock = SkippingClock(skips: false)
        let engine = try await engine(hall, clock: clock)
        _ = try await engine.start(Crowd.self, id: "guest", 1)
        await until { hall.arrived.count == 1 }
        let order = QueueLimitTests.Order(name: "late", scheduleToStart: 30)
        let handle = try await engine.start(QueueLimitTests.Visiting.self, id: "late", order)
        await until { status(engine)?.waitingCount == 1 }
        try await handle.pause()
        clock.advance(by: .seconds(60))
        #expect(try await handle.describe().outcome == nil)
        try await handle.resume()
        clock.advance(by: .seconds(29))
        #expect(try await handle.describe().outcome == nil)
        clock.advance(by: .seconds(1))
        #expect(try await handle.result() == "late timedOut")
        hall.open()
        engine.close()
    }

    @Test("what waited outside of memory and has begun since is no more taken for waiting")
    func begunSince() async throws {
        let hall = Hall()
        let engine = try await engine(hall, concurrency: 1, waitingMax: 4)
        let guests = try await engine.start(Crowd.self, id: "guests", 5)
        await until { hall.arrived.count == 1 && status(engine)?.waitingCount == 4 }
        let order = QueueLimitTests.Order(name: "ana")
        let ana = try await engine.start(QueueLimitTests.Visiting.self, id: "ana", order)
        await until { status(engine)?.spilledCount == 1 }
        // One leaves, so that there is room, and not so much that anybody is brought back.
        let runID = try await guests.describe().runID
        let steps = try await guests.history().filter { $0.body.kind == .stepScheduled }.map(\.id)
        let last = TaskToken(workflowID: "guests", runID: runID, step: steps[4], attempt: 1)
        #expect(try await engine.complete(last, "by hand"))
        try await ana.pause()
        try await ana.resume()
        await until { status(engine)?.waitingCount == 4 }
        #expect(status(engine)?.spilledCount == 0)
        for step in steps[1..<4] {
            let token = TaskToken(workflowID: "guests", runID: runID, step: step, attempt: 1)
            #expect(try await engine.complete(token, "by hand"))
        }
        hall.letOut(hall.arrived[0])
        await until { hall.arrived.last == "ana" }
        // It is inside, and whoever is cancelled waits for it.
        try await ana.cancel()
        _ = try await ana.describe()
        #expect(try await ana.describe().outcome == nil)
        #expect(
            try await ana.history().contains { $0.body.kind == .stepFailed } == false)
        hall.open()
        #expect(try await ana.result() == "ana 1")
        engine.close()
    }

    // MARK: Many of one run

    @Test("of one run's many steps few are in memory, and all have their turn, once")
    func manyOfOne() async throws {
        let hall = Hall()
        let engine = try await engine(hall, concurrency: 2, waitingMax: 4, evicts: true)
        let handle = try await engine.start(Crowd.self, id: "crowd", 100)
        await until { hall.arrived.count == 2 && status(engine)?.spilledCount == 94 }
        #expect(status(engine)?.waitingCount == 4)
        hall.open()
        #expect(try await handle.result() == 100)
        #expect(hall.arrived.count == 100 && Set(hall.arrived).count == 100)
        await until { status(engine)?.spilledCount == 0 }
        engine.close()
    }

    @Test("steps that are ended from outside, wherever they wait, take no room from others")
    func endedFromOutside() async throws {
        let hall = Hall()
        let engine = try await engine(hall, concurrency: 1, waitingMax: 4, evicts: true)
        let handle = try await engine.start(Crowd.self, id: "crowd", 40)
        await until { hall.arrived.count == 1 && status(engine)?.spilledCount == 35 }
        let runID = try await handle.describe().runID
        let inside = try await handle.history().first { $0.body.kind == .attemptBegan }
        guard case .attemptBegan(let begun, _, _) = inside?.body else {
            Issue.record("nobody is inside")
            return
        }
        // The last first, so that the queue in memory stays full and nothing comes back by itself.
        let steps = try await handle.history().filter { $0.body.kind == .stepScheduled }.map(\.id)
        for step in steps.reversed() where step != begun {
            let token = TaskToken(workflowID: "crowd", runID: runID, step: step, attempt: 1)
            #expect(try await engine.complete(token, "by hand"))
            if step == steps[5] { #expect(status(engine)?.waitingCount == 4) }
            if step == steps[5] { #expect(status(engine)?.spilledCount == 0) }
        }
        hall.open()
        #expect(try await handle.result() == 40)
        #expect(hall.arrived.count == 1)
        // Twice as many as there is room for, so that some have to come back.
        #expect(try await engine.start(Crowd.self, id: "next", 8).result() == 8)
        #expect(hall.arrived.count == 9)
        engine.close()
    }

    // MARK: Doubt

    @Test(
        "a step whose time is over leaves doubt if it may have begun, and none if it cannot have",
        arguments: [false, true])
    func doubt(hasBegun: Bool) async throws {
        let hall = Hall()
        let clock = SkippingClock(skips: false)
        let engine = try await engine(hall, clock: clock)
        if !hasBegun { _ = try await engine.start(Crowd.self, id: "before", 1) }
        await until { hasBegun || hall.arrived.count == 1 }
        let handle = try await engine.start(Doubtful.self, id: "doubtful", "late")
        await until {
            hasBegun ? hall.arrived == ["late"] : status(engine)?.waitingCount == 1
        }
        clock.advance(by: .seconds(60))
        #expect(try await handle.result() == hasBegun)
        hall.open()
        engine.close()
    }

    @Test("a failure says whether an attempt may have had its effect, an earlier one included")
    func leavesDoubt() {
        var late = Failure.timedOut(.scheduleToStart, "nobody took it")
        #expect(!late.leavesDoubt)
        late.mayHaveHappened = true
        #expect(late.leavesDoubt)
        #expect(!Failure.timedOut(.scheduleToClose, "").leavesDoubt)
        #expect(Failure.timedOut(.startToClose, "").leavesDoubt)
        #expect(Failure.timedOut(.heartbeat, "").leavesDoubt)
    }

    // MARK: Observers

    /// Of each attempt whether a worker pulled it.
    private final class Pulls: EngineObserver {
        private let lock = Lock()
        private let told = Guarded<[Bool]>([])
        var all: [Bool] { lock.withLock { told.value } }
        func attemptBegan(_ attempt: ObservedAttempt) {
            lock.withLock { told.value.append(attempt.isPulled) }
        }
    }

    @Test("an observer knows who executes an attempt: the engine, or a worker that pulls")
    func isPulled() async throws {
        for isServed in [true, false] {
            let hall = Hall()
            hall.open()
            let pulls = Pulls()
            let engine = try await engine(hall, isServed: isServed, observer: pulls)
            let handle = try await engine.start(Crowd.self, id: "one", 1)
            if !isServed {
                let attempt = try await engine.nextAttempt(from: "hall")
                #expect(try await engine.complete(attempt.token, "by a worker"))
            }
            #expect(try await handle.result() == 1)
            #expect(pulls.all == [!isServed])
            engine.close()
        }
    }

    // MARK: Owners

    /// The first beginning that is to be recorded waits, and then comes too late: as a store that
    /// looks at versions before it looks at owners says it.
    private final class Hesitating: HistoryStore {
        private let base: MemoryHistoryStore.Session
        private let lock = Lock()
        private let hasBegun = Guarded(false)
        let (door, reached) = (Door(), Door())

        init(_ base: MemoryHistoryStore.Session) { self.base = base }

        var capabilities: HistoryStoreCapabilities { base.capabilities }
        func claim() async throws -> UInt64 { try await base.claim() }

        nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
            let isOne = commit.parts.flatMap(\.events).contains { $0.type == "AttemptBegan" }
            let isFirst = lock.withLock { () -> Bool in
                defer { if isOne { hasBegun.value = true } }
                return isOne && !hasBegun.value
            }
            guard isFirst else { return await base.append(commit) }
            reached.open()
            await door.pass()
            return .conflict
        }

        func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
            try await base.read(stream, from: index, limit: limit)
        }

        func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
            try await base.streams(prefix: prefix, after: after, limit: limit)
        }
    }

    @Test(
        "an owner that was replaced does not take the next one's record of a beginning for its own")
    func replacedOwner() async throws {
        let store = MemoryHistoryStore()
        let (old, new) = (Hall(), Hall())
        let hesitating = Hesitating(store.session())
        let first = try await engine(old, on: hesitating)
        _ = try await first.start(Crowd.self, id: "crowd", 1)
        await hesitating.reached.pass()
        let second = try await engine(new, on: store.session())
        await until { new.arrived.count == 1 }
        // The first reads what is recorded meanwhile.
        hesitating.door.open()
        await until { !old.arrived.isEmpty || first.core.queues.counts.running == 0 }
        #expect(old.arrived.isEmpty)
        old.open()
        new.open()
        #expect(try await second.handle(Crowd.self, id: "crowd").result() == 1)
        first.close()
        second.close()
    }
}
