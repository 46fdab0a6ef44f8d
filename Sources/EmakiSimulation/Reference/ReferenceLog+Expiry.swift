import EmakiLog

/// What is to expire in streams, and what must be answered about it.
extension ReferenceLog {
    /// What of a stream is to go and is not gone, by what is before a position.
    func expiry(_ stream: StreamID, before end: UInt64) -> Expiry? {
        let last = streams[stream]?.expiries.last { $0.position < end }
        return last.flatMap { $0.through > removed(stream, before: end) ? $0 : nil }
    }

    /// Holds the answer to an expiry against what the promises allow.
    mutating func take(
        _ answer: OfferedBatch, toExpiryOf stream: StreamID, at instant: Int64
    ) throws(Violation) {
        let head = head(of: stream)
        let known = expiry(stream, before: end)
        let isKnown = known.map { $0.instant == instant && $0.through == head } ?? false
        let changes = head > removed(stream, before: end) && !isKnown
        switch answer {
        case .staged(let positions, let versions):
            try expectStaged(
                "an expiry", of: stream, at: positions, versions, if: changes)
            stage(expiryOf: stream, through: head, at: instant)
        case .repeated(_, let versions):
            guard !changes, versions == [StreamVersion(head)] else {
                throw Violation(
                    .repetitionsAreKnown, "an expiry of \(stream) is taken for a repetition")
            }
        case .refused(let error, _):
            if case .poisoned = error { return }
            throw Violation(.expectationsHold, "an expiry of \(stream) is refused: \(error)")
        case .wait: break
        }
    }

    /// Holds what is said to be due against what is: all that is durable and not on its way, and
    /// nothing else.
    func check(_ due: [DueExpiry], at now: Int64) throws(Violation) {
        for item in due {
            let known = expiry(item.stream, before: acknowledgedEnd)
            guard let known, known.instant <= now, known.through == item.through.rawValue else {
                throw Violation(
                    .removedStaysRemoved, "\(item.stream) is to lose what does not expire")
            }
        }
        let names = Set(due.map(\.stream))
        for stream in streams.keys where !names.contains(stream) {
            guard let known = expiry(stream, before: acknowledgedEnd), known.instant <= now else {
                continue
            }
            // One that is staged takes its place, whether or not it was asked for meanwhile.
            let isReplaced = expiry(stream, before: end)?.position != known.position
            guard isReplaced || removed(stream, before: end) >= known.through else {
                throw Violation(.removedStaysRemoved, "\(stream) has expired, and is not due")
            }
        }
    }

    /// Holds the answer to a removal of what has expired against what the promises allow.
    mutating func take(
        _ answer: OfferedBatch, toExpiredPartOf item: DueExpiry
    ) throws(Violation) {
        // Something that is staged may have said otherwise meanwhile.
        let known = expiry(item.stream, before: end)
        let isStill =
            known?.position == expiry(item.stream, before: acknowledgedEnd)?.position
            && known?.through == item.through.rawValue
        switch answer {
        case .staged(let positions, _):
            guard isStill, positions.lowerBound.rawValue == end else {
                throw Violation(
                    .removedStaysRemoved, "\(item.stream) loses what is not to go any more")
            }
            stage(.truncate, of: item.stream, through: item.through.rawValue)
        case .repeated:
            guard !isStill else {
                throw Violation(.removedStaysRemoved, "\(item.stream) does not lose what expired")
            }
        case .refused, .wait: break
        }
    }
}
