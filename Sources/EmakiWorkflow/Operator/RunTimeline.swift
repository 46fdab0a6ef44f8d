import EmakiLog

/// What happened in a run, as things that began and ended: steps with their attempts, timers,
/// children; and what happened at one instant, as messages.
///
/// What takes time is told apart as far as it is recorded. An attempt waits in a queue where its
/// beginning is recorded: in named queues, and in those with limits; elsewhere the wait for a
/// worker is part of its running. An event waits for its commit from when it was let in to when the
/// write of its group began, which the log knows; the write itself comes on top.
struct RunTimeline {
    /// A part of what took time.
    struct Span: Equatable {
        enum Kind: String {
            /// For the group in which it became durable.
            case commit
            /// For a worker.
            case queue
            case running
            /// For an instant: of a timer, of the next attempt, until somebody resumes the run.
            case sleeping
            /// For somebody else: who completes by a token, another workflow.
            case outside
        }

        var kind: Kind
        var from: Int64
        /// Nil: it goes on.
        var to: Int64?

        func json(since origin: Int64) -> JSONObject {
            var object = JSONObject()
            object.add("kind", kind.rawValue)
            object.add("offset", (from - origin) / 1_000)
            if let to { object.add("microseconds", (to - from) / 1_000) }
            return object
        }
    }

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
        var spans: [Span] = []

        /// What ends now, and what begins, if anything does.
        mutating func turn(to kind: Span.Kind?, at instant: Int64) {
            if let last = spans.indices.last, spans[last].to == nil {
                spans[last].to = max(instant, spans[last].from)
            }
            if let kind { spans.append(Span(kind: kind, from: instant)) }
        }

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
            if !spans.isEmpty {
                let texts = spans.map { $0.json(since: origin).text }
                object.add("spans", json: "[" + texts.joined(separator: ",") + "]")
            }
            return object
        }
    }

    /// What is further apart was told by two clocks, of the engine and of the log.
    private static let apartMax: Int64 = 3_600_000_000_000

    private(set) var rows: [Row] = []
    var origin: Int64 { rows.first?.from ?? 0 }
    /// Rows of what goes on, by the event that began it.
    private var open: [Int: Int] = [:]
    private var pause: Int?
    /// Of steps whose attempts wait until it is recorded that they begin.
    private var queued: Set<Int> = []
    /// When the groups of events were written, by the number of the event; else not known.
    private let commits: [Int: Int64]

    init(_ events: [HistoryEvent], commits: [Int: Int64] = [:]) {
        self.commits = commits
        for event in events { add(event) }
    }

    /// What all of it took, by what it was, in microseconds.
    var spent: JSONObject {
        var object = JSONObject()
        let spans = rows.flatMap(\.spans)
        for kind in [Span.Kind.running, .queue, .sleeping, .outside, .commit] {
            let sum = spans.filter { $0.kind == kind }.reduce(0) { sum, span in
                sum + (span.to.map { $0 - span.from } ?? 0)
            }
            if sum > 0 { object.add(kind.rawValue, sum / 1_000) }
        }
        return object
    }

    private mutating func add(_ event: HistoryEvent) {
        switch event.body {
        case .started(let start):
            begin("run", start.workflowType, event, "open")
        case .stepScheduled(let step):
            let undone = step.compensates.map { "undoes \($0)" }
            begin("step", step.key, event, "waiting", undone ?? "")
            if step.beginsByRecord { queued.insert(event.id) }
            beginAttempt(event.id, event)
        case .attemptFailed(let step, let attempt, let failure, _):
            note(step, "attempt \(attempt): \(failure)")
            turn(step, to: .sleeping, event)
        case .attemptStarted(let step, let attempt):
            note(step, "attempt \(attempt)")
            beginAttempt(step, event)
        case .attemptBegan(let step, _, _):
            state(step, "running")
            turn(step, to: .running, event)
        case .attemptHandedOver(let step, _, _):
            state(step, "handed over")
            // From a queue to a worker; else to whoever has the token.
            turn(step, to: isWaiting(step) ? .running : .outside, event)
        case .stepCompleted(let step, _, _): end(step, event, "completed")
        case .stepFailed(let step, _, let failure): end(step, event, "failed", "\(failure)")
        case .timerStarted(let key, _): begin("timer", key, event, "waiting", spending: .sleeping)
        case .timerFired(let timer): end(timer, event, "fired")
        case .timerCancelled(let timer): end(timer, event, "cancelled")
        case .childInitiated(let child):
            let which = "\(child.workflowType) \(child.workflowID)"
            begin("child", child.key, event, "starting", which, spending: .outside)
        case .childStarted(let child, _): state(child, "open")
        case .childClosed(let child, let outcome): end(child, event, outcome.word)
        case .messageSent(let message):
            begin(
                "message", message.key, event, "sent", "to \(message.workflowID)",
                spending: .outside)
        case .messageAnswered(let message, let failure):
            end(message, event, failure == nil ? "delivered" : "failed", failure.map { "\($0)" })
        case .updateAccepted(let message):
            begin("update", message.name, event, "accepted", spending: .running)
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
            begin("pause", reason.word, event, "resting", spending: .sleeping)
            pause = event.id
        case .resumed:
            if let pause { end(pause, event, "resumed") }
            pause = nil
        default: break
        }
    }

    private mutating func begin(
        _ kind: String, _ name: String, _ event: HistoryEvent, _ state: String, _ note: String = "",
        spending: Span.Kind? = nil
    ) {
        open[event.id] = rows.count
        rows.append(
            Row(
                kind: kind, name: name, event: event.id, from: event.time, to: nil, state: state,
                note: note))
        if let spending { turn(event.id, to: spending, event) }
    }

    private func isWaiting(_ step: Int) -> Bool {
        open[step].map { rows[$0].spans.last?.kind == .queue } ?? false
    }

    private mutating func beginAttempt(_ step: Int, _ event: HistoryEvent) {
        turn(step, to: queued.contains(step) ? .queue : .running, event)
    }

    /// What goes on changes with an event, once that is durable.
    private mutating func turn(_ id: Int, to kind: Span.Kind?, _ event: HistoryEvent) {
        guard let row = open[id] else { return }
        var instant = event.time
        if let commit = commits[event.id], commit > instant, commit - instant < Self.apartMax {
            rows[row].turn(to: .commit, at: instant)
            instant = commit
        }
        rows[row].turn(to: kind, at: instant)
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
        if open[id].map({ !rows[$0].spans.isEmpty }) == true { turn(id, to: nil, event) }
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
