import EmakiPlatform

/// The home of one workflow id in an engine: it orders what its runs are told, makes it durable
/// together with what the code asks for then, and lets the effects out.
///
/// It works in turns that the engine's pump gives it, one at a time: what came is let in, committed
/// once, then acted upon. What comes meanwhile waits in the inbox, and shares the next commit.
final class RunHost: @unchecked Sendable {
    /// Inputs that go into one commit.
    static let inputsPerCommitMax = 256
    /// Of an input's payload; decoding what is larger takes long.
    private static let largeBytes = 64 << 10

    /// Somebody who waits for something that a run will bring about.
    struct Waiter<Value: Sendable> {
        var token: Int
        var reply: HostInput.Reply<Value>
    }

    let engine: EngineCore
    let workflowID: String
    let partition: UInt64
    /// Of the workflow id.
    let idStream: String

    /// Attempts that run in this process, or wait for a worker of a named queue.
    let attempts = AttemptTable()

    private let lock = Lock()
    // Guarded by `lock`.
    private var inbox: [HostInput] = []
    /// What it is late with: let in first, when the backlog says so or somebody asks for something.
    private var postponed: [HostInput] = []
    /// What is postponed is that its run is to be taken up, and the backlog does not know yet.
    private var awaitsTakingUp = false
    private var isBusy = false
    /// Its turns begin when it is tried.
    private var isHeld: Bool
    /// It is being tried.
    private var isTried = false
    /// Its code must not be executed before a quarantine is recorded.
    private var awaitsQuarantine = false
    /// Another host has taken this one's place.
    private var isRetired = false
    /// It waits in line to be let go of.
    private var isInLine = false
    /// Since its turn came there.
    private var wasUsed = false
    /// At its last rest: everything that matters is in the store.
    private var mayBePutAway = false
    /// Something large is among what it was told since it was idle.
    private var hasLargeInput = false
    /// Of the run's type, or of that of the run that is to be started.
    private var pace: TypePace?

    // Of whoever has the turn.
    /// It was begun by the backlog, and has been under way since.
    private(set) var isLate = false
    /// What the next turn begins with, if not with the inbox.
    var nextStage: (@Sendable () -> Void)?
    /// What is recorded was read, or there is nothing.
    var isLoaded = false
    /// It may have ended the process before, at this step or in its own code (0), and has not got
    /// over that since.
    var suspectedStep: Int?
    var loadError: (any Error)?
    /// Why the code could not be brought in this turn.
    var coldProblem: Warming?
    /// Why the run waits for an engine with other code.
    var unfit: Failure?
    /// The fingerprint of current code that does not follow the run: it goes on with its own.
    var passedOver: String?
    /// To be recorded before the code goes on: it is other code than before.
    var versionToAdopt: String?
    var machine: RunMachine?
    var decider: (any Decider)?
    /// The code goes ahead of what is recorded. See `rehearse`.
    var isRehearsing = false
    /// The code's body has returned: no more messages are taken.
    var hasReturned = false
    var runToken: VersionToken?
    var idToken: VersionToken?
    var successorToken: VersionToken?
    /// Steps whose closures are in code that is not there.
    var closuresWanted: Set<Int> = []
    /// Runs of this id, by the requests that started them.
    var startedBy: [String: String] = [:]
    /// Requests that ended a run of the id.
    var endedBy: Set<String> = []
    /// Runs of this id whose ends ask for something that is not done.
    var unsettled: Set<String> = []
    var resultWaiters: [(runID: String, waiter: Waiter<HistoryEvent.Outcome>)] = []
    var updateWaiters: [Int: [Waiter<Payload>]] = [:]
    var lastToken = 0
    /// For the earliest instant at which something of it is due.
    var ticket: EngineTimers.Ticket?
    /// Commits that were refused in a row.
    var refusals = 0

    /// - Parameter awaitsTakingUp: a run of before may be open that nobody has looked at yet: it is
    ///   taken up before anything that it is told.
    init(_ engine: EngineCore, workflowID: String, awaitsTakingUp: Bool) {
        self.engine = engine
        self.workflowID = workflowID
        idStream = StreamName.id(workflowID)
        partition = EngineCore.hash(workflowID)
        isHeld = engine.suspects.holds(partition)
        // A suspect is taken up by its trial.
        self.awaitsTakingUp = awaitsTakingUp && !isHeld
        if self.awaitsTakingUp { postponed = [.load] }
        suspectedStep = engine.suspects.step(of: partition)
    }

    // MARK: The inbox

    /// Tells the run something; what comes of it is done elsewhere.
    func enqueue(_ input: HostInput) {
        let (mustStart, isGone) = lock.withLock { () -> (Bool, Bool) in
            if isRetired { return (false, true) }
            takePostponed()
            inbox.append(input)
            note(input)
            if isHeld { return (false, false) }
            defer { isBusy = true }
            return (!isBusy, false)
        }
        if isGone { return engine.host(workflowID).enqueue(input) }
        if mustStart { beginTurns() }
    }

    /// Called with the lock held.
    private func note(_ input: HostInput) {
        if input.payloadBytes > Self.largeBytes { hasLargeInput = true }
        guard pace == nil, case .start(let request, _) = input else { return }
        pace = engine.pace(request.workflowType)
    }

    /// Tells the run something that need not come before what others ask for.
    func postpone(_ input: HostInput) {
        let (mustWait, isGone) = lock.withLock { () -> (Bool, Bool) in
            if isRetired { return (false, true) }
            if awaitsTakingUp, case .load = input {
                awaitsTakingUp = false
                return (true, false)
            }
            // What is under way, or held, takes it along.
            if isBusy || isHeld {
                note(input)
                inbox.append(input)
                return (false, false)
            }
            postponed.append(input)
            return (postponed.count == 1, false)
        }
        if isGone { return engine.host(workflowID).postpone(input) }
        if mustWait { engine.backlog.add(self) }
    }

    /// Begins with what was postponed.
    /// - Returns: false if it has begun already; otherwise the backlog is told when it is over.
    func beginLate() -> Bool {
        let mustStart = lock.withLock { () -> Bool in
            guard !postponed.isEmpty, !isBusy else { return false }
            takePostponed()
            isLate = true
            isBusy = true
            return true
        }
        if mustStart { beginTurns() }
        return mustStart
    }

    /// What it was late with is done. Of whoever has the turn.
    func isLateNoMore() {
        isLate = false
        engine.backlog.passed(self)
    }

    /// Called with the lock held.
    private func takePostponed() {
        awaitsTakingUp = false
        if postponed.isEmpty { return }
        inbox.append(contentsOf: postponed)
        postponed = []
    }

    /// A home that was held may begin, with these first.
    func release(_ inputs: [HostInput]) {
        let mustStart = lock.withLock { () -> Bool in
            guard isHeld else { return false }
            isHeld = false
            isTried = true
            awaitsQuarantine = inputs.contains(where: \.isQuarantine)
            inbox.insert(contentsOf: inputs, at: 0)
            guard !inbox.isEmpty, !isBusy else { return false }
            isBusy = true
            return true
        }
        if mustStart { beginTurns() }
    }

    /// The code may be executed here, as far as suspicion goes.
    var mayHaveCode: Bool {
        engine.options.executesCode && lock.withLock { !awaitsQuarantine }
    }

    /// The quarantine is recorded, or there is nothing to be put aside.
    func isPutAside() { lock.withLock { awaitsQuarantine = false } }

    private func beginTurns() {
        engine.begins()
        engine.pump.push(self)
    }

    /// Its turns are not given where others' commits wait for them. Asked between two turns.
    var isHeavy: Bool {
        let isLarge = lock.withLock { hasLargeInput }
        guard isLarge || ownPace?.isSlow == true else { return false }
        // While somebody is suspected to have ended the process, as few as can be are at work.
        return !engine.suspects.isTrying
    }

    /// How long its turns take is of this type. Asked before a turn.
    var ownPace: TypePace? { lock.withLock { pace } }

    /// A run of this type is here.
    func setPace(_ type: String) {
        let new = engine.pace(type)
        lock.withLock { pace = new }
    }

    /// Something waits in the inbox.
    var hasInputs: Bool { lock.withLock { !inbox.isEmpty } }

    /// Lets go of the code. Of whoever has the turn.
    func letGo() {
        guard let code = decider else { return }
        decider = nil
        letGo(of: code)
    }

    func letGo(of code: any Decider) {
        code.evict()
        if code.hasLeaked { engine.leaked(self) }
    }

    /// What came, for one commit; nil: nothing, and the host is idle.
    func takeInputs() -> [HostInput]? {
        let mayRetire = resultWaiters.isEmpty && updateWaiters.isEmpty && machine?.isOpen != true
        // Code runs when it is let go, so not under the lock; after the lock this host may be busy.
        if mayRetire { letGo() }
        let isAllStored = isAllStored
        var hasPassed = false
        var mustLineUp = false
        var isIdle = false
        var hasEnded = false
        defer {
            if hasEnded { engine.idle.ended() }
            if hasPassed { engine.suspects.passed(self) }
            if mustLineUp { engine.idle.add(self) }
            if isIdle { engine.idle.trim(engine) }
        }
        return lock.withLock {
            guard !inbox.isEmpty else {
                isBusy = false
                isIdle = true
                hasLargeInput = false
                hasPassed = isTried && attempts.isEmpty
                if hasPassed { isTried = false }
                isRetired = mayRetire && attempts.isEmpty
                if isRetired { engine.forget(self) }
                hasEnded = isRetired && isInLine
                mayBePutAway = !isRetired && isAllStored
                wasUsed = true
                mustLineUp = mayBePutAway && !isInLine
                if mustLineUp { isInLine = true }
                return nil
            }
            if inbox.count <= Self.inputsPerCommitMax {
                defer { inbox.removeAll(keepingCapacity: true) }
                return inbox
            }
            defer { inbox.removeFirst(Self.inputsPerCommitMax) }
            return Array(inbox.prefix(Self.inputsPerCommitMax))
        }
    }

    /// What is in memory can be read again, and nobody waits for what is not. Of whoever has the
    /// turn.
    private var isAllStored: Bool {
        guard let machine, machine.isOpen, isLoaded, !isLate, attempts.isEmpty else {
            return false
        }
        return resultWaiters.isEmpty && updateWaiters.isEmpty && closuresWanted.isEmpty
            && unfit == nil && machine.taskFailureCount == 0 && suspectedStep == nil
            // Reports without details are nowhere but here.
            && !machine.steps.values.contains { $0.heartbeatDeadline != nil }
    }

    /// Another host takes this one's place, should there be need of one.
    var isGone: Bool { lock.withLock { isRetired } }

    /// Its turn among those that are idle has come.
    /// - Parameter always: also if it was used since the last time.
    func letGoIfUnused(always: Bool) -> IdleRuns.Verdict {
        let isMine = lock.withLock { () -> Bool? in
            if isRetired { return nil }
            defer { wasUsed = false }
            guard !isBusy, !isHeld, !isTried, inbox.isEmpty, postponed.isEmpty, mayBePutAway,
                always || !wasUsed
            else { return false }
            isRetired = true
            engine.putAway(self)
            return true
        }
        switch isMine {
        case nil: return .wasGone
        case false?: return .stays
        case true?:
            // Nobody comes in any more. What the code does when it is let go is this run's doing.
            let slot = engine.marks?.takeSlot()
            engine.marks?.mark(slot, partition)
            letGo()
            engine.marks?.giveBack(slot)
            ticket = nil
            machine = nil
            return .left
        }
    }

    /// Puts inputs back in front of what came meanwhile. Of whoever has the turn.
    func putBack(_ inputs: [HostInput]) {
        lock.withLock { inbox.insert(contentsOf: inputs, at: 0) }
    }

    /// Names somebody who waits.
    func nextToken() -> Int {
        lastToken += 1
        return lastToken
    }

    // MARK: Questions that need no commit

    /// Runs the body on this thread if nothing is under way, so that what it sees is durable.
    func whileIdle<R>(_ body: () throws -> R?) rethrows -> R? {
        let isMine = lock.withLock { () -> Bool in
            guard !isBusy, !isHeld, !isRetired, inbox.isEmpty, postponed.isEmpty else {
                return false
            }
            isBusy = true
            wasUsed = true
            return true
        }
        guard isMine else { return nil }
        let slot = engine.marks?.takeSlot()
        engine.marks?.mark(slot, partition)
        defer {
            engine.marks?.giveBack(slot)
            let mustStart = lock.withLock { () -> Bool in
                if inbox.isEmpty { isBusy = false }
                return !inbox.isEmpty
            }
            if mustStart { beginTurns() }
        }
        return try body()
    }
}
