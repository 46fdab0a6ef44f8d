/// The rules that a history of Temporal's keeps, as far as its workers rely on them.
public struct TemporalRules: Sendable {
    private var problems: [String] = []
    private var events: [TemporalEvent] = []

    /// What is wrong with a history; nothing if all is well.
    public static func problems(of events: [TemporalEvent]) -> [String] {
        var rules = TemporalRules()
        rules.events = events
        rules.checkOrder()
        rules.checkTasks()
        rules.checkCommands()
        rules.checkReferences()
        return rules.problems
    }

    private mutating func require(_ claim: Bool, _ event: TemporalEvent, _ message: String) {
        if !claim { problems.append("event \(event.id), \(event.kind): \(message)") }
    }

    private func event(_ id: Int?) -> TemporalEvent? {
        id.flatMap { events.indices.contains($0 - 1) ? events[$0 - 1] : nil }
    }

    /// Numbers are dense, time does not go back, the start is first, an end is last.
    private mutating func checkOrder() {
        var time = Int64.min
        for (index, event) in events.enumerated() {
            require(event.id == index + 1, event, "is the \(index + 1)th")
            require(event.time >= time, event, "is before the one before it")
            time = event.time
            let isStart = event.kind == .workflowExecutionStarted
            require(isStart == (index == 0), event, "a history begins with one start")
            if event.kind.isEnd {
                require(index == events.count - 1, event, "something follows the end")
            }
        }
    }

    /// A workflow task is scheduled, started and ended, one after the other, with nothing between
    /// its start and its end.
    private mutating func checkTasks() {
        var scheduled: Int?
        for (index, event) in events.enumerated() {
            let next = index + 1 < events.count ? events[index + 1] : nil
            switch event.kind {
            case .workflowTaskScheduled:
                require(scheduled == nil, event, "another task is scheduled")
                scheduled = event.id
            case .workflowTaskStarted:
                require(
                    scheduled != nil && event.subject == scheduled, event, "was not scheduled")
                scheduled = nil
                let isEnded =
                    next?.kind == .workflowTaskCompleted || next?.kind == .workflowTaskFailed
                require(isEnded, event, "is not ended by what follows")
            case .workflowTaskCompleted, .workflowTaskFailed:
                let started = self.event(event.startedID)
                require(
                    started?.kind == .workflowTaskStarted && event.startedID == event.id - 1,
                    event, "was not started")
                require(
                    started?.subject == event.subject, event, "names another scheduled task")
            default: break
            }
        }
    }

    /// Commands follow their completed workflow task at once.
    private mutating func checkCommands() {
        var completed: Int?
        for event in events {
            switch event.kind {
            case .workflowTaskCompleted: completed = event.id
            case _ where event.kind.isCommand:
                require(
                    completed != nil && event.workflowTaskCompletedID == completed, event,
                    "does not follow the workflow task whose command it is")
            default: completed = nil
            }
        }
    }

    /// What is about something comes after it, and ends it once.
    private mutating func checkReferences() {
        var open: [Int: TemporalEvent.Kind] = [:]
        for event in events {
            if event.kind.opens { open[event.id] = event.kind }
            guard let opener = event.kind.opener else { continue }
            let subject = event.subject ?? 0
            require(open[subject] == opener, event, "is about nothing that is open")
            if event.kind == .activityTaskStarted {
                let next = self.event(event.id + 1)
                require(next?.startedID == event.id, event, "is not ended by what follows")
            }
            if event.kind.needsStart {
                require(
                    self.event(event.startedID)?.subject == event.subject, event,
                    "names a start of something else")
            }
            if event.kind.closes { open[subject] = nil }
        }
    }
}

extension TemporalEvent.Kind {
    fileprivate var opens: Bool {
        switch self {
        case .activityTaskScheduled, .timerStarted, .startChildWorkflowExecutionInitiated,
            .signalExternalWorkflowExecutionInitiated,
            .requestCancelExternalWorkflowExecutionInitiated, .workflowExecutionUpdateAccepted:
            true
        default: false
        }
    }

    /// What it is about.
    fileprivate var opener: Self? {
        switch self {
        case .activityTaskStarted, .activityTaskCompleted, .activityTaskFailed,
            .activityTaskTimedOut, .activityTaskCanceled, .activityTaskCancelRequested:
            .activityTaskScheduled
        case .timerFired, .timerCanceled: .timerStarted
        case .childWorkflowExecutionStarted, .childWorkflowExecutionCompleted,
            .childWorkflowExecutionFailed, .childWorkflowExecutionCanceled,
            .childWorkflowExecutionTerminated, .childWorkflowExecutionTimedOut,
            .startChildWorkflowExecutionFailed:
            .startChildWorkflowExecutionInitiated
        case .signalExternalWorkflowExecutionFailed, .externalWorkflowExecutionSignaled:
            .signalExternalWorkflowExecutionInitiated
        case .requestCancelExternalWorkflowExecutionFailed,
            .externalWorkflowExecutionCancelRequested:
            .requestCancelExternalWorkflowExecutionInitiated
        case .workflowExecutionUpdateCompleted: .workflowExecutionUpdateAccepted
        default: nil
        }
    }

    fileprivate var closes: Bool {
        switch self {
        case .activityTaskStarted, .activityTaskCancelRequested, .childWorkflowExecutionStarted:
            false
        default: true
        }
    }

    fileprivate var needsStart: Bool {
        switch self {
        case .activityTaskCompleted, .activityTaskFailed, .activityTaskCanceled,
            .childWorkflowExecutionCompleted, .childWorkflowExecutionFailed,
            .childWorkflowExecutionCanceled, .childWorkflowExecutionTerminated,
            .childWorkflowExecutionTimedOut:
            true
        default: false
        }
    }
}
