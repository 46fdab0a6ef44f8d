import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting

/// A store that breaks one promise.
final class BrokenStore: HistoryStore {
    enum Fault: String, CaseIterable {
        case ignoresExpectations, expectsNothingAsAnything, storesRepetitions, losesAPart
        case storesPartsOfAConflict, neverFences, cutsPayloads, skipsAnEvent, staleReads
        case wrongToken, listsWithoutOrder, listsTooMany, oneEpoch, smallPayloads, ignoresAfter
        case takesOtherBytes, inventsToken, startsAnywhere, forgetsRepetitions, letsTwoWin
        case keepsRemoved, removesAnything, removesForAnybody

        /// The check that is there to find it.
        var check: HistoryStoreConformance.Check {
            switch self {
            case .ignoresExpectations, .expectsNothingAsAnything: .oldTokensConflict
            case .storesRepetitions: .repeatedIsStoredOnce
            case .losesAPart: .severalAtOnce
            case .storesPartsOfAConflict: .severalOrNone
            case .neverFences, .oneEpoch, .removesForAnybody: .newOwnerFences
            case .cutsPayloads: .committedIsRead
            case .skipsAnEvent: .pagesJoin
            case .staleReads: .readsAreCurrent
            case .wrongToken: .tokensAgree
            case .listsWithoutOrder, .listsTooMany, .ignoresAfter: .streamsAreListed
            case .smallPayloads: .limitsAreHeld
            case .takesOtherBytes: .otherBytesConflict
            case .inventsToken: .nothingIsThere
            case .startsAnywhere: .missingStreamConflicts
            case .forgetsRepetitions: .repeatedLaterIsStoredOnce
            case .letsTwoWin: .oneOfManyWins
            case .keepsRemoved, .removesAnything: .removedIsGone
            }
        }
    }

    private let base: MemoryHistoryStore.Session
    private let fault: Fault
    private let lock = Lock()
    private let epoch = Guarded<UInt64>(0)
    private let known = Guarded<Set<UInt64>>([])
    private let newestID = Guarded<UInt64>(0)

    init(_ base: MemoryHistoryStore.Session, _ fault: Fault) {
        self.base = base
        self.fault = fault
    }

    var capabilities: HistoryStoreCapabilities { base.capabilities }

    func claim() async throws -> UInt64 {
        if fault == .oneEpoch, lock.withLock({ epoch.value }) != 0 { return 1 }
        let claimed = try await base.claim()
        lock.withLock { epoch.value = claimed }
        return fault == .oneEpoch ? 1 : claimed
    }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        var commit = commit
        if fault == .neverFences { commit.epoch = await newest() }
        for index in commit.parts.indices { await change(&commit.parts[index]) }
        if fault == .losesAPart, commit.parts.count > 1 {
            let left = commit.parts.removeLast()
            guard case .committed(let tokens) = await base.append(commit) else { return .conflict }
            return .committed(tokens + [left.expecting ?? VersionToken(low: 1)])
        }
        if let early = early(commit) { return early }
        let answer = await base.append(commit)
        switch (fault, answer) {
        case (.storesPartsOfAConflict, .conflict):
            for part in commit.parts {
                var alone = commit
                alone.parts = [part]
                _ = await base.append(alone)
            }
            return .conflict
        case (.wrongToken, .committed(let tokens)):
            return .committed(tokens.map { VersionToken(low: $0.low, high: $0.high &+ 1) })
        default: return answer
        }
    }

    /// What is answered by the ids alone.
    private func early(_ commit: HistoryCommit) -> CommitAnswer? {
        let ids = commit.parts.flatMap { $0.events.map(\.id.high) }
        return lock.withLock {
            let isKnown = ids.allSatisfy { known.value.contains($0) }
            let isNewest = ids.last == newestID.value
            known.value.formUnion(ids)
            if !isKnown { newestID.value = ids.last ?? 0 }
            switch fault {
            case .takesOtherBytes where isKnown:
                return .committed(commit.parts.map { _ in VersionToken(low: 0) })
            case .forgetsRepetitions where isKnown && !isNewest: return .conflict
            default: return nil
            }
        }
    }

    private func newest() async -> UInt64 { (try? await base.claim()) ?? 0 }

    private func change(_ part: inout HistoryCommit.Part) async {
        switch fault {
        case .ignoresExpectations: part.expecting = await token(part.stream)
        case .expectsNothingAsAnything:
            if part.expecting == nil { part.expecting = await token(part.stream) }
        case .storesRepetitions:
            part.expecting = await token(part.stream)
            for index in part.events.indices {
                part.events[index].id.high = .random(in: 0 ... .max)
            }
        case .cutsPayloads:
            for index in part.events.indices where part.events[index].payload.count > 9 {
                part.events[index].payload.removeLast()
            }
        case .smallPayloads:
            for index in part.events.indices where part.events[index].payload.count > 1_000 {
                part.events[index].payload = []
            }
        case .letsTwoWin:
            // Only of those that expect a place in the middle of others.
            if part.expecting != nil { part.expecting = await token(part.stream) }
        case .startsAnywhere:
            if await token(part.stream) == nil { part.expecting = nil }
        default: break
        }
    }

    private func token(_ stream: String) async -> VersionToken? {
        try? await base.read(stream, from: 0, limit: .max >> 1).token
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        var page = try await base.read(stream, from: index, limit: limit)
        if fault == .skipsAnEvent, index > 2, !page.events.isEmpty { page.events.removeFirst() }
        if fault == .inventsToken, page.token == nil { page.token = VersionToken(low: 1) }
        if fault == .staleReads, page.isLast, page.events.count > 5 { page.events.removeLast() }
        return page
    }

    func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool {
        switch fault {
        case .keepsRemoved: true
        case .removesAnything: try await base.remove(stream, expecting: nil, epoch: epoch)
        case .neverFences, .removesForAnybody:
            try await base.remove(stream, expecting: expecting, epoch: await newest())
        default: try await base.remove(stream, expecting: expecting, epoch: epoch)
        }
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        switch fault {
        case .listsWithoutOrder:
            return try await base.streams(prefix: prefix, after: after, limit: limit).reversed()
        case .listsTooMany:
            return try await base.streams(prefix: "", after: after, limit: limit)
        case .ignoresAfter:
            return try await base.streams(prefix: prefix, after: nil, limit: limit)
        default: return try await base.streams(prefix: prefix, after: after, limit: limit)
        }
    }
}
