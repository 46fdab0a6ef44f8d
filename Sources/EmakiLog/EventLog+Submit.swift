import EmakiPlatform

/// Appending without a task: for a runtime that has a scheduler of its own.
extension EventLog {
    /// Puts events for several streams in line, and calls back once that is decided and durable.
    /// Does not wait. All events are stored together or not at all.
    ///
    /// Batches are stored in the order in which they were submitted.
    /// - Parameters:
    ///   - batch: the streams, each once, with an expectation each.
    ///   - done: called exactly once, on any thread, perhaps before `submit` returns; not if it
    ///     throws. It holds up everybody's commits while it runs: it should do no more than make a
    ///     note.
    /// - Throws: as `append(_:)` what can be said at once; `.wouldWait` if there is no room now,
    ///   and `.needsLookup` if a sealed file has to be read first: then `append(_:)` does both.
    ///   Nothing was put in line.
    public func submit(
        _ batch: [StreamAppend],
        _ done: @escaping @Sendable (Result<BatchResult, LogError>) -> Void
    ) throws(LogError) {
        let measured = try MeasuredBatch(
            MultiStreamBatch(parts: batch), batchBytesMax: store.batchBytesMax)
        var versions = [StreamVersion](repeating: .none, count: batch.count)
        try committer.submit(measured, version: { versions[$0] = $1 }) { outcome in
            { [versions] signal in
                done(
                    Result { () throws(LogError) in
                        let done = try Commitment(outcome, signal)
                        return BatchResult(
                            positions: done.positions, versions: versions,
                            wasStoredBefore: done.wasStoredBefore)
                    })
            }
        }
    }

    /// Writes what others have put in line, on the calling thread, if the loop is held up by a job
    /// and nobody else writes.
    /// - Returns: false if there was nothing to do.
    package func leadCommit() -> Bool { committer.leadOnThread() }
}
