/// What a run is told. Kept apart, because some are large and all wait in lines.
indirect enum HostInput: Sendable {
    /// Hands over an answer, once it is durable.
    typealias Reply<Value> = @Sendable (Result<Value, any Error>) -> Void

    /// Look at what is recorded: after a restart.
    case load
    case start(StartRequest, Reply<String>)
    case signal(Message, Reply<Void>)
    /// - Two replies: accepted, and completed.
    case update(Message, accepted: Reply<Void>, completed: Reply<Payload>)
    /// - childOf: only if it is a child of one of these runs.
    case cancel(requestID: String, reason: String, childOf: [String]?, Reply<Void>)
    /// - childOf: only if it is a child of one of these runs.
    case terminate(requestID: String, reason: String, childOf: [String]?, Reply<Void>)
    /// Another run takes the newest one's place; nil: the run is not as the cut was made from.
    case reset(RunCut, reason: String, Reply<String?>)
    /// The workflow goes, if it has ended: before this instant, if one is given.
    case delete(endedBefore: Int64?, Reply<Bool>)
    /// Histories of older runs were removed.
    case dropped([String], Reply<Void>)
    /// A run of this id begins as another one began.
    case fork(RunCut, Reply<String>)
    case pause(reason: String, Reply<Void>)
    case resume(Resumption, Reply<Void>)
    case query(String, Payload, Reply<Payload>)
    /// Of an operator's engine: ask the code, and let nothing begin.
    case rehearse(Rehearsal)
    /// Of an operator's engine: record an update that was validated.
    case accept(Message, Reply<Void>)
    /// How a run ended; nil: the newest run.
    case result(runID: String?, Reply<HistoryEvent.Outcome>)
    case describe(Reply<RunDescription>)
    /// The run that a request began; nil: none.
    case run(requestID: String, Reply<String?>)
    /// An attempt ended.
    case ended(runID: String, step: Int, attempt: Int, Result<Payload, Failure>, Reply<Bool>)
    /// A worker took an attempt that had waited for one.
    case began(runID: String, step: Int, attempt: Int)
    /// An attempt that had waited is to begin, once that is durable.
    case begins(runID: String, step: Int, attempt: Int, Reply<Bool>)
    /// Somebody outside will say how the attempt ended.
    case handedOver(runID: String, step: Int, attempt: Int, Reply<Bool>)
    /// All that the end of a run asks for was done.
    case settled(runID: String)
    /// An attempt reported.
    case heartbeat(runID: String, step: Int, attempt: Int, Payload, Reply<Bool>)
    case childStarted(runID: String, child: Int, childRunID: String)
    case childClosed(runID: String, child: Int, HistoryEvent.Outcome)
    case delivered(runID: String, message: Int, Failure?)
    /// Something is due.
    case due
    /// Bring the code into memory.
    case warm(Reply<Void>)
    /// The run ended the process so many times when it was taken up, at this step if at one.
    case quarantine(tries: Int, step: Int, Reply<Void>)
    /// The engine is closed: whoever waits is told.
    case leave
}

extension HostInput {
    /// Of what the run's code is given.
    var payloadBytes: Int {
        switch self {
        case .start(let request, _):
            request.input.bytes.count + (request.message?.payload?.bytes.count ?? 0)
        case .signal(let message, _): message.input.bytes.count
        case .reset(let cut, _, _), .fork(let cut, _): cut.byteCount
        case .update(let message, _, _): message.input.bytes.count
        case .query(_, let input, _), .rehearse(.query(_, let input, _)): input.bytes.count
        case .accept(let message, _), .rehearse(.validation(let message, _, _)):
            message.input.bytes.count
        case .ended(_, _, _, .success(let result), _): result.bytes.count
        case .childClosed(_, _, .completed(let result)): result.bytes.count
        default: 0
        }
    }
}

/// A run to start.
struct StartRequest: Sendable {
    var workflowType: String
    var workflowID: String
    var requestID: String
    var input: Payload
    var options: RunOptions
    var reuse: IDReusePolicy
    var conflict: IDConflictPolicy
    var parent: RunStart.Parent?
    /// The fingerprint of the parent's code, if it stays on that.
    var companion: String?
    /// A signal or an update that goes with it.
    var message: HistoryEvent.Body?
}

/// Whether a workflow id may be used again once its run has ended.
public enum IDReusePolicy: Sendable {
    /// Always.
    case allow
    /// Unless the last run completed.
    case allowIfNotCompleted
    /// Never.
    case reject
}

/// What happens when a run of this id is open.
public enum IDConflictPolicy: Sendable {
    /// `WorkflowError.alreadyRunning`.
    case fail
    /// Its handle is given.
    case useExisting
    /// It is terminated, and a new one begins.
    case terminateExisting
}

/// What a caller of the engine is told.
@nonexhaustive
public enum WorkflowError: Error, Sendable, Equatable {
    /// There is no workflow of this id.
    case notFound(workflowID: String)
    /// There is no workflow of this type in the engine. Register it.
    case unknownWorkflow(String)
    /// A run of this id is open.
    case alreadyRunning(workflowID: String, runID: String)
    /// The id was used, and the reuse policy forbids to use it again.
    case alreadyUsed(workflowID: String, runID: String)
    /// The run has ended.
    case closed(workflowID: String, runID: String)
    /// The message was refused, and nothing was recorded.
    case refused(Failure)
    /// An update's handler failed.
    case updateFailed(Failure)
    /// The run ended without a result.
    case ended(workflowID: String, HistoryEvent.Outcome)
    /// Nobody knows whether it was recorded. Repeat it with the same request id, after opening the
    /// log again.
    case outcomeUnknown
    /// The disk is full. Nothing was recorded.
    case noSpace
    /// Another engine owns the store now. This one does nothing any more.
    case fenced
    /// The run is open, and only what has ended can be deleted: end it first.
    case stillOpen(workflowID: String, runID: String)
    /// The engine was closed.
    case engineClosed
    /// A limit of the store.
    case tooLarge(String, limit: Int, value: Int)
    /// A recorded history cannot be used.
    case damaged(workflowID: String, HistoryError)
    /// The engine is set up in a way that makes no sense.
    case invalid(String)

    /// Asking again later would be answered in the same way.
    var isFinal: Bool {
        switch self {
        case .outcomeUnknown, .noSpace, .fenced, .engineClosed, .damaged: false
        default: true
        }
    }
}
