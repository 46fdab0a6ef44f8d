/// One run, as a value: what its history says, and what may happen next.
///
/// It knows no tasks, threads or clocks. Instants come in, events go out; whoever drives it makes
/// the events durable and then lets the effects out, in this order. Every change of state is an
/// event that `apply` takes in, live exactly as when a history is read again.
struct RunMachine: Sendable {
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
        case answerUpdate(Int)
        /// Tell who waits for the run, see to its children, begin its successor.
        case close
    }

    /// A step that has no result yet.
    struct OpenStep: Sendable {
        enum Phase: Sendable, Equatable {
            /// An attempt is under way, or was when the process ended.
            case running
            /// The next attempt begins at this instant.
            case retrying(at: Int64)
        }

        var schedule: StepSchedule
        var scheduledAt: Int64
        /// The event with which the current attempt began.
        var begunBy: Int
        var attempt = 1
        var phase = Phase.running
        var isCancelRequested = false
        /// An attempt that ended without a result may have had its effect.
        var mayHaveHappened = false
        var heartbeatDetails: Payload?
        /// Of the running attempt; not recorded. A report moves it.
        var heartbeatDeadline: Int64?

        var closeDeadline: Int64? {
            schedule.options.scheduleToClose.map { scheduledAt + max(0, $0.nanoseconds) }
        }
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

    private(set) var start: RunStart
    /// The newest event's number and time.
    private(set) var lastID = 0
    private(set) var time: Int64 = .min
    var steps: [Int: OpenStep] = [:]
    private(set) var stepIDs: [String: Int] = [:]
    var timers: [Int: OpenTimer] = [:]
    private(set) var timerIDs: [String: Int] = [:]
    private(set) var children: [Int: OpenChild] = [:]
    private(set) var sent: [Int: SentMessage] = [:]
    /// Accepted updates without an answer, and the answers of the others.
    private(set) var openUpdates: Set<Int> = []
    private(set) var updateAnswers: [Int: Result<Payload, Failure>] = [:]
    /// Request ids that had their effect, with the event that was it.
    private(set) var requests: [String: Int] = [:]
    /// An event that the code has not seen, with the identity of what it is about.
    struct Unseen: Sendable {
        var event: HistoryEvent
        var key: String?
    }

    /// Events that the code has not seen, in order.
    private(set) var unseen: [Unseen] = []
    private(set) var patches: Set<String> = []
    /// Keys of steps that would have to be undone, in the order of their scheduling.
    private(set) var compensable: [String] = []
    private(set) var pause: PauseReason?
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
    init(_ start: RunStart) { self.start = start }

    /// A run by its history.
    init(history: [HistoryEvent]) throws(HistoryError) {
        guard let first = history.first, case .started(let start) = first.body else {
            throw .malformed("a history begins with RunStarted")
        }
        self.start = start
        for event in history {
            guard event.id == lastID + 1 else {
                throw .disordered(expected: lastID + 1, found: event.id)
            }
            try check(event)
            apply(event)
        }
        effects = []
    }

    var isOpen: Bool { outcome == nil }

    /// The code may go on at this instant.
    func mayActivate(at now: Int64) -> Bool {
        guard outcome == nil, (start.startsAt ?? .min) <= now, (taskRetryAt ?? .min) <= now
        else { return false }
        switch pause {
        case nil: return true
        // The code waits for an operator's word, and what comes meanwhile it may see.
        case .compensation: return true
        case .requested, .taskFailures: return false
        }
    }

    // MARK: Applying events

    /// Takes an event in: the one with the next number.
    mutating func apply(_ event: HistoryEvent) {
        lastID = event.id
        time = max(time, event.time)
        if event.body.isInput && event.commandCount == nil {
            unseen.append(Unseen(event: event, key: key(of: event.body)))
        }
        switch event.body {
        case .started(let start):
            if !start.requestID.isEmpty { requests[start.requestID] = event.id }
            if let startsAt = start.startsAt { due.add(.start, at: startsAt) }
            let deadlines = [start.runDeadline, start.executionDeadline].compactMap(\.self)
            if let deadline = deadlines.min() { due.add(.run, at: deadline) }
        case .timerStarted(let key, let fireAt):
            timers[event.id] = OpenTimer(key: key, fireAt: fireAt)
            timerIDs[key] = event.id
            due.add(.timer(event.id), at: fireAt)
        case .timerFired(let timer), .timerCancelled(let timer):
            if let timer = timers.removeValue(forKey: timer) { timerIDs[timer.key] = nil }
        case .signalReceived(let message): remember(message.requestID, event.id)
        case .updateAccepted(let message):
            remember(message.requestID, event.id)
            openUpdates.insert(event.id)
        case .updateCompleted(let update, let result): answer(update, .success(result))
        case .updateFailed(let update, let failure): answer(update, .failure(failure))
        case .cancelRequested(let requestID, _):
            remember(requestID, event.id)
            isCancelRequested = true
        case .patched(let id): patches.insert(id)
        case .taskFailed(let failure): lastTaskFailure = failure
        case .activated(let seen): unseen.removeAll { $0.event.id == seen }
        case .paused(let reason): pause = reason
        case .resumed:
            pause = nil
            taskFailureCount = 0
            taskRetryAt = nil
            resumeRetries(at: event.time)
        case .closed(let outcome):
            self.outcome = outcome
            unseen = []
            effects.append(.close)
        default:
            applyToStep(event)
            applyToOthers(event)
        }
    }

    private mutating func applyToStep(_ event: HistoryEvent) {
        switch event.body {
        case .stepScheduled(let schedule):
            steps[event.id] = OpenStep(
                schedule: schedule, scheduledAt: event.time, begunBy: event.id)
            stepIDs[schedule.key] = event.id
            if schedule.compensation != nil { compensable.append(schedule.key) }
            if let deadline = steps[event.id]?.closeDeadline {
                due.add(.stepClose(event.id), at: deadline)
            }
            effects.append(.dispatch(step: event.id))
        case .attemptStarted(let step, let attempt):
            steps[step]?.attempt = attempt
            steps[step]?.begunBy = event.id
            steps[step]?.phase = .running
            effects.append(.dispatch(step: step))
        case .attemptFailed(let step, let attempt, let failure, let retryAt):
            if failure.leavesDoubt { steps[step]?.mayHaveHappened = true }
            let retryAt = retryAt ?? event.time
            steps[step]?.phase = .retrying(at: retryAt)
            steps[step]?.heartbeatDeadline = nil
            due.add(.retry(step: step, attempt: attempt + 1), at: retryAt)
        case .heartbeat(let step, _, let details): steps[step]?.heartbeatDetails = details
        case .stepCompleted(let step, _, _): close(step, hasSucceeded: true)
        case .stepFailed(let step, _, let failure):
            if !failure.leavesDoubt, let key = steps[step]?.schedule.key {
                compensable.removeAll { $0 == key }
            }
            close(step, hasSucceeded: false)
        case .stepCancelRequested(let step):
            steps[step]?.isCancelRequested = true
            effects.append(.stop(step: step))
        default: break
        }
    }

    private mutating func applyToOthers(_ event: HistoryEvent) {
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

    private mutating func close(_ id: Int, hasSucceeded: Bool) {
        guard let step = steps.removeValue(forKey: id) else { return }
        stepIDs[step.schedule.key] = nil
        if let undone = step.schedule.compensates, hasSucceeded {
            compensable.removeAll { $0 == undone }
        }
    }

    private mutating func remember(_ requestID: String, _ event: Int) {
        if !requestID.isEmpty { requests[requestID] = event }
    }

    private mutating func answer(_ update: Int, _ result: Result<Payload, Failure>) {
        openUpdates.remove(update)
        updateAnswers[update] = result
        effects.append(.answerUpdate(update))
    }

    /// Retries that fell due during a pause were taken out of the queue.
    private mutating func resumeRetries(at now: Int64) {
        for (id, step) in steps {
            if case .retrying(let instant) = step.phase {
                due.add(.retry(step: id, attempt: step.attempt + 1), at: max(now, instant))
            }
        }
    }

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

    /// An event of a history that is about something that is not there is damage.
    private func check(_ event: HistoryEvent) throws(HistoryError) {
        let isKnown: Bool
        switch event.body {
        case .stepCompleted(let step, _, _), .stepFailed(let step, _, _),
            .attemptStarted(let step, _), .attemptFailed(let step, _, _, _):
            isKnown = steps[step] != nil
        case .timerFired(let timer), .timerCancelled(let timer): isKnown = timers[timer] != nil
        case .childStarted(let child, _), .childClosed(let child, _):
            isKnown = children[child] != nil
        case .messageAnswered(let message, _): isKnown = sent[message] != nil
        case .updateCompleted(let update, _), .updateFailed(let update, _):
            isKnown = openUpdates.contains(update)
        default: isKnown = true
        }
        guard isKnown, outcome == nil else {
            throw .malformed("event \(event.id) is about something that is not open")
        }
    }
}
