// Runs that have not begun: what was copied ahead for them, and nobody's if they never do.
//
// A history that one commit does not hold is copied into the new run's stream ahead of the commit
// with which the run begins. Its start says how much that is (`RunStart.copiedAhead`), so whoever
// sees the stream sees whether the run has begun, whatever else he knows. A process that ends in
// between leaves such a stream behind. No run has that id again, so nobody would ever use it: the
// next engine that executes code removes it, and so does the deletion of its workflow.
extension EngineCore {
    /// Removes what engines before this one left. Nobody can go on with that while this engine has
    /// the store, nor can this one remove it when it has not; and its own is known by name.
    func removeUnbegun(_ runs: [Projection.Unbegun]) {
        guard !runs.isEmpty, store.capabilities.removesStreams else { return }
        begins()
        Task.detached { [self] in
            defer { ends() }
            for run in runs where !isClosed && !isFenced && !isDraining && !isUnusable {
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
        // It may have begun since that was looked up; and what is not there any more as it was read
        // is somebody's.
        let stream = StreamName.run(run.workflowID, run.runID)
        let count = try await store.count(stream)
        let newest = try await store.read(stream, from: max(0, count - 1), limit: 1)
        let (records, _) = try await idRecords(run.workflowID)
        guard !records.contains(where: { $0.runID == run.runID }) else { return }
        try await remove(run, expecting: newest.token)
    }

    /// - Parameter expecting: nothing is removed if the stream is not there; nil: wherever it is.
    func remove(_ run: Projection.Unbegun, expecting: VersionToken?) async throws {
        let stream = StreamName.run(run.workflowID, run.runID)
        guard try await remove(stream, expecting: expecting) else { return }
        projection?.isGone(run)
    }
}
