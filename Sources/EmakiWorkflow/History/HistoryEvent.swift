/// One event of a run's history.
///
/// Events that come from outside (a start, a result, a timer, a message) make the run's code go on;
/// what the code then asks for follows them in the same commit, and `commandCount` says how much
/// that is. So a history can be replayed event by event: after each of them the code must ask for
/// exactly what follows.
public struct HistoryEvent: Sendable, Equatable {
    /// The event's number in its run: 1, 2, 3 … without a gap.
    public var id: Int
    /// Engine time at which it was recorded, in nanoseconds since 1970 UTC. Never goes back.
    public var time: Int64
    /// For an event that makes code go on: how many events the code asked for. Nil: the code has
    /// not seen it yet.
    public var commandCount: Int?
    /// What happened.
    public var body: Body
    /// The newest checkpoint before it: where the run goes on from. 0: there is none.
    public var frame = 0

    /// What may happen. What is large is kept apart, so that an event is cheap to pass on.
    public enum Body: Sendable, Equatable {
        /// The run began.
        indirect case started(RunStart)
        /// A step or an activity is to be executed.
        indirect case stepScheduled(StepSchedule)
        /// Another attempt at it began; the first begins with `stepScheduled`.
        case attemptStarted(step: Int, attempt: Int)
        /// An attempt begins whose turn in a queue has come. Of steps that may have to wait; those
        /// of others begin when they are recorded. It is the owner's with this epoch that begins.
        case attemptBegan(step: Int, attempt: Int, by: UInt64)
        /// The attempt is over here; somebody outside has its token and will say how it ended. The
        /// owner with this epoch gave it away.
        case attemptHandedOver(step: Int, attempt: Int, by: UInt64)
        /// An attempt failed, or a crash left its outcome unknown, and another will be made.
        indirect case attemptFailed(step: Int, attempt: Int, Failure, retryAt: Int64?)
        /// An attempt reported how far it is.
        case heartbeat(step: Int, attempt: Int, Payload)
        /// A step was executed.
        case stepCompleted(step: Int, attempt: Int, Payload)
        /// A step failed for good.
        indirect case stepFailed(step: Int, attempt: Int, Failure)
        /// The run asked a step to stop.
        case stepCancelRequested(step: Int)
        /// A timer was set.
        case timerStarted(key: String, fireAt: Int64)
        /// It ran off.
        case timerFired(timer: Int)
        /// It was taken back.
        case timerCancelled(timer: Int)
        /// A signal came.
        indirect case signalReceived(Message)
        /// An update came and its validator let it pass.
        indirect case updateAccepted(Message)
        /// An update's handler returned.
        case updateCompleted(update: Int, Payload)
        /// An update's handler threw.
        indirect case updateFailed(update: Int, Failure)
        /// Somebody asked the run to stop.
        indirect case cancelRequested(requestID: String, reason: String)
        /// `patched` was true here.
        case patched(id: String)
        /// The run wants a child.
        indirect case childInitiated(ChildStart)
        /// The child runs.
        case childStarted(child: Int, runID: String)
        /// The child ended, or could not be started.
        indirect case childClosed(child: Int, Outcome)
        /// The run wants to signal or to cancel another workflow.
        indirect case messageSent(SentMessage)
        /// The message arrived, or could not.
        indirect case messageAnswered(message: Int, Failure?)
        /// Code did something that no workflow may do, or threw what it does not declare.
        indirect case taskFailed(Failure)
        /// The run rests until somebody resumes it.
        indirect case paused(PauseReason)
        /// It goes on.
        indirect case resumed(Resumption)
        /// The code that goes on from here has this fingerprint: other than the code before, and
        /// it has replayed what that code did.
        case versionAdopted(String)
        /// The code saw an earlier event only now; what it asked for follows.
        case activated(event: Int)
        /// The code begins anew, from this state.
        indirect case checkpointed(RunCheckpoint)
        /// The end of the run.
        indirect case closed(Outcome)
    }

    /// How something ended.
    public enum Outcome: Sendable, Equatable {
        /// With a result.
        case completed(Payload)
        /// With an error.
        case failed(Failure)
        /// By cancelling.
        case cancelled
        /// From outside, at once; the steps that might have been compensated and were not.
        case terminated(reason: String, uncompensated: [String])
        /// It took too long; the steps that might have been compensated and were not.
        case timedOut(uncompensated: [String])
        /// It goes on as another run: its code wanted that or, with a failure, because it is
        /// tried again.
        case continuedAsNew(runID: String, Failure?)
    }
}

/// What a run begins with.
public struct RunStart: Sendable, Equatable {
    /// Name of the workflow's type.
    public var workflowType: String
    /// The workflow's id.
    public var workflowID: String
    /// This run.
    public var runID: String
    /// The first run of a chain of retries and continuations.
    public var firstRunID: String
    /// The run before, in such a chain.
    public var continuedFrom: String?
    /// Whose child it is.
    public var parent: Parent?
    /// What the run's random numbers are made from.
    public var seed: UInt64
    /// Of the code that started it.
    public var fingerprint: String
    /// Of the request.
    public var requestID: String
    /// Requests that had their effect in earlier runs of this id.
    public var earlierRequests: [String] = []
    /// 1, and one more for each retry of the workflow.
    public var attempt: Int
    /// No later than this, in nanoseconds since 1970 UTC.
    public var runDeadline: Int64?
    /// The chain of runs ends no later than this.
    public var executionDeadline: Int64?
    /// How long the run may take, for its successors.
    public var runTimeout: Duration?
    /// The code begins no earlier than this.
    public var startsAt: Int64?
    /// What happens when the run fails.
    public var retry: RetryPolicy?
    /// Whether it stays on its code; nil: nobody has said, so it does not.
    public var versioning: VersionPolicy?
    /// Passed along to what the run starts.
    public var headers: [String: String]
    /// For people.
    public var memo: [String: String]
    /// For filters.
    public var searchAttributes: [String: String]
    /// Runs whose events it begins with, the earliest first.
    public var origins: [Origin] = []
    /// So many of its events were put into its stream before it began, because one commit does not
    /// hold them. While there are no others, the run has not begun, and may never do so. 0: none.
    public var copiedAhead = 0
    /// The input.
    public var input: Payload

    /// A parent's place.
    public struct Parent: Sendable, Equatable {
        /// The parent's workflow id.
        public var workflowID: String
        /// The parent's run.
        public var runID: String
    }
}

/// A step or activity to execute.
public struct StepSchedule: Sendable, Equatable {
    /// What executes it.
    public enum Kind: UInt8, Sendable {
        /// An activity, found by its name.
        case activity = 1
        /// A closure in the workflow.
        case closure = 2
    }

    /// Its identity in the run.
    public var key: String
    /// What executes it.
    public var kind: Kind
    /// Name of the activity or the step.
    public var name: String
    /// Limits and retries.
    public var options: ActivityOptions
    /// Hash of the input, to compare with in a replay.
    public var inputHash: UInt64
    /// What would undo it: the name of an activity. Recorded before it may run.
    public var compensation: String?
    /// The identity of the step that this one undoes.
    public var compensates: String?
    /// It is in a queue with limits: its attempts begin once `attemptBegan` is durable.
    public var isGated = false
    /// The input.
    public var input: Payload
}

/// A signal or an update.
public struct Message: Sendable, Equatable {
    /// Which.
    public var name: String
    /// Of the request: a repeated one has no effect.
    public var requestID: String
    /// Its argument.
    public var input: Payload
}

/// A child workflow to start.
public struct ChildStart: Sendable, Equatable {
    /// Its identity in the run.
    public var key: String
    /// Name of its type.
    public var workflowType: String
    /// Its workflow id.
    public var workflowID: String
    /// What happens to it when the parent ends first.
    public var closePolicy: ParentClosePolicy
    /// What cancelling the parent's wait does to it.
    public var cancellation: CancellationType
    /// Limits and retries.
    public var options: RunOptions
    /// What becomes of it if its id was used before.
    public var idUse = ChildIDUse.again
    /// The input.
    public var input: Payload
}

/// What becomes of a child if its workflow id was used before.
public enum ChildIDUse: UInt8, Sendable {
    /// It is started, unless a run of the id is open: then it fails.
    case again = 0
    /// It fails: of an id there is one run, whoever starts it and however often.
    case once = 1
    /// An open run of the id is taken for the child, whoever started it; if it has ended, it fails.
    case attach = 2
}

/// What happens to a child when its parent ends first.
public enum ParentClosePolicy: UInt8, Sendable {
    /// It is terminated.
    case terminate = 0
    /// It is asked to stop.
    case requestCancel = 1
    /// Nothing.
    case abandon = 2
}

/// Limits and labels of a run.
public struct RunOptions: Sendable, Equatable {
    /// Each run may take so long.
    public var runTimeout: Duration?
    /// The chain of a workflow's runs may take so long.
    public var executionTimeout: Duration?
    /// The code begins so much later.
    public var startDelay: Duration?
    /// What happens when a run fails. Nil: the workflow has failed.
    public var retry: RetryPolicy?
    /// Whether it stays on the code that it begins with. Nil: as its workflow's definition says.
    public var versioning: VersionPolicy?
    /// Passed along to what the run starts.
    public var headers: [String: String] = [:]
    /// For people.
    public var memo: [String: String] = [:]
    /// For filters.
    public var searchAttributes: [String: String] = [:]

    /// No limits.
    public init(
        runTimeout: Duration? = nil, executionTimeout: Duration? = nil,
        startDelay: Duration? = nil, retry: RetryPolicy? = nil,
        versioning: VersionPolicy? = nil
    ) {
        self.versioning = versioning
        self.runTimeout = runTimeout
        self.executionTimeout = executionTimeout
        self.startDelay = startDelay
        self.retry = retry
    }
}

/// A message from one workflow to another.
public struct SentMessage: Sendable, Equatable {
    /// What is sent.
    public enum Kind: UInt8, Sendable {
        /// A signal.
        case signal = 1
        /// A request to stop.
        case cancel = 2
        /// The end, at once.
        case terminate = 3
    }

    /// Its identity in the run.
    public var key: String
    /// What is sent.
    public var kind: Kind
    /// To whom.
    public var workflowID: String
    /// Of a signal; of an end, the reason.
    public var name: String
    /// Of a signal.
    public var input: Payload
}

/// Why a run rests.
public enum PauseReason: Sendable, Equatable {
    /// Somebody asked for it.
    case requested(String)
    /// Its code failed again and again.
    case taskFailures(Failure)
    /// A compensation gave up: the identity of the step that it undoes.
    case compensation(key: String, Failure)
    /// The process ended again and again while only this run was being taken up.
    case quarantined(Failure)
}

/// How a run goes on.
public enum Resumption: Sendable, Equatable {
    /// As it was.
    case plain
    /// The compensation is tried again.
    case retryCompensation(key: String)
    /// The compensation is left out, for a reason.
    case skipCompensation(key: String, reason: String)
}

extension HistoryEvent.Body {
    /// It makes the run's code go on.
    var isInput: Bool {
        switch self {
        case .started, .stepCompleted, .stepFailed, .timerFired, .signalReceived, .updateAccepted,
            .cancelRequested, .childStarted, .childClosed, .messageAnswered, .resumed,
            .checkpointed:
            true
        default: false
        }
    }

    /// The code asked for it.
    var isCommand: Bool {
        switch self {
        case .stepScheduled, .stepCancelRequested, .timerStarted, .timerCancelled,
            .updateCompleted, .updateFailed, .patched, .childInitiated, .messageSent, .closed,
            .checkpointed:
            true
        case .paused(.compensation): true
        default: false
        }
    }
}
