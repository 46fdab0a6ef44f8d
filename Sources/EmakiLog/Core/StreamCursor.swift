import EmakiPlatform

/// Where a reader of one stream is, in sealed files or in memory. Each step takes one short look at
/// the core, under whatever lock there is, and reads sealed files without it.
///
/// A sealed file is in the core's set before the first of its events leaves memory. So whoever does
/// not find a version in memory any more finds it in the set of the same look.
struct StreamCursor {
    let stream: StreamID
    let isBackwards: Bool
    /// The version that comes next, in the order of reading.
    private var next: StreamVersion
    /// The version before `next` was read.
    private var follows = false
    private var bookmark: LogIndex.Bookmark?
    /// Up to this version nothing is left, as of the last look.
    private var removed = StreamVersion.none
    /// Forwards: the files that have nothing of the stream from `next` on.
    private var exhausted: SealedSet?
    /// The durable end of the last look, if that found nothing of the stream in memory.
    private var emptyBefore: Position?
    /// What the last look found in memory.
    private var batch: [RecordedEvent] = []
    private(set) var isDone = false

    /// - Parameter version: to start at; nil: the first, or backwards the newest.
    init(_ stream: StreamID, from version: StreamVersion?, backwards: Bool) {
        self.stream = stream
        isBackwards = backwards
        // Versions start at 1, so there is nothing to be missed before.
        next = backwards ? version ?? StreamVersion(.max) : max(version ?? .first, .first)
    }

    /// The next events; and behind them the version that is lost, if one is.
    struct Step {
        var events: [RecordedEvent] = []
        var lost: StreamVersion?
    }

    private enum Look {
        /// Events in `batch`, and behind them the version that is lost, if one is.
        case memory(lost: StreamVersion?)
        case sealed(SealedSet)
        /// All that is left of the stream was read.
        case nothing
    }

    /// Collects the next events.
    /// - Parameter look: hands out the core for a moment.
    mutating func step(
        limit: Int, looking look: ((LogCore) -> Void) throws(LogError) -> Void
    ) throws(LogError) -> Step {
        var step = Step()
        var byteCount = 0
        step.lost = try visit(limit: limit, looking: look) { event in
            step.events.append(event)
            // They keep what they were read into.
            byteCount += event.payloadBytes
            return step.events.count < limit && byteCount < SealedEventBuffer.byteCountMax
        }
        return step
    }

    /// Hands over the next events where they lie, without any lock, until `visit` returns false.
    /// - Parameter limit: about so many at once, if nobody stops it.
    /// - Returns: the version behind them, if that is lost.
    mutating func visit(
        limit: Int, looking look: ((LogCore) -> Void) throws(LogError) -> Void,
        _ visit: (RecordedEvent) -> Bool
    ) throws(LogError) -> StreamVersion? {
        while true {
            var found = Look.nothing
            try look { core in found = self.look(at: core, limit: limit) }
            switch found {
            case .nothing:
                isDone = true
                return nil
            case .memory(let lost):
                // What is in memory is the newest: forwards nothing comes behind it.
                let isLast = lost == nil && (batch.isEmpty || !isBackwards && batch.count < limit)
                return hand(over: lost, visit, isLast: isLast)
            case .sealed(let set):
                if isBackwards {
                    let found = try set.readBackwards(
                        stream, from: next, follows: follows, limit: limit)
                    batch = found.events
                    let isLast = batch.isEmpty && found.missing == nil
                    return hand(over: found.missing, visit, isLast: isLast)
                }
                let start = next
                let lost = try readForwards(set, limit: limit, visit)
                // If nothing is there, memory is looked at once more.
                if next > start { return lost }
            }
        }
    }

    /// - Returns: the version behind what was handed over, if that is lost.
    private mutating func readForwards(
        _ set: SealedSet, limit: Int, _ visit: (RecordedEvent) -> Bool
    ) throws(LogError) -> StreamVersion? {
        let end = try set.forEachEvent(in: stream, from: next, limit: limit, visit)
        if end.isAtEnd { exhausted = set }
        if end.next > next { follows = true }
        next = end.next
        guard end.isMissing else { return nil }
        advance(behind: next)
        return end.next
    }

    /// Hands over what is in `batch`, and lets go of it.
    /// - Returns: the version behind it, if that is lost and was come to.
    private mutating func hand(
        over lost: StreamVersion?, _ visit: (RecordedEvent) -> Bool, isLast: Bool
    ) -> StreamVersion? {
        defer { batch.removeAll(keepingCapacity: true) }
        for event in batch {
            let version = event.version
            guard !isRemoved(version) else { return nil }
            advance(behind: version)
            guard visit(event) else { return nil }
        }
        if isLast { isDone = true }
        guard let lost, !isRemoved(lost) else { return nil }
        advance(behind: lost)
        return lost
    }

    private mutating func advance(behind version: StreamVersion) {
        follows = true
        if isBackwards && version <= .first { isDone = true }
        next = StreamVersion(isBackwards ? version.rawValue - 1 : version.rawValue + 1)
    }

    /// Backwards, all ends in front of what was removed; forwards it was passed.
    private mutating func isRemoved(_ version: StreamVersion) -> Bool {
        guard version <= removed else { return false }
        isDone = true
        return true
    }

    /// Called where the core may be looked at.
    private mutating func look(at core: LogCore, limit: Int) -> Look {
        // Nothing was made durable since, so there still is nothing: a stream that is sealed as a
        // whole is looked for in memory once, and not twice.
        if let emptyBefore, emptyBefore == core.durableEnd, exhausted === core.sealed {
            return .nothing
        }
        emptyBefore = nil
        removed = core.removals.through(stream)
        if isBackwards, next <= removed { return .nothing }
        if !isBackwards, next <= removed {
            next = StreamVersion(removed.rawValue + 1)
            follows = false
        }
        let slot = core.index.find(stream)
        let first = slot.flatMap { core.index.firstVersion($0) }
        let isSealed = first.map { next < $0 } ?? true
        if isSealed, exhausted !== core.sealed, !core.sealed.isEmpty {
            if first == nil { emptyBefore = core.durableEnd }
            return .sealed(core.sealed)
        }
        guard let slot, let first else { return .memory(lost: nil) }
        if isSealed {
            // In no file, and not in memory: what was read before it says whether it is missed.
            if isBackwards { return .memory(lost: nil) }
            // What was removed was passed, so it was lost.
            let isMissed = follows || removed > .none || !core.manifest.sealedFiles.isEmpty
            if isMissed { return .memory(lost: next) }
            next = first
        }
        var lost: StreamVersion?
        core.index.visit(
            slot, from: next, backwards: isBackwards, durable: core.durableEnd, bookmark: &bookmark
        ) { version, entry in
            guard case .event(let position) = entry, let event = core.event(at: position) else {
                lost = version
                return false
            }
            batch.append(event)
            return batch.count < limit
        }
        // Backwards, when all that is in memory is not durable yet, or was read.
        if isBackwards, batch.isEmpty, lost == nil, first > .first, !core.sealed.isEmpty {
            next = StreamVersion(first.rawValue - 1)
            return .sealed(core.sealed)
        }
        return .memory(lost: lost)
    }
}
