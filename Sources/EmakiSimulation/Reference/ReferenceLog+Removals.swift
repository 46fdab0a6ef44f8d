import EmakiLog

/// What streams have lost, and what a removal must be answered.
extension ReferenceLog {
    /// The newest version of a stream that removals before a position have removed.
    func removed(_ stream: StreamID, before end: UInt64) -> UInt64 {
        let removals = streams[stream]?.removals.prefix { $0.position < end } ?? []
        return removals.map(\.through).max() ?? 0
    }

    /// A reader does not see what is at a position: the event was removed, or none was ever there.
    func isEmpty(at position: UInt64) -> Bool {
        let stored = event(at: position)
        return stored.special != nil
            || stored.version <= removed(stored.stream, before: acknowledgedEnd)
    }

    /// As `isEmpty(at:)`, if a removal that is staged may have been stored.
    func mayBeEmpty(at position: UInt64) -> Bool {
        let stored = event(at: position)
        return stored.special != nil || stored.version <= removed(stored.stream, before: end)
    }

    /// The stream is deleted, staged removals included.
    func isDeleted(_ stream: StreamID) -> Bool {
        guard let found = streams[stream], found.head > 0 else { return false }
        return found.removals.contains { $0.kind == .delete && $0.through == found.head }
    }

    /// The stream is deleted, and that is acknowledged; nothing of it is staged.
    func isDeletedForGood(_ stream: StreamID) -> Bool {
        guard isDeleted(stream), let found = streams[stream] else { return false }
        return (found.removals.last?.position ?? 0) < acknowledgedEnd
            && (found.positions.last ?? 0) < acknowledgedEnd
    }

    /// Tells by a core that was opened what became of streams that may have been forgotten.
    mutating func settleForgettings(_ core: LogCore) throws(Violation) {
        for stream in uncertainForgettings.sorted() {
            let found = try Violation.ofReading { () throws(LogError) in
                try core.durableVersion(of: stream)
            }
            if found == .none { forget(stream) }
        }
        keepUncertain([])
    }

    /// Forgotten streams are as if they had never been written.
    func checkForgotten(_ core: LogCore) throws(Violation) {
        for stream in forgotten.sorted() where streams[stream] == nil {
            let version = try Violation.ofReading { () throws(LogError) in
                try core.durableVersion(of: stream)
            }
            guard version == .none else {
                throw Violation(
                    .forgottenIsGone, "\(stream) was forgotten, and is at \(version)")
            }
            try checkSnapshot(of: stream, core)
        }
    }

    /// A stream is deleted, and an append does not know of it; or nobody knows.
    func isFenced(_ part: StreamAppend) -> Bool {
        if uncertainForgettings.contains(part.stream) { return true }
        return isDeleted(part.stream)
            && part.expecting != .version(StreamVersion(head(of: part.stream)))
    }

    /// The newest snapshot of a stream that a reader can use.
    func snapshot(of stream: StreamID) -> Snapshot? {
        guard
            let newest = streams[stream]?.snapshots.last(where: { $0.position < acknowledgedEnd })
        else { return nil }
        let deletedAt = streams[stream]?.removals
            .filter { $0.kind == .delete && $0.position < acknowledgedEnd }.map(\.through).max()
        let isUsable =
            newest.version >= removed(stream, before: acknowledgedEnd)
            && newest.version > deletedAt ?? 0
        return isUsable ? newest : nil
    }

    /// Holds what a reader finds of a stream's snapshots against what was stored.
    func checkSnapshot(of stream: StreamID, _ core: LogCore) throws(Violation) {
        let found = try Violation.ofReading { () throws(LogError) in
            try core.newestSnapshot(of: stream)
        }
        let wanted = snapshot(of: stream)
        guard found?.version.rawValue == wanted?.version, found?.payload == wanted?.payload else {
            throw Violation(
                .acknowledgedSurvives,
                "the snapshot of \(stream) is at"
                    + " \(found.map { "\($0.version)" } ?? "none") instead of"
                    + " \(wanted.map { "\($0.version)" } ?? "none")")
        }
    }

    /// What changes something is staged, in the one position that comes next.
    func expectStaged(
        _ what: String, of stream: StreamID, at positions: Range<Position>,
        _ versions: [StreamVersion], if changes: Bool
    ) throws(Violation) {
        let head = head(of: stream)
        guard changes, positions.lowerBound.rawValue == end,
            positions.upperBound.rawValue == end + 1, versions == [StreamVersion(head)]
        else {
            throw Violation(
                .orderAndDensity,
                "\(what) of \(stream) at \(head) is staged at \(positions), \(versions)")
        }
    }

    /// Holds the answer to a removal against what the promises allow, and takes in what was staged.
    /// - Parameter through: nil: the stream was to be deleted.
    /// - Throws: the promise that the answer breaks.
    mutating func take(
        _ answer: OfferedBatch, toRemovalOf stream: StreamID, through: UInt64?
    ) throws(Violation) {
        let head = head(of: stream)
        let changes =
            through.map { $0 > removed(stream, before: end) }
            ?? (head > 0 && !isDeleted(stream))
        switch answer {
        case .staged(let positions, let versions):
            try expectStaged(
                "a removal", of: stream, at: positions, versions, if: changes)
            stage(through == nil ? .delete : .truncate, of: stream, through: through ?? head)
        case .repeated(let positions, let versions):
            // It holds once the removal that it repeats is durable.
            let last = streams[stream]?.removals.last.map { $0.position + 1 } ?? 0
            guard !changes, versions == [StreamVersion(head)],
                positions.upperBound.rawValue >= last
            else {
                throw Violation(
                    .repetitionsAreKnown, "a removal of \(stream) is taken for a repetition")
            }
        case .refused(let error, _):
            if case .poisoned = error { return }
            throw Violation(.expectationsHold, "a removal of \(stream) is refused: \(error)")
        case .wait: break
        }
    }
}
