extension TemporalEvent {
    /// Kinds, with Temporal's names.
    public enum Kind: String, Sendable, CaseIterable {
        /// The run began.
        case workflowExecutionStarted
        /// It ended with a result.
        case workflowExecutionCompleted
        /// It ended with an error.
        case workflowExecutionFailed
        /// It ended because it was asked to.
        case workflowExecutionCanceled
        /// It was ended from outside.
        case workflowExecutionTerminated
        /// It took too long.
        case workflowExecutionTimedOut
        /// It goes on as another run.
        case workflowExecutionContinuedAsNew
        /// The code is to see something.
        case workflowTaskScheduled
        /// It sees it.
        case workflowTaskStarted
        /// What it asked for follows.
        case workflowTaskCompleted
        /// It broke a rule.
        case workflowTaskFailed
        /// An activity is to be executed.
        case activityTaskScheduled
        /// Its last attempt began.
        case activityTaskStarted
        /// It has a result.
        case activityTaskCompleted
        /// It failed for good.
        case activityTaskFailed
        /// It took too long.
        case activityTaskTimedOut
        /// It stopped because it was asked to.
        case activityTaskCanceled
        /// It is asked to stop.
        case activityTaskCancelRequested
        /// A timer was set.
        case timerStarted
        /// It ran off.
        case timerFired
        /// It was taken back.
        case timerCanceled
        /// What only the worker understands.
        case markerRecorded
        /// A signal came.
        case workflowExecutionSignaled
        /// The run is asked to stop.
        case workflowExecutionCancelRequested
        /// An update was accepted.
        case workflowExecutionUpdateAccepted
        /// It was answered.
        case workflowExecutionUpdateCompleted
        /// A child is to begin.
        case startChildWorkflowExecutionInitiated
        /// It could not.
        case startChildWorkflowExecutionFailed
        /// It runs.
        case childWorkflowExecutionStarted
        /// It has a result.
        case childWorkflowExecutionCompleted
        /// It failed.
        case childWorkflowExecutionFailed
        /// It was cancelled.
        case childWorkflowExecutionCanceled
        /// It was ended from outside.
        case childWorkflowExecutionTerminated
        /// It took too long.
        case childWorkflowExecutionTimedOut
        /// A signal is to be sent.
        case signalExternalWorkflowExecutionInitiated
        /// It could not.
        case signalExternalWorkflowExecutionFailed
        /// It arrived.
        case externalWorkflowExecutionSignaled
        /// Another run is to be asked to stop.
        case requestCancelExternalWorkflowExecutionInitiated
        /// It could not.
        case requestCancelExternalWorkflowExecutionFailed
        /// It was.
        case externalWorkflowExecutionCancelRequested
    }
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
