import EmakiPlatform

/// Reading. Only durable events are seen. Reads come from memory and never wait for the disk or for
/// a commit, so they may be called on the commit loop.
extension EventLog {
    /// A stream's version: how many durable events it has had; 0 if it was never written.
    public func version(of stream: StreamID) throws(LogError) -> StreamVersion {
        try committer.reading { core in
            core.index.find(stream)
                .map { core.index.durableHead($0, durable: core.durableEnd) } ?? .none
        }
    }

    /// Events of one stream, by default all of them, oldest first.
    /// - Parameters:
    ///   - from: version to start at; forwards by default the first, backwards the newest.
    ///   - limit: at most so many events.
    /// - Throws: `.lost` if a repair declared one of them lost, `.closed`.
    /// - Complexity: O(events returned + d / 62), where d is how far `from` is from the nearer end
    ///   of the stream.
    public func events(
        in stream: StreamID, from version: StreamVersion? = nil, limit: Int = .max,
        direction: ReadDirection = .forwards
    ) throws(LogError) -> [RecordedEvent] {
        var events: [RecordedEvent] = []
        guard limit > 0 else { return events }
        try forEachEvent(in: stream, from: version, direction: direction) { event in
            events.append(event)
            return events.count < limit ? .next : .stop
        }
        return events
    }

    /// Hands the events of one stream to a closure, one after the other, without copying them.
    ///
    /// Events that are appended meanwhile are seen too. The closure runs without any lock.
    /// - Throws: `.lost` when it comes to an event that a repair declared lost, `.closed`.
    public func forEachEvent(
        in stream: StreamID, from version: StreamVersion? = nil,
        direction: ReadDirection = .forwards, _ body: (RecordedEvent) -> ReadFlow
    ) throws(LogError) {
        let isBackwards = direction == .backwards
        var next = version ?? (isBackwards ? StreamVersion(.max) : .first)
        var batch: [RecordedEvent] = []
        var bookmark: LogIndex.Bookmark?
        while true {
            batch.removeAll(keepingCapacity: true)
            let lost = try committer.read(
                stream, from: next, backwards: isBackwards, bookmark: &bookmark, into: &batch)
            for event in batch where body(event) == .stop { return }
            if let lost { throw .lost(stream: stream, version: lost) }
            guard batch.count == Limits.readBatchEventsMax, let last = batch.last else { return }
            if isBackwards && last.version <= .first { return }
            next = StreamVersion(
                isBackwards ? last.version.rawValue - 1 : last.version.rawValue + 1)
        }
    }

    /// Events of the whole log in commit order, from a position on.
    ///
    /// Positions that were retired or lost are skipped.
    /// - Throws: `.closed`.
    public func events(
        from position: Position = .start, limit: Int = .max
    ) throws(LogError) -> [RecordedEvent] {
        var events: [RecordedEvent] = []
        guard limit > 0 else { return events }
        try forEachEvent(from: position) { event in
            events.append(event)
            return events.count < limit ? .next : .stop
        }
        return events
    }

    /// Hands the events of the whole log to a closure, in commit order, without copying them.
    /// - Throws: `.closed`.
    public func forEachEvent(
        from position: Position = .start, _ body: (RecordedEvent) -> ReadFlow
    ) throws(LogError) {
        var next = position
        var batch: [RecordedEvent] = []
        while true {
            batch.removeAll(keepingCapacity: true)
            let (skippedTo, end) = try committer.read(from: next, into: &batch)
            for event in batch where body(event) == .stop { return }
            guard skippedTo < end else { return }
            next = skippedTo
        }
    }

    /// Streams whose id starts with `prefix`, in the order of their ids.
    ///
    /// To go on, pass the last id that you got as `after`.
    /// - Throws: `.closed`.
    /// - Complexity: O(streams · log(limit)); other calls go on meanwhile.
    public func streams(
        withPrefix prefix: String = "", after: StreamID? = nil,
        limit: Int = Limits.streamsPerPageMax
    ) throws(LogError) -> [StreamSummary] {
        let bytes = Array(prefix.utf8)
        var found: [StreamSummary] = []
        var slot = 0
        while let next = try committer.list(prefix: bytes, from: slot, into: &found) {
            slot = next
            // Keep what can still be among the first, so that memory follows the limit.
            if found.count / 2 > max(limit, 1024) {
                Self.keepFirst(limit, after: after, of: &found)
            }
        }
        Self.keepFirst(limit, after: after, of: &found)
        return found
    }

    private static func keepFirst(
        _ limit: Int, after: StreamID?, of found: inout [StreamSummary]
    ) {
        if let after { found.removeAll { $0.stream <= after } }
        found.sort { $0.stream < $1.stream }
        found.removeLast(max(0, found.count - max(0, limit)))
    }
}

extension Committer {
    /// Runs a short look at the core under the lock.
    func reading<R>(_ body: (LogCore) -> R) throws(LogError) -> R {
        lock.lock()
        defer { lock.unlock() }
        guard !isClosed else { throw .closed }
        return body(core)
    }

    /// Collects the next events of a stream.
    /// - Returns: the lost version that ended it, if one did.
    func read(
        _ stream: StreamID, from version: StreamVersion, backwards: Bool,
        bookmark: inout LogIndex.Bookmark?, into batch: inout [RecordedEvent]
    ) throws(LogError) -> StreamVersion? {
        try reading { core in
            guard let slot = core.index.find(stream) else { return nil }
            var lost: StreamVersion?
            core.index.visit(
                slot, from: version, backwards: backwards, durable: core.durableEnd,
                bookmark: &bookmark
            ) { version, entry in
                guard case .event(let position) = entry, let event = core.event(at: position)
                else {
                    lost = version
                    return false
                }
                batch.append(event)
                return batch.count < Limits.readBatchEventsMax
            }
            return lost
        }
    }

    /// Collects the next events of the log.
    /// - Returns: where to go on, and the durable end.
    func read(
        from position: Position, into batch: inout [RecordedEvent]
    ) throws(LogError) -> (next: Position, end: Position) {
        try reading { core in
            var next = max(position, core.index.positions.lowerBound)
            var looked = 0
            while next < core.durableEnd, looked < Limits.readBatchEventsMax {
                if let event = core.event(at: next) { batch.append(event) }
                next = next.advanced(by: 1)
                looked += 1
            }
            return (next, core.durableEnd)
        }
    }

    /// Collects the streams of some slots.
    /// - Returns: the slot to go on at, or nil.
    func list(
        prefix: [UInt8], from start: Int, into found: inout [StreamSummary]
    ) throws(LogError) -> Int? {
        try reading { core in
            let end = min(core.index.slotCount, start + Limits.listedSlotsMax)
            prefix.withRawSpan { prefix in
                for slot in start..<max(start, end) {
                    guard
                        let (id, version) = core.index.stream(
                            atSlot: slot, prefix: prefix, durable: core.durableEnd),
                        let text = id.withRawSpan({ String(validating: $0) })
                    else { continue }
                    found.append(
                        StreamSummary(stream: StreamID(checked: text), version: version))
                }
            }
            return end < core.index.slotCount ? end : nil
        }
    }
}

extension LogCore {
    /// The event at a position, staged ones included; nil if it was lost.
    func event(at position: Position) -> RecordedEvent? {
        guard let place = index.place(at: position) else { return nil }
        return RecordedEvent(
            position: position, image: segment(place.segment).image, offset: place.offset)
    }
}
