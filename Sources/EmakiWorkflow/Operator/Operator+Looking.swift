import EmakiLog

// Looking at workflows. Nothing is changed, and no code is needed.
extension Operator {
    private static let pageStreams = 256
    private static let listedMax: UInt64 = 100_000
    /// Before it is said how far the search is.
    private static let reportedEach = 1_000

    /// One workflow, by what its streams say.
    private struct Summary {
        var id: String
        var type: String
        var runID: String
        var state: String
        var startedAt: Int64
        var updatedAt: Int64
        var events: Int

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

    static let openState = "open"
    private static let closedState = "closed"

    // MARK: Many

    func list(_ request: ControlRequest, _ sink: Sink) throws -> JSONObject {
        let filter = try Filter(request)
        let limit = try request.number("limit") ?? 100
        guard (1...Self.listedMax).contains(limit) else {
            throw ControlFault.invalid("`limit` is \(limit); it is from 1 to \(Self.listedMax)")
        }
        var count: UInt64 = 0
        var last: String?
        var isCut = false
        try forEachWorkflow(filter.prefix, after: try request.text("after"), sink) { id in
            guard let summary = try summary(id, filter) else { return true }
            if count == limit {
                isCut = true
                return false
            }
            count += 1
            last = id
            return sink.line(summary.json)
        }
        var result = JSONObject()
        result.add("count", count)
        if isCut, let last { result.add("after", last) }
        return result
    }

    func count(_ request: ControlRequest, _ sink: Sink) throws -> JSONObject {
        let filter = try Filter(request)
        var counts: [String: Int] = [:]
        var total = 0
        try forEachWorkflow(filter.prefix, after: nil, sink) { id in
            guard let summary = try summary(id, filter) else { return true }
            counts[summary.state, default: 0] += 1
            total += 1
            return true
        }
        var result = JSONObject()
        result.add("count", total)
        for (state, count) in counts.sorted(by: { $0.key < $1.key }) { result.add(state, count) }
        return result
    }

    private struct Filter {
        var type: String?
        var state: String?
        var prefix: String

        private static let states: Set = [
            openState, closedState, "completed", "failed", "cancelled", "terminated", "timedOut",
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

        func allows(_ summary: Summary) -> Bool {
            guard let state else { return true }
            return state == closedState
                ? summary.state != openState : summary.state == state
        }
    }

    private func forEachWorkflow(
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
    private func summary(_ id: String, _ filter: Filter) throws -> Summary? {
        try wait { [core] () async throws -> Summary? in
            let (records, _) = try await core.idRecords(id)
            guard let opened = records.last(where: { $0.kind == .opened }) else { return nil }
            if let type = filter.type, opened.workflowType != type { return nil }
            let isClosed = records.contains { $0.kind == .closed && $0.runID == opened.runID }
            // Known without reading more.
            if filter.state == Self.openState, isClosed { return nil }
            if let state = filter.state, state != Self.openState, !isClosed { return nil }
            let stream = StreamName.run(id, opened.runID)
            let count = try await core.store.count(stream)
            let first = try await core.events(id, opened.runID, from: 0, limit: 1).first
            let last = try await core.events(id, opened.runID, from: count - 1, limit: 1).last
            guard let first, let last else { return nil }
            var state = Self.openState
            if case .closed(let outcome) = last.body { state = outcome.word }
            let summary = Summary(
                id: id, type: opened.workflowType, runID: opened.runID, state: state,
                startedAt: first.time, updatedAt: last.time, events: count)
            return filter.allows(summary) ? summary : nil
        }
    }

    // MARK: One

    func describe(_ request: ControlRequest) throws -> JSONObject {
        let id = try request.need("id")
        let run = try request.text("run")
        let description = try wait { [core] () async throws -> RunDescription in
            let newest: RunDescription = try await core.ask(id) { .describe($0) }
            guard let run, run != newest.runID else { return newest }
            let machine = try await core.machine(id, run)
            return RunDescription(machine, versionNeeded: nil, at: core.timers.now)
        }
        return description.json
    }

    /// Its events, a line each.
    func history(_ request: ControlRequest, _ sink: Sink) throws -> JSONObject {
        let id = try request.need("id")
        let run = try runID(of: id, request)
        let first = try request.number("from") ?? 1
        let limit = try request.number("limit") ?? .max
        var next = Int(clamping: max(1, first)) - 1
        var count: UInt64 = 0
        while count < limit {
            let from = next
            let most = Int(clamping: min(UInt64(Self.pageStreams), limit - count))
            let events = try wait { [core] in
                try await core.events(id, run, from: from, limit: most)
            }
            for event in events {
                guard sink.line(event.json) else { throw CancellationError() }
            }
            count += UInt64(events.count)
            next += events.count
            if events.count < most { break }
        }
        var result = JSONObject()
        result.add("workflow", id)
        result.add("run", run)
        result.add("events", count)
        return result
    }

    /// What happened when: a line for each thing that took time.
    func show(_ request: ControlRequest, _ sink: Sink) throws -> JSONObject {
        let id = try request.need("id")
        let run = try runID(of: id, request)
        let (events, machine) = try wait { [core] () async throws -> ([HistoryEvent], RunMachine) in
            let events = try await core.history(id, run).events
            return (events, try await core.machine(id, run))
        }
        let timeline = RunTimeline(events)
        for row in timeline.rows {
            guard sink.line(row.json(since: timeline.origin)) else { throw CancellationError() }
        }
        var result = try describe(request)
        if machine.isOpen { result.add("wouldUndo", machine.compensable.reversed()) }
        return result
    }

    private func runID(of id: String, _ request: ControlRequest) throws -> String {
        if let run = try request.text("run") { return run }
        return try wait { [core] () async throws -> String in
            let description: RunDescription = try await core.ask(id) { .describe($0) }
            return description.runID
        }
    }
}

extension EngineCore {
    /// Some events of a run.
    func events(
        _ workflowID: String, _ runID: String, from index: Int, limit: Int
    ) async throws -> [HistoryEvent] {
        guard index >= 0 else { return [] }
        let page = try await store.read(
            StreamName.run(workflowID, runID), from: index, limit: limit)
        return try page.events.map { try Self.event($0, workflowID) }
    }

    /// A run as its history says it is.
    func machine(_ workflowID: String, _ runID: String) async throws -> RunMachine {
        let history = try await history(workflowID, runID)
        guard !history.events.isEmpty else { throw WorkflowError.notFound(workflowID: workflowID) }
        do throws(HistoryError) {
            return try RunMachine(history: history.events)
        } catch {
            throw WorkflowError.damaged(workflowID: workflowID, error)
        }
    }
}
