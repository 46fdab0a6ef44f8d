import EmakiPlatform

/// Where a reader of the whole log is. As `StreamCursor`.
struct LogCursor {
    /// The position that comes next.
    private(set) var next: Position
    /// Positions of sealed files that the next step looks at. Their events lie in as many chunks,
    /// perhaps, so who wants the first one only should not wait for all.
    private var window: Int

    private static let windowGrowth = 8

    /// - Parameter window: for the first step; each one after it takes several times as many, up to
    ///   `Limits.sealedWindowPositions`.
    init(from position: Position, window: Int = Limits.sealedWindowPositions) {
        next = position
        self.window = max(1, min(window, Limits.sealedWindowPositions))
    }

    /// Collects the next events in commit order; what is not there any more is skipped.
    /// - Returns: the durable end.
    mutating func step(
        into events: inout [RecordedEvent],
        looking look: ((LogCore) -> Void) throws(LogError) -> Void
    ) throws(LogError) -> Position {
        // Nil stands for files only, and those are read here.
        try advance(into: &events, readsFiles: true, looking: look) ?? next
    }

    /// As `step`, for the commit loop, which does not read the disk.
    /// - Returns: the durable end; nil, and nothing has changed, if the next events are in files.
    mutating func stepInMemory(
        into events: inout [RecordedEvent],
        looking look: ((LogCore) -> Void) throws(LogError) -> Void
    ) throws(LogError) -> Position? {
        try advance(into: &events, readsFiles: false, looking: look)
    }

    private mutating func advance(
        into events: inout [RecordedEvent], readsFiles: Bool,
        looking look: ((LogCore) -> Void) throws(LogError) -> Void
    ) throws(LogError) -> Position? {
        var durable = Position.start
        var memory = Position.start
        var set: SealedSet?
        var start = next
        var found: [RecordedEvent] = []
        var hasRemovals = false
        var forgettingCount: UInt64 = 0
        try look { core in
            durable = core.durableEnd
            hasRemovals = !core.removals.isEmpty
            forgettingCount = core.removals.forgettingCount
            memory = core.index.positions.lowerBound
            if start < memory, !core.sealed.isEmpty {
                set = core.sealed
                return
            }
            start = max(start, memory)
            var looked = 0
            while start < durable, looked < Limits.readBatchEventsMax {
                if let event = core.event(at: start) { found.append(event) }
                start = start.advanced(by: 1)
                looked += 1
            }
        }
        guard readsFiles || set == nil else { return nil }
        // Behind the last file comes what is in memory.
        let behind =
            try set.map { set throws(LogError) in
                try set.read(from: next, window: window, into: &found) ?? memory
            } ?? start
        window = min(window * Self.windowGrowth, Limits.sealedWindowPositions)
        found.removeAll { $0.isSnapshot }
        if hasRemovals {
            try Self.dropRemoved(from: &found, looking: look)
            var isOutdated = false
            try look { isOutdated = $0.removals.forgettingCount != forgettingCount }
            // What a forgotten stream had lost may be in those files, and nothing says any more
            // that it is lost. The files of now do not hold it.
            if isOutdated {
                return try advance(into: &events, readsFiles: readsFiles, looking: look)
            }
        }
        next = behind
        events += found
        return durable
    }

    /// Asks once for each stream, and for a bounded number of them under one lock.
    private static func dropRemoved(
        from events: inout [RecordedEvent],
        looking look: ((LogCore) -> Void) throws(LogError) -> Void
    ) throws(LogError) {
        // Of each event the number of its stream.
        var numbers: [Int] = []
        var streams: [StreamID] = []
        var known: [StreamID: Int] = [:]
        var last: (id: [UInt8], number: Int)?
        for event in events {
            if let last, event.streamStarts(with: last.id, isWhole: true) {
                numbers.append(last.number)
                continue
            }
            let stream = event.stream
            let number = known[stream] ?? streams.count
            if number == streams.count {
                streams.append(stream)
                known[stream] = number
            }
            numbers.append(number)
            last = (Array(stream.text.utf8), number)
        }
        var removed: [StreamVersion] = []
        for start in stride(from: 0, to: streams.count, by: Limits.readBatchEventsMax) {
            let some = streams[start..<min(start + Limits.readBatchEventsMax, streams.count)]
            try look { core in removed += some.map { core.removals.through($0) } }
        }
        var kept: [RecordedEvent] = []
        for (event, number) in zip(events, numbers) where event.version > removed[number] {
            kept.append(event)
        }
        events = kept
    }
}
