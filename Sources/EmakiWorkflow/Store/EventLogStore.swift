import EmakiLog

/// Histories in an event log.
///
/// Ownership is the log's own lock: while this process has it open, no other process appends. Of
/// several engines in this process on one log the last one owns it, and the others are fenced.
public struct EventLogStore: HistoryStore {
    /// Room in a batch for what the log adds to each event.
    private static let spareBytes = 64 << 10

    /// The log. Also for reading by other means.
    public let log: EventLog

    /// Histories in this log, beside whatever else is in it.
    public init(_ log: EventLog) { self.log = log }

    /// The log's limits, and its loop.
    public var capabilities: HistoryStoreCapabilities {
        var capabilities = HistoryStoreCapabilities(
            eventsPerCommitMax: 4_096,
            commitBytesMax: max(4_096, log.store.batchBytesMax - Self.spareBytes),
            payloadBytesMax: min(
                Limits.payloadBytesMax, max(4_096, log.store.batchBytesMax - Self.spareBytes)),
            executor: log.loop, folder: log.folder)
        capabilities.removesStreams = true
        return capabilities
    }

    /// One more than the last one in this process. Returns when no append of the owners of before
    /// is under way any more.
    public func claim() async throws -> UInt64 { await log.ownership.claim() }

    /// Appends to the log. See `HistoryStore`.
    nonisolated(nonsending) public func append(_ commit: HistoryCommit) async -> CommitAnswer {
        guard log.ownership.begin(commit.epoch) else { return .fenced }
        defer { log.ownership.end() }
        do throws(LogError) {
            let batch = try commit.batch()
            let tokens: [VersionToken]
            if batch.count == 1 {
                let result = try await log.append(
                    batch[0].events, to: batch[0].stream, expecting: batch[0].expecting)
                tokens = [VersionToken(low: result.version.rawValue)]
            } else {
                let result = try await log.append(batch)
                tokens = result.versions.map { VersionToken(low: $0.rawValue) }
            }
            return .committed(tokens)
        } catch {
            return CommitAnswer(error)
        }
    }

    /// Puts a commit in line. See `HistoryStore`.
    public func submit(
        _ commit: HistoryCommit, _ answer: @escaping @Sendable (CommitAnswer) -> Void
    ) {
        guard log.ownership.begin(commit.epoch) else { return answer(.fenced) }
        do throws(LogError) {
            let batch = try commit.batch()
            try log.submit(batch) { result in
                log.ownership.end()
                switch result {
                case .success(let stored):
                    answer(.committed(stored.versions.map { VersionToken(low: $0.rawValue) }))
                case .failure(let error): answer(CommitAnswer(error))
                }
            }
        } catch {
            log.ownership.end()
            switch error {
            case .wouldWait, .needsLookup:
                // That takes a task that can wait; not on the loop, which may be held up.
                Task.detached { answer(await append(commit)) }
            default: answer(CommitAnswer(error))
            }
        }
    }

    /// The log's filter knows most streams that are new.
    public func mayHave(_ stream: String) -> Bool {
        guard let stream = try? StreamID(stream) else { return true }
        return (try? log.mayContain(stream)) ?? true
    }

    /// Leads commits. See `HistoryStore`.
    public func relieveExecutor() -> Bool { log.leadCommit() }

    /// Reads from the log. See `HistoryStore`.
    public func read(
        _ stream: String, from index: Int, limit: Int
    ) async throws -> HistoryPage {
        var events: [HistoryPage.Stored] = []
        var version = UInt64(index)
        let first = StreamVersion(UInt64(index) + 1)
        try log.forEachEvent(in: try StreamID(stream), from: first) { event in
            guard events.count < limit else { return .stop }
            events.append(
                HistoryPage.Stored(metadata: event.metadata, payload: event.payload))
            version = event.version.rawValue
            return .next
        }
        // Of a stream whose events were removed the version is left.
        if events.isEmpty { version = try log.version(of: try StreamID(stream)).rawValue }
        return HistoryPage(
            events: events, token: version == 0 ? nil : VersionToken(low: version),
            isLast: events.count < limit, next: Int(clamping: version))
    }

    /// Deletes the log's stream. See `HistoryStore`.
    public func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool {
        guard log.ownership.begin(epoch) else { throw WorkflowError.fenced }
        // Who takes the store over waits for it.
        defer { log.ownership.end() }
        let stream = try StreamID(stream)
        let expected: ExpectedVersion =
            expecting.map { .version(StreamVersion($0.low)) } ?? .anything
        do throws(LogError) {
            try await log.delete(stream, expecting: expected)
            return true
        } catch {
            guard case .versionConflict = error else { throw error }
            return false
        }
    }

    /// The stream's version. See `HistoryStore`.
    public func count(_ stream: String) async throws -> Int {
        Int(clamping: try log.version(of: try StreamID(stream)).rawValue)
    }

    /// Lists the log's streams. See `HistoryStore`.
    public func streams(
        prefix: String, after: String?, limit: Int
    ) async throws -> [String] {
        let last: StreamID? = if let after { try StreamID(after) } else { nil }
        return try log.streams(withPrefix: prefix, after: last, limit: limit)
            .map(\.stream.text)
    }
}

extension HistoryCommit {
    fileprivate func batch() throws(LogError) -> [StreamAppend] {
        var batch: [StreamAppend] = []
        batch.reserveCapacity(parts.count)
        for part in parts { batch.append(try StreamAppend(part)) }
        return batch
    }
}

extension StreamAppend {
    fileprivate init(_ part: HistoryCommit.Part) throws(LogError) {
        self.init(
            to: try StreamID(part.stream),
            part.events.map { event in
                Event(
                    type: event.type, payload: event.payload, metadata: event.metadata,
                    id: EventID(low: event.id.low, high: event.id.high))
            },
            expecting: part.expecting.map { .version(StreamVersion($0.low)) } ?? .noStream)
    }
}

extension CommitAnswer {
    fileprivate init(_ error: LogError) {
        switch error {
        case .versionConflict, .idReused, .streamDeleted: self = .conflict
        case .noSpace: self = .noSpace
        // Of a log that answers so, only the next opening says more: asking again does not help.
        case .outcomeUnknown, .poisoned, .closed, .readOnly: self = .unusable(error)
        default: self = .refused(error)
        }
    }
}
