/// What an engine tells whoever watches it. Called by the threads that do the work: be quick.
///
/// Everything is told once at most. What became durable in a commit whose answer was lost, or just
/// before the process ended, is told to nobody; a replay tells nothing.
public protocol EngineObserver: Sendable {
    /// Events of a run became durable. Told before whoever waits for them is answered, and before
    /// anything that they ask for is done. By default `recorded` is told.
    func committed(_ commit: ObservedCommit)
    /// Events became durable.
    func recorded(workflowID: String, runID: String, _ events: [HistoryEvent])
    /// The run's code wrote these lines, with `WorkflowContext.log`; what they rest on is durable.
    func logged(in run: ObservedRun, _ lines: [WorkflowLogLine])
    /// An attempt begins in this process, or a worker was given it.
    func attemptBegan(_ attempt: ObservedAttempt)
    /// An attempt that began in this process is over, after so long; that is not durable yet. Of
    /// one that a worker was given, and of one that was handed over, `committed` tells the end.
    func attemptEnded(_ attempt: ObservedAttempt, _ end: AttemptEnd, running: Duration)
    /// A run's code broke a rule, or threw what it does not declare: told each time, durable or
    /// not. By default the form with ids is told.
    func taskFailed(in run: ObservedRun, _ failure: Failure)
    /// A run's code broke a rule, or threw what it does not declare.
    func taskFailed(workflowID: String, runID: String, _ failure: Failure)
    /// The code that this engine has for a run's type is not what executed the run last, and does
    /// not follow its history, for this reason; or there is none. The run waits for an engine
    /// whose code has the fingerprint that is needed, or follows. By default the form with ids is
    /// told.
    func waitsForVersion(in run: ObservedRun, needed: String, _ failure: Failure)
    /// As the form with a run.
    func waitsForVersion(workflowID: String, runID: String, needed: String, _ failure: Failure)
    /// Code that was let go swallowed every error and was left where it waits; its memory is lost
    /// until the process ends. `WorkflowEngine.leakedCount` counts these. By default the form with
    /// ids is told.
    func codeLeaked(in run: ObservedRun)
    /// As the form with a run.
    func codeLeaked(workflowID: String, runID: String)
    /// The store refused something, or could not be read.
    func storeFailed(_ error: any Error)
}

extension EngineObserver {
    /// Tells `recorded`.
    public func committed(_ commit: ObservedCommit) {
        recorded(
            workflowID: commit.run.workflowID, runID: commit.run.runID, commit.events.map(\.event))
    }
    /// Nothing.
    public func recorded(workflowID: String, runID: String, _ events: [HistoryEvent]) {}
    /// Nothing.
    public func logged(in run: ObservedRun, _ lines: [WorkflowLogLine]) {}
    /// Nothing.
    public func attemptBegan(_ attempt: ObservedAttempt) {}
    /// Nothing.
    public func attemptEnded(_ attempt: ObservedAttempt, _ end: AttemptEnd, running: Duration) {}
    /// Tells the form with ids.
    public func taskFailed(in run: ObservedRun, _ failure: Failure) {
        taskFailed(workflowID: run.workflowID, runID: run.runID, failure)
    }
    /// Nothing.
    public func taskFailed(workflowID: String, runID: String, _ failure: Failure) {}
    /// Tells the form with ids.
    public func waitsForVersion(in run: ObservedRun, needed: String, _ failure: Failure) {
        waitsForVersion(
            workflowID: run.workflowID, runID: run.runID, needed: needed, failure)
    }
    /// Nothing.
    public func waitsForVersion(
        workflowID: String, runID: String, needed: String, _ failure: Failure
    ) {}
    /// Tells the form with ids.
    public func codeLeaked(in run: ObservedRun) {
        codeLeaked(workflowID: run.workflowID, runID: run.runID)
    }
    /// Nothing.
    public func codeLeaked(workflowID: String, runID: String) {}
    /// Nothing.
    public func storeFailed(_ error: any Error) {}
}

/// Tells several, in their order; or nobody.
struct ObserverGroup: EngineObserver {
    let members: [any EngineObserver]

    /// One observer is told without a detour.
    static func of(_ members: [any EngineObserver]) -> any EngineObserver {
        members.count == 1 ? members[0] : ObserverGroup(members: members)
    }

    func committed(_ commit: ObservedCommit) { for member in members { member.committed(commit) } }
    func logged(in run: ObservedRun, _ lines: [WorkflowLogLine]) {
        for member in members { member.logged(in: run, lines) }
    }
    func attemptBegan(_ attempt: ObservedAttempt) {
        for member in members { member.attemptBegan(attempt) }
    }
    func attemptEnded(_ attempt: ObservedAttempt, _ end: AttemptEnd, running: Duration) {
        for member in members { member.attemptEnded(attempt, end, running: running) }
    }
    func taskFailed(in run: ObservedRun, _ failure: Failure) {
        for member in members { member.taskFailed(in: run, failure) }
    }
    func waitsForVersion(in run: ObservedRun, needed: String, _ failure: Failure) {
        for member in members { member.waitsForVersion(in: run, needed: needed, failure) }
    }
    func codeLeaked(in run: ObservedRun) { for member in members { member.codeLeaked(in: run) } }
    func storeFailed(_ error: any Error) { for member in members { member.storeFailed(error) } }
}

/// How an engine works.
public struct EngineOptions: Sendable {
    /// How values become payloads.
    public var codec: any PayloadCodec = JSONPayloadCodec()
    /// What commands of an operator show of a payload: the clear form of one that the codec made
    /// unreadable, or nil for one that cannot be shown. Nil: payloads are shown as they are stored.
    public var decodesForOperators: (@Sendable (Payload) -> Payload?)?
    /// What becomes of JSON that a command of an operator gives as an input or a result, so that
    /// the codec can read it. Nil: it is recorded as it is.
    public var encodesForOperators: (@Sendable (Payload) throws -> Payload)?
    /// The time.
    public var clock: (any EngineClock)?
    /// Who is told what happens, in this order.
    public var observers: [any EngineObserver] = []
    /// The one who is told what happens: the first of `observers`, and the only one once it is set.
    public var observer: (any EngineObserver)? {
        get { observers.first }
        set { observers = newValue.map { [$0] } ?? [] }
    }
    /// Who stands around starts and attempts; the first is the outermost.
    public var interceptors: [any EngineInterceptor] = []
    /// A replay compares the inputs of steps, too.
    public var comparesInput = false
    /// After a fault of its code a run is tried again after so long, then twice as long, and so on.
    public var taskRetryInterval: Duration = .seconds(1)
    /// Attempts at activities and steps that the engine runs at a time, over all queues; more wait.
    public var activitiesMax = 1_000
    /// What queues allow, by name; `ActivityOptions.defaultQueue` is that of steps and of
    /// activities that name none. A queue that is not here has no limits of its own.
    public var queues: [String: QueueOptions] = [:]
    /// A run that was being tried alone when the process ended so many times is quarantined.
    public var triesBeforeQuarantine = 3
    /// Open runs that are kept in memory, with their code. Of more, those that were not used for
    /// longest are let go of; something that concerns one of them reads its history again. Runs
    /// that do something, or that somebody waits for, stay in any case.
    public var runsInMemoryMax = 10_000
    /// Workflows that have ended are known by id, type and outcome, so that who asks for some of
    /// them, or how many there are, waits for no history but those that are shown; each takes about
    /// 80 bytes of memory. If more than this have ended, none is known, and every history that may
    /// be meant is read. 0: none. ``retention`` keeps them few.
    public var endedWorkflowsInMemoryMax = 1 << 20
    /// How long a workflow is kept once it has ended; then it is deleted, with what it was told and
    /// answered. Also older runs of a workflow that goes on as another run. Nil: until somebody
    /// deletes it.
    public var retention: Duration?
    /// Let go of a run's code after every commit, and of the run whenever it is idle. For tests of
    /// what a replay may rest on.
    public var evictsAlways = false
    /// Answer other processes, as `emaki workflow` asks, through the log's socket. Without effect
    /// on a log that does not listen.
    public var answersControl = true
    /// False for an operator's engine: it records what it is told, and neither executes code nor
    /// begins, retries or times anything.
    var executesCode = true
    /// For an operator's engine that has the code: it is asked, and what it asks for is thrown
    /// away, or recorded where nothing begins by it.
    var rehearsesCode = false
    /// Events after which the projection's checkpoint is written; nil: as many as are worth while.
    /// For tests.
    var projectionEventsMin: UInt64?

    /// The defaults.
    public init() {}
}
