import EmakiLog

// Answers from what the engine knows of all open runs, without reading any of them.
extension Operator {
    private static let pageFirst = 256
    private static let pageMax = 65_536

    /// How far those were visited that are known.
    enum KnownVisit {
        case done
        /// Up to this id; nil: none was.
        case through(String?)
    }

    /// Visits the workflows that a filter allows, in the order of their ids: of those that have
    /// ended, the histories that are visited are read.
    func forEachKnown(
        _ filter: Filter, after: String?, isBrief: Bool, _ sink: Sink,
        _ body: (Summary) throws -> Bool
    ) throws -> KnownVisit {
        let wish = filter.wish
        var last = after
        var limit = Self.pageFirst
        var seen = 0
        while true {
            let (after, most) = (last.map { Array($0.utf8) }, limit)
            let page = try ask { $0.workflows(wish, after: after, limit: most) } ?? nil
            guard let page else { return .through(last) }
            for ids in page.pieces(of: Self.readTogether) {
                // What was found may have changed since, also while those before were visited.
                let open = try openRuns(of: Array(ids)) ?? ids.map { _ in nil }
                for summary in try summaries(ids, open[...], filter, isBrief) {
                    guard try body(summary) else { return .done }
                }
                seen += ids.count
                if !sink.progress(seen) { return .done }
            }
            guard page.count == limit else { return .done }
            last = page.last
            // Each page is a look at all of them.
            limit = min(4 * limit, Self.pageMax)
        }
    }

    /// Of each of these workflows its run, if it is open; nil: nobody knows without reading.
    func openRuns(of ids: [String]) throws -> [Projection.Sight?]? {
        try ask { $0.openRuns(of: ids) }
    }

    /// Workflows in all states that a filter allows.
    /// - Returns: nil if that is not known.
    func knownCounts(_ filter: Filter) throws -> [String: Int]? {
        let wish = filter.wish
        if !filter.attributes.isEmpty { return nil }
        let found = try ask(needsEndings: wish.wantsEnded) { projection -> [String: Int]? in
            guard let ended = projection.endedCounts(wish) else { return nil }
            var counts: [String: Int] = [:]
            for (state, count) in projection.openCounts(wish) { counts[state.word] = count }
            for (outcome, count) in ended { counts["\(outcome)"] = count }
            return counts
        }
        return found ?? nil
    }

    /// Whether no run that has ended is of this kind.
    func certainlyHasNone(_ filter: Filter) throws -> Bool {
        guard filter.wantsOpen == false else { return false }
        var all = filter
        all.prefix = ""
        return try knownCounts(all)?.isEmpty ?? false
    }

    private func ask<R: Sendable>(
        needsEndings: Bool = false, _ body: @escaping @Sendable (Projection) -> R
    ) throws -> R? {
        try wait { [core] in await core.projection?.ask(needsEndings: needsEndings, body) }
    }
}

extension Operator.Filter {
    fileprivate var wish: Projection.Wish {
        var wish = Projection.Wish(type: type, prefix: Array(prefix.utf8))
        wish.wantsOpen = wantsOpen ?? true
        wish.wantsEnded = !(wantsOpen ?? false)
        wish.labels = attributes.map { RunLabel(name: $0.key, value: $0.value) }
        switch state {
        case Operator.pausedState: wish.state = .paused
        case Operator.quarantinedState: wish.state = .quarantined
        default: wish.outcome = HistoryEvent.Outcome.Variant.allCases.first { "\($0)" == state }
        }
        return wish
    }
}

extension Operator.Summary {
    init(_ sight: Projection.Sight) {
        self.init(
            id: sight.id, type: sight.type, runID: sight.runID, state: sight.state.word,
            startedAt: sight.startedAt, updatedAt: sight.updatedAt, events: sight.events)
    }
}

extension Projection.State {
    fileprivate var word: String {
        switch self {
        case .open: Operator.openState
        case .paused: Operator.pausedState
        case .quarantined: Operator.quarantinedState
        }
    }
}
