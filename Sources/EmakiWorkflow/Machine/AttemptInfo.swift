/// Which attempt at which step this is.
public struct AttemptInfo: Sendable, Hashable {
    /// The workflow's id.
    public var workflowID: String
    /// The run.
    public var runID: String
    /// The step's identity in the run.
    public var key: String
    /// Name of the step or activity.
    public var name: String
    /// The event that scheduled it.
    public var step: Int
    /// From 1 on.
    public var attempt: Int
    /// Of a compensation: the key that the attempts of the step it undoes were given.
    public var compensatedKey: String?
    /// What the attempt before reported last.
    public var heartbeatDetails: Payload?

    /// The run that scheduled the step, if this one took it over.
    var origin: RunStart.Origin?

    /// The same for every attempt at this step, whatever happens: give it to the other side, so
    /// that it does what you ask once. Of a step that a reset or a fork took over while it was
    /// open: the key that it had in the run before.
    public var idempotencyKey: String {
        Self.idempotencyKey(origin?.workflowID ?? workflowID, origin?.runID ?? runID, key)
    }

    static func idempotencyKey(_ workflowID: String, _ runID: String, _ key: String) -> String {
        "\(workflowID)/\(runID)/\(key)"
    }

    /// Names the attempt for whoever completes it from outside; survives a restart.
    public var token: TaskToken {
        TaskToken(workflowID: workflowID, runID: runID, step: step, attempt: attempt)
    }
}

/// Names one attempt at one step.
public struct TaskToken: Sendable, Hashable, LosslessStringConvertible {
    /// The workflow's id.
    public var workflowID: String
    /// The run.
    public var runID: String
    /// The event that scheduled the step.
    public var step: Int
    /// From 1 on.
    public var attempt: Int

    /// Names one attempt at one step.
    public init(workflowID: String, runID: String, step: Int, attempt: Int) {
        self.workflowID = workflowID
        self.runID = runID
        self.step = step
        self.attempt = attempt
    }

    /// Run, step, attempt and workflow, with dots between them.
    public var description: String { "\(runID).\(step).\(attempt).\(workflowID)" }

    /// Reads what `description` writes.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let step = Int(parts[1]), let attempt = Int(parts[2]),
            !parts[0].isEmpty, !parts[3].isEmpty
        else { return nil }
        self.init(
            workflowID: String(parts[3]), runID: String(parts[0]), step: step, attempt: attempt)
    }
}
