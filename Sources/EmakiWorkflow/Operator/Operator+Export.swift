import EmakiLog

// Histories as they are stored, for a replay elsewhere.
extension Operator {
    private static let pageEvents = 256

    /// A line for each event. See `HistoryExport`.
    func export(_ request: ControlRequest, _ sink: Sink) throws -> JSONObject {
        let hasAllRuns = try request.claim("allRuns")
        var tally = (runs: 0, events: 0)
        func take(_ id: String, _ runs: [String]) throws {
            for run in runs {
                tally.events += try export(id, run, sink)
                tally.runs += 1
            }
        }
        if let id = try request.text("id") {
            let filter = try Filter(request)
            guard filter.type == nil, filter.state == nil, filter.prefix.isEmpty else {
                throw ControlFault.invalid("a filter is for many; leave out the id")
            }
            if let run = try request.text("run") {
                guard !hasAllRuns else {
                    throw ControlFault.invalid("`run` and `allRuns` exclude each other")
                }
                try take(id, [run])
            } else {
                let runs = try runs(of: id)
                guard !runs.isEmpty else { throw WorkflowError.notFound(workflowID: id) }
                try take(id, hasAllRuns ? runs : [runs[runs.count - 1]])
            }
        } else {
            guard try request.text("run") == nil else {
                throw ControlFault.invalid("`run` needs the workflow's id")
            }
            try forEachWorkflow(try Filter(request), isBrief: true, sink) { summary in
                let id = summary.id
                try take(id, hasAllRuns ? try runs(of: id) : [summary.runID])
                return true
            }
        }
        var result = JSONObject()
        result.add("runs", tally.runs)
        result.add("events", tally.events)
        return result
    }

    /// The runs of an id whose histories are there, the oldest first.
    private func runs(of id: String) throws -> [String] {
        let records = IDRecord.live(
            try wait { [core] in try await core.idRecords(id).0 })
        let dropped = Set(records.filter { $0.kind == .dropped }.map(\.runID))
        return records.filter { $0.kind == .opened && !dropped.contains($0.runID) }.map(\.runID)
    }

    /// - Returns: how many events there were.
    private func export(_ id: String, _ run: String, _ sink: Sink) throws -> Int {
        var count = 0
        while true {
            let first = count
            let page = try wait { [core] in
                try await core.store.read(
                    StreamName.run(id, run), from: first, limit: Self.pageEvents)
            }
            for event in page.events {
                count += 1
                let line: JSONObject
                do throws(HistoryError) {
                    line = try HistoryExport.line(id, run, count, event)
                } catch {
                    throw WorkflowError.damaged(workflowID: id, error)
                }
                guard sink.line(line) else { throw CancellationError() }
            }
            if page.isLast || page.events.isEmpty { break }
        }
        guard count > 0 else { throw WorkflowError.notFound(workflowID: id) }
        return count
    }
}
