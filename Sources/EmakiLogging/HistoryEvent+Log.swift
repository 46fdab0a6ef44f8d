#if Logging
    import EmakiWorkflow
    import Logging

    // How much an event matters, and what is said of it. Never what is in its payload.
    extension HistoryEvent.Body {
        var logLevel: Logger.Level {
            switch self {
            case .started: .info
            case .closed(let outcome): outcome.logLevel
            case .taskFailed: .error
            case .paused(.requested): .notice
            case .paused: .error
            case .resumed, .versionAdopted, .cancelRequested, .attemptFailed: .notice
            case .stepFailed: .warning
            case .heartbeat, .timerStarted, .timerFired, .timerCancelled, .patched, .activated:
                .trace
            default: .debug
            }
        }

        var logMessage: String {
            switch self {
            case .started: "the run began"
            case .closed(let outcome): outcome.logMessage
            case .taskFailed: "the run's code failed"
            case .paused(.requested): "the run rests, as somebody asked"
            case .paused(.taskFailures): "the run rests: its code failed again and again"
            case .paused(.compensation): "a compensation gave up"
            case .paused(.quarantined): "the run is put aside: it ended the process"
            case .resumed: "the run goes on, as somebody asked"
            case .versionAdopted: "other code goes on with the run"
            case .cancelRequested: "somebody asked the run to stop"
            case .stepScheduled: "a step is wanted"
            case .attemptStarted: "another attempt is made"
            case .attemptBegan: "the turn of an attempt has come"
            case .attemptHandedOver: "somebody outside has the attempt"
            case .attemptFailed: "an attempt failed, and another follows"
            case .heartbeat: "an attempt said how far it is"
            case .stepCompleted: "a step completed"
            case .stepFailed: "a step failed"
            case .stepCancelRequested: "a step is to stop"
            default: logRest
            }
        }

        private var logRest: String {
            switch self {
            case .timerStarted: "a timer was set"
            case .timerFired: "a timer ran off"
            case .timerCancelled: "a timer was taken back"
            case .signalReceived: "a signal came"
            case .updateAccepted: "an update was accepted"
            case .updateCompleted: "an update completed"
            case .updateFailed: "an update failed"
            case .patched: "a patch was taken"
            case .childInitiated: "a child is wanted"
            case .childStarted: "a child began"
            case .childClosed: "a child ended"
            case .messageSent: "a message to another workflow is wanted"
            case .checkpointed: "the run's state was recorded"
            case .messageAnswered(_, nil): "the message arrived"
            case .messageAnswered: "the message could not be delivered"
            default: "the code saw an event late"
            }
        }

        /// Of a message, a child, a patch, a timer; what a step is called is said apart.
        var logName: String? {
            switch self {
            case .signalReceived(let message), .updateAccepted(let message): message.name
            case .childInitiated(let child): child.workflowType
            case .messageSent(let message): message.workflowID
            case .patched(let id): id
            case .timerStarted(let key, _): key
            case .versionAdopted(let version): version
            default: nil
            }
        }

        var logFailure: Failure? {
            switch self {
            case .attemptFailed(_, _, let failure, _), .stepFailed(_, _, let failure),
                .updateFailed(_, let failure), .taskFailed(let failure),
                .messageAnswered(_, let failure?), .paused(.taskFailures(let failure)),
                .paused(.compensation(_, let failure)), .paused(.quarantined(let failure)),
                .closed(.failed(let failure)), .childClosed(_, .failed(let failure)),
                .closed(.continuedAsNew(_, let failure?)):
                failure
            default: nil
            }
        }
    }

    extension HistoryEvent.Outcome {
        fileprivate var logLevel: Logger.Level {
            switch self {
            case .completed, .continuedAsNew(_, nil): .info
            case .cancelled, .continuedAsNew: .notice
            case .failed, .terminated, .timedOut: .warning
            }
        }

        fileprivate var logMessage: String {
            switch self {
            case .completed: "the run completed"
            case .failed: "the run failed"
            case .cancelled: "the run was cancelled"
            case .terminated: "the run was terminated"
            case .timedOut: "the run took too long"
            case .continuedAsNew(_, nil): "the run goes on as another"
            case .continuedAsNew: "the run failed and is tried again"
            }
        }
    }
#endif
