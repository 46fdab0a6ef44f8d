import EmakiPlatform

/// What has to wait for sealed files: batches that append to a stream whose version is not in
/// memory, repetitions of what was sealed long ago, and followers on the loop that are far behind.
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

    /// The next events of a follower, read on the thread of the lookups.
    nonisolated(nonsending) func readElsewhere(
        at cursor: LogCursor
    ) async throws(LogError) -> (events: [RecordedEvent], end: Position) {
        typealias Answer = Result<(events: [RecordedEvent], end: Position), LogError>
        let lookups = lookups
        return try await WaitSlot<Answer>.wait { slot in
            let isTaken = lookups.run { [self] in
                slot.resume(
                    returning: Result { () throws(LogError) in
                        var cursor = cursor
                        var events: [RecordedEvent] = []
                        _ = try read(at: &cursor, into: &events)
                        return (events, cursor.next)
                    })
            }
            if !isTaken { slot.resume(returning: .failure(.closed)) }
        }.get()
    }
}
