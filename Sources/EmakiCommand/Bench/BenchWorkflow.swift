import EmakiLog
import EmakiPlatform
import EmakiWorkflow

/// `--op workflow`: from a call to what the caller sees of it, everything durable.
extension BenchSession {
    private static let resumedSteps = 2_000

    func workflow() async throws -> BenchResult {
        if plan.variant == .resume { return try await resume() }
        if plan.variant == .overdue { return try await overdue() }
        if plan.variant == .wake { return try await wake() }
        let engine = try await makeEngine()
        defer { engine.close() }
        var result = BenchResult(self)
        let clients = try await clients(engine)
        _ = try await runClients(clients, seconds: min(0.3, plan.seconds / 4))
        latency.reset()
        let sliceCount = plan.seconds >= BenchPlan.slicedSecondsMin ? BenchPlan.sliceCount : 1
        try await measureDevice()
        for _ in 0..<sliceCount {
            try await measure(into: &result) { _ in
                try await runClients(clients, seconds: plan.seconds / Double(sliceCount))
            }
            try await measureDevice()
        }
        return result
    }

    func makeEngine(_ options: EngineOptions = EngineOptions()) async throws -> WorkflowEngine {
        var options = options
        if plan.codec == .bytes { options.codec = BytesPayloadCodec() }
        return try await WorkflowEngine(
            log: log,
            workflows: [
                BenchTransfer.self, BenchByteTransfer.self, BenchSteps.self, BenchCounter.self,
                BenchFanout.self, BenchSleeper.self,
            ],
            activities: [
                BenchDebit(), BenchCredit(), BenchByteDebit(), BenchByteCredit(),
            ], options: options)
    }

    func clients(_ engine: WorkflowEngine) async throws -> [BenchWorkflowClient] {
        var clients: [BenchWorkflowClient] = []
        for index in 0..<plan.appenderCount {
            clients.append(
                try await BenchWorkflowClient(
                    engine, plan, prefix: "\(Self.defaultBase(isFresh: false))-\(index)-"))
        }
        return clients
    }

    private func runClients(
        _ clients: [BenchWorkflowClient], seconds: Double
    ) async throws -> BenchTally {
        let end = SystemClock.monotonicNanoseconds() + Int64(seconds * 1e9)
        return await runClients(clients) { SystemClock.monotonicNanoseconds() < end }
    }

    /// - Parameter goesOn: asked by each client after each call.
    func runClients(
        _ clients: [BenchWorkflowClient], while goesOn: @escaping @Sendable () -> Bool
    ) async -> BenchTally {
        await withTaskGroup(of: BenchTally.self) { group in
            for client in clients {
                group.addTask(executorPreference: log.loop) {
                    await client.run(while: goesOn, latency)
                }
            }
            return await group.reduce(into: BenchTally()) { $0 += $1 }
        }
    }

    /// A new engine takes up a run with many completed steps, until that run has gone on.
    private func resume() async throws -> BenchResult {
        var result = BenchResult(self)
        let id = "resume-\(Self.defaultBase(isFresh: false))"
        var engine = try await makeEngine()
        let order = BenchSteps.Order(count: Self.resumedSteps, isInline: true, waits: true)
        let handle = try await engine.start(BenchSteps.self, id: id, order)
        while try await handle.describe().eventCount <= Self.resumedSteps * 2 {
            await Task.yield()
        }
        engine.close()
        var samples = BenchSamples(for: latency)
        let end = SystemClock.monotonicNanoseconds() + Int64(plan.seconds * 1e9)
        try await measureDevice()
        try await measure(into: &result) { _ in
            var tally = BenchTally()
            repeat {
                let started = SystemClock.monotonicNanoseconds()
                engine = try await makeEngine()
                let value = try await engine.handle(BenchSteps.self, id: id).describe()
                try await engine.handle(BenchSteps.self, id: id).warm()
                samples.add(SystemClock.monotonicNanoseconds() - started)
                tally.succeed(events: value.eventCount)
                engine.close()
            } while SystemClock.monotonicNanoseconds() < end
            samples.handOver()
            return tally
        }
        try await measureDevice()
        return result
    }
}

/// One caller with one call under way.
final class BenchWorkflowClient: Sendable {
    private let engine: WorkflowEngine
    private let plan: BenchPlan
    private let prefix: String
    private let lock = Lock()
    private let number = Guarded(0)
    /// For messages.
    private let counter: WorkflowHandle<BenchCounter>?

    init(_ engine: WorkflowEngine, _ plan: BenchPlan, prefix: String) async throws {
        self.engine = engine
        self.plan = plan
        self.prefix = prefix
        counter =
            if [.signal, .update, .query].contains(plan.variant) {
                try await engine.start(
                    BenchCounter.self, id: prefix + "counter", BenchValue.make(0))
            } else {
                nil
            }
    }

    func run(
        while goesOn: @Sendable () -> Bool, _ latency: BenchLatency
    ) async -> BenchTally {
        var tally = BenchTally()
        var samples = BenchSamples(for: latency)
        var now = SystemClock.monotonicNanoseconds()
        repeat {
            let started = now
            do {
                try await call()
                tally.succeed(events: 1)
            } catch {
                tally.fail("\(error)")
            }
            now = SystemClock.monotonicNanoseconds()
            samples.add(now - started)
        } while goesOn() && !tally.isHopeless
        samples.handOver()
        return tally
    }

    private func call() async throws {
        let next = lock.withLock { () -> Int in
            number.value += 1
            return number.value
        }
        let id = prefix + String(next)
        switch plan.variant {
        case .steps10:
            _ = try await engine.execute(
                BenchSteps.self, id: id, BenchSteps.Order(count: 10, isInline: false))
        case .loop10:
            _ = try await engine.execute(
                BenchSteps.self, id: id, BenchSteps.Order(count: 10, isInline: true))
        case .signal: try await counter?.signal(BenchCounter.add, BenchValue.make(next))
        case .update: _ = try await counter?.update(BenchCounter.change, BenchValue.make(next))
        case .query: _ = try await counter?.query(BenchCounter.value)
        case .start:
            try await engine.start(BenchCounter.self, id: id, BenchValue.make(next))
        case .fanout:
            _ = try await engine.execute(BenchFanout.self, id: id, BenchValue.make(next))
        case .timer: _ = try await engine.execute(BenchSleeper.self, id: id, 10)
        default:
            if plan.codec == .bytes {
                _ = try await engine.execute(BenchByteTransfer.self, id: id, BenchValue.bytes)
            } else {
                _ = try await engine.execute(
                    BenchTransfer.self, id: id, BenchValue.make(next))
            }
        }
    }
}
