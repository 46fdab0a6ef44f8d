import EmakiPlatform

/// What an operator asks of the open runs of a store, and of the workflows that have ended.
extension Projection {
    /// Which workflows are meant.
    struct Wish: Sendable {
        /// Nil: of any.
        var type: String?
        /// Nil: any that is open.
        var state: State?
        var wantsOpen = true
        var wantsEnded = false
        /// Nil: however they ended.
        var outcome: HistoryEvent.Outcome.Variant?
        /// With all of these. Others may be found too.
        var labels: [RunLabel] = []
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

    /// What is known of workflows that have ended is all there is to know.
    var knowsEnded: Bool { !ended.isOff && doubtful.isEmpty }

    /// Runs that are open, and workflows that have ended and are known.
    var runCount: Int { runs.count + ended.table.count }

    /// The first ids behind an id, in their order.
    /// - Returns: nil if that is not known.
    /// - Complexity: O(runs), and O(log limit) for each that may be among them.
    func workflows(_ wish: Wish, after: [UInt8]?, limit: Int) -> [String]? {
        if wish.wantsEnded, !knowsEnded { return nil }
        var page = FirstIDs(limit: limit)
        func add(_ id: RawSpan) {
            if let after, after.withRawSpan({ id.order(against: $0) <= 0 }) { return }
            page.add(id)
        }
        if wish.wantsOpen { forEachOpen(wish) { _, _, id in add(id) } }
        if wish.wantsEnded { forEachEnded(wish) { _, id in add(id) } }
        return page.sorted.map { String(decoding: $0, as: UTF8.self) }
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
        guard wish.wantsOpen else { return [:] }
        var (open, paused, quarantined) = (0, 0, 0)
        forEachOpen(wish) { _, run, _ in
            switch run.state {
            case .open: open += 1
            case .paused: paused += 1
            case .quarantined: quarantined += 1
            }
        }
        return [.open: open, .paused: paused, .quarantined: quarantined].filter { $0.value > 0 }
    }

    /// How many workflows' newest runs have ended, by how they did.
    /// - Returns: nil if that is not known.
    /// - Complexity: O(workflows that have ended and are known).
    func endedCounts(_ wish: Wish) -> [HistoryEvent.Outcome.Variant: Int]? {
        guard wish.wantsEnded else { return [:] }
        if !knowsEnded {
            guard wish.prefix.isEmpty else { return nil }
            return endingCounts(wish)
        }
        var counts = [Int](repeating: 0, count: Int(UInt8.max) + 1)
        forEachEnded(wish) { run, _ in counts[Int(run.outcome)] += 1 }
        var byOutcome: [HistoryEvent.Outcome.Variant: Int] = [:]
        for (number, count) in counts.enumerated() where count > 0 {
            guard let outcome = HistoryEvent.Outcome.Variant(rawValue: UInt64(number)) else {
                return nil
            }
            byOutcome[outcome] = count
        }
        return byOutcome
    }

    /// The same, whatever their ids are, of what was counted while they ended.
    private func endingCounts(_ wish: Wish) -> [HistoryEvent.Outcome.Variant: Int]? {
        if hasUnknownEndings || hasOldEndings { return nil }
        var counts: [HistoryEvent.Outcome.Variant: Int] = [:]
        for (ending, count) in endings where count != 0 {
            guard count > 0,
                let outcome = HistoryEvent.Outcome.Variant(
                    rawValue: UInt64(ending.outcome))
            else { return nil }
            if let type = wish.type, types[Int(ending.type)] != type { continue }
            if let wanted = wish.outcome, wanted != outcome { continue }
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

    private func forEachOpen(
        _ wish: Wish, _ body: (_ number: Int, _ run: OpenRun, _ id: RawSpan) -> Void
    ) {
        let type = wish.type.map(known(type:))
        runs.forEach(labelled: wish.labels) { number, run, id, _ in
            if !unbegun.isEmpty, unbegun[number] != nil { return }
            if let type, run.type != type { return }
            if let state = wish.state, run.state != state { return }
            guard wish.prefix.isPrefix(of: id) else { return }
            body(number, run, id)
        }
    }

    private func forEachEnded(_ wish: Wish, _ body: (_ run: EndedRun, _ id: RawSpan) -> Void) {
        let type = wish.type.map(known(type:))
        let outcome = wish.outcome.map(\.rawValue)
        ended.table.forEach(labelled: wish.labels) { _, run, id, _ in
            if let type, run.type != type { return }
            if let outcome, UInt64(run.outcome) != outcome { return }
            guard wish.prefix.isPrefix(of: id) else { return }
            body(run, id)
        }
    }

    /// The number of a type; of one that is not known, a number that nothing has.
    private func known(type name: String) -> UInt32 {
        types.firstIndex(of: name).map(UInt32.init) ?? .max
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
    private var heap: [[UInt8]] = []

    init(limit: Int) { self.limit = limit }

    var sorted: [[UInt8]] { heap.sorted { $0.order(against: $1) < 0 } }

    mutating func add(_ id: RawSpan) {
        if heap.count < limit {
            heap.append(id.copyToArray())
            rise(heap.count - 1)
        } else if let last = heap.first, last.withRawSpan({ id.order(against: $0) < 0 }) {
            heap[0] = id.copyToArray()
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
        heap[left].order(against: heap[right]) < 0
    }
}
