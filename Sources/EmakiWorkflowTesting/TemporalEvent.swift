/// An event as Temporal's history would have it: its kind, and by which numbers it refers to others.
public struct TemporalEvent: Sendable, Equatable {
    /// Kinds, with Temporal's names.
    public enum Kind: String, Sendable, CaseIterable {
        case workflowExecutionStarted, workflowExecutionCompleted, workflowExecutionFailed
        case workflowExecutionCanceled, workflowExecutionTerminated, workflowExecutionTimedOut
        case workflowExecutionContinuedAsNew
        case workflowTaskScheduled, workflowTaskStarted, workflowTaskCompleted
        case workflowTaskFailed
        case activityTaskScheduled, activityTaskStarted, activityTaskCompleted
        case activityTaskFailed, activityTaskTimedOut, activityTaskCanceled
        case activityTaskCancelRequested
        case timerStarted, timerFired, timerCanceled
        case markerRecorded
        case workflowExecutionSignaled, workflowExecutionCancelRequested
        case workflowExecutionUpdateAccepted, workflowExecutionUpdateCompleted
        case startChildWorkflowExecutionInitiated, startChildWorkflowExecutionFailed
        case childWorkflowExecutionStarted, childWorkflowExecutionCompleted
        case childWorkflowExecutionFailed, childWorkflowExecutionCanceled
        case childWorkflowExecutionTerminated, childWorkflowExecutionTimedOut
        case signalExternalWorkflowExecutionInitiated, signalExternalWorkflowExecutionFailed
        case externalWorkflowExecutionSignaled
        case requestCancelExternalWorkflowExecutionInitiated
        case requestCancelExternalWorkflowExecutionFailed
        case externalWorkflowExecutionCancelRequested
    }

    /// Its number: 1, 2, 3 … without a gap.
    public var id: Int
    /// Nanoseconds since 1970 UTC.
    public var time: Int64
    /// What happened.
    public var kind: Kind
    /// The event of ours that it is an image of; 0: it is only a boundary.
    public var origin: Int
    /// The completed workflow task whose command this is.
    public var workflowTaskCompletedID: Int?
    /// What it is about: the scheduled activity or task, the timer, the child, the message, the
    /// update.
    public var subject: Int?
    /// The started activity or task that it ends.
    public var startedID: Int?
    /// Of a marker, of a signal, of an activity: its name.
    public var name: String = ""
    /// Of the end of a run that goes on: the next run.
    public var newRunID: String?
}

extension TemporalEvent.Kind {
    /// The code asked for it: it follows a completed workflow task.
    public var isCommand: Bool {
        switch self {
        case .activityTaskScheduled, .activityTaskCancelRequested, .timerStarted, .timerCanceled,
            .markerRecorded, .workflowExecutionUpdateAccepted, .workflowExecutionUpdateCompleted,
            .startChildWorkflowExecutionInitiated, .signalExternalWorkflowExecutionInitiated,
            .requestCancelExternalWorkflowExecutionInitiated, .workflowExecutionCompleted,
            .workflowExecutionFailed, .workflowExecutionCanceled,
            .workflowExecutionContinuedAsNew:
            true
        default: false
        }
    }

    /// Nothing follows it.
    public var isEnd: Bool {
        switch self {
        case .workflowExecutionCompleted, .workflowExecutionFailed, .workflowExecutionCanceled,
            .workflowExecutionTerminated, .workflowExecutionTimedOut,
            .workflowExecutionContinuedAsNew:
            true
        default: false
        }
    }
}
