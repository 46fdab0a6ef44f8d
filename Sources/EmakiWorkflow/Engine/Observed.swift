// What observers and interceptors are told about. Made only where there are some.

/// A run, as an observer is told of it.
public struct ObservedRun: Sendable, Hashable {
    /// The workflow's id.
    public var workflowID: String
    /// This run.
    public var runID: String
    /// The first run of a chain of retries and continuations.
    public var firstRunID: String
    /// The workflow's type.
    public var workflowType: String
    /// 1, and one more for each retry of the workflow.
    public var attempt: Int
    /// When the run's first event was recorded, in nanoseconds since 1970 UTC.
    public var startedAt: Int64
    /// Passed along from whoever started it.
    public var headers: [String: String]

    init(_ start: RunStart, startedAt: Int64) {
        workflowID = start.workflowID
        runID = start.runID
        firstRunID = start.firstRunID
        workflowType = start.workflowType
        attempt = start.attempt
        self.startedAt = startedAt
        headers = start.headers
    }

    /// For a test of an observer; and of a run that is not in memory.
    public init(
        workflowID: String, runID: String = "", workflowType: String = "",
        headers: [String: String] = [:]
    ) {
        self.workflowID = workflowID
        self.runID = runID
        firstRunID = runID
        self.workflowType = workflowType
        attempt = 1
        startedAt = 0
        self.headers = headers
    }
}

/// A step, as it was before what happened to it was recorded.
public struct ObservedStep: Sendable, Hashable {
    /// The event that scheduled it.
    public var id: Int
    /// Its identity in the run.
    public var key: String
    /// Name of the activity or the step.
    public var name: String
    /// What executes it.
    public var kind: StepSchedule.Kind
    /// The current attempt, from 1 on.
    public var attempt: Int
    /// It undoes another step.
    public var isCompensation: Bool
    /// When it was recorded that the step is wanted, in nanoseconds since 1970 UTC.
    public var scheduledAt: Int64
    /// When it was recorded that the current attempt is wanted.
    public var attemptAt: Int64
    /// When it was recorded that somebody outside has the attempt; nil: nobody outside has it.
    public var handedOverAt: Int64?

    init(_ id: Int, _ schedule: StepSchedule, attempt: Int, at instant: Int64) {
        self.id = id
        key = schedule.key
        name = schedule.name
        kind = schedule.kind
        self.attempt = attempt
        isCompensation = schedule.compensates != nil
        scheduledAt = instant
        attemptAt = instant
    }

    init(_ id: Int, _ step: RunMachine.OpenStep) {
        self.init(id, step.schedule, attempt: step.attempt, at: step.scheduledAt)
        attemptAt = step.attemptAt
        if case .handedOver = step.phase { handedOverAt = step.handedOverAt }
    }
}

/// An event that became durable.
public struct ObservedEvent: Sendable {
    /// What happened.
    public var event: HistoryEvent
    /// The step that it is about, if it is about one.
    public var step: ObservedStep?

    /// For a test of an observer.
    public init(event: HistoryEvent, step: ObservedStep? = nil) {
        self.event = event
        self.step = step
    }
}

/// Events of one run that became durable together.
public struct ObservedCommit: Sendable {
    /// Whose.
    public var run: ObservedRun
    /// In their order. None, where only something beside the run's history was recorded.
    public var events: [ObservedEvent]
    /// From when the run was let see what it was told until all was handed to the store: what its
    /// code, and the engine, took to decide.
    public var deciding: Duration
    /// From when it was handed to the store until that had made it durable. Times that the store
    /// was asked again, and waited for space, included.
    public var commitWait: Duration

    /// For a test of an observer.
    public init(
        run: ObservedRun, events: [ObservedEvent], deciding: Duration, commitWait: Duration
    ) {
        self.run = run
        self.events = events
        self.deciding = deciding
        self.commitWait = commitWait
    }
}

/// An attempt at a step, by whoever executes it.
public struct ObservedAttempt: Sendable {
    /// Of which run.
    public var run: ObservedRun
    /// At which step; `attempt` in it is this one's number.
    public var step: ObservedStep
    /// The queue that it waits in, served by the engine or by workers.
    public var queue: String
    /// From when it was durable that the attempt is wanted, in this process, until it began.
    public var queueWait: Duration

    /// A worker pulled it from a named queue: this process does not execute it.
    public var isPulled: Bool
}

/// How an attempt ended, before that is recorded.
public enum AttemptEnd: Sendable {
    /// With a result.
    case completed
    /// With an error; whether another attempt is made shows when it is recorded.
    case failed(Failure)
    /// Somebody outside has its token and will say.
    case handedOver
}

extension RunMachine {
    /// What observers are told of the run.
    var observed: ObservedRun { ObservedRun(start, startedAt: beganAt) }

    /// The step that an event is about. Asked before it is applied.
    func observedStep(of event: HistoryEvent) -> ObservedStep? {
        switch event.body {
        case .stepScheduled(let schedule):
            return ObservedStep(event.id, schedule, attempt: 1, at: event.time)
        case .attemptStarted(let id, _), .attemptHandedOver(let id, _, _),
            .attemptFailed(let id, _, _, _), .heartbeat(let id, _, _), .stepCompleted(let id, _, _),
            .stepFailed(let id, _, _), .stepCancelRequested(let id):
            return steps[id].map { ObservedStep(id, $0) }
        default: return nil
        }
    }
}
