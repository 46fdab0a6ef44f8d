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
        return stored.removal != nil
            || stored.version <= removed(stored.stream, before: acknowledgedEnd)
    }

    /// As `isEmpty(at:)`, if a removal that is staged may have been stored.
    func mayBeEmpty(at position: UInt64) -> Bool {
        let stored = event(at: position)
        return stored.removal != nil || stored.version <= removed(stored.stream, before: end)
    }

    /// The stream is deleted, staged removals included.
    func isDeleted(_ stream: StreamID) -> Bool {
        guard let found = streams[stream], found.head > 0 else { return false }
        return found.removals.contains { $0.kind == .delete && $0.through == found.head }
    }

    /// A stream is deleted, and an append does not know of it.
    func isFenced(_ part: StreamAppend) -> Bool {
        isDeleted(part.stream) && part.expecting != .version(StreamVersion(head(of: part.stream)))
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
            guard changes, positions.lowerBound.rawValue == end,
                positions.upperBound.rawValue == end + 1, versions == [StreamVersion(head)]
            else {
                throw Violation(
                    .orderAndDensity,
                    "a removal of \(stream) at \(head) is staged at \(positions), \(versions)")
            }
            stage(through == nil ? .delete : .truncate, of: stream, through: through ?? head)
        case .repeated(_, let versions):
            guard !changes, versions == [StreamVersion(head)] else {
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
