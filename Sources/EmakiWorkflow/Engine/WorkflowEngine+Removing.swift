extension WorkflowEngine {
    /// Deletes a workflow that has ended, with the histories of all its runs. Durable on return:
    /// its id is as if it had never been used, and so are the ids of the requests that it was sent.
    /// What the histories take on disk is given back by the log as of other removed events.
    /// - Throws: `WorkflowError.stillOpen`, `.notFound`; `.invalid` on a store that removes
    ///   nothing.
    public func delete(_ workflowID: String) async throws {
        let _: Bool = try await core.ask(workflowID) { .delete(endedBefore: nil, $0) }
    }

    /// Deletes the workflows that ended so long ago, and the histories of older runs of those that
    /// go on as another run. `EngineOptions.retention` does so by itself.
    /// - Returns: how many runs' histories were removed.
    /// - Throws: `WorkflowError.invalid` on a store that removes nothing.
    /// - Complexity: reads a small stream of each workflow in the store.
    @discardableResult
    public func removeEnded(longerAgoThan retention: Duration) async throws -> Int {
        try await core.removeEnded(for: retention)
    }
}
