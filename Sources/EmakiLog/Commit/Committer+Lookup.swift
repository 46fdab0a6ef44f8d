import EmakiPlatform

/// Batches that have to wait for sealed files: those that append to a stream whose version is not
/// in memory, and repetitions of what was sealed long ago.
extension Committer {
    /// Looks up what a batch needs, on a thread of its own kind.
    nonisolated(nonsending) func lookUp<Source: BatchSource>(
        _ question: SealedQuestion, for batch: MeasuredBatch<Source>
    ) async throws(LogError) -> SealedAnswer<Source>.Decision? {
        typealias Answer = Result<SealedAnswer<Source>.Decision?, LogError>
        let lookups = lookups
        return try await WaitSlot<Answer>.wait { slot in
            let isTaken = lookups.run { [self] in
                slot.resume(returning: Result { () throws(LogError) in try find(question, batch) })
            }
            if !isTaken { slot.resume(returning: .failure(.closed)) }
        }.get()
    }

    /// Looks up what a batch needs, on this thread.
    func find<Source: BatchSource>(
        _ question: SealedQuestion, _ batch: MeasuredBatch<Source>
    ) throws(LogError) -> SealedAnswer<Source>.Decision? {
        try SealedAnswer(batch: batch).find(question) { look throws(LogError) in
            try reading(look)
        }
    }
}
