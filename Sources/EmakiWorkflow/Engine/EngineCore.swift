import EmakiPlatform

/// What the runs of an engine share.
final class EngineCore: @unchecked Sendable {
    /// Events read from the store at a time.
    static let pageEvents = 1_024
    /// Events that are read before it is asked whether there is a checkpoint.
    static let firstEvents = 128
    private static let spaceRetry: Duration = .milliseconds(100)

    let store: any HistoryStore
    let executor: any TaskExecutor
    /// Gives hosts their turns.
    let pump: RunPump
    /// Whose code is being executed, for the next process to know.
    let marks: RunMarks?
    let suspects: Suspects
    /// Which runs are open; nil: the store cannot tell.
    let projection: ProjectionKeeper?
    let backlog = Backlog()
    let idle: IdleRuns
    let queues: TaskQueues
    let epoch: UInt64
    let options: EngineOptions
    let observer: any EngineObserver
    /// Somebody is told what happens. Otherwise nothing is made for that, and no clock is read.
    let isObserved: Bool
    /// Somebody is told of attempts, or stands around them.
    let isWatched: Bool
    let timers: EngineTimers
    let activities: ActivityPool
    let eventsPerCommitMax: Int
    let commitBytesMax: Int
    let payloadBytesMax: Int
    /// The code that is here.
    let codes: CodeTable
    private let paces: [String: TypePace]
    private let ownClock: SystemEngineClock?

    private let lock = Lock()
    // Guarded by `lock`.
    private var hosts: [String: RunHost] = [:]
    /// Wake-ups of runs that are not in memory.
    private var sleeping: [String: EngineTimers.Ticket] = [:]
    private var closed = false
    private var fenced = false
    private var unusable = false
    private var takesUp = false
    /// The last workflow id that was looked at, in the order of its bytes.
    private var lookedAtUpTo: String?
    /// Those that are still to be looked at; nil: all behind that one.
    private var unlookedAt: Set<String>?
    /// Pumps and attempts at work, and homes in the backlog.
    private var workCount = 0
    /// Callers that wait for a result.
    private var waitingCount = 0
    private var leaks = 0
    /// Runs of this engine's for which events are copied ahead, or of which nobody knows whether
    /// they have begun.
    private var copied: Set<Projection.Unbegun> = []
    private var draining = false
    /// Waits until nothing is at work.
    private var drained: CheckedContinuation<Bool, Never>?
    private let entropy = BufferedEntropy()

    init(
        store: any HistoryStore, definitions: [WorkflowDefinition],
        activities: [any Activity], options: EngineOptions
    ) async throws {
        self.store = store
        self.options = options
        let limits = store.capabilities
        executor = limits.executor ?? globalConcurrentExecutor
        eventsPerCommitMax = max(16, limits.eventsPerCommitMax)
        commitBytesMax = limits.commitBytesMax
        payloadBytesMax = limits.payloadBytesMax
        observer = ObserverGroup.of(options.observers)
        isObserved = !options.observers.isEmpty
        isWatched = isObserved || !options.interceptors.isEmpty
        ownClock = options.clock == nil ? SystemEngineClock() : nil
        timers = EngineTimers(options.clock ?? ownClock ?? SystemEngineClock())
        if let problem = CodeTable.problem(with: definitions) { throw problem }
        codes = CodeTable(definitions)
        paces = Dictionary(uniqueKeysWithValues: codes.names.map { ($0, TypePace()) })
        self.activities = try ActivityPool(activities, codec: options.codec)
        queues = try TaskQueues(options.queues, runningMax: options.activitiesMax, timers)
        epoch = try await store.claim()
        // Of the one owner: others leave the file alone.
        marks = options.executesCode ? limits.folder.flatMap { RunMarks(folder: $0) } : nil
        suspects = Suspects(marks, triesMax: options.triesBeforeQuarantine)
        projection = ProjectionKeeper(
            store, observer: observer, writesCheckpoints: options.executesCode,
            endedMost: options.endedWorkflowsInMemoryMax, eventsMin: options.projectionEventsMin)
        pump = RunPump(limits.executor, store, marks)
        idle = IdleRuns(countMax: options.evictsAlways ? 0 : options.runsInMemoryMax)
        timers.use(
            bring: { [weak self] in self?.host($0) },
            onNothing: { [weak self] in self?.restIfIdle() })
        queues.use(bring: { [weak self] in self?.host($0).postpone(.load) })
    }

    // MARK: Homes

    /// The home of a workflow id.
    func host(_ workflowID: String) -> RunHost {
        lock.withLock {
            if let host = hosts[workflowID] { return host }
            let host = RunHost(
                self, workflowID: workflowID, awaitsTakingUp: takesUp && isUnlookedAt(workflowID))
            hosts[workflowID] = host
            if let ticket = sleeping.removeValue(forKey: workflowID) {
                host.ticket = ticket
                timers.come(ticket, host)
            }
            return host
        }
    }

    /// Called with the lock held.
    private func isUnlookedAt(_ workflowID: String) -> Bool {
        if let unlookedAt { return unlookedAt.contains(workflowID) }
        return (lookedAtUpTo ?? "").utf8.lexicographicallyPrecedes(workflowID.utf8)
    }

    /// Homes in memory.
    var hostCount: Int { lock.withLock { hosts.count } }
    var allHosts: [RunHost] { lock.withLock { Array(hosts.values) } }

    /// A home leaves memory, and its run goes on later. Called with the host's own lock held.
    func putAway(_ host: RunHost) {
        lock.withLock {
            if hosts[host.workflowID] === host { hosts[host.workflowID] = nil }
            guard let ticket = host.ticket, !closed else { return }
            sleeping[host.workflowID] = ticket
            timers.leave(ticket, host.workflowID)
        }
    }

    /// A home that nobody is in any more. Called with the host's own lock held.
    func forget(_ host: RunHost) {
        lock.withLock { if hosts[host.workflowID] === host { hosts[host.workflowID] = nil } }
    }

    var isClosed: Bool { lock.withLock { closed } }

    var isFenced: Bool {
        get { lock.withLock { fenced } }
        set { lock.withLock { fenced = newValue } }
    }

    /// The store takes nothing any more.
    var isUnusable: Bool {
        get { lock.withLock { unusable } }
        set { lock.withLock { unusable = newValue } }
    }

    func close() {
        let hosts = lock.withLock {
            closed = true
            sleeping = [:]
            return Array(self.hosts.values)
        }
        timers.stop()
        queues.close()
        backlog.close()
        ownClock?.stop()
        marks?.close()
        for host in hosts {
            host.enqueue(.leave)
            host.release([])
        }
        projection?.close()
    }

    /// Makes room for so many runs that are put aside.
    func expect(sleepers count: Int) {
        lock.withLock { sleeping.reserveCapacity(sleeping.count + count) }
    }

    /// Puts runs aside that are not in memory, each with its wake-up. One of which something is
    /// known by now is left out.
    /// - Returns: the wake-ups, which are not armed.
    func put(aside sleepers: ArraySlice<ProjectionFindings.Sleeper>) -> [EngineTimers.Ticket] {
        lock.withLock {
            if closed { return [] }
            return sleepers.compactMap { sleeper in
                guard hosts.isEmpty || hosts[sleeper.workflowID] == nil else { return nil }
                let ticket = EngineTimers.Ticket(sleeper.workflowID, sleeper.due)
                let other = sleeping.updateValue(ticket, forKey: sleeper.workflowID)
                // Of two runs of an id one was never begun, and an older version did not say so:
                // the earlier instant is safe.
                if let other, other.instant <= sleeper.due {
                    sleeping[sleeper.workflowID] = other
                    return nil
                }
                return ticket
            }
        }
    }

    // MARK: Rest

    /// A pump or an attempt begins.
    func begins() { lock.withLock { workCount += 1 } }

    /// It ends; what it started has begun before.
    func ends() {
        let (mayRest, drained) = lock.withLock { () -> (Bool, CheckedContinuation<Bool, Never>?) in
            workCount -= 1
            guard draining, workCount == 0 else { return (isAtRest, nil) }
            defer { self.drained = nil }
            return (false, self.drained)
        }
        drained?.resume(returning: true)
        if mayRest { timers.rest() }
    }

    /// No code goes on any more, and nothing is tried again: what is at work comes to its end.
    var isDraining: Bool { lock.withLock { draining } }

    /// Waits until nothing is at work, but no longer than this.
    /// - Returns: whether nothing is.
    func drain(for limit: Duration) async -> Bool {
        lock.withLock { draining = true }
        timers.stop()
        queues.drain()
        backlog.close()
        let alarm = Task.detached { [self] in
            try? await Task.sleep(for: limit)
            let drained = lock.withLock {
                defer { self.drained = nil }
                return self.drained
            }
            drained?.resume(returning: false)
        }
        defer { alarm.cancel() }
        return await withCheckedContinuation { continuation in
            let isOver = lock.withLock { () -> Bool in
                if workCount == 0 || closed { return true }
                drained = continuation
                return false
            }
            if isOver { continuation.resume(returning: true) }
        }
    }

    /// A clock that skips has nothing else to do, and somebody waits.
    func restIfIdle() {
        let mayRest = lock.withLock { isAtRest }
        if mayRest { timers.rest() }
    }

    /// Called with the lock held.
    private var isAtRest: Bool { workCount == 0 && waitingCount > 0 && !takesUp }

    /// Open runs of before are still being looked for, or not any more.
    func takesUp(_ isTakingUp: Bool) { lock.withLock { takesUp = isTakingUp } }

    /// All up to this one have been looked at.
    func lookedAt(upTo workflowID: String) {
        lock.withLock {
            lookedAtUpTo = workflowID
            unlookedAt?.remove(workflowID)
        }
    }

    /// Only these have to be looked at.
    func isToLookAt(_ workflowIDs: [String]) {
        let set = Set(workflowIDs)
        lock.withLock { unlookedAt = set }
    }

    /// Why nobody can have this id.
    static func problem(withID workflowID: String) -> WorkflowError? {
        let byteCount = workflowID.utf8.count
        guard byteCount > 0, byteCount <= StreamName.workflowIDBytesMax else {
            return .tooLarge(
                "workflow id", limit: StreamName.workflowIDBytesMax, value: byteCount)
        }
        return nil
    }

    /// Pumps and attempts at work, and homes in the backlog.
    var workInProgress: Int { lock.withLock { workCount } }

    /// By the clock that only goes forward, for observers; 0 where there are none.
    var observedNow: Int64 { isObserved ? SystemClock.monotonicNanoseconds() : 0 }

    func waits(_ change: Int) { lock.withLock { waitingCount += change } }

    /// Does something a little later.
    func later(_ body: @escaping @Sendable () -> Void) {
        Task.detached { [self] in
            await rest()
            body()
        }
    }

    /// What did not work for a while is tried again after that.
    func rest() async { try? await Task.sleep(for: Self.spaceRetry) }

    /// Times that code was let go and some of it stayed.
    var leakedCount: Int { lock.withLock { leaks } }

    func leaked(_ host: RunHost) {
        lock.withLock { leaks += 1 }
        observer.codeLeaked(
            in: host.machine?.observed ?? ObservedRun(workflowID: host.workflowID))
    }

    // MARK: Runs

    /// Events are about to be copied ahead for a run.
    func copies(_ run: Projection.Unbegun) { lock.withLock { _ = copied.insert(run) } }
    /// It has begun, or never will.
    func hasCopied(_ run: Projection.Unbegun) { lock.withLock { _ = copied.remove(run) } }
    func isCopied(_ run: Projection.Unbegun) -> Bool { lock.withLock { copied.contains(run) } }

    /// How long the turns of a type's runs take.
    func pace(_ type: String) -> TypePace? { paces[type] }

    func runStart(_ request: StartRequest) -> RunStart {
        let now = timers.now
        let runID = UUIDText.hex(entropy.next()) + UUIDText.hex(entropy.next())
        let options = request.options
        let startsAt = options.startDelay.map { now + max(0, $0.nanoseconds) }
        let companion = options.versioning == .autoUpgrade ? nil : request.companion
        let code = codes.code(beginning: request.workflowType, beside: companion)
        let isPinned =
            code?.versioning == .pinned || (code != nil && code?.fingerprint == companion)
        return RunStart(
            workflowType: request.workflowType, workflowID: request.workflowID, runID: runID,
            firstRunID: runID, continuedFrom: nil, parent: request.parent,
            seed: entropy.next(),
            // Of an operator's engine no code begins.
            fingerprint: self.options.executesCode ? code?.fingerprint ?? "" : "",
            requestID: request.requestID, attempt: 1,
            runDeadline: options.runTimeout.map { (startsAt ?? now) + $0.nanoseconds },
            executionDeadline: options.executionTimeout.map {
                (startsAt ?? now) + $0.nanoseconds
            }, runTimeout: options.runTimeout, startsAt: startsAt, retry: options.retry,
            versioning: options.versioning ?? (isPinned ? .pinned : nil),
            headers: options.headers, memo: options.memo,
            searchAttributes: options.searchAttributes, input: request.input)
    }

    /// Why a run cannot be started like this.
    func problem(with request: StartRequest) -> WorkflowError? {
        let hasCode = options.executesCode || options.rehearsesCode
        if codes.current(request.workflowType) == nil, hasCode {
            return .unknownWorkflow(request.workflowType)
        }
        if let problem = Self.problem(withID: request.workflowID) { return problem }
        let labels = request.options.labelBytes
        guard labels <= RunOptions.labelBytesMax else {
            return .tooLarge(
                "headers, memo and attributes", limit: RunOptions.labelBytesMax, value: labels)
        }
        let requestBytes = request.requestID.utf8.count
        guard requestBytes <= Self.requestIDBytesMax else {
            return .tooLarge("request id", limit: Self.requestIDBytesMax, value: requestBytes)
        }
        return nil
    }

    static let requestIDBytesMax = 8_192

    /// An id for a request that came without one.
    func newRequestID() -> String { UUIDText.hex(entropy.next()) + UUIDText.hex(entropy.next()) }

    /// The run after this one: the same each time.
    static func successorID(of runID: String) -> String {
        let low = hash(runID)
        return UUIDText.hex(StableMix.mix(low)) + UUIDText.hex(StableMix.mix(~low))
    }

    static func hash(_ text: String) -> UInt64 {
        text.withUTF8Span { StableHash.hash($0) }
    }
}
