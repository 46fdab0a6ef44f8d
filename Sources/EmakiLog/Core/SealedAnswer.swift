/// Finds out from sealed files what kept a batch from being decided. Runs without the lock, off the
/// commit loop; takes short looks at the core under it.
struct SealedAnswer<Source: BatchSource> {
    /// What the batch is answered.
    struct Decision {
        var outcome: StageOutcome
        /// The version of each section's stream, if the batch was stored before.
        var versions: [StreamVersion] = []
    }

    typealias Look = ((LogCore) -> Void) throws(LogError) -> Void

    let batch: MeasuredBatch<Source>

    /// - Returns: the decision; nil if the batch is to be offered again.
    /// - Throws: `.closed`; `.corrupt` or `.disk` from a sealed file.
    func find(
        _ question: SealedQuestion, looking look: Look
    ) throws(LogError) -> Decision? {
        switch question {
        case .head:
            try learnHeads(look)
            return nil
        case .isStored:
            return try decide(look)
        }
    }

    /// Brings the heads of all streams of the batch that are not in memory there, at once.
    private func learnHeads(_ look: Look) throws(LogError) {
        var set = SealedSet.empty
        var missing: [StreamID] = []
        while true {
            missing.removeAll()
            try look { core in
                set = core.sealed
                for section in 0..<batch.source.sectionCount {
                    let stream = batch.source.stream(section)
                    if core.index.find(stream) == nil { missing.append(stream) }
                }
            }
            set.loadFilters()
            var heads: [(StreamID, StreamVersion)] = []
            for stream in missing { heads.append((stream, try set.head(of: stream) ?? .none)) }
            var isLearned = false
            try look { core in
                // Another file may hold newer events of a stream, appended meanwhile.
                guard core.sealed === set else { return }
                for (stream, head) in heads {
                    let removed = core.removals.stagedExtent(stream).extent.through
                    core.index.learn(
                        stream, head: max(head, removed), keeping: batch.source.sectionCount)
                }
                isLearned = true
            }
            if isLearned { return }
        }
    }

    /// The events that are compared never change, whatever is appended meanwhile.
    private func decide(_ look: Look) throws(LogError) -> Decision? {
        var positions: Range<Position>?
        var versions: [StreamVersion] = []
        var isStored = true
        for section in 0..<batch.source.sectionCount where isStored {
            switch try compare(section, look) {
            case .stored(let stored, let version):
                versions.append(version)
                isStored = positions.map { $0.upperBound == stored.lowerBound } ?? true
                positions = (positions?.lowerBound ?? stored.lowerBound)..<stored.upperBound
            case .otherBytes(let version, let after):
                let stream = batch.source.stream(section)
                try look { $0.counters.conflicts += 1 }
                return Decision(
                    outcome: .refused(.idReused(stream: stream, version: version), after: after))
            case .notStored, .isSealed:
                isStored = false
            }
        }
        if isStored, let positions {
            try look { $0.counters.repeats += 1 }
            return Decision(outcome: .repeated(positions: positions), versions: versions)
        }
        var outcome: StageOutcome? = .refused(.poisoned)
        try look { core in
            if !core.isPoisoned { outcome = core.conflictAnswer(batch.source) }
        }
        // Not as expected only a moment ago, or for want of a head: it is offered again, and then
        // the head is asked for.
        guard let outcome else { return nil }
        if case .lookUp = outcome { return nil }
        return Decision(outcome: outcome)
    }

    private func compare(
        _ section: Int, _ look: Look
    ) throws(LogError) -> SectionMatch<Source>.Result {
        guard var match = SectionMatch(batch.source, section) else { return .notStored }
        var isRemoved = false
        try look { core in
            let removed = core.removals.stagedExtent(batch.source.stream(section)).extent
            isRemoved = removed.through >= match.next
        }
        if isRemoved { return .notStored }
        var cursor = StreamCursor(
            batch.source.stream(section), from: match.next, backwards: false)
        while !cursor.isDone {
            let step = try cursor.step(limit: Limits.readBatchEventsMax, looking: look)
            for event in step.events where !match.take(event) { return match.result }
        }
        return match.result
    }
}
