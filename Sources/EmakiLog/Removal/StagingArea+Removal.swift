import EmakiPlatform

extension RemovalRequest {
    /// It is recorded also if it changes nothing.
    fileprivate var isRepeated: Bool {
        if case .again = self { return true }
        return false
    }
}

/// Removing, as seen from the group that gathers: a removal is staged behind the events that it may
/// remove, and takes effect for readers once it is durable.
extension StagingArea {
    /// A stream that the index does not know may have a version all the same.
    func mayBeElsewhere(_ stream: StreamID) -> Bool {
        sealed.mayContainAtOnce(hash: stream.hash)
            || removals.stagedExtent(stream).extent != .nothing
    }

    /// Whether a stream was deleted at this version, which is where it still is, and the caller
    /// does not know of it; or it is being forgotten, and nobody knows.
    func isFenced(
        _ stream: StreamID, at head: StreamVersion, against expecting: ExpectedVersion
    ) -> Bool {
        if removals.isLeaving(stream) { return true }
        guard head > .none, expecting != .version(head) else { return false }
        return removals.stagedExtent(stream).extent.deletedAt == head
    }

    /// Stages a removal, or says what is in the way and changes nothing.
    mutating func stage<Source: BatchSource>(
        _ request: RemovalRequest, _ batch: MeasuredBatch<Source>,
        version report: (Int, StreamVersion) -> Void
    ) -> Answer {
        let stream = batch.source.stream(0)
        let known = removals.stagedExtent(stream).extent
        let record: RemovalRecord
        if case .expired(let due) = request {
            // The stream had these events when it was said when they go; where it is now plays no
            // part, and need not be looked up.
            guard known.expiry == due.expiry else { return .removedBefore }
            record = RemovalRecord(.truncate, of: stream, through: due.through)
            report(0, due.through)
        } else {
            let (slot, head) = index.lookUp(stream)
            if slot == nil, mayBeElsewhere(stream) { return .needsHead(section: 0) }
            guard batch.source.expecting(0).holds(at: head) else { return .notAsExpected }
            switch request {
            case .truncate(let through):
                guard through <= head else { return .beyondHead(head) }
                record = RemovalRecord(.truncate, of: stream, through: through)
            case .again(let through, let ending):
                // It was forgotten meanwhile, or is about to be: then there is nothing to repeat.
                guard known.through >= through, !removals.isLeaving(stream) else {
                    return .removedBefore
                }
                record = RemovalRecord(ending ? .delete : .truncate, of: stream, through: through)
            case .delete, .expired: record = RemovalRecord(.delete, of: stream, through: head)
            case .expire(let instant):
                record = RemovalRecord(.expire, of: stream, through: head, at: instant)
            }
            report(0, head)
        }
        let changes = known.joined(with: Removals.Extent(record)) != known || request.isRepeated
        guard record.through > .none, changes else { return .removedBefore }
        if known == .nothing, removals.isFull {
            return .tooManyRemovals(streams: removals.streamCountMax)
        }
        guard index.hasRoom(for: 1) else {
            return .tooManyEvents(held: index.eventCount)
        }
        if let reason = reasonToWait(byteCount: batch.byteCount, positionCount: 1) {
            return .noRoom(reason)
        }
        let position = stagedEnd
        add(record, byteCount: batch.byteCount)
        return .staged(position..<position.advanced(by: 1))
    }
}
