import EmakiLog
import EmakiPlatform

/// What a client waits for.
struct PendingAnswer {
    enum Kind { case staged, repeated, refused }
    var kind: Kind
    /// The answer holds once the durable position reaches this.
    var holdsAt: UInt64
}

/// Clients: they append, repeat, read and follow.
extension Driver {
    /// What one event takes in a batch of its own, beside the payload: headers, the id, the stream
    /// and the type of `fill`.
    private static let fillOverheadBytes = 73

    /// Gives a shape its bytes, ids and expectations.
    func materialize(_ shape: BatchShape) -> [StreamAppend] {
        var parts: [StreamAppend] = []
        for section in shape.sections {
            let stream = StreamID(stringLiteral: section.stream)
            let head = reference.head(of: stream)
            let expecting: ExpectedVersion =
                switch section.expecting {
                case .exact: head == 0 ? .noStream : .version(StreamVersion(head))
                case .none: .noStream
                case .any: .anything
                case .behind: .version(StreamVersion(head > 0 ? head - 1 : 1))
                case .ahead: .version(StreamVersion(head + 1))
                }
            var events: [Event] = []
            for index in 0..<section.eventCount {
                events.append(
                    event(
                        index, of: stream, payloadBytes: section.payloadBytes,
                        hasID: shape.hasIDs))
            }
            parts.append(StreamAppend(to: stream, events, expecting: expecting))
        }
        return parts
    }

    private func event(
        _ index: Int, of stream: StreamID, payloadBytes: Int, hasID: Bool
    ) -> Event {
        let number = UInt64(offered.count)
        var payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: payloadBytes)
        // Every 64 bytes differ from their neighbours, so that no two sectors are alike.
        for place in stride(from: 0, to: payloadBytes, by: 64) {
            payload[place] = UInt8(truncatingIfNeeded: place >> 6 &+ index)
        }
        return Event(
            type: "T", payload: payload,
            metadata: index % 3 == 2 ? Array("m\(number)".utf8) : [],
            id: hasID
                ? EventID(low: number << 20 | UInt64(index), high: StableHash.hash(stream)) : nil)
    }

    /// Offers a batch as the shell does: where there is no room, what is staged is written, and a
    /// segment is made ready.
    func offer(_ parts: [StreamAppend]) throws(Violation) {
        offered.append(parts)
        counts.batches += 1
        try offer(orLookUp: { core throws(LogError) in try core.offer(parts) }) {
            answer throws(Violation) in
            try reference.take(answer, to: parts)
        }
    }

    /// Stores a snapshot of a stream where it is, as far as that is durable.
    func snapshot(_ name: String, payloadBytes: Int) throws(Violation) {
        let stream = StreamID(stringLiteral: name)
        let version = reference.durableHead(of: stream)
        let isNew = reference.snapshot(of: stream).map { $0.version < version } ?? true
        guard version > reference.removed(stream, before: reference.end), isNew else { return }
        counts.snapshots += 1
        let number = UInt8(truncatingIfNeeded: counts.snapshots)
        let payload = [UInt8](repeating: number, count: payloadBytes)
        try offer(orLookUp: { core throws(LogError) in
            try core.offerSnapshot(of: stream, at: StreamVersion(version), payload)
        }) { answer throws(Violation) in
            // Another one may be staged.
            guard case .staged(let positions, _) = answer else { return }
            guard positions.lowerBound.rawValue == reference.end,
                positions.upperBound.rawValue == reference.end + 1
            else {
                throw Violation(.orderAndDensity, "a snapshot is staged at \(positions)")
            }
            reference.stage(snapshot: payload, of: stream, at: version)
        }
    }

    /// Offers to remove all but the newest events of a stream; nil: to delete it.
    func remove(_ name: String, keeping keptCount: Int?) throws(Violation) {
        let stream = StreamID(stringLiteral: name)
        counts.removals += 1
        var through: UInt64?
        try offer(orLookUp: { core throws(LogError) in
            let head = reference.head(of: stream)
            through = keptCount.map { UInt64(max(0, Int(head) - $0)) }
            return try core.offerRemoval(of: stream, through: through.map { StreamVersion($0) })
        }) { answer throws(Violation) in
            try reference.take(answer, toRemovalOf: stream, through: through)
        }
    }

    /// Offers something until there is room for it.
    func offer(
        orLookUp offer: (LogCore) throws(LogError) -> OfferedBatch,
        take: (OfferedBatch) throws(Violation) -> Void
    ) throws(Violation) {
        for _ in 0..<4 {
            guard let core, !isStopped else { return }
            let answer: OfferedBatch
            let struckBefore = disk.faults.strikeCount
            do throws(LogError) {
                answer = try offer(core)
            } catch {
                // What had to be looked up in a sealed file could not be read.
                if isStopped || disk.faults.strikeCount > struckBefore || mayBeDamaged {
                    hash.add("not looked up")
                    return
                }
                try reference.checkLimit(error)
                hash.add("limit")
                return
            }
            try take(answer)
            guard case .wait(let reason) = answer else { return try note(answer, core) }
            hash.add("wait \(reason)")
            try settleWrites()
            guard reason == .segment else { continue }
            // Whoever waits for a preparation that is held gives up.
            guard allowance == nil else { return }
            if core.lastSegmentFailure != nil { hash.add("no segment") }
            try prepare(paused: false)
        }
    }

    private func note(_ answer: OfferedBatch, _ core: LogCore) throws(Violation) {
        switch answer {
        case .staged(let positions, _):
            waiting.append(PendingAnswer(kind: .staged, holdsAt: positions.upperBound.rawValue))
            hash.add(positions.lowerBound.rawValue)
        case .repeated(let positions, _):
            waiting.append(PendingAnswer(kind: .repeated, holdsAt: positions.upperBound.rawValue))
            hash.add("repeated \(positions.lowerBound)")
        case .refused(.poisoned, _):
            guard core.isPoisoned else {
                throw Violation(.failuresPoison, "a log that is not poisoned says it is")
            }
            hash.add("poisoned")
        case .refused(let error, let after):
            waiting.append(PendingAnswer(kind: .refused, holdsAt: after.rawValue))
            hash.add("\(error)")
        case .wait: break
        }
        if core.isPoisoned, case .staged = answer {
            throw Violation(.failuresPoison, "staged after a write had failed")
        }
        try answerClients()
    }

    /// Tells clients what holds now.
    func answerClients() throws(Violation) {
        guard let core else { return }
        guard core.durableEnd.rawValue == reference.acknowledgedEnd else {
            throw Violation(
                core.durableEnd.rawValue > reference.acknowledgedEnd
                    ? .nothingVisibleEarly : .acknowledgedSurvives,
                "durable up to \(core.durableEnd), written up to \(reference.acknowledgedEnd)")
        }
        waiting.removeAll { answer in
            guard answer.holdsAt <= core.durableEnd.rawValue else { return false }
            switch answer.kind {
            case .staged: counts.acknowledged += 1
            case .repeated: counts.repetitions += 1
            case .refused: counts.conflicts += 1
            }
            return true
        }
    }

    func retry(back: Int, changed: Bool) throws(Violation) {
        guard back <= offered.count else { return }
        var parts = offered[offered.count - back]
        if changed {
            let last = parts.count - 1
            parts[last].events[parts[last].events.count - 1].payload.append(0xee)
        }
        try offer(parts)
    }

    /// Stages a batch that leaves some blocks of the active segment.
    func fill(blocksLeft: Int) throws(Violation) {
        guard let core else { return }
        let free = core.freeSegmentBytes - blocksLeft * script.store.blockBytes
        let payloadBytes = free - Self.fillOverheadBytes
        guard payloadBytes >= 0, payloadBytes <= script.store.segmentBytes else { return }
        try offer(materialize(BatchShape([.init("fill", 1, payloadBytes: payloadBytes)])))
    }

    // MARK: Reading

    func read() throws(Violation) {
        guard let core else { return }
        counts.reads += 1
        try look { () throws(Violation) in try reference.check(core) }
    }

    /// A follower sees each event once, in order, and none that is taken back.
    func follow(_ follower: Int) throws(Violation) {
        guard let core else { return }
        counts.reads += 1
        let next = followers[follower] ?? 0
        guard next <= core.durableEnd.rawValue else {
            throw Violation(
                .nothingVisibleEarly,
                "follower \(follower) has seen events up to \(next); the log ends at"
                    + " \(core.durableEnd)")
        }
        let start = max(next, core.firstPosition.rawValue)
        // Nothing was seen if the power went while nobody looked, and reading failed for that.
        var seen: [RecordedEvent]?
        try look { () throws(Violation) in
            seen = try Violation.ofReading { () throws(LogError) in
                try core.durableEvents(from: Position(start))
            }
        }
        guard !isOver, let events = seen else { return }
        let wanted = (start..<max(start, core.durableEnd.rawValue)).filter {
            !reference.isEmpty(at: $0)
        }
        for (position, seen) in zip(wanted, events) {
            let stored = reference.event(at: position)
            guard seen.position.rawValue == position, seen.stream == stored.stream,
                seen.version.rawValue == stored.version
            else {
                throw Violation(
                    .followersSeeAll, "follower \(follower) misses position \(position)")
            }
        }
        guard events.count == wanted.count else {
            throw Violation(
                .followersSeeAll, "follower \(follower) sees \(events.count) events from \(start)")
        }
        followers[follower] = core.durableEnd.rawValue
    }
}

extension StableHash {
    static func hash(_ stream: StreamID) -> UInt64 {
        stream.text.withUTF8Span { hash($0) }
    }
}
