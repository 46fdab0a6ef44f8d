import EmakiLog

/// What happened in a run, as things that began and ended: steps with their attempts, timers,
/// children; and what happened at one instant, as messages.
struct RunTimeline {
    struct Row {
        /// What it was: run, step, attempt, timer, child, message, signal, update, pause, fault.
        var kind: String
        var name: String
        /// The event that began it.
        var event: Int
        var from: Int64
        /// Nil: it goes on.
        var to: Int64?
        /// How it ended, or how far it is.
        var state: String
        var note: String = ""

        /// - Parameter origin: when the run began.
        func json(since origin: Int64) -> JSONObject {
            var object = JSONObject()
            object.add("kind", kind)
            object.add("name", name)
            object.add("event", event)
            object.add("from", EventJSON.time(from))
            object.add("offset", (from - origin) / 1_000)
            if let to {
                object.add("to", EventJSON.time(to))
                object.add("microseconds", (to - from) / 1_000)
            }
            object.add("state", state)
            if !note.isEmpty { object.add("note", note) }
            return object
        }
    }

    private(set) var rows: [Row] = []
    var origin: Int64 { rows.first?.from ?? 0 }
    /// Rows of what goes on, by the event that began it.
    private var open: [Int: Int] = [:]
    private var pause: Int?

    init(_ events: [HistoryEvent]) {
        for event in events { add(event) }
    }

    private mutating func add(_ event: HistoryEvent) {
        switch event.body {
        case .started(let start):
            begin("run", start.workflowType, event, "open")
        case .stepScheduled(let step):
            let undone = step.compensates.map { "undoes \($0)" }
            begin("step", step.key, event, "waiting", undone ?? "")
        case .attemptFailed(let step, let attempt, let failure, _):
            note(step, "attempt \(attempt): \(failure)")
        case .attemptStarted(let step, let attempt): note(step, "attempt \(attempt)")
        case .attemptBegan(let step, _): state(step, "running")
        case .attemptHandedOver(let step, _): state(step, "handed over")
        case .stepCompleted(let step, _, _): end(step, event, "completed")
        case .stepFailed(let step, _, let failure): end(step, event, "failed", "\(failure)")
        case .timerStarted(let key, _): begin("timer", key, event, "waiting")
        case .timerFired(let timer): end(timer, event, "fired")
        case .timerCancelled(let timer): end(timer, event, "cancelled")
        case .childInitiated(let child):
            let which = "\(child.workflowType) \(child.workflowID)"
            begin("child", child.key, event, "starting", which)
        case .childStarted(let child, _): state(child, "open")
        case .childClosed(let child, let outcome): end(child, event, outcome.word)
        case .messageSent(let message):
            begin("message", message.key, event, "sent", "to \(message.workflowID)")
        case .messageAnswered(let message, let failure):
            end(message, event, failure == nil ? "delivered" : "failed", failure.map { "\($0)" })
        case .updateAccepted(let message): begin("update", message.name, event, "accepted")
        case .updateCompleted(let update, _): end(update, event, "completed")
        case .updateFailed(let update, let failure): end(update, event, "failed", "\(failure)")
        case .closed(let outcome): close(event, outcome)
        default: addInstant(event)
        }
    }

    private mutating func addInstant(_ event: HistoryEvent) {
        switch event.body {
        case .signalReceived(let message): instant("signal", message.name, event)
        case .cancelRequested(_, let reason): instant("cancel", reason, event)
        case .taskFailed(let failure): instant("fault", "\(failure)", event)
        case .patched(let id): instant("patch", id, event)
        case .checkpointed(let checkpoint): instant("checkpoint", "\(checkpoint.epoch)", event)
        case .versionAdopted(let fingerprint): instant("version", fingerprint, event)
        case .paused(let reason):
            begin("pause", reason.word, event, "resting")
            pause = event.id
        case .resumed:
            if let pause { end(pause, event, "resumed") }
            pause = nil
        default: break
        }
    }

    private mutating func begin(
        _ kind: String, _ name: String, _ event: HistoryEvent, _ state: String, _ note: String = ""
    ) {
        open[event.id] = rows.count
        rows.append(
            Row(
                kind: kind, name: name, event: event.id, from: event.time, to: nil, state: state,
                note: note))
    }

    private mutating func instant(_ kind: String, _ name: String, _ event: HistoryEvent) {
        rows.append(
            Row(
                kind: kind, name: name, event: event.id, from: event.time, to: event.time,
                state: "done"))
    }

    private mutating func end(
        _ id: Int, _ event: HistoryEvent, _ state: String, _ text: String? = nil
    ) {
        if let text { note(id, text) }
        guard let row = open.removeValue(forKey: id) else { return }
        rows[row].to = event.time
        rows[row].state = state
    }

    private mutating func state(_ id: Int, _ state: String) {
        if let row = open[id] { rows[row].state = state }
    }

    private mutating func note(_ id: Int, _ text: String) {
        guard let row = open[id] else { return }
        rows[row].note += (rows[row].note.isEmpty ? "" : "; ") + text
    }

    /// What was under way when the run ended is of no consequence any more.
    private mutating func close(_ event: HistoryEvent, _ outcome: HistoryEvent.Outcome) {
        end(1, event, outcome.word, outcome.failure.map { "\($0)" })
        for id in open.keys.sorted() { end(id, event, "left") }
    }
}

extension PauseReason {
    fileprivate var word: String {
        switch self {
        case .requested(let reason): reason.isEmpty ? "requested" : reason
        case .taskFailures(let failure): "faults of its code: \(failure)"
        case .compensation(let key, let failure): "the compensation of \(key) gave up: \(failure)"
        case .quarantined(let failure): "quarantined: \(failure)"
        }
    }
}
