import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// What queues allow: how many at a time, how often, whose, and who first.
@Suite struct QueueLimitTests {
    /// Attempts come in and wait until they are let out.
    final class Hall: Sendable {
        private struct State {
            var arrived: [String] = []
            var inside: [String: CheckedContinuation<Void, Never>] = [:]
            var most = 0
            var isOpen = false
        }

        private let lock = Lock()
        private let state = Guarded(State())

        var arrived: [String] { lock.withLock { state.value.arrived } }
        /// How many were there at a time.
        var most: Int { lock.withLock { state.value.most } }

        func visit(_ name: String) async {
            await withCheckedContinuation { continuation in
                let isOpen = lock.withLock { () -> Bool in
                    state.value.arrived.append(name)
                    if state.value.isOpen { return true }
                    state.value.inside[name] = continuation
                    state.value.most = max(state.value.most, state.value.inside.count)
                    return false
                }
                if isOpen { continuation.resume() }
            }
        }

        func letOut(_ name: String) {
            lock.withLock { state.value.inside.removeValue(forKey: name) }?.resume()
        }

        /// Nobody waits any more.
        func open() {
            let all = lock.withLock { () -> [CheckedContinuation<Void, Never>] in
                state.value.isOpen = true
                defer { state.value.inside = [:] }
                return Array(state.value.inside.values)
            }
            for one in all { one.resume() }
        }
    }

    struct Visit: Activity {
        static let options = ActivityOptions(startToClose: .seconds(3_600))
        let hall: Hall

        func run(context: ActivityContext, input: String) async throws -> String {
            await hall.visit(input)
            return "\(input) \(context.info.attempt)"
        }
    }

    struct Order: Codable, Sendable {
        var name: String
        var queue = "hall"
        var key: String?
        var priority = 0
        var isOnce = false
        var scheduleToStart: Int?
        var isStep = false
    }

    /// A step on the loop, and one that is not.
    enum Looping: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.step("on", on: .loop) { _ in "on " }
                + context.step("off") { _ in "off" }
        }
    }

    enum Visiting: Workflow {
        static func run(context: WorkflowContext<Self>, input: Order) async throws -> String {
            var options = ActivityOptions(
                startToClose: .seconds(3_600), queue: input.queue, priority: input.priority,
                limitKey: input.key)
            options.scheduleToStart = input.scheduleToStart.map { .seconds($0) }
            options.cancellation = .wait
            if input.isOnce { options.retry = .once }
            do {
                guard input.isStep else {
                    return try await context.run(Visit.self, input.name, options: options)
                }
                return try await context.step("step", options: StepOptions(limitKey: input.key)) {
                    "\(input.name) \($0.attempt)"
                }
            } catch let failure as StepFailure where failure.cause.kind != .cancelled {
                return "\(input.name) \(failure.cause.kind)"
            }
        }
    }

    private func engine(
        _ hall: Hall, _ queues: [String: QueueOptions], activitiesMax: Int = 1_000,
        on store: MemoryHistoryStore = MemoryHistoryStore(),
        clock: SkippingClock = SkippingClock(), evicts: Bool = false
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.queues = queues
        options.evictsAlways = evicts
        options.activitiesMax = activitiesMax
        return try await WorkflowEngine(
            store: store.session(),
            definitions: [WorkflowDefinition(Visiting.self), WorkflowDefinition(Looping.self)],
            activities: [Visit(hall: hall)], options: options)
    }

    private func start(
        _ engine: WorkflowEngine, _ order: Order
    ) async throws -> WorkflowHandle<Visiting> {
        try await engine.start(Visiting.self, id: order.name, order)
    }

    /// Waits for something that comes.
    private func until(_ isSo: () async throws -> Bool) async rethrows {
        while try await !isSo() { await Task.yield() }
    }

    private func waiting(_ engine: WorkflowEngine, _ queue: String = "hall") -> Int {
        let status = engine.queueStatus().first { $0.name == queue }
        return (status?.waitingCount ?? 0) + (status?.spilledCount ?? 0)
    }

    private static func hall(_ options: QueueOptions) -> [String: QueueOptions] {
        var options = options
        options.isServedByEngine = true
        return ["hall": options]
    }

    @Test(
        "so many attempts are under way at a time, and the next begins when one is over",
        arguments: [false, true])
    func concurrency(evicts: Bool) async throws {
        let hall = Hall()
        let engine = try await engine(
            hall, Self.hall(QueueOptions(concurrency: 2)), evicts: evicts)
        var handles: [WorkflowHandle<Visiting>] = []
        for number in 0..<6 {
            handles.append(try await start(engine, Order(name: "\(number)")))
        }
        for number in 0..<6 {
            await until { hall.arrived.count == min(6, number + 2) }
            await until { waiting(engine) == max(0, 4 - number) }
            hall.letOut("\(number)")
            #expect(try await handles[number].result() == "\(number) 1")
        }
        #expect(hall.most == 2)
        #expect(hall.arrived == (0..<6).map { "\($0)" })
        let kinds = try await handles[5].history().map(\.typeName)
        #expect(
            kinds == ["RunStarted", "StepScheduled", "AttemptBegan", "StepCompleted", "RunClosed"])
        engine.close()
    }

    @Test("a hot key has as many under way as it may, and holds nobody else up")
    func perKey() async throws {
        let hall = Hall()
        let engine = try await engine(hall, Self.hall(QueueOptions(concurrencyPerKey: 2)))
        for number in 0..<10 { _ = try await start(engine, Order(name: "hot \(number)", key: "h")) }
        await until { hall.arrived.count == 2 && waiting(engine) == 8 }
        for number in 0..<3 {
            for key in ["cold", nil] {
                let name = "\(key ?? "none") \(number)"
                let handle = try await start(engine, Order(name: name, key: key))
                await until { hall.arrived.contains(name) }
                hall.letOut(name)
                #expect(try await handle.result() == "\(name) 1")
            }
        }
        hall.letOut("hot 1")
        await until { hall.arrived.contains("hot 2") }
        #expect(waiting(engine) == 7 && !hall.arrived.contains("hot 3"))
        hall.open()
        #expect(try await engine.handle(Visiting.self, id: "hot 9").result() == "hot 9 1")
        engine.close()
    }

    @Test("who has the lower priority number begins first, also where only the engine is busy")
    func priorities() async throws {
        for queue in ["hall", ActivityOptions.defaultQueue] {
            let hall = Hall()
            let engine = try await engine(
                hall, Self.hall(QueueOptions()), activitiesMax: 1)
            _ = try await start(engine, Order(name: "first", queue: queue))
            await until { hall.arrived == ["first"] }
            for (number, priority) in [3, 0, -7, 3, 0].enumerated() {
                let order = Order(name: "\(number)", queue: queue, priority: priority)
                _ = try await start(engine, order)
                await until { waiting(engine, queue) == number + 1 }
            }
            hall.open()
            _ = try await engine.handle(Visiting.self, id: "3").result()
            #expect(hall.arrived == ["first", "2", "1", "4", "0", "3"])
            engine.close()
        }
    }

    @Test("no more begin in a while than the rate lets, and a clock that skips comes to the last")
    func rate() async throws {
        let hall = Hall()
        hall.open()
        let rate = QueueRate(2, per: .seconds(10), burst: 3)
        let engine = try await engine(hall, Self.hall(QueueOptions(rate: rate)))
        var handles: [WorkflowHandle<Visiting>] = []
        for number in 0..<9 {
            handles.append(try await start(engine, Order(name: "\(number)")))
        }
        var begun: [Int64] = []
        for handle in handles {
            _ = try await handle.result()
            begun += try await handle.history().filter { $0.typeName == "AttemptBegan" }.map(\.time)
        }
        begun.sort()
        let seconds = begun.map { ($0 - begun[0]) / 1_000_000_000 }
        #expect(seconds == [0, 0, 0, 5, 10, 15, 20, 25, 30])
        engine.close()
    }

    @Test("steps of a default queue with limits wait, too; without limits nothing more is recorded")
    func defaultQueue() async throws {
        for limits in [QueueOptions(rate: QueueRate(1, per: .seconds(60))), nil] {
            let hall = Hall()
            hall.open()
            let engine = try await engine(
                hall, limits.map { [ActivityOptions.defaultQueue: $0] } ?? [:])
            for name in ["a", "b"] {
                let order = Order(name: name, queue: ActivityOptions.defaultQueue, isStep: true)
                let handle = try await start(engine, order)
                #expect(try await handle.result() == "\(name) 1")
                let history = try await handle.history()
                let count = history.count { $0.typeName == "AttemptBegan" }
                #expect(count == (limits == nil ? 0 : 1))
                let took = (history.last?.time ?? 0) - (history.first?.time ?? 0)
                #expect(took == (limits != nil && name == "b" ? 60_000_000_000 : 0))
            }
            engine.close()
        }
    }

    @Test("a step on the loop waits for nobody")
    func onLoop() async throws {
        let limits = [ActivityOptions.defaultQueue: QueueOptions(concurrency: 1)]
        let engine = try await engine(Hall(), limits)
        let handle = try await engine.start(Looping.self, id: "l", Nothing())
        #expect(try await handle.result() == "on off")
        let kinds = try await handle.history().map(\.typeName)
        #expect(kinds.filter { $0 == "AttemptBegan" }.count == 1)
        #expect(kinds.firstIndex(of: "AttemptBegan") == 4)
        engine.close()
    }

    @Test("what waits when the process ends is the same attempt after it; what had begun is lost")
    func restart() async throws {
        let store = MemoryHistoryStore()
        let before = Hall()
        let queues = Self.hall(QueueOptions(concurrency: 1))
        let first = try await engine(before, queues, on: store)
        for number in 0..<4 { _ = try await start(first, Order(name: "\(number)", isOnce: true)) }
        await until { before.arrived == ["0"] && waiting(first) == 3 }
        first.close()
        let after = Hall()
        after.open()
        // Whoever serves the queue now, and whatever its limits are.
        let second = try await engine(after, Self.hall(QueueOptions()), on: store)
        #expect(try await second.handle(Visiting.self, id: "0").result() == "0 outcomeUnknown")
        for number in 1..<4 {
            let handle = second.handle(Visiting.self, id: "\(number)")
            #expect(try await handle.result() == "\(number) 1")
        }
        #expect(after.arrived.sorted() == ["1", "2", "3"])
        before.open()
        second.close()
    }

    @Test(
        "of many that wait few are in memory, and all have their turn, once",
        arguments: [false, true])
    func spilled(isNamed: Bool) async throws {
        let hall = Hall()
        let queue = isNamed ? "hall" : ActivityOptions.defaultQueue
        var options = QueueOptions(concurrency: isNamed ? 2 : nil, waitingMax: 4)
        options.isServedByEngine = isNamed
        let engine = try await engine(hall, [queue: options], activitiesMax: 2, evicts: true)
        var handles: [WorkflowHandle<Visiting>] = []
        for number in 0..<60 {
            let order = Order(name: "\(number)", queue: queue, isOnce: true)
            handles.append(try await start(engine, order))
        }
        await until { hall.arrived.count == 2 && waiting(engine, queue) == 58 }
        let status = engine.queueStatus().first { $0.name == queue }
        #expect(status?.waitingCount == 4 && status?.spilledCount == 54)
        // Two that run, four that wait, and one that may be about to leave.
        await until { engine.core.hostCount <= 7 }
        hall.open()
        for (number, handle) in handles.enumerated() {
            #expect(try await handle.result() == "\(number) 1")
        }
        #expect(hall.arrived.count == 60 && Set(hall.arrived).count == 60)
        engine.close()
    }

    @Test(
        "who is cancelled while waiting does not begin, in memory or outside, and ends at once",
        arguments: [1, 10])
    func cancelled(waitingMax: Int) async throws {
        let hall = Hall()
        let options = QueueOptions(concurrency: 1, waitingMax: waitingMax)
        let engine = try await engine(hall, Self.hall(options), evicts: true)
        _ = try await start(engine, Order(name: "first"))
        await until { hall.arrived == ["first"] }
        for number in 0..<3 { _ = try await start(engine, Order(name: "\(number)")) }
        await until { waiting(engine) == 3 }
        for number in [0, 2] {
            let handle = engine.handle(Visiting.self, id: "\(number)")
            try await handle.cancel()
            await #expect(throws: WorkflowError.self) { try await handle.result() }
            #expect(try await handle.describe().outcome == .cancelled)
        }
        #expect(waiting(engine) == 1)
        hall.open()
        #expect(try await engine.handle(Visiting.self, id: "1").result() == "1 1")
        #expect(hall.arrived == ["first", "1"])
        engine.close()
    }

    @Test(
        "who waits too long for a turn fails, in memory or outside, and does not begin",
        arguments: [1, 10])
    func tooLate(waitingMax: Int) async throws {
        let hall = Hall()
        let clock = SkippingClock(skips: false)
        let options = QueueOptions(concurrency: 1, waitingMax: waitingMax)
        let engine = try await engine(hall, Self.hall(options), clock: clock, evicts: true)
        _ = try await start(engine, Order(name: "first"))
        await until { hall.arrived == ["first"] }
        for number in 0..<3 {
            _ = try await start(engine, Order(name: "\(number)", scheduleToStart: 30))
        }
        await until { waiting(engine) == 3 }
        let description = try await engine.handle(Visiting.self, id: "2").describe()
        #expect(description.explanation.contains("attempt 1, which waits in queue hall"))
        clock.advance(by: .seconds(30))
        for number in 0..<3 {
            let handle = engine.handle(Visiting.self, id: "\(number)")
            #expect(try await handle.result() == "\(number) timedOut")
        }
        #expect(waiting(engine) == 0)
        hall.open()
        #expect(try await engine.handle(Visiting.self, id: "first").result() == "first 1")
        #expect(hall.arrived == ["first"])
        engine.close()
    }

    @Test("an attempt that somebody completes from outside while it waits does not begin")
    func completedWhileWaiting() async throws {
        let hall = Hall()
        let engine = try await engine(hall, Self.hall(QueueOptions(concurrency: 1)))
        _ = try await start(engine, Order(name: "first"))
        await until { hall.arrived == ["first"] }
        let handle = try await start(engine, Order(name: "second"))
        await until { waiting(engine) == 1 }
        let token = TaskToken(
            workflowID: "second", runID: try await handle.describe().runID, step: 2, attempt: 1)
        #expect(try await engine.complete(token, "by hand"))
        #expect(try await handle.result() == "by hand")
        await until { waiting(engine) == 0 }
        hall.open()
        #expect(try await engine.handle(Visiting.self, id: "first").result() == "first 1")
        let third = try await start(engine, Order(name: "third"))
        #expect(try await third.result() == "third 1")
        #expect(hall.arrived == ["first", "third"])
        engine.close()
    }

    @Test("workers who pull get no more than the limits let, after a restart, too")
    func pulled() async throws {
        let store = MemoryHistoryStore()
        let limits = ["hall": QueueOptions(concurrency: 2, concurrencyPerKey: 1)]
        let clock = SkippingClock(skips: false)
        let first = try await engine(Hall(), limits, on: store, clock: clock)
        for (name, key) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c")] {
            _ = try await start(first, Order(name: name, key: key))
        }
        let one = try await first.nextAttempt(from: "hall")
        let two = try await first.nextAttempt(from: "hall")
        #expect([one, two].map(\.info.workflowID) == ["a1", "b1"])
        let early = Task { try await first.nextAttempt(from: "hall") }
        #expect(try await first.complete(two.token, "done"))
        #expect(try await early.value.info.workflowID == "c1")
        first.close()

        let second = try await engine(Hall(), limits, on: store, clock: clock)
        // They are taken up one by one.
        await until { waiting(second) == 1 && second.core.queues.holderCount(of: "hall") == 2 }
        let late = Task { try await second.nextAttempt(from: "hall") }
        // A key that is full is passed over although there is room.
        await until { second.queueStatus().contains { $0.workerCount == 1 } }
        #expect(try await second.fail(try await early.value.token, Self.noRetry))
        #expect(try await second.handle(Visiting.self, id: "c1").result() == "c1 application")
        #expect(waiting(second) == 1)
        #expect(try await second.complete(one.token, "done"))
        #expect(try await late.value.info.workflowID == "a2")
        second.close()
    }

    private static let noRetry = Failure(
        .application, type: "Broken", message: "", isNonRetryable: true)

    @Test("a queue that the engine serves is not pulled from, and limits below 1 are refused")
    func refused() async throws {
        let engine = try await engine(Hall(), Self.hall(QueueOptions()))
        await #expect(throws: WorkflowError.self) { try await engine.nextAttempt(from: "hall") }
        engine.close()
        for options in [
            QueueOptions(concurrency: 0), QueueOptions(concurrencyPerKey: -1),
            QueueOptions(waitingMax: 0), QueueOptions(rate: QueueRate(0, per: .seconds(1))),
            QueueOptions(rate: QueueRate(1, per: .zero)),
            QueueOptions(rate: QueueRate(1, per: .seconds(1), burst: 0)),
        ] {
            await #expect(throws: WorkflowError.self) {
                try await self.engine(Hall(), ["hall": options])
            }
        }
        let long = Order(name: "long", key: String(repeating: "k", count: 257))
        let faulty = try await self.engine(
            Hall(), [:], clock: SkippingClock(skips: false))
        let handle = try await start(faulty, long)
        #expect(try await handle.describe().taskFailure?.message.contains("limit key") == true)
        faulty.close()
    }

    @Test(
        "what options say of queues is read as it was written, and what older ones do not is none")
    func coding() throws {
        var schedule = StepSchedule(
            key: "a", kind: .activity, name: "a", options: Visit.options, inputHash: 1,
            input: .empty)
        for (priority, key, isGated) in [(0, nil, false), (-3, "k", true), (100, "", false)] {
            schedule.options.priority = priority
            schedule.options.limitKey = key
            schedule.isGated = isGated
            let event = HistoryEvent(
                id: 1, time: 5, commandCount: nil, body: .stepScheduled(schedule))
            let stored = event.stored()
            #expect(try HistoryEvent(metadata: stored.metadata, payload: stored.payload) == event)
        }
        // As an engine without limits has always written it.
        schedule.options = ActivityOptions(startToClose: .seconds(1))
        schedule.isGated = false
        let plain = HistoryEvent(
            id: 1, time: 5, commandCount: nil, body: .stepScheduled(schedule))
        #expect(
            plain.stored().metadata == [
                2, 2, 4, 1, 6, 10, 41, 1, 97, 55, 6, 2, 128, 168, 214, 185, 7, 56, 1,
            ])
        let began = HistoryEvent(
            id: 7, time: 5, commandCount: nil, body: .attemptBegan(step: 2, attempt: 3, by: 9))
        #expect(began.stored().metadata == [2, 31, 4, 7, 6, 10, 32, 2, 34, 3, 70, 9])
        #expect(try HistoryEvent(stored: began.stored()) == began)
    }
}
