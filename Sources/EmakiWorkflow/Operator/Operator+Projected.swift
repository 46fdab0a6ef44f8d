import EmakiLog

// Answers from what the engine knows of all open runs, without reading any of them.
extension Operator {
    private static let pageRuns = 1_024

    /// Visits the open runs that a filter allows, in the order of their ids.
    /// - Returns: false if that is not known, and nothing was visited.
    func forEachOpenRun(
        _ filter: Filter, after: String?, _ sink: Sink, _ body: (Summary) throws -> Bool
    ) throws -> Bool {
        let wish = filter.wish
        var after = after.map { Array($0.utf8) }
        var seen = 0
        while true {
            let last = after
            let page = try ask { $0.openRuns(wish, after: last, limit: Self.pageRuns) }
            guard let page else {
                guard seen > 0 else { return false }
                throw ControlFault(code: "engineClosed", "the engine was closed")
            }
            for sight in page {
                guard try body(Summary(sight)) else { return true }
                after = Array(sight.id.utf8)
            }
            seen += page.count
            guard page.count == Self.pageRuns, sink.progress(seen) else { return true }
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
        let wantsOpen = filter.wantsOpen
        if filter.attribute != nil { return nil }
        // How those have ended that begin so is known to nobody.
        if wantsOpen != true, !filter.prefix.isEmpty { return nil }
        let found = try ask(needsEndings: wantsOpen != true) { projection -> [String: Int]? in
            var counts: [String: Int] = [:]
            if wantsOpen != false {
                for (state, count) in projection.openCounts(wish) { counts[state.word] = count }
            }
            guard wantsOpen != true else { return counts }
            guard let ended = projection.endedCounts(type: wish.type) else { return nil }
            for (outcome, count) in ended { counts["\(outcome)"] = count }
            return counts
        }
        guard let counts = found ?? nil else { return nil }
        return counts.filter { filter.allows(state: $0.key) }
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
        let state: Projection.State? =
            switch self.state {
            case Operator.pausedState: .paused
            case Operator.quarantinedState: .quarantined
            default: nil
            }
        return Projection.Wish(type: type, state: state, prefix: Array(prefix.utf8))
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
