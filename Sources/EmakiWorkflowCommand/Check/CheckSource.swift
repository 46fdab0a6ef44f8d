import EmakiWorkflow

/// The histories of a store that are to be replayed: of all open runs, then of some closed ones.
actor CheckSource {
    /// What is wanted.
    struct Wish: Sendable {
        var type: String?
        var prefix = ""
        /// Of each type so many runs that have ended; nil: all.
        var closedMax: Int? = 0
        /// Runs of which that is known already.
        var known: CheckRecord?
        /// What comes of it is recorded.
        var isRecorded = false
    }

    private static let togetherMax = 64
    private static let bytesTogetherMax = 4 << 20

    private var histories: StoredHistories
    private let wish: Wish
    private var ids: ArraySlice<String> = []
    private var hasAllIDs = false
    /// By type, those that are chosen so far: the ones with the lowest hashes, which is as good as
    /// by chance and the same each time.
    private var closed: [String: [(hash: UInt64, run: StoredHistory)]] = [:]
    private var chosen: [StoredHistory]?
    /// The reading that was begun last.
    private var newest: Task<[StoredHistory], any Error>?
    /// Runs that were not replayed, because a record says what came of it.
    private(set) var knownCount = 0
    private(set) var lookedAt = 0

    init(_ engine: WorkflowEngine, _ wish: Wish) {
        histories = StoredHistories(engine, prefix: wish.prefix)
        self.wish = wish
    }

    /// Some histories to be replayed together; none: those were all.
    func next() async throws -> [StoredHistory] {
        // One after the other: reading suspends, and is not to begin twice at one place.
        let before = newest
        let reading = Task {
            _ = await before?.result
            return try await read()
        }
        newest = reading
        return try await reading.value
    }

    private func read() async throws -> [StoredHistory] {
        var batch: [StoredHistory] = []
        var byteCount = 0
        while batch.count < Self.togetherMax, byteCount < Self.bytesTogetherMax,
            let run = try await nextRun()
        {
            let read = await reading(run)
            byteCount += read.events.reduce(0) { $0 + $1.payload.count + $1.metadata.count }
            batch.append(read)
        }
        return batch
    }

    private func reading(_ run: StoredHistory) async -> StoredHistory {
        if run.problem != nil { return run }
        do {
            return try await histories.read(run)
        } catch {
            var run = run
            run.problem = "\(error)"
            return run
        }
    }

    private func nextRun() async throws -> StoredHistory? {
        while let id = try await nextID() {
            lookedAt += 1
            let run: StoredHistory
            do {
                let isHashed = wish.isRecorded || wish.known != nil
                guard let newest = try await histories.newestRun(of: id, isHashed: isHashed)
                else { continue }
                run = newest
            } catch {
                return StoredHistory(broken: id, "\(error)")
            }
            guard wish.type == nil || wish.type == run.workflowType else { continue }
            if wish.known?.holds(run) == true {
                knownCount += 1
                continue
            }
            if run.isOpen || wish.closedMax == nil { return run }
            choose(run)
        }
        if chosen == nil { chosen = closed.values.flatMap { $0.map(\.run) } }
        return chosen?.popLast()
    }

    private func nextID() async throws -> String? {
        if ids.isEmpty, !hasAllIDs {
            // One reading goes on at a time, so nobody else moves on meanwhile.
            var reader = histories
            let page = try await reader.ids()
            histories = reader
            hasAllIDs = page.isEmpty
            ids = page[...]
        }
        return ids.popFirst()
    }

    private func choose(_ run: StoredHistory) {
        guard let limit = wish.closedMax, limit > 0 else { return }
        let hash = run.hash
        var best = closed[run.workflowType] ?? []
        if best.count == limit, let worst = best.last, worst.hash <= hash { return }
        let place = best.firstIndex { $0.hash > hash } ?? best.count
        best.insert((hash, run), at: place)
        closed[run.workflowType] = Array(best.prefix(limit))
    }
}
