/// Where the history of a run is cut to begin another one with.
public enum ResetPoint: Sendable, Equatable {
    /// Right after its start: everything is done anew.
    case beginning
    /// Before the event of this number, from 2 up to one more than the last. Where that is among
    /// what code asked for at once, all of it is asked for anew.
    case event(Int)
    /// Before the step of this identity was scheduled.
    case step(String)
    /// Right behind the newest checkpoint: the code begins with the state of then, by way of
    /// `migrate(from:)` if it is declared otherwise now.
    case checkpoint
}

/// The events with which a run begins that goes on from a point in another one's history.
///
/// They are the events before the point, under their numbers. If the point is among what the code
/// asked for at an event, the code sees that event anew. The signals and updates that the other run
/// was sent after the point follow, in their order, and, if that run ends for this one, what became
/// of the steps, children and messages that were open at the point. An attempt that is under way
/// still is of unknown outcome, as after a crash. What was paused goes on.
struct RunCut: Sendable {
    /// What is asked for.
    struct Request: Sendable {
        var point: ResetPoint
        /// Of the new run; of a reset the same as the other's.
        var workflowID: String
        var runID: String
        var requestID: String
        var isFork: Bool
        var reappliesMessages: Bool
        var now: Int64
    }

    /// Resets and forks in a row of which a run knows.
    static let originsMax = 256
    /// Bytes of a start beside its input.
    private static let startBytesMax = 60_000

    /// The other run, and its last event when this was made.
    let runID: String
    let lastEvent: Int
    private(set) var start: RunStart
    /// All events of the new run, the first with its start.
    private(set) var events: [HistoryEvent]
    /// Of the new run's stream, once those are there that are copied ahead.
    var token: VersionToken?

    /// Of the events, those that are in the new run's stream before it begins. The start says how
    /// many these are: who comes upon the stream of a run that did not begin sees that it did not.
    var copiedCount: Int {
        get { start.copiedAhead }
        set {
            start.copiedAhead = newValue
            events[0].body = .started(start)
        }
    }

    /// - Throws: `WorkflowError.invalid` if there is no such point, `HistoryError` for a history
    ///   that makes no sense.
    init(of history: [HistoryEvent], _ request: Request) throws {
        guard case .started(let other) = history.first?.body, let last = history.last else {
            throw HistoryError.malformed("a history begins with RunStarted")
        }
        var kept = Array(history.prefix(try Self.index(of: request.point, in: history) - 1))
        Self.dropHalfAnswered(&kept)
        if let last = kept.last, case .closed = last.body {
            throw WorkflowError.invalid("the run ends before that point: there is nothing to go on")
        }
        var start = try Self.start(
            of: other, beganAt: history[0].time, request, keeping: kept.count)
        if !request.isFork {
            // A request to stop had its effect.
            start.earlierRequests += history.dropFirst(kept.count).compactMap(\.cancelRequest)
        }
        runID = other.runID
        lastEvent = last.id
        var fields = FieldWriter()
        start.encode(into: &fields)
        guard fields.bytes.count <= Self.startBytesMax else {
            throw WorkflowError.tooLarge(
                "what a run knows of those before it", limit: Self.startBytesMax,
                value: fields.bytes.count)
        }
        kept[0].body = .started(start)
        let machine = try RunMachine(history: kept)
        events = kept
        self.start = start
        for event in history.dropFirst(kept.count) where event.body.isForNext(machine, request) {
            append(event.body, machine, request.now)
        }
        goOn(machine, request.now)
    }

    /// Of the payloads.
    var byteCount: Int { events.reduce(0) { $0 + ($1.body.payload?.bytes.count ?? 0) } }

    // MARK: The point

    private static func index(
        of point: ResetPoint, in history: [HistoryEvent]
    ) throws(WorkflowError) -> Int {
        switch point {
        case .beginning: return 2
        case .event(let number):
            guard number >= 2, number <= history.count + 1 else {
                throw .invalid(
                    "event \(number) is no point of the run: it is from 2 to \(history.count + 1)")
            }
            return number
        case .step(let key):
            let index = history.firstIndex { event in
                guard case .stepScheduled(let step) = event.body else { return false }
                return step.key == key
            }
            guard let index else {
                throw .invalid("the run has no step \(key); `show` lists those that it has")
            }
            return index + 1
        case .checkpoint:
            guard let index = history.lastIndex(where: { $0.body.kind == .checkpointed }) else {
                throw .invalid("the run has no checkpoint; `history` lists what it has")
            }
            return index + 2
        }
    }

    /// The code sees an event anew if not all that it asked for then is kept.
    private static func dropHalfAnswered(_ kept: inout [HistoryEvent]) {
        var asking: Int?
        var left = 0
        for (index, event) in kept.enumerated() {
            if left > 0 {
                left -= 1
            } else if let count = event.commandCount {
                asking = index
                left = count
            }
        }
        guard left > 0, let asking else { return }
        if case .activated = kept[asking].body {
            kept.removeSubrange(asking...)
        } else {
            kept.removeSubrange((asking + 1)...)
            kept[asking].commandCount = nil
        }
    }

    // MARK: The run

    private static func start(
        of other: RunStart, beganAt: Int64, _ request: Request, keeping keptCount: Int
    ) throws(WorkflowError) -> RunStart {
        var start = other
        start.copiedAhead = 0
        start.workflowID = request.workflowID
        start.runID = request.runID
        start.firstRunID = request.isFork ? request.runID : other.firstRunID
        start.continuedFrom = nil
        // Who waits for the other run is told how that ended.
        start.parent = nil
        start.requestID = request.requestID
        let beginsAt = max(request.now, other.startsAt ?? 0)
        start.runDeadline = other.runTimeout.map { beginsAt + $0.nanoseconds }
        if request.isFork {
            start.executionDeadline = other.executionDeadline.map {
                request.now + max(0, $0 - beganAt)
            }
        } else if let deadline = other.executionDeadline, deadline <= request.now {
            throw .invalid("the workflow's time is over: it would end at once")
        }
        for index in start.origins.indices {
            start.origins[index].lastEvent = min(start.origins[index].lastEvent, keptCount)
        }
        start.origins.append(
            RunStart.Origin(
                workflowID: other.workflowID, runID: other.runID, lastEvent: keptCount,
                isFork: request.isFork))
        guard start.origins.count <= originsMax else {
            throw .invalid("a run can be reset or forked \(originsMax) times in a row")
        }
        return start
    }

    private mutating func goOn(_ machine: RunMachine, _ now: Int64) {
        if machine.pause != nil { append(.resumed(.plain), machine, now) }
        for id in machine.steps.keys.sorted() {
            guard let step = machine.steps[id] else { continue }
            if step.isYetToBegin { continue }
            if let body = machine.lost(step: id, "when the run was cut", at: now) {
                append(body, machine, now)
            }
        }
    }

    private mutating func append(
        _ body: HistoryEvent.Body, _ machine: RunMachine, _ now: Int64
    ) {
        var event = HistoryEvent(
            id: machine.lastID + 1, time: max(now, machine.time), commandCount: nil, body: body)
        event.frame = machine.frame
        machine.apply(event)
        events.append(event)
    }
}

extension HistoryEvent.Body {
    /// It happened after the point, and counts for the run that goes on from there.
    fileprivate func isForNext(_ machine: RunMachine, _ request: RunCut.Request) -> Bool {
        switch self {
        case .signalReceived, .updateAccepted: request.reappliesMessages
        // A step that was cancelled after the point would not have been.
        case .stepFailed(_, _, let failure) where failure.kind == .cancelled: false
        case .attemptStarted(let step, _), .attemptBegan(let step, _, _),
            .attemptHandedOver(let step, _, _), .attemptFailed(let step, _, _, _),
            .heartbeat(let step, _, _),
            .stepCompleted(let step, _, _), .stepFailed(let step, _, _):
            !request.isFork && machine.steps[step] != nil
        case .childStarted(let child, _):
            !request.isFork && machine.children[child].map { $0.runID == nil } ?? false
        case .childClosed(let child, _): !request.isFork && machine.children[child] != nil
        case .messageAnswered(let message, _): !request.isFork && machine.sent[message] != nil
        default: false
        }
    }
}

extension HistoryEvent {
    /// Under which a request to stop is known.
    fileprivate var cancelRequest: String? {
        guard case .cancelRequested(let requestID, _) = body, !requestID.isEmpty else { return nil }
        return .cancel(requestID)
    }
}
