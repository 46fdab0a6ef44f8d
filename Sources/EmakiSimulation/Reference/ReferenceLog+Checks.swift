import EmakiLog
import EmakiPlatform

/// What a reader must see, and what may be there after a stop.
extension ReferenceLog {
    /// Holds everything that a reader of the core sees against what was acknowledged.
    /// - Throws: the promise that is broken.
    package func check(_ core: LogCore) throws(Violation) {
        let seenEnd = core.durableEnd.rawValue
        guard seenEnd == acknowledgedEnd else {
            throw Violation(
                seenEnd > acknowledgedEnd ? .nothingVisibleEarly : .acknowledgedSurvives,
                "visible up to \(seenEnd), acknowledged up to \(acknowledgedEnd)")
        }
        let foundFirst = core.firstPosition.rawValue
        guard startsRightly(foundFirst) else {
            throw Violation(.acknowledgedSurvives, "starts at \(foundFirst) instead of \(first)")
        }
        try checkByPosition(core)
        try checkByStream(core)
        try checkForgotten(core)
    }

    /// Takes in what is there after a stop: all that was acknowledged, and of what was staged
    /// nothing or the group that was being written.
    /// - Parameter mayLackLast: the last groups may have been damaged without leaving a proof (N1).
    /// - Throws: the promise that is broken.
    package mutating func recover(
        _ core: LogCore, mayLackLast: Bool = false
    ) throws(Violation) {
        try settleForgettings(core)
        let foundEnd = core.durableEnd.rawValue
        let foundFirst = core.firstPosition.rawValue
        let startsRightly = startsRightly(foundFirst) || uncertainAnchors.contains(foundFirst)
        let newFirst = uncertainAnchors.contains(foundFirst) ? foundFirst : first
        if mayLackLast, startsRightly, foundFirst <= foundEnd, foundEnd < acknowledgedEnd {
            settle(end: foundEnd, first: newFirst)
            return try check(core)
        }
        guard foundEnd >= acknowledgedEnd else {
            throw Violation(
                .acknowledgedSurvives,
                "ends at \(foundEnd); acknowledged up to \(acknowledgedEnd)")
        }
        guard foundEnd == acknowledgedEnd || foundEnd == begunEnd else {
            if let seen = try core.readable(at: acknowledgedEnd), isFormer(seen) {
                throw earlierLife(seen, at: acknowledgedEnd)
            }
            throw Violation(
                foundEnd > begunEnd ?? acknowledgedEnd ? .orderAndDensity : .wholeOrAbsent,
                "ends at \(foundEnd); acknowledged up to \(acknowledgedEnd), the group that was"
                    + " being written ended at \(begunEnd.map(String.init) ?? "none")")
        }
        guard startsRightly else {
            throw Violation(.acknowledgedSurvives, "starts at \(foundFirst) instead of \(first)")
        }
        settle(end: foundEnd, first: newFirst)
        try check(core)
    }

    /// A merge may leave no file for positions of which every event was removed.
    private func startsRightly(_ found: UInt64) -> Bool {
        found == first
            || found > first && found <= acknowledgedEnd
                && (first..<found).allSatisfy { isEmpty(at: $0) }
    }

    // MARK: Both orders

    private func checkByPosition(_ core: LogCore) throws(Violation) {
        for position in core.firstPosition.rawValue..<acknowledgedEnd {
            let stored = event(at: position)
            let seen = try core.readable(at: position)
            if isEmpty(at: position) {
                guard let seen else { continue }
                throw Violation(
                    .removedStaysRemoved,
                    "position \(position) shows version \(seen.version) of \(seen.stream)")
            }
            guard let seen else {
                throw Violation(.acknowledgedSurvives, "position \(position) holds nothing")
            }
            if !seen.isSame(as: stored), isFormer(seen) {
                throw earlierLife(seen, at: position)
            }
            guard seen.stream == stored.stream, seen.version.rawValue == stored.version else {
                throw Violation(
                    .orderAndDensity,
                    "position \(position) is version \(seen.version) of \(seen.stream) instead of"
                        + " version \(stored.version) of \(stored.stream)")
            }
            guard seen.isSame(as: stored.event) else {
                throw Violation(
                    .acknowledgedSurvives,
                    "version \(seen.version) of \(seen.stream) has other bytes than were appended")
            }
        }
    }

    /// It was given back, and is no event of the log any more.
    private func isFormer(_ seen: RecordedEvent) -> Bool { former.contains { seen.isSame(as: $0) } }

    private func earlierLife(_ seen: RecordedEvent, at position: UInt64) -> Violation {
        Violation(
            .earlierLivesStayHidden,
            "position \(position) shows version \(seen.version) of \(seen.stream), which was"
                + " given back")
    }

    private func checkByStream(_ core: LogCore) throws(Violation) {
        var listedCount = 0
        var fault: Violation?
        try Violation.ofReading { () throws(LogError) in
            try core.forEachStream { id, version in
                listedCount += 1
                guard fault == nil else { return }
                do throws(Violation) {
                    try checkStream(id, version.rawValue, core)
                } catch {
                    fault = error
                }
            }
        }
        if let fault { throw fault }
        // In one order, because a run is a function of its script.
        for stream in streams.keys.sorted() {
            try checkEvents(of: stream, core)
            try checkSnapshot(of: stream, core)
        }
        let visibleCount = streams.keys.count {
            durableHead(of: $0) > removed($0, before: acknowledgedEnd)
        }
        guard listedCount == visibleCount else {
            throw Violation(
                .orderAndDensity, "\(listedCount) streams are listed instead of \(visibleCount)")
        }
    }

    private func checkStream(
        _ id: [UInt8], _ version: UInt64, _ core: LogCore
    ) throws(Violation) {
        let stream: StreamID
        do {
            stream = try StreamID(utf8: id)
        } catch {
            throw Violation(.orderAndDensity, "a listed stream has no valid id: \(error)")
        }
        let found = try Violation.ofReading { () throws(LogError) in
            try core.durableVersion(of: stream)
        }
        guard streams[stream] != nil, version == durableHead(of: stream),
            found.rawValue == version
        else {
            throw Violation(
                version > durableHead(of: stream) ? .nothingVisibleEarly : .orderAndDensity,
                "\(stream) is listed at \(version), found at \(found),"
                    + " and should be at \(durableHead(of: stream))")
        }
    }

    /// Version and events of a stream, listed or not, from its ends and from where its removed
    /// events end.
    private func checkEvents(of stream: StreamID, _ core: LogCore) throws(Violation) {
        guard let held = streams[stream] else { return }
        let head = durableHead(of: stream)
        let found = try Violation.ofReading { () throws(LogError) in
            try core.durableVersion(of: stream)
        }
        guard found.rawValue == head else {
            throw Violation(
                found.rawValue > head ? .nothingVisibleEarly : .orderAndDensity,
                "\(stream) is found at \(found), and should be at \(head)")
        }
        let removed = max(removed(stream, before: acknowledgedEnd), held.first - 1)
        let visible = held.positions.prefix { $0 < acknowledgedEnd }
            .dropFirst(Int(removed - (held.first - 1)))
        let starts = removed < held.first ? [nil] : [nil, removed, removed + 1]
        for start in starts {
            for backwards in [false, true] {
                // Of events behind what is removed, or up to one, the latter has none or one.
                let count = start.map { backwards ? Int($0 - removed) : visible.count }
                let some = Array(visible.prefix(count ?? visible.count))
                let wanted = backwards ? some.reversed() : some
                let seen = try positions(of: stream, from: start, backwards, core)
                guard seen == wanted else {
                    throw Violation(
                        .orderAndDensity,
                        "\(stream) read \(backwards ? "backwards" : "forwards") from"
                            + " \(start.map(String.init) ?? "the end") is at positions"
                            + " \(seen) instead of \(wanted)")
                }
            }
        }
    }

    /// A lost version is the largest position.
    private func positions(
        of stream: StreamID, from version: UInt64?, _ backwards: Bool, _ core: LogCore
    ) throws(Violation) -> [UInt64] {
        var seen: [UInt64] = []
        try Violation.ofReading { () throws(LogError) in
            try core.visit(
                stream, from: version.map { StreamVersion($0) }, backwards: backwards
            ) { _, event in
                seen.append(event?.position.rawValue ?? .max)
                // What is lost may be followed without an end.
                return event != nil
            }
        }
        return seen
    }
}

extension LogCore {
    /// The durable event at a position; nil if there is none.
    func readable(at position: UInt64) throws(Violation) -> RecordedEvent? {
        try Violation.ofReading { () throws(LogError) in
            try durableEvent(at: Position(position))
        }
    }
}

extension Violation {
    /// Reads what must be readable.
    static func ofReading<R>(_ body: () throws(LogError) -> R) throws(Violation) -> R {
        do throws(LogError) {
            return try body()
        } catch {
            var violation = Violation(.acknowledgedSurvives, "it cannot be read: \(error)")
            if case .corrupt = error { violation.isNamedDamage = true }
            if case .disk = error { violation.isReadFailure = true }
            throw violation
        }
    }
}

extension RecordedEvent {
    /// The same event in the same place of its stream.
    func isSame(as stored: ReferenceLog.Stored) -> Bool {
        stream == stored.stream && version.rawValue == stored.version && isSame(as: stored.event)
    }

    /// Byte for byte.
    func isSame(as event: Event) -> Bool {
        id == event.id && type == event.type
            && withMetadata { seen in event.metadata.withRawSpan { seen.isEqual(to: $0) } }
            && withPayload { seen in event.payload.withRawSpan { seen.isEqual(to: $0) } }
    }
}
