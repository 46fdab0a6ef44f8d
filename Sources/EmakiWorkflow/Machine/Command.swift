/// What a run's code asks for.
public enum Command: Sendable, Equatable {
    /// To execute a step or an activity.
    indirect case schedule(StepSchedule)
    /// To ask a step to stop, by its identity.
    case cancelStep(key: String)
    /// To be woken at an instant, in nanoseconds since 1970 UTC.
    case startTimer(key: String, fireAt: Int64)
    /// Not to be woken.
    case cancelTimer(key: String)
    /// To remember that `patched` was true.
    case patch(id: String)
    /// To answer an update, by the event that accepted it.
    case completeUpdate(Int, Payload)
    /// To answer an update with an error.
    indirect case failUpdate(Int, Failure)
    /// To start another workflow.
    indirect case startChild(ChildStart)
    /// To signal or cancel another workflow.
    indirect case send(SentMessage)
    /// To rest until an operator says what is to become of a compensation that gave up.
    indirect case pause(compensation: String, Failure)
    /// To begin anew from a state, with these patches being true.
    indirect case checkpoint(Payload, patches: [String])
    /// To end.
    indirect case close(Closing)

    /// How code ends its run.
    public enum Closing: Sendable, Equatable {
        /// With a result.
        case completed(Payload)
        /// With an error.
        case failed(Failure)
        /// Because it was asked to.
        case cancelled
        /// To go on as a new run.
        case continueAsNew(workflowType: String, Payload)
    }
}

/// Something that makes a run's code go on.
public struct Activation: Sendable {
    /// What happened.
    public var event: HistoryEvent
    /// The identity of what it is about: the step, the timer, the child.
    public var key: String?
    /// The code has seen this event before: what it asks for now was recorded then.
    public var isReplay: Bool
    /// Acknowledged messages wait behind this event: the run does not end before the code has seen
    /// them, though its body may return.
    public var hasMoreMessages = false
    /// In a replay: the patches that the code took then.
    public var patches: [String] = []
}

/// What a run's code made of an activation, once it waits for something again.
public struct Decision: Sendable {
    /// What it asks for, in order.
    public var commands: [Command] = []
    /// In a replay: where the code asks for each of these, as far as that is known; or nothing at
    /// all. Only for reports.
    public var places: [SourcePlace?] = []
    /// `run` has returned: no more messages may come, though handlers may still be at work.
    public var hasReturned = false
    /// What it wrote to the log. Of no consequence for the run, and dropped in a replay.
    public var lines: [WorkflowLogLine] = []
    /// The code did what no workflow may do, or threw what it does not declare: nothing of this
    /// activation counts.
    public var taskFailure: Failure?

    /// Nothing.
    public init() {}
}

/// Executes the code of one run. One call at a time; the engine sees to that.
///
/// The Swift executor is one. Code in another process, or in another language, can be another: an
/// activation goes in, a decision comes out, and the same activations always give the same
/// decisions.
public protocol Decider: AnyObject, Sendable {
    /// Lets an event in, and executes the code until it waits. At a checkpoint the code begins
    /// anew, from its state; what it held before is let go.
    func activate(_ activation: Activation) -> Decision
    /// The run's history is read from this checkpoint on: questions that come before the code sees
    /// it are about its state.
    func begin(from checkpoint: RunCheckpoint)
    /// Asks the code whether it accepts a signal or an update. Changes nothing.
    func validate(_ message: Message, isUpdate: Bool) -> Failure?
    /// Keys of steps that would be undone if the run failed now.
    func uncompensated() -> [String]
    /// Answers a query. Changes nothing.
    func query(_ name: String, _ input: Payload) throws -> Payload
    /// The closure of a step that the code asked for, if it is one of this process.
    func closure(of key: String) -> StepClosure?
    /// Lets go of everything that the code holds. Nothing is asked of it afterwards.
    func evict()
    /// Ids of `patched(_:)` of which this run has gone the old way.
    var declinedPatches: [String] { get }
    /// Where the code of a branch waits now, for reports; nil: nobody knows, or it does not wait.
    func place(inBranch branch: String) -> SourcePlace?
    /// Of code that was let go: some of it swallowed every error, and was left where it is. Its
    /// memory is lost until the process ends.
    var hasLeaked: Bool { get }
}

extension Decider {
    /// None that anybody knows of.
    public var declinedPatches: [String] { [] }
    /// Nobody knows.
    public func place(inBranch branch: String) -> SourcePlace? { nil }
    /// Nothing leaks.
    public var hasLeaked: Bool { false }
    /// The state is known once the code sees the checkpoint.
    public func begin(from checkpoint: RunCheckpoint) {}
}

/// A step's work, as code in this process.
public struct StepClosure: Sendable {
    /// Neither blocks nor suspends, so that it may run where commits are made.
    public var isInline: Bool
    /// The work.
    public var body: @Sendable (AttemptInfo) async throws -> Payload
}
