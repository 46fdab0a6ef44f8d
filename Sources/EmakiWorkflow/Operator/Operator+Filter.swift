import EmakiLog

// Which workflows are meant.
extension Operator {
    /// Workflows of which is asked at a time whether they are open.
    private static let askedTogether = 4_096
    /// Workflows whose histories are looked into at a time.
    static let readTogether = 32

    static let openState = "open"
    static let pausedState = "paused"
    static let quarantinedState = "quarantined"
    static let closedState = "closed"

    static func isOpen(_ state: String) -> Bool {
        [openState, pausedState, quarantinedState].contains(state)
    }

    /// One workflow, by what its streams say.
    struct Summary {
        var id: String
        var type: String
        var runID: String
        var state: String
        var startedAt: Int64 = 0
        var updatedAt: Int64 = 0
        var events = 0
        var isOpen: Bool { Operator.isOpen(state) }

        var json: JSONObject {
            var object = JSONObject()
            object.add("workflow", id)
            object.add("type", type)
            object.add("state", state)
            object.add("run", runID)
            object.add("started", EventJSON.time(startedAt))
            object.add("updated", EventJSON.time(updatedAt))
            object.add("events", events)
            return object
        }
    }

    struct Filter {
        var type: String?
        var state: String?
        var prefix: String
        /// Search attributes, all of which a workflow was started with.
        var attributes: [String: String]

        private static let states: Set = [
            openState, closedState, pausedState, quarantinedState, "completed", "failed",
            "cancelled", "terminated", "timedOut",
        ]

        init(_ request: ControlRequest) throws(ControlFault) {
            type = try request.text("type")
            state = try request.text("state")
            prefix = try request.text("prefix") ?? ""
            attributes = try request.labels("attribute")
            if let state, !Self.states.contains(state) {
                throw .invalid(
                    "`state` is \(state); it is one of "
                        + Self.states.sorted().joined(separator: ", "))
            }
        }

        /// Of open runs, or of closed ones; nil: of all.
        var wantsOpen: Bool? {
            state.map { isOpen($0) }
        }

        /// Not of all types and states.
        var isNarrow: Bool { type != nil || state != nil || !attributes.isEmpty }

        /// Of those that rest.
        var wantsRest: Bool { state == pausedState || state == quarantinedState }

        func allows(_ summary: Summary) -> Bool { allows(state: summary.state) }

        /// Whether all are there that are asked for: the same bytes, as of ids.
        func allows(attributes found: [String: String]) -> Bool {
            attributes.allSatisfy { name, value in
                found.contains {
                    $0.key.utf8.elementsEqual(name.utf8) && $0.value.utf8.elementsEqual(value.utf8)
                }
            }
        }

        func allows(state found: String) -> Bool {
            switch state {
            case nil: true
            case closedState: !isOpen(found)
            case openState: isOpen(found)
            case let state?: found == state
            }
        }
    }

    /// Visits those that a filter allows, in the order of their ids.
    /// - Parameter isBrief: times and the number of events do not matter.
    func forEachWorkflow(
        _ filter: Filter, after: String? = nil, isBrief: Bool = false, _ sink: Sink,
        _ visit: (Summary) throws -> Bool
    ) throws {
        // Those of all types and states are found where their names are, the first ones at once.
        var after = after
        if filter.isNarrow {
            let known = try forEachKnown(filter, after: after, isBrief: isBrief, sink, visit)
            guard case .through(let last) = known else { return }
            after = last
        }
        if try certainlyHasNone(filter) { return }
        var pages = StreamPages(
            prefix: StreamName.idPrefix + filter.prefix, after: after.map { StreamName.id($0) })
        var seen = 0
        while true {
            let before = pages
            let (streams, behind) = try wait { [core] in
                var pages = before
                return (try await pages.next(in: core.store), pages)
            }
            pages = behind
            if streams.isEmpty { return }
            for asked in streams.pieces(of: Self.askedTogether) {
                let ids = asked.map { String($0.dropFirst(StreamName.idPrefix.count)) }
                let open = try openRuns(of: ids) ?? ids.map { _ in nil }
                for start in stride(from: 0, to: ids.count, by: Self.readTogether) {
                    let range = start..<min(start + Self.readTogether, ids.count)
                    let found = try summaries(ids[range], open[range], filter, isBrief)
                    for summary in found where try !visit(summary) { return }
                    seen += range.count
                    if !sink.progress(seen) { return }
                }
            }
        }
    }

    /// Those that were started with all the attributes that a filter asks for.
    private func withAttributes(_ summaries: [Summary], _ filter: Filter) throws -> [Summary] {
        if filter.attributes.isEmpty || summaries.isEmpty { return summaries }
        return try wait { [core] in
            var kept: [Summary] = []
            for summary in summaries {
                let first = try await core.events(summary.id, summary.runID, from: 0, limit: 1)
                guard case .started(let start) = first.first?.body,
                    filter.allows(attributes: start.searchAttributes)
                else { continue }
                kept.append(summary)
            }
            return kept
        }
    }

    /// - Parameter open: of each id what is known of its run, if that is open.
    func summaries(
        _ ids: ArraySlice<String>, _ open: ArraySlice<Projection.Sight?>, _ filter: Filter,
        _ isBrief: Bool
    ) throws -> [Summary] {
        var read: [Summary?] = ids.map { _ in nil }
        // Who waits for no reading pays for no task.
        if open.contains(where: { $0 == nil }) {
            read = try wait { () async throws -> [Summary?] in
                var read: [Summary?] = []
                for (id, known) in zip(ids, open) {
                    read.append(known == nil ? try await summary(id, filter, isBrief) : nil)
                }
                return read
            }
        }
        let found = zip(open, read).compactMap { known, read -> Summary? in
            guard let known else { return read }
            let summary = Summary(known)
            let isOfType = filter.type.map { $0 == summary.type } ?? true
            return isOfType && filter.allows(summary) ? summary : nil
        }
        return try withAttributes(found, filter)
    }

    /// - Returns: nil if the filter does not want it, or its last run began in this moment.
    private func summary(
        _ id: String, _ filter: Filter, _ isBrief: Bool
    ) async throws -> Summary? {
        let records = IDRecord.live(try await core.idRecords(id).0)
        guard let opened = records.last(where: { $0.kind == .opened }) else { return nil }
        if let type = filter.type, opened.workflowType != type { return nil }
        let closed = records.last { $0.kind == .closed && $0.runID == opened.runID }
        let isClosed = closed != nil
        // Known without reading more.
        if let wantsOpen = filter.wantsOpen, wantsOpen == isClosed { return nil }
        var summary = Summary(
            id: id, type: opened.workflowType, runID: opened.runID, state: Self.openState)
        if isBrief, let outcome = closed?.outcome {
            summary.state = "\(outcome)"
        } else if isClosed || !isBrief {
            let count = try await core.store.count(StreamName.run(id, opened.runID))
            let last = try await core.events(id, opened.runID, from: count - 1, limit: 1).last
            guard let last else { return nil }
            summary.updatedAt = last.time
            summary.events = count
            if case .closed(let outcome) = last.body { summary.state = outcome.word }
        }
        if !isBrief {
            let first = try await core.events(id, opened.runID, from: 0, limit: 1).first
            summary.startedAt = first?.time ?? summary.updatedAt
        }
        if filter.wantsRest {
            // Only the whole history says whether it rests.
            let machine = try await core.machine(id, opened.runID)
            if machine.pauseReason != nil { summary.state = Self.pausedState }
            if machine.isQuarantined { summary.state = Self.quarantinedState }
        }
        return filter.allows(summary) ? summary : nil
    }
}
