import EmakiPlatform

/// What is kept of a workflow whose newest run has ended: enough to count it, and to know whether
/// its history is worth a look.
struct EndedRun: Equatable, Sendable, RunTableRow {
    /// Of the event that ended it.
    var position: UInt64 = 0
    /// Of its run id.
    var runHash: UInt64 = 0
    /// Number of the type, in the projection.
    var type: UInt32 = 0
    /// Events of the run.
    var eventCount: UInt32 = 0
    /// `HistoryEvent.Outcome.Variant`.
    var outcome: UInt8 = 0
}

/// Workflows whose newest runs have ended, by their ids, about 80 bytes each: all, or none if there
/// are too many.
///
/// Streams come in any order, and the run that began last may come before those before it. So what
/// is said of a workflow has a position in the log, and the last word holds.
struct EndedRuns: Sendable {
    /// More are not kept.
    let most: Int
    /// There were more, so nothing is known.
    private(set) var isOff: Bool
    private(set) var table = RunTable<EndedRun>()
    /// Deletions of the scan that goes on, by workflow id: where they are recorded. What comes in a
    /// later scan is behind them.
    private var deletions: [[UInt8]: UInt64] = [:]

    init(most: Int) {
        self.most = max(0, most)
        isOff = most <= 0
    }

    /// A run of the workflow began there.
    mutating func began(_ id: RawSpan, at position: UInt64) {
        remove(id) { $0.position < position }
    }

    /// A run of the workflow ended, and no other follows it.
    /// - Parameter labels: nil: it may have any.
    mutating func ended(_ id: RawSpan, _ run: EndedRun, labels: [RunLabel]?) {
        guard !isOff else { return }
        if !deletions.isEmpty, let deletion = deletions[id.copyToArray()],
            deletion > run.position
        {
            return
        }
        if let number = find(id) {
            guard table[number].position < run.position else { return }
            table.remove(number)
        }
        guard table.count < most, table.insert(id, RawSpan(), run, labels: labels) != nil else {
            return turnOff()
        }
    }

    /// The workflow was deleted there, with all runs before.
    mutating func deleted(_ id: RawSpan, at position: UInt64) {
        guard !isOff else { return }
        remove(id) { $0.position < position }
        deletions[id.copyToArray(), default: 0] = position
    }

    /// A scan is over: all that is before its end has come.
    mutating func scanned() {
        if !deletions.isEmpty { deletions = [:] }
    }

    /// A run lost its first events, so many.
    mutating func lost(_ id: RawSpan, _ runID: RawSpan, _ count: UInt64) {
        let hash = StableHash.hash(runID)
        remove(id) { $0.runHash == hash && count >= UInt64($0.eventCount) }
    }

    /// Numbers without names: of a copy that is to be kept for a while.
    mutating func dropIndex() { table.dropIndex() }

    /// Makes room for so many.
    mutating func reserve(_ count: Int) { table.reserve(min(count, most)) }

    mutating func turnOff() {
        isOff = true
        table = RunTable()
        deletions = [:]
    }

    private func find(_ id: RawSpan) -> Int? { table.find(id, RawSpan()) }

    private mutating func remove(_ id: RawSpan, if isMeant: (EndedRun) -> Bool) {
        guard table.count > 0, let number = find(id), isMeant(table[number]) else { return }
        table.remove(number)
    }
}
