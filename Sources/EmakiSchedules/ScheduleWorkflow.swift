import EmakiWorkflow

/// A schedule is a workflow: it sleeps until its next nominal time, starts a child with an id that
/// the time gives, and sleeps again. Its state is its history, and goes on to a new run now and
/// then. Register it: `Schedules.workflows`.
public enum ScheduleWorkflow: Workflow {
    /// `emaki.schedule`.
    public static var workflowName: String { "emaki.schedule" }

    /// What body and handlers share.
    public struct State: Sendable {
        var record: ScheduleRecord
        /// Somebody has asked for something, or what was waited for has happened.
        var hasNews = false
    }

    /// Rounds of the loop before it goes on as a new run.
    static let roundsMax = 100
    /// Before times that cannot be computed are tried again.
    static let problemNanoseconds: Int64 = 600_000_000_000
    /// No wait is longer: rules of time zones change.
    private static let waitMax: Int64 = 30 * 86_400 * 1_000_000_000
    /// Times of a backfill that are started in one round.
    static let backfillMax = 10

    /// The record.
    public static func initialState(for input: ScheduleRecord) -> State { State(record: input) }

    /// The loop.
    public static func run(
        context: WorkflowContext<Self>, input: ScheduleRecord
    ) async throws -> Nothing {
        do throws(ScheduleError) {
            try input.check(context.info.workflowID)
        } catch {
            throw ApplicationFailure("\(error)", type: "InvalidSchedule", isNonRetryable: true)
        }
        // Of one that was started by hand.
        let now = context.now
        if input.cursor < 0 { try context.change { $0.record.cursor = now } }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for run in input.running {
                group.addTask { try await follow(run.workflowID, context) }
            }
            var loop = Loop(context: context)
            while !context.state.record.isDeleted {
                guard loop.rounds < roundsMax else {
                    throw try context.continueAsNew(context.state.record)
                }
                guard let started = try await loop.round() else { continue }
                for child in started {
                    group.addTask { try await watch(child, context) }
                }
            }
            return Nothing()
        }
    }

    /// Waits for the end of a run that an earlier run of the schedule started.
    private static func follow(
        _ workflowID: String, _ context: WorkflowContext<Self>
    ) async throws {
        let action = context.state.record.schedule.action
        try await context.branch(workflowID) {
            do {
                let child = try await context.startChild(
                    named: action.workflowType, id: workflowID, action.input,
                    options: ChildOptions(
                        closePolicy: .abandon, cancellation: .abandon, idUse: .attach))
                try await watch(child, context)
            } catch is StepFailure {
                // It has ended meanwhile.
                try ended(workflowID, "ended", context)
            }
        }
    }

    /// Waits for the end of a run.
    private static func watch(
        _ child: UntypedChild, _ context: WorkflowContext<Self>
    ) async throws {
        var end = "completed"
        do {
            _ = try await child.result(.abandon)
        } catch let failure as StepFailure {
            end = failure.cause.type
        }
        try ended(child.id, end, context)
    }

    private static func ended(
        _ workflowID: String, _ end: String, _ context: WorkflowContext<Self>
    ) throws {
        try context.change {
            $0.record.ended(workflowID, end)
            if $0.record.buffered != nil { $0.hasNews = true }
        }
    }

    /// Until then, or for a while, nothing comes by itself.
    static func wait(
        until instant: Int64, _ context: WorkflowContext<Self>
    ) async throws {
        let now = context.now
        let end = min(instant, now + waitMax)
        _ = try await context.wait(
            until: { $0.hasNews }, timeout: .nanoseconds(max(0, end - now)))
    }
}
