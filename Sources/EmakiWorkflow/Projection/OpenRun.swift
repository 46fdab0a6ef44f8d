/// What a table keeps of an open run: what an operator asks for, and whether it is left asleep when
/// an engine opens.
///
/// It follows from the run's events alone, one after the other, as a `RunMachine` does: of what
/// that keeps here are the numbers.
struct OpenRun: Equatable, Sendable, RunTableRow {
    /// Why the run rests, when its code does not. The numbers are those of the events.
    enum Pause: UInt8 {
        case none = 0
        case requested = 1
        case taskFailures = 2
        case quarantined = 4
    }

    /// The first event's time, and the newest's.
    var startedAt: Int64 = 0
    var updatedAt: Int64 = 0
    /// It ends no later; `Int64.max`: whenever it wants.
    var deadline = Int64.max
    /// The code begins no earlier; 0: at once.
    var startsAt: Int64 = 0
    /// One of its open timers; id 0: none.
    var timerAt: Int64 = 0
    var timerID: UInt32 = 0
    /// Number of the newest event.
    var eventCount: UInt32 = 0
    /// Number of the type, in the table.
    var type: UInt32 = 0
    /// Steps without a result, children that have not ended, messages without an answer.
    var steps: UInt32 = 0
    var children: UInt32 = 0
    var messages: UInt32 = 0
    /// Events that the code has not seen.
    var unseen: UInt32 = 0
    /// Compensations that gave up.
    var stuck: UInt16 = 0
    var pause = Pause.none
    /// Events did not follow one another as they must, or are of a kind that is not known here.
    var isInDoubt = false

    /// It waits for something that nobody else brings: that has to be begun again, or asked for.
    /// Otherwise it waits for its timers and for messages alone.
    var hasWork: Bool {
        if isInDoubt || steps > 0 || children > 0 || messages > 0 { return true }
        // Code that rests, or begins later, sees nothing; when that is over somebody says so.
        return unseen > 0 && pause == .none && startsAt == 0
    }

    /// When something of it is due next, its further timers apart; `Int64.max`: never.
    var due: Int64 {
        var due = deadline
        if timerID > 0 { due = min(due, timerAt) }
        if startsAt > 0, unseen > 0, pause == .none { due = min(due, startsAt) }
        return due
    }

    var isResting: Bool { pause != .none || stuck > 0 }

    /// Takes the next event in, its timers apart.
    /// - Returns: false if the run has ended.
    mutating func apply(_ event: HistoryGlance) -> Bool {
        if event.id != UInt64(eventCount) + 1 { isInDoubt = true }
        eventCount = UInt32(clamping: event.id)
        updatedAt = max(updatedAt, event.time)
        guard let kind = EventKind(rawValue: event.kind) else {
            isInDoubt = true
            return true
        }
        if kind.isInput, !event.isSeen { Self.increment(&unseen) }
        switch kind {
        case .runStarted:
            startedAt = event.time
            deadline = min(event.runDeadline ?? .max, event.executionDeadline ?? .max)
            startsAt = event.startsAt ?? 0
        case .stepScheduled: Self.increment(&steps)
        case .stepCompleted, .stepFailed: Self.decrement(&steps, &isInDoubt)
        case .childInitiated: Self.increment(&children)
        case .childClosed: Self.decrement(&children, &isInDoubt)
        case .messageSent: Self.increment(&messages)
        case .messageAnswered: Self.decrement(&messages, &isInDoubt)
        // What was not seen by then nobody sees any more.
        case .checkpointed: unseen = 1
        case .activated: Self.decrement(&unseen, &isInDoubt)
        case .paused: pause(event.variant)
        case .resumed:
            if event.variant == 1 { pause = .none } else { stuck -= min(stuck, 1) }
        case .runClosed: return false
        // What a new kind means for who is left asleep has to be said above, or there.
        default: if !kind.leavesWaitsAlone { isInDoubt = true }
        }
        return true
    }

    private mutating func pause(_ reason: UInt64) {
        if reason == Self.stuckReason {
            stuck += stuck < .max ? 1 : 0
        } else if let new = UInt8(exactly: reason).flatMap(Pause.init(rawValue:)), new != .none {
            pause = new
        } else {
            isInDoubt = true
        }
    }

    /// Of a pause: a compensation gave up.
    private static let stuckReason: UInt64 = 3

    private static func increment(_ count: inout UInt32) { if count < .max { count += 1 } }

    private static func decrement(_ count: inout UInt32, _ isInDoubt: inout Bool) {
        if count == 0 { isInDoubt = true } else { count -= 1 }
    }
}

extension EventKind {
    /// What a run waits for is as before, its timers apart.
    fileprivate var leavesWaitsAlone: Bool {
        switch self {
        case .attemptStarted, .attemptFailed, .attemptHandedOver, .heartbeat,
            .stepCancelRequested, .timerStarted, .timerFired, .timerCancelled, .signalReceived,
            .updateAccepted, .updateCompleted, .updateFailed, .cancelRequested, .patched,
            .childStarted, .taskFailed, .versionAdopted, .attemptBegan, .checkpointed:
            true
        default: false
        }
    }

    /// As `HistoryEvent.Body.isInput`.
    var isInput: Bool {
        switch self {
        case .runStarted, .stepCompleted, .stepFailed, .timerFired, .signalReceived,
            .updateAccepted, .cancelRequested, .childStarted, .childClosed, .messageAnswered,
            .resumed, .checkpointed:
            true
        default: false
        }
    }
}
