// What products on top of the engine need of it.
extension WorkflowEngine {
    /// Ids of workflows with an open run that start with this text, in order, after the given one.
    package func openWorkflows(
        prefix: String, after: String?, limit: Int
    ) async throws -> [String] {
        var open: [String] = []
        var last = after.map { StreamName.id($0) }
        while open.count < limit {
            let streams = try await core.store.streams(
                prefix: StreamName.idPrefix + prefix, after: last, limit: limit)
            for stream in streams where open.count < limit {
                let id = String(stream.dropFirst(StreamName.idPrefix.count))
                let (records, _) = try await core.idRecords(id)
                let newest = records.last { $0.kind == .opened }
                let isClosed = records.contains {
                    $0.kind == .closed && $0.runID == newest?.runID
                }
                if newest != nil, !isClosed { open.append(id) }
            }
            guard streams.count == limit else { break }
            last = streams.last
        }
        return open
    }

    /// A value as workflows are given it.
    package func payload<Value: Encodable & Sendable>(of value: Value) throws -> Payload {
        try core.encode(value)
    }

    /// Engine time.
    package var now: Int64 { core.timers.now }
}
