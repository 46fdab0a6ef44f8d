import EmakiLog

/// What an append must be answered.
extension ReferenceLog {
    /// Holds an answer of the core against what the promises allow, and takes in what was staged.
    /// - Throws: the promise that the answer breaks.
    package mutating func take(
        _ answer: OfferedBatch, to parts: [StreamAppend]
    ) throws(Violation) {
        switch answer {
        case .staged(let positions, let versions):
            try checkStaged(parts, positions, versions)
            stage(parts)
        case .repeated(let positions, let versions):
            try checkRepeated(parts, positions, versions)
        case .refused(.versionConflict(let stream, let actual), let after):
            try checkConflict(parts, stream, actual.rawValue, after: after.rawValue)
        case .refused(.streamDeleted(let stream, let version), let after):
            try checkDeleted(parts, stream, version.rawValue, after: after.rawValue)
        case .refused(.idReused(let stream, let version), let after):
            try checkReused(parts, stream, version.rawValue, after: after.rawValue)
        case .refused(let error, _):
            // What is left says nothing about the batch.
            if case .tooLarge = error { try checkLimit(error) }
        case .wait: break
        }
    }

    /// A batch that breaks a limit is refused by the limit's name, with a value that is beyond it.
    /// That nothing of it is stored shows with the next position that is given.
    package func checkLimit(_ error: LogError) throws(Violation) {
        switch error {
        case .tooLarge(_, let limit, let value) where value > limit: break
        case .invalid: break
        default:
            throw Violation(.limitsAreNamed, "a batch is refused without a limit: \(error)")
        }
    }

    // MARK: Staged

    private func checkStaged(
        _ parts: [StreamAppend], _ positions: Range<Position>, _ versions: [StreamVersion]
    ) throws(Violation) {
        for part in parts where !isAsExpected(part) {
            throw Violation(
                .expectationsHold,
                "staged although \(part.stream) is at \(head(of: part.stream)), not at"
                    + " \(part.expecting)")
        }
        let count = UInt64(parts.reduce(0) { $0 + $1.events.count })
        guard positions.lowerBound.rawValue == end, positions.upperBound.rawValue == end + count
        else {
            throw Violation(
                .orderAndDensity, "staged at \(positions) instead of \(end)..<\(end + count)")
        }
        let expected = parts.map { head(of: $0.stream) + UInt64($0.events.count) }
        guard versions.map(\.rawValue) == expected else {
            throw Violation(
                .orderAndDensity, "versions \(versions.map(\.rawValue)) instead of \(expected)")
        }
    }

    private func isAsExpected(_ part: StreamAppend) -> Bool {
        if isFenced(part) { return false }
        return switch part.expecting {
        case .anything: true
        case .noStream: head(of: part.stream) == 0
        case .version(let version): head(of: part.stream) == version.rawValue
        }
    }

    // MARK: Repeated

    private func checkRepeated(
        _ parts: [StreamAppend], _ positions: Range<Position>, _ versions: [StreamVersion]
    ) throws(Violation) {
        guard let stored = storedPositions(of: parts) else {
            throw Violation(.repetitionsAreKnown, "taken for a repetition of \(positions)")
        }
        let expected = parts.map { firstVersion(of: $0) + UInt64($0.events.count) - 1 }
        guard positions.lowerBound.rawValue == stored.lowerBound,
            positions.upperBound.rawValue == stored.upperBound,
            versions.map(\.rawValue) == expected
        else {
            throw Violation(
                .repetitionsAreKnown,
                "answered \(positions), versions \(versions.map(\.rawValue)), instead of the"
                    + " original \(stored), \(expected)")
        }
    }

    private func firstVersion(of part: StreamAppend) -> UInt64 {
        if case .version(let version) = part.expecting { return version.rawValue + 1 }
        return 1
    }

    /// Where a batch is stored already, by ids, bytes and expectations; nil if it is not.
    private func storedPositions(of parts: [StreamAppend]) -> Range<UInt64>? {
        var start: UInt64?
        var next: UInt64?
        for part in parts {
            guard part.expecting != .anything else { return nil }
            var version = firstVersion(of: part)
            for event in part.events {
                guard event.id != nil, version > removed(part.stream, before: end),
                    let position = streams[part.stream]?.position(ofVersion: version),
                    next == nil || next == position, self.event(at: position).event == event
                else { return nil }
                start = start ?? position
                next = position + 1
                version += 1
            }
        }
        guard let start, let next else { return nil }
        return start..<next
    }

    // MARK: Refused

    private func checkDeleted(
        _ parts: [StreamAppend], _ stream: StreamID, _ version: UInt64, after: UInt64
    ) throws(Violation) {
        guard let part = parts.first(where: { !isAsExpected($0) }), part.stream == stream,
            isFenced(part), version == head(of: stream)
        else {
            throw Violation(
                .expectationsHold, "\(stream) is said to be deleted at \(version)")
        }
        let deletion = streams[stream]?.removals.last { $0.kind == .delete }
        try checkRests(on: deletion.map { $0.position + 1 } ?? 0, after: after)
    }

    private func checkConflict(
        _ parts: [StreamAppend], _ stream: StreamID, _ actual: UInt64, after: UInt64
    ) throws(Violation) {
        guard let part = parts.first(where: { !isAsExpected($0) }) else {
            throw Violation(.expectationsHold, "a conflict where every stream is as expected")
        }
        if storedPositions(of: parts) != nil {
            throw Violation(.repetitionsAreKnown, "a repetition got a conflict over \(stream)")
        }
        guard part.stream == stream, head(of: stream) == actual, !isFenced(part) else {
            throw Violation(
                .expectationsHold,
                "the conflict names \(stream) at \(actual); it is \(part.stream) that is at"
                    + " \(head(of: part.stream))")
        }
        let last = streams[stream]?.positions.last.map { $0 + 1 } ?? 0
        // Where a staged removal has taken what the batch may repeat, it rests on that.
        let removals = parts.compactMap { part in
            streams[part.stream]?.removals.last { $0.through >= firstVersion(of: part) }
        }
        let end = removals.map { $0.position + 1 }.max() ?? 0
        try checkRests(on: max(last, end), after: after)
    }

    private func checkReused(
        _ parts: [StreamAppend], _ stream: StreamID, _ version: UInt64, after: UInt64
    ) throws(Violation) {
        guard let part = parts.first(where: { $0.stream == stream }),
            part.expecting != .anything, version >= firstVersion(of: part),
            version < firstVersion(of: part) + UInt64(part.events.count),
            let position = streams[stream]?.position(ofVersion: version)
        else {
            throw Violation(.repetitionsAreKnown, "no id is reused at \(stream), \(version)")
        }
        let offered = part.events[Int(version - firstVersion(of: part))]
        let stored = event(at: position).event
        guard offered.id != nil, offered.id == stored.id, offered != stored else {
            throw Violation(.repetitionsAreKnown, "not reused: \(stream), \(version)")
        }
        try checkRests(on: position + 1, after: after)
    }

    /// An answer rests on events up to `end`, and may be given only once they are durable.
    private func checkRests(on end: UInt64, after: UInt64) throws(Violation) {
        guard after < end, end > acknowledgedEnd else { return }
        throw Violation(
            .refusalsRestOnDurable,
            "an answer that rests on events up to \(end) is given once \(after) is durable")
    }
}
