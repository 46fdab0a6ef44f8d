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
        case memory(Step)
        case sealed(SealedSet)
        /// All that is left of the stream was read.
        case nothing
    }

    /// - Parameter look: hands out the core for a moment.
    mutating func step(
        limit: Int, looking look: ((LogCore) -> Void) throws(LogError) -> Void
    ) throws(LogError) -> Step {
        var tried: SealedSet?
        while true {
            var found = Look.memory(Step())
            try look { core in
                found = self.look(at: core, tried: tried, limit: limit)
            }
            switch found {
            case .nothing:
                isDone = true
                return Step()
            case .memory(var step):
                cut(&step)
                advance(behind: step)
                // What is in memory is the newest: forwards nothing comes behind it.
                if step.lost == nil,
                    step.events.isEmpty || !isBackwards && step.events.count < limit
                {
                    isDone = true
                }
                return step
            case .sealed(let set):
                let batch = try set.read(
                    stream, from: next, backwards: isBackwards, follows: follows, limit: limit)
                if batch.events.isEmpty && batch.missing == nil {
                    if isBackwards {
                        isDone = true
                        return Step()
                    }
                    tried = set
                    continue
                }
                var step = Step(events: batch.events, lost: batch.missing)
                cut(&step)
                advance(behind: step)
                return step
            }
        }
    }

    private mutating func advance(behind step: Step) {
        guard let last = step.lost ?? step.events.last?.version else { return }
        follows = true
        if isBackwards && last <= .first { isDone = true }
        next = StreamVersion(isBackwards ? last.rawValue - 1 : last.rawValue + 1)
    }

    /// Backwards, ends in front of what was removed.
    private mutating func cut(_ step: inout Step) {
        guard isBackwards, removed > .none else { return }
        if let lost = step.lost, lost <= removed {
            step.lost = nil
            isDone = true
        }
        if let end = step.events.firstIndex(where: { $0.version <= removed }) {
            step.events.removeSubrange(end...)
            step.lost = nil
            isDone = true
        }
    }

    /// Called where the core may be looked at.
    private mutating func look(at core: LogCore, tried: SealedSet?, limit: Int) -> Look {
        removed = core.removals.through(stream)
        if isBackwards, next <= removed { return .nothing }
        if !isBackwards, next <= removed {
            next = StreamVersion(removed.rawValue + 1)
            follows = false
        }
        let slot = core.index.find(stream)
        let first = slot.flatMap { core.index.firstVersion($0) }
        let isSealed = first.map { next < $0 } ?? true
        if isSealed, tried !== core.sealed, !core.sealed.isEmpty { return .sealed(core.sealed) }
        guard let slot, let first else { return .memory(Step()) }
        if isSealed {
            // In no file, and not in memory: what was read before it says whether it is missed.
            if isBackwards { return .memory(Step()) }
            // What was removed was passed, so it was lost.
            let isMissed = follows || removed > .none || !core.manifest.sealedFiles.isEmpty
            if isMissed { return .memory(Step(lost: next)) }
            next = first
        }
        var step = Step()
        core.index.visit(
            slot, from: next, backwards: isBackwards, durable: core.durableEnd, bookmark: &bookmark
        ) { version, entry in
            guard case .event(let position) = entry, let event = core.event(at: position) else {
                step.lost = version
                return false
            }
            step.events.append(event)
            return step.events.count < limit
        }
        // Backwards, when all that is in memory is not durable yet, or was read.
        if isBackwards, step.events.isEmpty, step.lost == nil, first > .first, !core.sealed.isEmpty
        {
            next = StreamVersion(first.rawValue - 1)
            return .sealed(core.sealed)
        }
        return .memory(step)
    }
}
