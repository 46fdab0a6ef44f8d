import EmakiWorkflow

/// The schedules of an engine that has `Schedules.workflows` among its workflows.
///
///     let engine = try await WorkflowEngine(
///         log: log, workflows: [Report.self] + Schedules.workflows, activities: reports)
///     try await engine.schedules.create(
///         "reports", .cron("0 9 * * MON-FRI", timeZone: "Europe/Berlin"),
///         starting: Report.self, Report.Input())
///
/// What is asked for here is durable when it returns, and done once for each request id, as what is
/// asked of any workflow: a schedule is one. `Docs/schedules.md` says what is promised.
public struct Schedules: Sendable {
    /// To be registered with an engine.
    public static let workflows: [any Workflow.Type] = [ScheduleWorkflow.self]

    static let prefix = "schedule/"

    /// The workflow id of a schedule.
    public static func workflowID(_ name: String) -> String { prefix + name }

    let engine: WorkflowEngine

    /// Creates a schedule that starts a workflow with an input.
    ///
    /// - Parameters:
    ///   - name: 1 to 150 bytes, without a slash at its end. Ids of its runs begin with it.
    ///   - requestID: the same request twice creates one schedule.
    /// - Throws: `ScheduleError` for what makes no sense; `WorkflowError.alreadyRunning` if there
    ///   is one of this name, and others.
    public func create<W: Workflow>(
        _ name: String, _ spec: ScheduleSpec, starting type: W.Type, _ input: W.Input,
        options: RunOptions = RunOptions(), overlap: ScheduleOverlap = .skip,
        catchUp: ScheduleCatchUp = .last, note: String = "", requestID: String? = nil
    ) async throws {
        let action = ScheduleAction(
            workflowType: W.workflowName, input: try engine.payload(of: input), options: options)
        try await create(
            name,
            Schedule(spec, action: action, overlap: overlap, catchUp: catchUp, note: note),
            requestID: requestID)
    }

    /// As `create(_:_:starting:_:options:overlap:catchUp:note:requestID:)`, of a workflow that only
    /// its name tells.
    public func create(
        _ name: String, _ schedule: Schedule, requestID: String? = nil
    ) async throws {
        try ScheduleRecord.check(name: name)
        try schedule.check()
        try await engine.start(
            ScheduleWorkflow.self, id: Self.workflowID(name),
            ScheduleRecord(name: name, schedule: schedule, now: engine.now),
            requestID: requestID)
    }

    private func handle(_ name: String) -> WorkflowHandle<ScheduleWorkflow> {
        engine.handle(ScheduleWorkflow.self, id: Self.workflowID(name))
    }

    /// What a schedule is about, and what it has done.
    /// - Throws: `WorkflowError.notFound` if there was none of this name.
    public func describe(_ name: String) async throws -> ScheduleDescription {
        try await handle(name).query(ScheduleWorkflow.describe)
    }

    /// Names of schedules, in order.
    /// - Parameters:
    ///   - last: names after this one.
    ///   - limit: so many at most.
    public func list(after last: String? = nil, limit: Int = 1_000) async throws -> [String] {
        try await engine.openWorkflows(
            prefix: Self.prefix, after: last.map(Self.workflowID), limit: max(1, limit)
        ).map { String($0.dropFirst(Self.prefix.count)) }
    }

    /// Lets a schedule rest: it starts nothing by itself.
    /// - Parameter note: why, for people.
    public func pause(
        _ name: String, note: String = "", requestID: String? = nil
    ) async throws {
        _ = try await handle(name).update(ScheduleWorkflow.pause, note, requestID: requestID)
    }

    /// Lets a schedule go on, with its next nominal time.
    public func resume(_ name: String, requestID: String? = nil) async throws {
        _ = try await handle(name).update(
            ScheduleWorkflow.resume, Nothing(), requestID: requestID)
    }

    /// Starts a run now, also while the schedule is paused.
    /// - Parameter overlap: instead of the schedule's own policy.
    /// - Returns: the workflow id that the run gets, if the policy lets it start.
    @discardableResult
    public func trigger(
        _ name: String, overlap: ScheduleOverlap? = nil, requestID: String? = nil
    ) async throws -> String {
        try await handle(name).update(
            ScheduleWorkflow.trigger, ScheduleWorkflow.Trigger(overlap: overlap),
            requestID: requestID)
    }

    /// Starts the runs of nominal times that have passed, those that have none; also while the
    /// schedule is paused. Returns once that is durable, and is done beside the rest.
    /// - Parameters:
    ///   - first: nominal times from this instant on, in nanoseconds since 1970 UTC.
    ///   - last: up to this one, itself included; what is not past is left out.
    ///   - overlap: by default all of them are started.
    public func backfill(
        _ name: String, from first: Int64, to last: Int64, overlap: ScheduleOverlap = .allow,
        requestID: String? = nil
    ) async throws {
        let backfill = ScheduleWorkflow.Backfill(
            from: first, to: min(last, engine.now), overlap: overlap)
        try backfill.check()
        _ = try await handle(name).update(
            ScheduleWorkflow.backfill, backfill, requestID: requestID)
    }

    /// Changes a schedule. If its spec is another, nominal times count from now on, and what is
    /// left to be backfilled is dropped.
    public func update(
        _ name: String, _ schedule: Schedule, requestID: String? = nil
    ) async throws {
        try schedule.check()
        _ = try await handle(name).update(
            ScheduleWorkflow.update, schedule, requestID: requestID)
    }

    /// Ends a schedule. Runs that it started go on, and its name may be used again.
    public func delete(_ name: String, requestID: String? = nil) async throws {
        _ = try await handle(name).update(
            ScheduleWorkflow.delete, Nothing(), requestID: requestID)
    }
}

extension WorkflowEngine {
    /// The schedules of this engine.
    public var schedules: Schedules { Schedules(engine: self) }
}
