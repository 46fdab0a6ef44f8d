import EmakiWorkflow

/// A run's history as Temporal would have recorded it.
///
/// Each of our kinds has an image, an event or a marker, or none; `Docs/workflows.md` has the
/// table. An event that the code saw is followed by a workflow task, scheduled, started and
/// completed, and this by what the code asked for. What the code has not seen waits, with the next
/// workflow task scheduled. Attempts do not appear: an activity's start is written with its end.
public struct TemporalProjection: Sendable {
    /// The events so far.
    public private(set) var events: [TemporalEvent] = []
    private var now: Int64 = 0
    private var origin = 0
    /// The workflow task that is scheduled and has not started.
    private var pendingTask: Int?
    private var completedTask: Int?
    /// Commands that are still to come from the last workflow task.
    private var commandsLeft = 0
    /// Images of ours, where later events refer to them.
    private var images: [Int: Int] = [:]
    private var steps: [Int: StepSchedule] = [:]
    private var cancelled: Set<Int> = []
    private var ended: Set<Int> = []
    private var sent: [Int: SentMessage] = [:]
    private var startedChildren: [Int: Int] = [:]
    /// What is written only once the code sees it.
    private var late: [Int: HistoryEvent.Body] = [:]

    /// The image of a history.
    public static func project(_ history: [HistoryEvent]) -> [TemporalEvent] {
        var projection = TemporalProjection()
        for event in history { projection.add(event) }
        return projection.events
    }

    /// Nothing yet.
    public init() {}

    /// Takes the next event in.
    public mutating func add(_ event: HistoryEvent) {
        now = event.time
        origin = event.id
        if commandsLeft > 0 {
            commandsLeft -= 1
            return addCommand(event.body)
        }
        switch event.body {
        case .activated(let id):
            origin = id
            completeTask()
            addLate(id)
            commandsLeft = event.commandCount ?? 0
        case .taskFailed:
            startTask()
            put(.workflowTaskFailed, subject: events.last?.subject, started: events.last?.id)
        case .closed(let outcome): addEnd(outcome, byCommand: false)
        default:
            guard addInput(event.body) else { return }
            guard let count = event.commandCount else { return scheduleTask() }
            completeTask()
            addLate(event.id)
            commandsLeft = count
        }
    }

    // MARK: Workflow tasks

    private mutating func scheduleTask() {
        guard pendingTask == nil else { return }
        pendingTask = put(.workflowTaskScheduled, isBoundary: true)
    }

    private mutating func startTask() {
        scheduleTask()
        put(.workflowTaskStarted, subject: pendingTask, isBoundary: true)
        pendingTask = nil
    }

    private mutating func completeTask() {
        startTask()
        completedTask = put(
            .workflowTaskCompleted, subject: events.last?.subject, started: events.last?.id,
            isBoundary: true)
    }

    @discardableResult
    private mutating func put(
        _ kind: TemporalEvent.Kind, subject: Int? = nil, started: Int? = nil, name: String = "",
        isBoundary: Bool = false
    ) -> Int {
        let id = events.count + 1
        events.append(
            TemporalEvent(
                id: id, time: now, kind: kind, origin: isBoundary ? 0 : origin,
                workflowTaskCompletedID: kind.isCommand ? completedTask : nil, subject: subject,
                startedID: started, name: name))
        return id
    }

    // MARK: What comes from outside

    /// - Returns: false if the code is not told.
    private mutating func addInput(_ body: HistoryEvent.Body) -> Bool {
        switch body {
        case .started(let start):
            put(.workflowExecutionStarted, name: start.workflowType)
        case .stepCompleted(let step, _, _): endStep(step, nil, body)
        case .stepFailed(let step, _, let failure): endStep(step, failure, body)
        case .timerFired(let timer):
            ended.insert(timer)
            put(.timerFired, subject: images[timer])
        case .signalReceived(let message): put(.workflowExecutionSignaled, name: message.name)
        case .cancelRequested: put(.workflowExecutionCancelRequested)
        case .updateAccepted, .resumed: late[origin] = body
        case .childStarted(let child, _):
            startedChildren[child] = put(.childWorkflowExecutionStarted, subject: images[child])
        case .childClosed(let child, let outcome): endChild(child, outcome)
        case .messageAnswered(let message, let failure): answer(message, failure)
        default: return false
        }
        return true
    }

    private mutating func endStep(_ id: Int, _ failure: Failure?, _ body: HistoryEvent.Body) {
        ended.insert(id)
        // A closure is what Temporal calls a local activity: a marker, once the code knows.
        guard steps[id]?.kind == .activity else { return late[origin] = body }
        if let failure, failure.timeout == .scheduleToStart {
            put(.activityTaskTimedOut, subject: images[id])
            return
        }
        let started = put(.activityTaskStarted, subject: images[id])
        let kind: TemporalEvent.Kind =
            switch failure?.kind {
            case nil: .activityTaskCompleted
            case .timedOut: .activityTaskTimedOut
            case .cancelled where cancelled.contains(id): .activityTaskCanceled
            default: .activityTaskFailed
            }
        put(kind, subject: images[id], started: started)
    }

    private mutating func endChild(_ child: Int, _ outcome: HistoryEvent.Outcome) {
        guard let started = startedChildren[child] else {
            put(.startChildWorkflowExecutionFailed, subject: images[child])
            return
        }
        let kind: TemporalEvent.Kind =
            switch outcome {
            case .completed, .continuedAsNew: .childWorkflowExecutionCompleted
            case .failed: .childWorkflowExecutionFailed
            case .cancelled: .childWorkflowExecutionCanceled
            case .terminated: .childWorkflowExecutionTerminated
            case .timedOut: .childWorkflowExecutionTimedOut
            }
        put(kind, subject: images[child], started: started)
    }

    private mutating func answer(_ message: Int, _ failure: Failure?) {
        let kind: TemporalEvent.Kind =
            switch (sent[message]?.kind, failure) {
            case (.cancel, nil): .externalWorkflowExecutionCancelRequested
            case (.cancel, _): .requestCancelExternalWorkflowExecutionFailed
            case (_, nil): .externalWorkflowExecutionSignaled
            default: .signalExternalWorkflowExecutionFailed
            }
        put(kind, subject: images[message])
    }

    private mutating func addLate(_ id: Int) {
        guard let body = late.removeValue(forKey: id) else { return }
        switch body {
        case .updateAccepted(let message):
            images[id] = put(.workflowExecutionUpdateAccepted, name: message.name)
        case .stepCompleted(let step, _, _), .stepFailed(let step, _, _):
            put(.markerRecorded, name: "local_activity \(steps[step]?.key ?? "")")
        default: put(.markerRecorded, name: "resumed")
        }
    }

    // MARK: What the code asks for

    private mutating func addCommand(_ body: HistoryEvent.Body) {
        switch body {
        case .stepScheduled(let step):
            steps[origin] = step
            guard step.kind == .activity else { return }
            images[origin] = put(.activityTaskScheduled, name: step.name)
        case .stepCancelRequested(let step):
            cancelled.insert(step)
            guard steps[step]?.kind == .activity, !ended.contains(step) else { return }
            put(.activityTaskCancelRequested, subject: images[step])
        case .timerStarted: images[origin] = put(.timerStarted)
        case .timerCancelled(let timer):
            if !ended.contains(timer) { put(.timerCanceled, subject: images[timer]) }
        case .updateCompleted(let update, _), .updateFailed(let update, _):
            put(.workflowExecutionUpdateCompleted, subject: images[update])
        case .patched(let id): put(.markerRecorded, name: "patch \(id)")
        case .checkpointed: put(.markerRecorded, name: "checkpoint")
        case .childInitiated(let child):
            images[origin] = put(.startChildWorkflowExecutionInitiated, name: child.workflowType)
        case .messageSent(let message):
            sent[origin] = message
            images[origin] = put(
                message.kind == .signal
                    ? .signalExternalWorkflowExecutionInitiated
                    : .requestCancelExternalWorkflowExecutionInitiated, name: message.name)
        case .paused: put(.markerRecorded, name: "paused")
        case .closed(let outcome): addEnd(outcome, byCommand: true)
        default: break
        }
    }

    private mutating func addEnd(_ outcome: HistoryEvent.Outcome, byCommand: Bool) {
        var next: String?
        let kind: TemporalEvent.Kind
        switch outcome {
        case .completed: kind = .workflowExecutionCompleted
        case .failed: kind = .workflowExecutionFailed
        case .cancelled: kind = .workflowExecutionCanceled
        case .terminated: kind = .workflowExecutionTerminated
        case .timedOut: kind = .workflowExecutionTimedOut
        case .continuedAsNew(let runID, let failure):
            // A run that is tried again has failed, and names the next one.
            kind = failure == nil ? .workflowExecutionContinuedAsNew : .workflowExecutionFailed
            next = runID
        }
        put(kind)
        events[events.count - 1].newRunID = next
    }
}
