import EmakiPlatform

/// What an operator asks of the open runs of a store, and of how many have ended.
extension Projection {
    /// Which open runs are meant.
    struct Wish: Sendable {
        /// Nil: of any.
        var type: String?
        /// Nil: any that is open.
        var state: State?
        var prefix: [UInt8] = []
    }

    /// What an open run does.
    enum State: Sendable { case open, paused, quarantined }

    /// An open run, as it is shown.
    struct Sight: Sendable {
        var id: String
        var runID: String
        var type: String
        var state: State
        var startedAt: Int64
        var updatedAt: Int64
        var events: Int
    }

    /// The first ones behind an id, in the order of the ids.
    /// - Complexity: O(runs), and O(log limit) for each that may be among them.
    func openRuns(_ wish: Wish, after: [UInt8]?, limit: Int) -> [Sight] {
        var page = FirstIDs(limit: limit)
        forEach(wish) { number, _, id in
            if let after, after.withRawSpan({ id.order(against: $0) <= 0 }) { return }
            page.add(id, number)
        }
        return page.sorted.map { sight($0.number) }
    }

    /// Of each of these workflows its run, if it is open.
    func openRuns(of workflowIDs: [String]) -> [Sight?] {
        workflowIDs.map { id in
            id.withUTF8Span { runs.find($0) { unbegun.isEmpty || unbegun[$0] == nil } }
                .map { sight($0, id: id) }
        }
    }

    /// How many are open, by their states.
    /// - Complexity: O(runs).
    func openCounts(_ wish: Wish) -> [State: Int] {
        var (open, paused, quarantined) = (0, 0, 0)
        forEach(wish) { _, run, _ in
            switch run.state {
            case .open: open += 1
            case .paused: paused += 1
            case .quarantined: quarantined += 1
            }
        }
        return [.open: open, .paused: paused, .quarantined: quarantined].filter { $0.value > 0 }
    }

    /// How many workflows' newest runs have ended, by how they did.
    /// - Parameter type: nil: of any.
    /// - Returns: nil if that is not known.
    func endedCounts(type: String?) -> [HistoryEvent.Outcome.Variant: Int]? {
        if hasUnknownEndings || hasOldEndings { return nil }
        var counts: [HistoryEvent.Outcome.Variant: Int] = [:]
        for (ending, count) in endings where count != 0 {
            guard count > 0,
                let outcome = HistoryEvent.Outcome.Variant(
                    rawValue: UInt64(ending.outcome))
            else { return nil }
            if let type, types[Int(ending.type)] != type { continue }
            counts[outcome, default: 0] += count
        }
        return counts
    }

    /// Runs that have not begun.
    /// - Parameter workflowID: nil: of any workflow.
    func unbegunRuns(of workflowID: String? = nil) -> [Unbegun] {
        unbegun.keys.compactMap { number in
            guard let id = String(validating: runs.id(number), as: UTF8.self),
                let run = String(validating: runs.runID(number), as: UTF8.self),
                workflowID ?? id == id
            else { return nil }
            return Unbegun(workflowID: id, runID: run)
        }
    }

    private func forEach(
        _ wish: Wish, _ body: (_ number: Int, _ run: OpenRun, _ id: RawSpan) -> Void
    ) {
        var type: UInt32?
        if let name = wish.type {
            guard let number = types.firstIndex(of: name) else { return }
            type = UInt32(number)
        }
        runs.forEach { number, run, id, _ in
            if !unbegun.isEmpty, unbegun[number] != nil { return }
            if let type, run.type != type { return }
            if let state = wish.state, run.state != state { return }
            guard wish.prefix.isPrefix(of: id) else { return }
            body(number, run, id)
        }
    }

    private func sight(_ number: Int, id: String? = nil) -> Sight {
        let run = runs[number]
        return Sight(
            id: id ?? String(decoding: runs.id(number), as: UTF8.self),
            runID: String(decoding: runs.runID(number), as: UTF8.self),
            type: types[Int(run.type)], state: run.state, startedAt: run.startedAt,
            updatedAt: run.updatedAt, events: Int(run.eventCount))
    }
}

extension OpenRun {
    var state: Projection.State {
        if pause == .quarantined { return .quarantined }
        return isResting ? .paused : .open
    }
}

/// Keeps the first of many ids, in the order of their bytes: a heap, the last of them on top.
private struct FirstIDs {
    private let limit: Int
    private var heap: [(id: [UInt8], number: Int)] = []

    init(limit: Int) { self.limit = limit }

    var sorted: [(id: [UInt8], number: Int)] {
        heap.sorted { $0.id.order(against: $1.id) < 0 }
    }

    mutating func add(_ id: RawSpan, _ number: Int) {
        if heap.count < limit {
            heap.append((id.copyToArray(), number))
            rise(heap.count - 1)
        } else if let last = heap.first, last.id.withRawSpan({ id.order(against: $0) < 0 }) {
            heap[0] = (id.copyToArray(), number)
            sink()
        }
    }

    private mutating func rise(_ start: Int) {
        var child = start
        while child > 0, isBefore((child - 1) / 2, child) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var last = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && isBefore(last, child) { last = child }
            guard last != parent else { return }
            heap.swapAt(parent, last)
            parent = last
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        heap[left].id.order(against: heap[right].id) < 0
    }
}
