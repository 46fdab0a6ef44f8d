import EmakiLog

/// What a run is about.
public struct RunDescription: Sendable, Equatable {
    /// The workflow's id.
    public var workflowID: String
    /// The run.
    public var runID: String
    /// The workflow's type.
    public var workflowType: String
    /// How it ended; nil while it is open.
    public var outcome: HistoryEvent.Outcome?
    /// Why it rests.
    public var pause: PauseReason?
    /// The last fault of its code that was recorded.
    public var taskFailure: Failure?
    /// The fingerprint of the code that executed it last.
    public var fingerprint: String
    /// It stays on that code to its end.
    public var isPinned: Bool
    /// Why the code of this engine cannot go on with it, if it is other code; it names the code
    /// that is needed. Known once the engine has tried.
    public var versionNeeded: Failure?
    /// When it began, in nanoseconds since 1970 UTC.
    public var startedAt: Int64
    /// When its newest event was recorded, in nanoseconds since 1970 UTC.
    public var updatedAt: Int64
    /// Events of its history.
    public var eventCount: Int
    /// What it was started with, for people.
    public var memo: [String: String]
    /// What it was started with, for filters.
    public var searchAttributes: [String: String]
    /// What it waits for: steps, timers, children, messages.
    public var waitsFor: [String]
    /// Steps that would be undone if it failed now.
    public var compensable: [String]
    /// One sentence for people: what it waits for, since when, and what would move it on.
    public var explanation: String
}

extension RunDescription {
    init(_ machine: RunMachine, versionNeeded: Failure?, at now: Int64) {
        workflowID = machine.start.workflowID
        runID = machine.start.runID
        workflowType = machine.start.workflowType
        outcome = machine.outcome
        pause = machine.pauseReason
        taskFailure = machine.taskFailureCount > 0 ? machine.lastTaskFailure : nil
        fingerprint = machine.fingerprint
        isPinned = machine.start.versioning == .pinned
        self.versionNeeded = versionNeeded
        startedAt = machine.beganAt
        updatedAt = machine.time
        eventCount = machine.lastID
        memo = machine.start.memo
        searchAttributes = machine.start.searchAttributes
        compensable = machine.compensable
        explanation = machine.explanation(at: now, versionNeeded: versionNeeded)
        waitsFor = []
        guard machine.isOpen else { return }
        for (_, step) in machine.steps.sorted(by: { $0.key < $1.key }) {
            waitsFor.append("\(step.schedule.key), attempt \(step.attempt)")
        }
        for (_, timer) in machine.timers.sorted(by: { $0.key < $1.key }) {
            waitsFor.append("timer \(timer.key)")
        }
        for (_, child) in machine.children.sorted(by: { $0.key < $1.key }) {
            waitsFor.append("child \(child.start.workflowID)")
        }
    }
}

extension RunDescription {
    /// As commands show it.
    var json: JSONObject {
        var object = JSONObject()
        object.add("workflow", workflowID)
        object.add("type", workflowType)
        object.add("state", outcome?.word ?? (pause == nil ? Operator.openState : "paused"))
        object.add("run", runID)
        object.add("started", EventJSON.time(startedAt))
        object.add("updated", EventJSON.time(updatedAt))
        object.add("events", eventCount)
        for (name, labels) in [("memo", memo), ("attributes", searchAttributes)]
        where !labels.isEmpty {
            var list = JSONObject()
            for (key, value) in labels.sorted(by: { $0.key < $1.key }) { list.add(key, value) }
            object.add(name, list)
        }
        object.add("explanation", explanation)
        object.add("waitsFor", waitsFor)
        object.add("wouldUndo", outcome == nil ? compensable.reversed() : [])
        object.add("fingerprint", fingerprint)
        object.add("pinned", isPinned)
        if let versionNeeded { object.add("versionNeeded", versionNeeded.message) }
        if let taskFailure { object.add("taskFailure", taskFailure.json) }
        if case .completed(let result) = outcome {
            object.add("result", json: PayloadText(result.bytes).json)
        }
        if let failure = outcome?.failure { object.add("failure", failure.json) }
        return object
    }
}
