import EmakiLog

// One sentence for people: what a run waits for, since when, and what would move it on.
extension RunMachine {
    /// Waits that are named; of more only the number is said.
    private static let namedMax = 3

    /// - Parameters:
    ///   - now: engine time.
    ///   - versionNeeded: why the code that is here cannot go on with it.
    func explanation(at now: Int64, versionNeeded: Failure?) -> String {
        if let outcome { return "\(outcome.summary) at \(Self.text(time))" }
        if let reason = pauseReason { return rest(reason) }
        if let versionNeeded {
            return "waits since \(Self.text(time)) for other code: \(versionNeeded.message)"
        }
        if let failure = lastTaskFailure, taskFailureCount > 0, let taskRetryAt {
            return "its code failed (\(failure.type): \(failure.message)); it is tried again at "
                + Self.text(taskRetryAt)
        }
        if let startsAt = start.startsAt, startsAt > now {
            return "begins at \(Self.text(startsAt))"
        }
        let waits = waits(at: now)
        guard !waits.isEmpty else {
            if unseen.isEmpty {
                return "waits since \(Self.text(time)) for a condition of its own; a signal or an "
                    + "update may move it on"
            }
            let events = unseen.count == 1 ? "an event" : "\(unseen.count) events"
            return "has \(events) to see; an engine that has its code moves it on"
        }
        let more = waits.count - Self.namedMax
        return "waits for " + waits.prefix(Self.namedMax).joined(separator: ", and for ")
            + (more > 0 ? ", and for \(more) more" : "")
    }

    private func rest(_ reason: PauseReason) -> String {
        let since = Self.text(time)
        switch reason {
        case .requested(let text):
            return "rests since \(since), as somebody asked"
                + (text.isEmpty ? "" : " (\(text))") + "; `resume` lets it go on"
        case .taskFailures(let failure):
            return "rests since \(since), because its code failed again and again "
                + "(\(failure.type): \(failure.message)); mend the code, then `resume`"
        case .compensation(let key, let failure):
            return "rests since \(since): the compensation of \(key) gave up "
                + "(\(failure.type): \(failure.message)); `resume` with --retry-compensation or "
                + "--skip-compensation"
        case .quarantined(let failure):
            return "is quarantined since \(since): \(failure.message); mend the code, then `resume`"
        }
    }

    private func waits(at now: Int64) -> [String] {
        var waits: [String] = []
        for (_, step) in steps.sorted(by: { $0.key < $1.key }) { waits.append(wait(step)) }
        for (_, timer) in timers.sorted(by: { $0.key < $1.key }) {
            waits.append(
                "timer \(timer.key), which runs off at \(Self.text(timer.fireAt))"
                    + (timer.fireAt <= now ? " and is due" : ""))
        }
        for (_, child) in children.sorted(by: { $0.key < $1.key }) {
            waits.append("child \(child.start.workflowType) (\(child.start.workflowID))")
        }
        for (_, message) in sent.sorted(by: { $0.key < $1.key }) {
            let what = message.kind == .signal ? "signal \(message.name)" : "request to stop"
            waits.append("the \(what) to arrive at \(message.workflowID)")
        }
        return waits
    }

    private func wait(_ step: OpenStep) -> String {
        let name = "\(step.schedule.key), scheduled at \(Self.text(step.scheduledAt))"
        let attempt = "attempt \(step.attempt)"
        let waits = step.isYetToBegin
        let queue = waits ? ", which waits in queue \(step.schedule.options.queue)" : ""
        switch step.phase {
        case .running: return "\(name), \(attempt)\(queue)"
        case .handedOver:
            return "\(name), \(attempt), which somebody outside completes or fails by its token"
        case .retrying(let instant):
            return "\(name), whose \(attempt) failed and the next begins at \(Self.text(instant))"
        }
    }

    private static func text(_ instant: Int64) -> String { EventJSON.time(instant) }
}

extension HistoryEvent.Outcome {
    /// The word for it: completed, failed, cancelled, terminated, timedOut, continuedAsNew.
    var word: String { "\(variant)" }

    /// For people.
    var summary: String {
        switch self {
        case .completed: "completed"
        case .failed(let failure): "failed (\(failure.type): \(failure.message))"
        case .cancelled: "was cancelled"
        case .terminated(let reason, let left):
            "was terminated" + (reason.isEmpty ? "" : " (\(reason))") + Self.rest(left)
        case .timedOut(let left): "took too long" + Self.rest(left)
        case .continuedAsNew(let runID, nil): "goes on as run \(runID)"
        case .continuedAsNew(let runID, let failure?):
            "failed (\(failure.type): \(failure.message)) and is tried again as run \(runID)"
        }
    }

    private static func rest(_ uncompensated: [String]) -> String {
        uncompensated.isEmpty
            ? "" : ", with \(uncompensated.joined(separator: ", ")) not undone"
    }
}
