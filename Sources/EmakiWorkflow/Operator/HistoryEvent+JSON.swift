import EmakiLog

extension HistoryEvent {
    /// As commands show it: what happened, to which step, and its payload.
    /// - Parameter open: gives the clear form of a payload.
    func json(_ open: (@Sendable (Payload) -> Payload?)?) -> JSONObject {
        var object = JSONObject()
        object.add("event", id)
        object.add("time", EventJSON.time(time))
        object.add("type", typeName)
        body.add(to: &object)
        if let payload = body.payload, payload != .empty {
            let shown = open?(payload) ?? payload
            object.add("payload", json: PayloadText(shown.bytes).json)
        }
        return object
    }
}

extension HistoryEvent.Body {
    fileprivate func add(to object: inout JSONObject) {
        switch self {
        case .started(let start):
            object.add("workflow", start.workflowType)
            object.add("run", start.runID)
            object.add("fingerprint", start.fingerprint)
            if let parent = start.parent { object.add("parent", parent.workflowID) }
            if start.attempt > 1 { object.add("attempt", start.attempt) }
            if let versioning = start.versioning { object.add("versioning", "\(versioning)") }
        case .stepScheduled(let step):
            object.add("step", step.key)
            object.add("name", step.name)
            if step.options.queue != ActivityOptions.defaultQueue {
                object.add("queue", step.options.queue)
            }
            if step.options.priority != 0 { object.add("priority", step.options.priority) }
            if let key = step.options.limitKey { object.add("limitKey", key) }
            if let undo = step.compensation { object.add("compensation", undo) }
            if let undone = step.compensates { object.add("compensates", undone) }
        case .attemptStarted(let step, let attempt), .attemptBegan(let step, let attempt, _),
            .attemptHandedOver(let step, let attempt, _),
            .heartbeat(let step, let attempt, _), .stepCompleted(let step, let attempt, _):
            add(step, attempt, to: &object)
        case .attemptFailed(let step, let attempt, let failure, let retryAt):
            add(step, attempt, to: &object)
            object.add("failure", failure.json)
            if let retryAt { object.add("retryAt", EventJSON.time(retryAt)) }
        case .stepFailed(let step, let attempt, let failure):
            add(step, attempt, to: &object)
            object.add("failure", failure.json)
        case .stepCancelRequested(let about), .timerFired(let about), .timerCancelled(let about),
            .updateCompleted(let about, _), .activated(let about):
            object.add("about", about)
        case .timerStarted(let key, let fireAt):
            object.add("timer", key)
            object.add("firesAt", EventJSON.time(fireAt))
        case .signalReceived(let message), .updateAccepted(let message):
            object.add("name", message.name)
            object.add("request", message.requestID)
        case .updateFailed(let about, let failure):
            object.add("about", about)
            object.add("failure", failure.json)
        case .cancelRequested(let requestID, let reason):
            object.add("request", requestID)
            object.add("reason", reason)
        default: addRest(to: &object)
        }
    }

    private func addRest(to object: inout JSONObject) {
        switch self {
        case .patched(let id): object.add("patch", id)
        case .checkpointed(let checkpoint): object.add("epoch", checkpoint.epoch)
        case .versionAdopted(let fingerprint): object.add("fingerprint", fingerprint)
        case .childInitiated(let child):
            object.add("child", child.key)
            object.add("workflow", child.workflowType)
            object.add("id", child.workflowID)
        case .childStarted(let about, let runID):
            object.add("about", about)
            object.add("run", runID)
        case .childClosed(let about, let outcome):
            object.add("about", about)
            outcome.add(to: &object)
        case .messageSent(let message):
            object.add("message", message.key)
            object.add("to", message.workflowID)
            object.add("name", message.kind == .signal ? message.name : "\(message.kind)")
        case .messageAnswered(let about, let failure):
            object.add("about", about)
            if let failure { object.add("failure", failure.json) }
        case .taskFailed(let failure): object.add("failure", failure.json)
        case .paused(let reason): reason.add(to: &object)
        case .resumed(let resumption): resumption.add(to: &object)
        case .closed(let outcome): outcome.add(to: &object)
        default: break
        }
    }

    private func add(_ step: Int, _ attempt: Int, to object: inout JSONObject) {
        object.add("about", step)
        object.add("attempt", attempt)
    }
}

extension HistoryEvent.Outcome {
    fileprivate func add(to object: inout JSONObject) {
        object.add("outcome", word)
        if let failure { object.add("failure", failure.json) }
        if !uncompensated.isEmpty { object.add("notUndone", uncompensated) }
        switch self {
        case .terminated(let reason, _): object.add("reason", reason)
        case .continuedAsNew(let runID, _): object.add("run", runID)
        default: break
        }
    }
}

extension PauseReason {
    fileprivate func add(to object: inout JSONObject) {
        switch self {
        case .requested(let reason): object.add("reason", reason)
        case .taskFailures(let failure), .quarantined(let failure):
            object.add("failure", failure.json)
        case .compensation(let key, let failure):
            object.add("compensation", key)
            object.add("failure", failure.json)
        }
    }
}

extension Resumption {
    fileprivate func add(to object: inout JSONObject) {
        switch self {
        case .plain: break
        case .retryCompensation(let key): object.add("retryCompensation", key)
        case .skipCompensation(let key, let reason):
            object.add("skipCompensation", key)
            object.add("reason", reason)
        }
    }
}

extension Failure {
    var json: JSONObject {
        var object = JSONObject()
        object.add("kind", "\(kind)")
        object.add("type", type)
        object.add("message", message)
        if let timeout { object.add("timeout", "\(timeout)") }
        if mayHaveHappened { object.add("mayHaveHappened", true) }
        return object
    }
}
