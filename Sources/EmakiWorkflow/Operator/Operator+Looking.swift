import EmakiLog

// Looking at workflows. Nothing is changed, and no code is needed.
extension Operator {
    private static let pageEvents = 256
    private static let listedMax: UInt64 = 100_000

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
        try forEachWorkflow(filter, after: try request.text("after"), sink) { summary in
            if count == limit {
                isCut = true
                return false
            }
            count += 1
            last = summary.id
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
        if let known = try knownCounts(filter) {
            counts = known
        } else {
            try forEachWorkflow(filter, isBrief: true, sink) { summary in
                counts[summary.state, default: 0] += 1
                return true
            }
        }
        var result = JSONObject()
        result.add("count", counts.values.reduce(0, +))
        for (state, count) in counts.sorted(by: { $0.key < $1.key }) { result.add(state, count) }
        return result
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
        let open = core.options.decodesForOperators
        var next = Int(clamping: max(1, first)) - 1
        var count: UInt64 = 0
        while count < limit {
            let from = next
            let most = Int(clamping: min(UInt64(Self.pageEvents), limit - count))
            let events = try wait { [core] in
                try await core.events(id, run, from: from, limit: most)
            }
            for event in events {
                guard sink.line(event.json(open)) else { throw CancellationError() }
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
        let timeline = RunTimeline(events, commits: try commits(id, run))
        for row in timeline.rows {
            guard sink.line(row.json(since: timeline.origin)) else { throw CancellationError() }
        }
        var result = try describe(request)
        result.add("spent", timeline.spent)
        if machine.isOpen { result.add("gaveUp", machine.stuckCompensations.map(\.key)) }
        if let left = machine.outcome?.uncompensated, !left.isEmpty {
            result.add("notUndone", left)
        }
        return result
    }

    /// When the group of each event was written, by the event's number, if the store is a log.
    private func commits(_ id: String, _ run: String) throws -> [Int: Int64] {
        guard let store = core.store as? EventLogStore else { return [:] }
        var commits: [Int: Int64] = [:]
        try store.log.forEachEvent(in: try StreamID(StreamName.run(id, run))) { event in
            commits[Int(clamping: event.version.rawValue)] = event.commitInstant
            return .next
        }
        return commits
    }

    func runID(of id: String, _ request: ControlRequest) throws -> String {
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
        let history = try await recentHistory(workflowID, runID)
        guard !history.events.isEmpty, history.events.isOfBegunRun else {
            throw WorkflowError.notFound(workflowID: workflowID)
        }
        do throws(HistoryError) {
            return try RunMachine(history: history.events)
        } catch {
            throw WorkflowError.damaged(workflowID: workflowID, error)
        }
    }
}
