import EmakiLog

// Which workflows are meant.
extension Operator {
    private static let pageStreams = 256
    /// Before it is said how far the search is.
    private static let reportedEach = 1_000

    static let openState = "open"
    static let pausedState = "paused"
    static let quarantinedState = "quarantined"
    private static let closedState = "closed"

    /// One workflow, by what its streams say.
    struct Summary {
        var id: String
        var type: String
        var runID: String
        var state: String
        var startedAt: Int64
        var updatedAt: Int64
        var events: Int
        var isOpen: Bool { [openState, pausedState, quarantinedState].contains(state) }

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

        private static let states: Set = [
            openState, closedState, pausedState, quarantinedState, "completed", "failed",
            "cancelled", "terminated", "timedOut",
        ]

        init(_ request: ControlRequest) throws(ControlFault) {
            type = try request.text("type")
            state = try request.text("state")
            prefix = try request.text("prefix") ?? ""
            if let state, !Self.states.contains(state) {
                throw .invalid(
                    "`state` is \(state); it is one of "
                        + Self.states.sorted().joined(separator: ", "))
            }
        }

        /// Of open runs, or of closed ones; nil: of all.
        var wantsOpen: Bool? {
            state.map { [openState, pausedState, quarantinedState].contains($0) }
        }

        /// Of those that rest.
        var wantsRest: Bool { state == pausedState || state == quarantinedState }

        func allows(_ summary: Summary) -> Bool {
            switch state {
            case nil: true
            case closedState: !summary.isOpen
            case openState: summary.isOpen
            case let state?: summary.state == state
            }
        }
    }

    func forEachWorkflow(
        _ prefix: String, after: String?, _ sink: Sink, _ body: (String) throws -> Bool
    ) throws {
        var after = after.map { StreamName.id($0) }
        var seen = 0
        while true {
            let last = after
            let streams = try wait { [core] in
                try await core.store.streams(
                    prefix: StreamName.idPrefix + prefix, after: last, limit: Self.pageStreams)
            }
            for stream in streams {
                guard try body(String(stream.dropFirst(StreamName.idPrefix.count))) else { return }
                seen += 1
                if seen % Self.reportedEach == 0, !sink.progress(seen) { return }
            }
            guard streams.count == Self.pageStreams else { return }
            after = streams.last
        }
    }

    /// - Returns: nil if the filter does not want it, or its last run began in this moment.
    func summary(_ id: String, _ filter: Filter) throws -> Summary? {
        try wait { [core] () async throws -> Summary? in
            let (records, _) = try await core.idRecords(id)
            guard let opened = records.last(where: { $0.kind == .opened }) else { return nil }
            if let type = filter.type, opened.workflowType != type { return nil }
            let isClosed = records.contains { $0.kind == .closed && $0.runID == opened.runID }
            // Known without reading more.
            if let wantsOpen = filter.wantsOpen, wantsOpen == isClosed { return nil }
            let stream = StreamName.run(id, opened.runID)
            let count = try await core.store.count(stream)
            let first = try await core.events(id, opened.runID, from: 0, limit: 1).first
            let last = try await core.events(id, opened.runID, from: count - 1, limit: 1).last
            guard let first, let last else { return nil }
            var state = Self.openState
            if case .closed(let outcome) = last.body {
                state = outcome.word
            } else if filter.wantsRest {
                // Only the whole history says whether it rests.
                let machine = try await core.machine(id, opened.runID)
                if machine.pauseReason != nil { state = Self.pausedState }
                if machine.isQuarantined { state = Self.quarantinedState }
            }
            let summary = Summary(
                id: id, type: opened.workflowType, runID: opened.runID, state: state,
                startedAt: first.time, updatedAt: last.time, events: count)
            return filter.allows(summary) ? summary : nil
        }
    }
}
