import EmakiPlatform

/// Where a reader of the whole log is. As `StreamCursor`.
struct LogCursor {
    /// The position that comes next.
    private(set) var next: Position

    init(from position: Position) { next = position }

    /// Collects the next events in commit order; what is not there any more is skipped.
    /// - Returns: the durable end.
    mutating func step(
        into events: inout [RecordedEvent],
        looking look: ((LogCore) -> Void) throws(LogError) -> Void
    ) throws(LogError) -> Position {
        var durable = Position.start
        var memory = Position.start
        var set: SealedSet?
        var start = next
        var found: [RecordedEvent] = []
        try look { core in
            durable = core.durableEnd
            memory = core.index.positions.lowerBound
            if start < memory, !core.sealed.isEmpty {
                set = core.sealed
                return
            }
            start = max(start, memory)
            var looked = 0
            while start < durable, looked < Limits.readBatchEventsMax {
                if let event = core.event(at: start), !core.removals.hides(event) {
                    found.append(event)
                }
                start = start.advanced(by: 1)
                looked += 1
            }
        }
        guard let set else {
            events += found
            next = start
            return durable
        }
        // Behind the last file comes what is in memory.
        next = try set.read(from: next, into: &found) ?? memory
        try look { core in
            if !core.removals.isEmpty { found.removeAll { core.removals.hides($0) } }
        }
        events += found
        return durable
    }
}
