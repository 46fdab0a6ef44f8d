/// What an engine tells whoever watches it. Called by the threads that do the work: be quick.
public protocol EngineObserver: Sendable {
    /// Events became durable.
    func recorded(workflowID: String, runID: String, _ events: [HistoryEvent])
    /// A run's code broke a rule, or threw what it does not declare.
    func taskFailed(workflowID: String, runID: String, _ failure: Failure)
    /// The code that this engine has for a run's type is not what executed the run last, and does
    /// not follow its history, for this reason; or there is none. The run waits for an engine
    /// whose code has the fingerprint that is needed, or follows.
    func waitsForVersion(workflowID: String, runID: String, needed: String, _ failure: Failure)
    /// Code that was let go swallowed every error and was left where it waits; its memory is lost
    /// until the process ends. `WorkflowEngine.leakedCount` counts these.
    func codeLeaked(workflowID: String, runID: String)
    /// The store refused something, or could not be read.
    func storeFailed(_ error: any Error)
}

extension EngineObserver {
    /// Nothing.
    public func recorded(workflowID: String, runID: String, _ events: [HistoryEvent]) {}
    /// Nothing.
    public func taskFailed(workflowID: String, runID: String, _ failure: Failure) {}
    /// Nothing.
    public func waitsForVersion(
        workflowID: String, runID: String, needed: String, _ failure: Failure
    ) {}
    /// Nothing.
    public func codeLeaked(workflowID: String, runID: String) {}
    /// Nothing.
    public func storeFailed(_ error: any Error) {}
}

/// Watches nothing.
struct NoObserver: EngineObserver {}

/// How an engine works.
public struct EngineOptions: Sendable {
    /// How values become payloads.
    public var codec: any PayloadCodec = JSONPayloadCodec()
    /// The time.
    public var clock: (any EngineClock)?
    /// Who is told what happens.
    public var observer: (any EngineObserver)?
    /// A replay compares the inputs of steps, too.
    public var comparesInput = false
    /// After a fault of its code a run is tried again after so long, then twice as long, and so on.
    public var taskRetryInterval: Duration = .seconds(1)
    /// Attempts at activities that run at a time; more wait.
    public var activitiesMax = 1_000
    /// A run that was being tried alone when the process ended so many times is quarantined.
    public var triesBeforeQuarantine = 3
    /// Open runs that are kept in memory, with their code. Of more, those that were not used for
    /// longest are let go of; something that concerns one of them reads its history again. Runs
    /// that do something, or that somebody waits for, stay in any case.
    public var runsInMemoryMax = 10_000
    /// Let go of a run's code after every commit, and of the run whenever it is idle. For tests of
    /// what a replay may rest on.
    public var evictsAlways = false
    /// Answer other processes, as `emaki workflow` asks, through the log's socket. Without effect
    /// on a log that does not listen.
    public var answersControl = true
    /// False for an operator's engine: it records what it is told, and neither executes code nor
    /// begins, retries or times anything.
    var executesCode = true
    /// Events after which the projection's checkpoint is written; nil: as many as are worth while.
    /// For tests.
    var projectionEventsMin: UInt64?

    /// The defaults.
    public init() {}
}
