import EmakiPlatform
import EmakiWorkflow

/// Tests workflows: time that skips, activities that fail or are slow when the test says so,
/// processes that end after an event and begin again, and histories to look at.
///
///     let test = WorkflowTestEngine(
///         workflows: [AccountTransfer.self], activities: [Debit(bank), Credit(bank)])
///     test.fail(Credit.self, attempt: 1, with: ApplicationFailure("line is busy"))
///     test.timeOut(Debit.self, attempt: 1, after: .seconds(11))
///     test.crash(afterEvents: 4)
///     let receipt = try await test.run { engine in
///         try await engine.execute(
///             AccountTransfer.self, id: "transfer-7", transfer, requestID: "request-7")
///     }
///     #expect(test.executionCount(of: Credit.self) == 2)
///     #expect(try await test.kinds(of: "transfer-7").last == "RunClosed")
///     try await test.checkReplay()
public final class WorkflowTestEngine: Sendable {
    private struct State {
        var crashes: [Int] = []
        var eventCount = 0
        var processCount = 0
    }

    /// The time. It skips to the next timer when nothing else is to be done.
    public let clock: SkippingClock
    /// Where the histories are; it outlives the processes.
    public let store = MemoryHistoryStore()
    private let workflows: [any Workflow.Type]
    private let activities: [any Activity]
    private let evictsAlways: Bool
    private let plan = ActivityPlan()
    private let lock = Lock()
    private let state = Guarded(State())

    /// - Parameter evictsAlways: the code is let go of after each commit, so that each event is
    ///   seen after a replay.
    public init(
        workflows: [any Workflow.Type], activities: [any Activity] = [],
        clock: SkippingClock = SkippingClock(), evictsAlways: Bool = false
    ) {
        self.workflows = workflows
        self.activities = activities
        self.clock = clock
        self.evictsAlways = evictsAlways
    }

    // MARK: What goes wrong

    /// An attempt throws instead of doing anything; attempts are counted from 1 for each step.
    public func fail<A: Activity>(_ activity: A.Type, attempt: Int, with error: any Error) {
        plan.set(.fails(error), A.activityName, attempt)
    }

    /// An attempt takes so long before it does what it does; less than its time-out.
    public func slow<A: Activity>(_ activity: A.Type, attempt: Int, by duration: Duration) {
        plan.set(.takes(duration), A.activityName, attempt)
    }

    /// An attempt takes longer than its time-out, which is shorter than this. It does what it does
    /// all the same, when nobody waits for it any more.
    public func timeOut<A: Activity>(
        _ activity: A.Type, attempt: Int, after duration: Duration
    ) {
        plan.set(.timesOut(duration), A.activityName, attempt)
    }

    /// The process ends once so many events of runs, counted over all runs and processes, are
    /// stored: the commit with the last of them is durable, and nobody is told. Another begins.
    public func crash(afterEvents count: Int) {
        lock.withLock {
            state.value.crashes.append(count)
            state.value.crashes.sort()
        }
    }

    // MARK: Running

    /// Runs a story. After each crash it is begun again in the next process: give what it starts
    /// and sends request ids, so that they have one effect.
    /// - Throws: what the story throws, unless its process ended meanwhile.
    public func run<R: Sendable>(
        _ story: @escaping @Sendable (WorkflowEngine) async throws -> R
    ) async throws -> R {
        while true {
            if let result = try await runProcess(story) { return result }
        }
    }

    private func runProcess<R: Sendable>(
        _ story: @escaping @Sendable (WorkflowEngine) async throws -> R
    ) async throws -> R? {
        let outcome = FirstOutcome<R>()
        let life = begin { outcome.give(nil) }
        let engine: WorkflowEngine
        do {
            engine = try await open(life)
        } catch is MemoryHistoryStore.Session.Ended {
            end(life)
            return nil
        }
        Task {
            do {
                outcome.give(.success(try await story(engine)))
            } catch {
                outcome.give(life.isOver ? nil : .failure(error))
            }
        }
        let result = await outcome.value()
        engine.close()
        end(life)
        return try result?.get()
    }

    private func begin(_ onEnd: @escaping @Sendable () -> Void) -> ProcessLife {
        lock.withLock {
            state.value.processCount += 1
            let count = state.value.eventCount
            state.value.crashes.removeAll { $0 <= count }
            return ProcessLife(
                store.session(), eventCount: count, endEvent: state.value.crashes.first,
                onEnd: onEnd)
        }
    }

    private func end(_ life: ProcessLife) {
        life.end()
        lock.withLock { state.value.eventCount = life.eventCount }
    }

    private func open(_ life: ProcessLife) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.evictsAlways = evictsAlways
        return try await WorkflowEngine(
            store: life, definitions: workflows.map { WorkflowDefinition($0) },
            activities: activities.map { planned($0, life) }, options: options)
    }

    private func planned<A: Activity>(_ activity: A, _ life: ProcessLife) -> any Activity {
        PlannedActivity(base: activity, plan: plan, clock: clock, life: life)
    }

    // MARK: Looking

    /// Processes that were begun.
    public var processCount: Int { lock.withLock { state.value.processCount } }

    /// How often attempts at an activity were begun, those that were made to fail included.
    public func executionCount<A: Activity>(of activity: A.Type) -> Int {
        plan.count(of: A.activityName)
    }

    /// The histories of a workflow id's runs.
    public func histories(of workflowID: String) async throws -> [[HistoryEvent]] {
        let session = store.session()
        var histories: [[HistoryEvent]] = []
        let names = try await session.streams(
            prefix: "run/\(workflowID)/", after: nil, limit: 100_000)
        for name in names { histories.append(try await Replayer.history(name, in: session)) }
        return histories.filter(\.isOfBegunRun).sorted {
            ($0.first?.time ?? 0) < ($1.first?.time ?? 0)
        }
    }

    /// Names of the events of a workflow id's last run: `RunStarted`, `StepScheduled`, and so on,
    /// as the log has them.
    public func kinds(of workflowID: String) async throws -> [String] {
        try await histories(of: workflowID).last?.map(\.typeName) ?? []
    }

    /// Every history that is stored can be replayed with this code.
    /// - Throws: as `Replayer.check(_:)`.
    public func checkReplay() async throws {
        try await Replayer(workflows: workflows).checkAll(in: store.session())
    }
}
