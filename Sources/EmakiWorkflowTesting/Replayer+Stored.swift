import EmakiWorkflow

extension Replayer {
    /// Events read at a time.
    private static let pageEvents = 1_024

    /// Replays every history in a store, for instance an `EventLogStore`. What was copied for a run
    /// that did not begin is none.
    /// - Returns: how many there were.
    /// - Throws: as `check(_:)`, at the first that the code does not follow.
    @discardableResult
    public func checkAll(in store: any HistoryStore) async throws -> Int {
        var count = 0
        var after: String?
        while true {
            let names = try await store.streams(
                prefix: "run/", after: after, limit: Self.pageEvents)
            for name in names {
                let history = try await Self.history(name, in: store)
                guard history.isOfBegunRun else { continue }
                try check(history)
                count += 1
            }
            guard names.count == Self.pageEvents else { return count }
            after = names.last
        }
    }

    /// Replays an exported history. See `HistoryExport`.
    /// - Throws: as `check(_:)`.
    public func check(exported bytes: [UInt8]) throws {
        try check(try HistoryExport.history(of: bytes))
    }

    /// Replays what `emaki workflow export` wrote.
    /// - Returns: how many histories there were.
    /// - Throws: as `check(_:)`, at the first that the code does not follow.
    @discardableResult
    public func checkAll(exportedLines bytes: some Collection<UInt8>) throws -> Int {
        let histories = try HistoryExport.histories(ofLines: bytes)
        for history in histories { try check(history) }
        return histories.count
    }

    static func history(
        _ stream: String, in store: any HistoryStore
    ) async throws -> [HistoryEvent] {
        var history: [HistoryEvent] = []
        while true {
            let page = try await store.read(stream, from: history.count, limit: pageEvents)
            for event in page.events {
                history.append(
                    try HistoryEvent(metadata: event.metadata, payload: event.payload))
            }
            if page.isLast || page.events.isEmpty { return history }
        }
    }
}
