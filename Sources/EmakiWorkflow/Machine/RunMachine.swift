/// One run, as its history says, and what may happen next.
///
/// It knows no tasks, threads or clocks. Instants come in, events go out; whoever drives it makes
/// the events durable and then lets the effects out, in this order. Every change of state is an
/// event that `apply` takes in, live exactly as when a history is read again.
///
/// A class, and not a value, because it is changed several times for each commit while its parts
/// are being looked at, and a value would be copied each time. One task at a time uses it.
final class RunMachine: @unchecked Sendable {
    /// Something to do outside, once the events that ask for it are durable.
    enum Effect: Sendable, Equatable {
        /// Run the current attempt at a step.
        case dispatch(step: Int)
        /// Ask the running attempt at a step to stop.
        case stop(step: Int)
        /// Start a child and tell when it ended.
        case startChild(Int)
        /// Deliver a message to another workflow.
        case deliver(Int)
        /// Tell who waits for an update.
        case answerUpdate(Int, Result<Payload, Failure>)
        /// Tell who waits for the run, see to its children, begin its successor.
        case close
    }

    /// A step that has no result yet. Of whoever has the machine.
    final class OpenStep: @unchecked Sendable {
        enum Phase: Sendable, Equatable {
            /// An attempt is under way, or was when the process ended.
            case running
            /// Somebody outside will say how the attempt ended.
            case handedOver
            /// The next attempt begins at this instant.
            case retrying(at: Int64)
        }

        let schedule: StepSchedule
        let scheduledAt: Int64
        var attempt = 1
        /// When the current attempt was recorded, and that it was handed over.
        var attemptAt: Int64
        var handedOverAt: Int64 = 0
        var phase = Phase.running
        var isCancelRequested = false
        /// An attempt that ended without a result may have had its effect.
        var mayHaveHappened = false
        var heartbeatDetails: Payload?
        /// A worker has taken the attempt; not always recorded.
        var hasBegun = false
        /// That the attempt began is recorded, by the owner with this epoch.
        var beganBy: UInt64?
        /// Of an attempt that was handed over, as `beganBy`.
        var handedOverBy: UInt64?
        /// Of the running attempt; not recorded. A report moves it.
        var heartbeatDeadline: Int64?

        init(_ schedule: StepSchedule, at instant: Int64) {
            self.schedule = schedule
            scheduledAt = instant
            attemptAt = instant
        }

        var closeDeadline: Int64? {
            schedule.options.scheduleToClose.map { scheduledAt + max(0, $0.nanoseconds) }
        }
        var isBeginningRecorded: Bool { beganBy != nil }
        /// The attempt has certainly not begun.
        var isYetToBegin: Bool {
            phase == .running && schedule.beginsByRecord && !isBeginningRecorded
        }
        /// An attempt may end now.
        var hasAttempt: Bool { phase == .running || phase == .handedOver }
    }

    struct OpenTimer: Sendable {
        var key: String
        var fireAt: Int64
    }

    struct OpenChild: Sendable {
        var start: ChildStart
        var runID: String?
    }

    /// What may become due.
    enum Due: Sendable {
        case timer(Int)
        case retry(step: Int, attempt: Int)
        case stepClose(Int)
        case attempt(step: Int, attempt: Int, Failure.Timeout)
        case start
        case run
        case task
    }

    /// An event that the code has not seen, with the identity of what it is about.
    struct Unseen: Sendable {
        var event: HistoryEvent
        var key: String?
    }

    let start: RunStart
    /// The run's stream in the store, and what its events' ids are made with.
    let stream: String
    let runHash: UInt64
    /// The newest event's number and time.
    private(set) var lastID = 0
    private(set) var time: Int64 = .min
    /// The first event's time.
    private(set) var beganAt: Int64 = 0
    /// Checkpoints so far, and the event of the newest; 0: none.
    private(set) var epoch = 0
    private(set) var frame = 0
    var steps: [Int: OpenStep] = [:]
    private var stepIDs: [String: Int] = [:]
    private(set) var timers: [Int: OpenTimer] = [:]
    private var timerIDs: [String: Int] = [:]
    /// Steps and timers that ended, of which the code has not seen it: it may still cancel them.
    private var ended: [Int: String] = [:]
    private(set) var children: [Int: OpenChild] = [:]
    private(set) var sent: [Int: SentMessage] = [:]
    /// Accepted updates without an answer, and the answers of the others.
    private(set) var openUpdates: Set<Int> = []
    private(set) var updateAnswers: [Int: Result<Payload, Failure>] = [:]
    /// Requests that had their effect, by kind and id, with the event that was it; 0: in an earlier
    /// run.
    private(set) var requests: [String: Int] = [:]
    /// Events that the code has not seen, in order.
    private(set) var unseen: [Unseen] = []
    /// Keys of steps that would have to be undone if their sagas failed, in their order.
    private(set) var compensable: [String] = []
    /// Whose doing steps that may be undone are, where they are another run's.
    private(set) var originsOfUndone: [String: RunStart.Origin] = [:]
    /// A run that takes this one's place has taken over its events up to here, with the children
    /// and messages that they began. 0: there is none.
    var keptEvents = 0
    /// Why the run rests, when its code does not.
    private(set) var pause: PauseReason?
    /// Compensations that gave up, in order: for these an operator's word is awaited.
    private(set) var stuckCompensations: [(key: String, failure: Failure)] = []
    /// Of the code that executed the run last.
    private(set) var fingerprint: String
    /// The engine cannot go on with the code: no attempt at a closure is made.
    var isWithoutCode = false
    var taskFailureCount = 0
    private(set) var lastTaskFailure: Failure?
    /// Not before this instant is the code tried again.
    var taskRetryAt: Int64?
    private(set) var isCancelRequested = false
    private(set) var outcome: HistoryEvent.Outcome?
    /// Since the last look.
    var effects: [Effect] = []
    var due = DeadlineQueue<Due>()

    /// A run before its first event.
    init(_ start: RunStart) {
        self.start = start
        stream = StreamName.run(start.workflowID, start.runID)
        runHash = EngineCore.hash(start.runID)
        fingerprint = start.fingerprint
    }

    /// A run by its history.
    convenience init(history: [HistoryEvent]) throws(HistoryError) {
        guard let first = history.first, case .started(let start) = first.body else {
            throw .malformed("a history begins with RunStarted")
        }
        self.init(start)
        for event in history {
            try check(event)
            apply(event)
        }
        effects = []
    }

    var isOpen: Bool { outcome == nil }

    /// Children that have not ended and messages without an answer, of which nobody else takes
    /// care once the run ends.
    var childrenToSettle: [Int] { children.keys.filter { $0 > keptEvents }.sorted() }
    var messagesToSettle: [Int] { sent.keys.filter { $0 > keptEvents }.sorted() }

    /// Why the run does not go on, as people are told.
    var pauseReason: PauseReason? {
        pause ?? stuckCompensations.first.map { .compensation(key: $0.key, $0.failure) }
    }

    /// Its code is not to be executed, not even to answer a question.
    var isQuarantined: Bool {
        if case .quarantined = pause { return true }
        return false
    }

    /// The code may go on at this instant.
    func mayActivate(at now: Int64) -> Bool {
        outcome == nil && pause == nil && (start.startsAt ?? .min) <= now
            && (taskRetryAt ?? .min) <= now
    }

    /// The next event that the code should see: where it begins anew, then messages, so that a
    /// cancel request passes an event at which the code fails.
    var nextUnseen: Unseen? {
        guard let first = unseen.first else { return nil }
        if case .checkpointed = first.event.body { return first }
        return unseen.first { $0.event.body.isMessage } ?? first
    }

    /// Acknowledged messages that the code has not seen, beside this event: the run does not end
    /// before them.
    func hasMoreMessages(beside id: Int) -> Bool {
        unseen.contains { $0.event.id != id && $0.event.body.isMessage }
    }

    // MARK: Applying events

    /// Takes an event in: the one with the next number.
    func apply(_ event: HistoryEvent) {
        lastID = event.id
        time = max(time, event.time)
        if event.body.isInput && event.commandCount == nil {
            let key = key(of: event.body)
            unseen.append(Unseen(event: event, key: key))
            if let key, let id = event.body.endedID { ended[id] = key }
        }
        switch event.body {
        case .started(let start):
            beganAt = event.time
            for request in start.earlierRequests { requests[request] = 0 }
            if let startsAt = start.startsAt { due.add(.start, at: startsAt) }
            armRun()
        case .timerStarted(let key, let fireAt):
            timers[event.id] = OpenTimer(key: key, fireAt: fireAt)
            timerIDs[key] = event.id
            due.add(.timer(event.id), at: fireAt)
        case .timerFired(let timer), .timerCancelled(let timer):
            if let timer = timers.removeValue(forKey: timer) { timerIDs[timer.key] = nil }
        case .signalReceived, .updateAccepted, .cancelRequested: applyMessage(event)
        case .updateCompleted(let update, let result): answer(update, .success(result))
        case .updateFailed(let update, let failure): answer(update, .failure(failure))
        case .taskFailed(let failure): lastTaskFailure = failure
        case .versionAdopted(let version): fingerprint = version
        case .activated(let seen):
            if let index = unseen.firstIndex(where: { $0.event.id == seen }) {
                let event = unseen.remove(at: index).event
                if let id = event.body.endedID { ended[id] = nil }
            }
        case .paused(.compensation(let key, let failure)):
            stuckCompensations.append((key, failure))
        case .paused(let reason): pause = reason
        case .resumed(let resumption): resume(resumption, at: event.time)
        case .checkpointed(let checkpoint): beginAnew(checkpoint, event)
        case .closed(let outcome):
            self.outcome = outcome
            unseen = []
            effects.append(.close)
        default:
            applyToStep(event)
            applyToOthers(event)
        }
    }

    /// Nothing is left of what came before, but for what the checkpoint holds.
    private func beginAnew(_ checkpoint: RunCheckpoint, _ event: HistoryEvent) {
        epoch = checkpoint.epoch
        frame = event.id
        fingerprint = checkpoint.fingerprint
        isCancelRequested = checkpoint.isCancelRequested
        (steps, stepIDs, timers, timerIDs, ended) = ([:], [:], [:], [:], [:])
        (sent, openUpdates, originsOfUndone) = ([:], [], [:])
        (compensable, stuckCompensations) = ([], [])
        (lastTaskFailure, taskFailureCount, taskRetryAt) = (nil, 0, nil)
        requests = Dictionary(
            checkpoint.requests.map { ($0.name, $0.event) }, uniquingKeysWith: { first, _ in first }
        )
        updateAnswers = [:]
        for answer in checkpoint.answers {
            switch answer.body {
            case .updateCompleted(_, let payload): updateAnswers[answer.update] = .success(payload)
            case .updateFailed(_, let failure): updateAnswers[answer.update] = .failure(failure)
            default: break
            }
        }
        children = [:]
        for child in checkpoint.children {
            children[child.event] = OpenChild(start: child.start, runID: child.runID)
        }
        unseen = [Unseen(event: event, key: nil)]
        due = DeadlineQueue()
        armRun()
    }

    /// The run ends no later than its deadlines.
    private func armRun() {
        let deadlines = [start.runDeadline, start.executionDeadline].compactMap(\.self)
        if let deadline = deadlines.min() { due.add(.run, at: deadline) }
    }

    private func applyMessage(_ event: HistoryEvent) {
        switch event.body {
        case .signalReceived(let message): requests[.signal(message.requestID)] = event.id
        case .updateAccepted(let message):
            requests[.update(message.requestID)] = event.id
            openUpdates.insert(event.id)
        case .cancelRequested(let requestID, _):
            requests[.cancel(requestID)] = event.id
            isCancelRequested = true
        default: break
        }
    }

    private func applyToStep(_ event: HistoryEvent) {
        switch event.body {
        case .stepScheduled(let schedule):
            let step = OpenStep(schedule, at: event.time)
            steps[event.id] = step
            stepIDs[schedule.key] = event.id
            if schedule.compensation != nil {
                compensable.append(schedule.key)
                originsOfUndone[schedule.key] = start.origin(ofStep: event.id, endedBy: nil)
            }
            if let deadline = step.closeDeadline { due.add(.stepClose(event.id), at: deadline) }
            waits(step: event.id, since: event.time)
            effects.append(.dispatch(step: event.id))
        case .attemptStarted(let step, let attempt):
            steps[step]?.attempt = attempt
            steps[step]?.attemptAt = event.time
            steps[step]?.phase = .running
            steps[step]?.hasBegun = false
            steps[step]?.beganBy = nil
            waits(step: step, since: event.time)
            effects.append(.dispatch(step: step))
        case .attemptBegan(let step, _, let owner):
            steps[step]?.beganBy = owner
            began(step: step, at: event.time)
        case .attemptHandedOver(let step, _, let owner):
            steps[step]?.phase = .handedOver
            steps[step]?.handedOverBy = owner
            steps[step]?.handedOverAt = event.time
            began(step: step, at: event.time)
        case .attemptFailed(let step, let attempt, let failure, let retryAt):
            if failure.leavesDoubt { steps[step]?.mayHaveHappened = true }
            let retryAt = retryAt ?? event.time
            steps[step]?.phase = .retrying(at: retryAt)
            steps[step]?.heartbeatDeadline = nil
            due.add(.retry(step: step, attempt: attempt + 1), at: retryAt)
        case .heartbeat(let step, let attempt, let details):
            steps[step]?.heartbeatDetails = details
            // A report that is recorded counts for whoever reads it later, too.
            if let limit = steps[step]?.schedule.options.heartbeat, steps[step]?.attempt == attempt
            {
                steps[step]?.heartbeatDeadline = event.time + max(0, limit.nanoseconds)
            }
        case .stepCompleted(let step, _, _):
            noteDoer(of: step, endedBy: event.id)
            close(step, hasSucceeded: true)
        case .stepFailed(let step, _, let failure):
            noteDoer(of: step, endedBy: event.id)
            if !failure.leavesDoubt, let key = steps[step]?.schedule.key {
                compensable.removeAll { $0 == key }
            }
            close(step, hasSucceeded: false)
        case .stepCancelRequested(let id):
            steps[id]?.isCancelRequested = true
            effects.append(.stop(step: id))
            // What waits for its next attempt does not make it.
            if let step = steps[id], case .retrying = step.phase {
                due.add(.retry(step: id, attempt: step.attempt + 1), at: event.time)
            }
        default: break
        }
    }

    private func applyToOthers(_ event: HistoryEvent) {
        switch event.body {
        case .childInitiated(let start):
            children[event.id] = OpenChild(start: start)
            effects.append(.startChild(event.id))
        case .childStarted(let child, let runID): children[child]?.runID = runID
        case .childClosed(let child, _): children[child] = nil
        case .messageSent(let message):
            sent[event.id] = message
            effects.append(.deliver(event.id))
        case .messageAnswered(let message, _): sent[message] = nil
        default: break
        }
    }

    private func noteDoer(of id: Int, endedBy end: Int) {
        guard !start.origins.isEmpty, let schedule = steps[id]?.schedule,
            schedule.compensation != nil
        else { return }
        originsOfUndone[schedule.key] = start.origin(ofStep: id, endedBy: end)
    }

    private func close(_ id: Int, hasSucceeded: Bool) {
        guard let step = steps.removeValue(forKey: id) else { return }
        stepIDs[step.schedule.key] = nil
        if let undone = step.schedule.compensates, hasSucceeded {
            compensable.removeAll { $0 == undone }
        }
    }

    private func answer(_ update: Int, _ result: Result<Payload, Failure>) {
        openUpdates.remove(update)
        updateAnswers[update] = result
        effects.append(.answerUpdate(update, result))
    }

    private func resume(_ resumption: Resumption, at now: Int64) {
        switch resumption {
        case .plain:
            pause = nil
            taskFailureCount = 0
            taskRetryAt = nil
        case .retryCompensation(let key), .skipCompensation(let key, _):
            stuckCompensations.removeAll { $0.key == key }
        }
        for (id, step) in steps {
            // It was not begun because of the pause.
            if step.isYetToBegin {
                effects.append(.dispatch(step: id))
                waits(step: id, since: now)
            }
            // Retries that fell due during a pause were taken out of the queue.
            if case .retrying(let instant) = step.phase {
                due.add(.retry(step: id, attempt: step.attempt + 1), at: max(now, instant))
            }
        }
    }

    // MARK: Identities

    /// The identity of what an event is about.
    func key(of body: HistoryEvent.Body) -> String? {
        switch body {
        case .stepCompleted(let step, _, _), .stepFailed(let step, _, _):
            steps[step]?.schedule.key
        case .timerFired(let timer): timers[timer]?.key
        case .childStarted(let child, _), .childClosed(let child, _):
            children[child]?.start.key
        case .messageAnswered(let message, _): sent[message]?.key
        default: nil
        }
    }

    /// The step or timer of an identity that the code knows as open.
    func openID(ofStep key: String) -> Int? { stepIDs[key] ?? endedID(key) }
    /// The step or timer of an identity that the code knows as open.
    func openID(ofTimer key: String) -> Int? { timerIDs[key] ?? endedID(key) }
    private func endedID(_ key: String) -> Int? { ended.first { $0.value == key }?.key }

    /// The identity of a step or timer that the code knows as open.
    func openKey(of id: Int) -> String? {
        steps[id]?.schedule.key ?? timers[id]?.key ?? ended[id]
    }
}

extension HistoryEvent.Body {
    /// The step or timer that ended.
    fileprivate var endedID: Int? {
        switch self {
        case .stepCompleted(let id, _, _), .stepFailed(let id, _, _), .timerFired(let id): id
        default: nil
        }
    }

    /// Acknowledged to somebody outside.
    var isMessage: Bool {
        switch self {
        case .started, .signalReceived, .updateAccepted, .cancelRequested: true
        default: false
        }
    }
}

/// Names of requests: what was asked, and the id of the request.
extension String {
    static func signal(_ requestID: String) -> String { "s:" + requestID }
    static func update(_ requestID: String) -> String { "u:" + requestID }
    static func cancel(_ requestID: String) -> String { "c:" + requestID }
}
