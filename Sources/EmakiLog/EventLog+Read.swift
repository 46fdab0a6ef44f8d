import EmakiPlatform

/// Reading. Only durable events are seen, and no read waits for a commit. What is not sealed comes
/// from memory; what is may have to be read from the disk, so a job on the commit loop that reads
/// old events holds up commits.
extension EventLog {
    /// A stream's version: how many durable events it has had, removed ones included; 0 if it was
    /// never written.
    /// - Throws: `.closed`; `.corrupt` or `.disk` from a sealed file.
    public func version(of stream: StreamID) throws(LogError) -> StreamVersion {
        let (version, sealed, removed) = try committer.reading { core in
            (
                core.index.find(stream)
                    .map { core.index.durableHead($0, durable: core.durableEnd) }, core.sealed,
                core.removals.through(stream)
            )
        }
        if let version { return version }
        return max(try sealed.head(of: stream) ?? .none, removed)
    }

    /// Whether a stream may ever have been written, answered at once, without reading a file.
    /// - Returns: false if it certainly was not. True may be wrong once in some hundred times.
    /// - Throws: `.closed`.
    public func mayContain(_ stream: StreamID) throws(LogError) -> Bool {
        try committer.reading { core in
            core.index.find(stream) != nil || core.removals.through(stream) > .none
                || core.sealed.mayContainAtOnce(hash: stream.hash)
        }
    }

    /// Events of one stream, by default all of them, oldest first.
    /// - Parameters:
    ///   - version: to start at; forwards by default the first, backwards the newest.
    ///   - limit: at most so many events.
    /// - Throws: `.lost` if a repair declared one of them lost, `.closed`; `.corrupt` or `.disk`
    ///   from a sealed file.
    /// - Complexity: O(events returned + d / 62), where d is how far `from` is from the nearer end
    ///   of the stream in memory; for each sealed file with the stream a search, and one read of
    ///   the disk for each chunk.
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
    /// - Throws: `.lost` when it comes to an event that a repair declared lost, `.closed`;
    ///   `.corrupt` or `.disk` from a sealed file.
    public func forEachEvent(
        in stream: StreamID, from version: StreamVersion? = nil,
        direction: ReadDirection = .forwards, _ body: (RecordedEvent) -> ReadFlow
    ) throws(LogError) {
        var cursor = StreamCursor(stream, from: version, backwards: direction == .backwards)
        while !cursor.isDone {
            var isStopped = false
            let lost = try cursor.visit(
                limit: Limits.readBatchEventsMax,
                looking: { look throws(LogError) in try committer.reading(look) }
            ) { event in
                isStopped = body(event) == .stop
                return !isStopped
            }
            if isStopped { return }
            if let lost { throw .lost(stream: stream, version: lost) }
        }
    }

    /// Events of the whole log in commit order, from a position on.
    ///
    /// Positions of which the event was removed or lost are skipped.
    /// - Throws: `.closed`.
    public func events(
        from position: Position = .start, limit: Int = .max
    ) throws(LogError) -> [RecordedEvent] {
        var events: [RecordedEvent] = []
        guard limit > 0 else { return events }
        try forEachEvent(from: position, window: limit) { event in
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
        try forEachEvent(from: position, window: Limits.firstWindowPositions, body)
    }

    private func forEachEvent(
        from position: Position, window: Int, _ body: (RecordedEvent) -> ReadFlow
    ) throws(LogError) {
        var cursor = LogCursor(from: position, window: window)
        var batch: [RecordedEvent] = []
        while true {
            batch.removeAll(keepingCapacity: true)
            let end = try committer.read(at: &cursor, into: &batch)
            for event in batch where body(event) == .stop { return }
            guard cursor.next < end else { return }
        }
    }

    /// Streams with events whose id starts with `prefix`, in the order of their ids.
    ///
    /// To go on, pass the last id that you got as `after`.
    /// - Throws: `.closed`.
    /// - Complexity: O(streams · log(limit)); other calls go on meanwhile.
    public func streams(
        withPrefix prefix: String = "", after: StreamID? = nil,
        limit: Int = Limits.streamsPerPageMax
    ) throws(LogError) -> [StreamSummary] {
        guard prefix.utf8.first != SnapshotStream.marker else { return [] }
        return try listed(
            StreamListing(
                prefix: Array(prefix.utf8), after: after.map { Array($0.text.utf8) }, limit: limit))
    }

    func listed(_ empty: StreamListing) throws(LogError) -> [StreamSummary] {
        var streams: [StreamListing.Found] = []
        var isOutdated = true
        // What was forgotten meanwhile may be in the files that were asked.
        while isOutdated {
            var listing = empty
            let count = try committer.reading { $0.removals.forgettingCount }
            var slot = 0
            while let next = try committer.list(from: slot, into: &listing) { slot = next }
            let sealed = try committer.reading { $0.sealed }
            streams = try listing.merged(with: sealed) { look throws(LogError) in
                try committer.reading(look)
            }
            isOutdated = try committer.reading { $0.removals.forgettingCount != count }
        }
        return streams.compactMap { found in
            let text = found.id.withRawSpan { String(validating: $0) }
            guard let text else { return nil }
            return StreamSummary(stream: StreamID(checked: text), version: found.version)
        }
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

    /// Collects the next events of the log.
    /// - Returns: the durable end.
    func read(
        at cursor: inout LogCursor, into batch: inout [RecordedEvent]
    ) throws(LogError) -> Position {
        try cursor.step(into: &batch) { look throws(LogError) in try reading(look) }
    }

    /// As `read`, without the disk.
    /// - Returns: the durable end, or nil if the next events are in files.
    func readInMemory(
        at cursor: inout LogCursor, into batch: inout [RecordedEvent]
    ) throws(LogError) -> Position? {
        try cursor.stepInMemory(into: &batch) { look throws(LogError) in try reading(look) }
    }

    /// Collects the streams of some slots.
    /// - Returns: the slot to go on at, or nil.
    func list(
        from start: Int, into listing: inout StreamListing
    ) throws(LogError) -> Int? {
        try reading { core in
            let end = min(core.index.slotCount, start + Limits.listedSlotsMax)
            for slot in start..<max(start, end) { listing.add(slot, of: core) }
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
