// Runs that have not begun: what was copied ahead for them, and nobody's if they never do.
//
// A history that one commit does not hold is copied into the new run's stream ahead of the commit
// with which the run begins. Its start says how much that is (`RunStart.copiedAhead`), so whoever
// sees the stream sees whether the run has begun, whatever else he knows. A process that ends in
// between leaves such a stream behind. No run has that id again, so nobody would ever use it: the
// next engine removes it, and so does the deletion of its workflow.
extension EngineCore {
    /// Removes what engines before this one left. Nobody can go on with that: this engine has the
    /// store, and what is copied in this process is known by name.
    func removeUnbegun(_ runs: [Projection.Unbegun]) {
        guard !runs.isEmpty, options.executesCode, store.capabilities.removesStreams else { return }
        begins()
        Task.detached { [self] in
            defer { ends() }
            for run in runs where !isClosed && !isFenced {
                do {
                    try await removeIfNobodyCopies(run)
                } catch {
                    // It is tried again when the store is opened next.
                    observer.storeFailed(error)
                }
            }
        }
    }

    /// The same of a workflow that was deleted.
    func removeUnbegun(of workflowID: String) async throws {
        guard let runs = await projection?.ask({ $0.unbegunRuns(of: workflowID) }) else { return }
        for run in runs { try await removeIfNobodyCopies(run) }
    }

    private func removeIfNobodyCopies(_ run: Projection.Unbegun) async throws {
        guard !isCopied(run) else { return }
        // It may have begun since that was looked up.
        let (records, _) = try await idRecords(run.workflowID)
        guard !records.contains(where: { $0.kind == .opened && $0.runID == run.runID }) else {
            return
        }
        try await remove(run)
    }

    func remove(_ run: Projection.Unbegun) async throws {
        _ = try await store.remove(StreamName.run(run.workflowID, run.runID), expecting: nil)
        projection?.isGone(run)
    }
}
