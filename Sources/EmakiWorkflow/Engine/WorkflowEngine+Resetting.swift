extension WorkflowEngine {
    /// Goes back: the newest run of a workflow ends, and another run of the id goes on from a point
    /// of it. Durable, as a whole, once this returns.
    ///
    /// The new run begins with the events before the point. A step that was scheduled by then ends
    /// as it did, keeps its idempotency key and does not run again; if an attempt at it is under
    /// way even now, that one is of unknown outcome, as after a crash. What was scheduled after the
    /// point is done again, under new keys. Children and messages that were begun before the point
    /// are the new run's; children begun later are treated as their close policy says. The run
    /// before, if it is open, is terminated: nothing that it did after the point is undone. Its
    /// parent is told that it was terminated, and the new run has no parent.
    /// - Parameters:
    ///   - reason: for people; kept with the end of the run before.
    ///   - reapplyingMessages: signals and updates that came after the point are let in again, in
    ///     their order; updates are answered anew.
    ///   - requestID: the same request twice resets once.
    /// - Returns: the new run's id.
    /// - Throws: `WorkflowError.invalid` if there is no such point.
    /// - Complexity: O(events of the run).
    @discardableResult
    public func reset(
        _ workflowID: String, to point: ResetPoint, reason: String = "",
        reapplyingMessages: Bool = true, requestID: String? = nil
    ) async throws -> String {
        try await core.reset(
            workflowID, to: point, reason: reason, reappliesMessages: reapplyingMessages,
            requestID: requestID)
    }

    /// Tries something else: a run of another id goes on from a point of a run, which is left as it
    /// is. Durable, as a whole, once this returns.
    ///
    /// As `reset`, but for what the two runs have in common: steps that ended before the point have
    /// happened once, and if both runs undo them, the same key is undone twice; at steps that were
    /// open at the point the fork makes attempts of its own, under its own keys, and the attempt
    /// under way counts as one of unknown outcome; children that were open at the point stay the
    /// other run's, and the fork only waits for them.
    /// - Parameters:
    ///   - runID: the run to begin with; nil: the newest.
    ///   - newID: the id of the new workflow; no run of it may be open.
    ///   - requestID: the same request twice starts one run.
    /// - Returns: the new run's id.
    /// - Throws: `WorkflowError.alreadyRunning`; `.invalid` if there is no such point.
    /// - Complexity: O(events of the run).
    @discardableResult
    public func fork(
        _ workflowID: String, runID: String? = nil, from point: ResetPoint, as newID: String,
        reapplyingMessages: Bool = true, requestID: String? = nil
    ) async throws -> String {
        try await core.fork(
            workflowID, runID, to: point, as: newID, reappliesMessages: reapplyingMessages,
            requestID: requestID)
    }
}
