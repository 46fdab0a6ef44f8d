import EmakiPlatform

/// Everything that a workflow may do. Nothing else is the same in a replay.
///
/// A call that waits throws `CancellationError` once the run, or the part of it that waits, was
/// cancelled. Steps, timers and children are known by their name, the branch that they are in, and
/// which of that name in the branch they are.
public struct WorkflowContext<Running: Workflow>: Sendable {
    let scope: RunScope
    let box: StateBox<Running.State>

    var codec: any PayloadCodec { scope.codec }

    // MARK: State, time, chance

    /// What body and handlers share.
    public var state: Running.State {
        get {
            _ = scope.mayChange("state")
            return box.copy
        }
        nonmutating set {
            if scope.mayChange("state") { box.replace(with: newValue) }
        }
    }

    /// Changes the state in place.
    public func change<R>(_ body: (inout Running.State) throws -> R) throws -> R {
        try change("change", body)
    }

    func change<R>(_ call: String, _ body: (inout Running.State) throws -> R) throws -> R {
        try scope.enter(call)
        var value = box.copy
        defer { box.replace(with: value) }
        return try body(&value)
    }

    /// Which run this is.
    public var info: RunInfo { RunInfo(scope.start, now: scope.now) }

    /// Engine time, in nanoseconds since 1970 UTC: when what the run was woken by was recorded. It
    /// stands still while the run's code executes, and never goes back.
    public var now: Int64 {
        _ = scope.mayChange("now")
        return scope.now
    }

    /// Random numbers that are the same in a replay. Each call gives other ones.
    public func random() throws -> WorkflowRandom {
        try scope.enter("random")
        let identity = scope.branch.next("random")
        return WorkflowRandom(
            state: StableMix.mix(
                scope.start.seed ^ Array(identity.text.utf8).withRawSpan { StableHash.hash($0) }))
    }

    /// A random (version 4) UUID in text that is the same in a replay.
    public func uuid() throws -> String {
        var random = try random()
        return UUIDText.make(high: random.next(), low: random.next())
    }

    // MARK: Steps

    /// Runs an activity with the options that it declares.
    public func run<A: Activity>(
        _ activity: A.Type, _ input: A.Input, file: String = #fileID, line: UInt32 = #line
    ) async throws -> A.Output {
        try await run(activity, input, options: A.options, file: file, line: line)
    }

    /// Runs an activity: code outside of the workflow that may do anything, and that is tried again
    /// when it fails.
    /// - Throws: `StepFailure` once it failed for good.
    public func run<A: Activity>(
        _ activity: A.Type, _ input: A.Input, options: ActivityOptions,
        file: String = #fileID, line: UInt32 = #line
    ) async throws -> A.Output {
        try await scope.enterWaiting("run")
        let encoded = try encodeInput(input)
        do {
            let result = try await perform(
                A.activityName, .activity, encoded, options, closure: nil,
                at: SourcePlace(file: file, line: line))
            return try decode(A.Output.self, from: result)
        } catch let failure as StepFailure {
            throw Self.thrown(for: failure)
        }
    }

    /// Runs a closure once, durably: its result is recorded, and it does not run again.
    ///
    /// It runs as its own task, beside the workflow, and sees neither context nor state.
    /// - Parameters:
    ///   - name: the step's name.
    ///   - place: `.loop` for a closure that neither blocks nor suspends.
    ///   - file: where the call is, as its reports are to say; and so `line`.
    /// - Throws: `StepFailure` once it failed for good.
    public func step<Output: Codable & Sendable>(
        _ name: String, on place: StepPlace = .pool, options: StepOptions = StepOptions(),
        file: String = #fileID, line: UInt32 = #line,
        _ body: @escaping @Sendable (AttemptInfo) async throws -> Output
    ) async throws -> Output {
        let codec = scope.codec
        let closure = StepClosure(isInline: place == .loop) { info in
            try codec.encodeResult(try await body(info))
        }
        do {
            let result = try await perform(
                name, .closure, (.empty, Self.emptyHash), options.activityOptions,
                closure: closure, at: SourcePlace(file: file, line: line))
            return try decode(Output.self, from: result)
        } catch let failure as StepFailure {
            throw Self.thrown(for: failure)
        }
    }

    /// Schedules a step and waits for its result.
    func perform(
        _ name: String, _ kind: StepSchedule.Kind, _ input: (payload: Payload, hash: UInt64),
        _ options: ActivityOptions, closure: StepClosure?, compensation: String? = nil,
        compensates: String? = nil, at place: SourcePlace,
        scheduled: (String) -> Void = { _ in }
    ) async throws -> Payload {
        try await scope.enterWaiting("run(\(name))")
        try await scope.checkCancelled()
        let identity = scope.branch.next(name)
        let key = identity.text
        if let closure { scope.closures[key] = closure }
        scope.ask(
            .schedule(
                StepSchedule(
                    key: key, kind: kind, name: name, options: options,
                    inputHash: input.hash, compensation: compensation,
                    compensates: compensates, input: input.payload)), at: place)
        scheduled(key)
        do {
            return try await scope.wait(
                identity, options.cancellation, takeBack: .cancelStep(key: key), at: place)
        } catch let failure as Failure {
            throw StepFailure(step: name, key: key, cause: failure)
        }
    }

    /// What is thrown to the code: of what was cancelled because the code is, no failure.
    static func thrown(for failure: StepFailure) -> any Error {
        failure.cause.kind == .cancelled && Task.isCancelled ? CancellationError() : failure
    }

    /// Of the input of what has none.
    static var emptyHash: UInt64 { [UInt8]().withRawSpan { StableHash.hash($0) } }

    func encodeInput<Value: Encodable & Sendable>(
        _ value: Value
    ) throws -> (payload: Payload, hash: UInt64) {
        try scope.enter("encode")
        return try scope.encoding { try $0.encodeInput(value) }
    }

    func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        try scope.enter("encode")
        return try scope.encode(value)
    }

    func decode<Value: Decodable & Sendable>(
        _ type: Value.Type, from payload: Payload
    ) throws -> Value {
        do {
            return try scope.codec.decode(type, from: payload)
        } catch let error as any UnreadablePayload {
            // Not for the code to catch: it would take it for the step's own failure.
            scope.misuse = scope.misuse ?? Failure(unreadable: "a result", error)
            throw error
        }
    }
}

/// Where a step's closure runs.
public enum StepPlace: Sendable {
    /// On Swift's own pool of threads.
    case pool
    /// Where commits are made, at once. Only for code that neither blocks nor suspends: it holds
    /// up everybody's commits.
    case loop
}

/// How a step's closure is to be run. Without a limit it may take for ever.
public struct StepOptions: Sendable, Hashable {
    /// One attempt may take so long.
    public var startToClose: Duration?
    /// All attempts together may take so long.
    public var scheduleToClose: Duration?
    /// When and how often it is tried again.
    public var retry: RetryPolicy
    /// What cancelling does to it.
    public var cancellation: CancellationType
    /// See `ActivityOptions.priority`; a step waits in the default queue.
    public var priority: Int
    /// See `ActivityOptions.limitKey`.
    public var limitKey: String?

    /// Options for a step.
    public init(
        startToClose: Duration? = nil, scheduleToClose: Duration? = nil,
        retry: RetryPolicy = .standard, cancellation: CancellationType = .try,
        priority: Int = 0, limitKey: String? = nil
    ) {
        self.priority = priority
        self.limitKey = limitKey
        self.startToClose = startToClose
        self.scheduleToClose = scheduleToClose
        self.retry = retry
        self.cancellation = cancellation
    }

    var activityOptions: ActivityOptions {
        var options = ActivityOptions(
            startToClose: .zero, retry: retry, cancellation: cancellation, priority: priority,
            limitKey: limitKey)
        options.startToClose = startToClose
        options.scheduleToClose = scheduleToClose
        return options
    }
}

/// Which run code is in.
public struct RunInfo: Sendable, Hashable {
    /// The workflow's id.
    public var workflowID: String
    /// This run.
    public var runID: String
    /// The first run of a chain of retries and continuations.
    public var firstRunID: String
    /// The workflow's type.
    public var workflowType: String
    /// 1, and one more for each retry of the workflow.
    public var attempt: Int
    /// Passed along from whoever started it.
    public var headers: [String: String]
    /// When the run began or was woken last, in nanoseconds since 1970 UTC.
    public var now: Int64

    init(_ start: RunStart, now: Int64) {
        workflowID = start.workflowID
        runID = start.runID
        firstRunID = start.firstRunID
        workflowType = start.workflowType
        attempt = start.attempt
        headers = start.headers
        self.now = now
    }
}
