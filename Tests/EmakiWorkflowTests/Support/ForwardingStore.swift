import EmakiWorkflow

/// A store in front of another one, to which it hands on whatever it does not do itself.
protocol ForwardingStore: HistoryStore {
    associatedtype Base: HistoryStore
    var base: Base { get }
}

extension ForwardingStore {
    var capabilities: HistoryStoreCapabilities { base.capabilities }

    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        await base.append(commit)
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        try await base.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }

    func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool {
        try await base.remove(stream, expecting: expecting, epoch: epoch)
    }
}
