import EmakiPlatform

/// What is kept of a workflow whose newest run has ended: enough to count it, and to know whether
/// its history is worth a look.
struct EndedRun: Equatable, Sendable, RunTableRow {
    /// Of the id's stream, with the record of the end.
    var version: UInt64 = 0
    /// Of the run id.
    var runHash: UInt64 = 0
    /// Number of the type, in the projection.
    var type: UInt32 = 0
    /// `HistoryEvent.Outcome.Variant`.
    var outcome: UInt8 = 0
}

/// Workflows whose newest runs have ended, by their ids, about 80 bytes each: all, or none if there
/// are too many.
///
/// They follow from the records of the ids alone: streams come in any order, and so nothing may
/// rest on what two of them say.
struct EndedRuns: Sendable {
    /// More are not kept.
    let most: Int
    /// There were more, or an early version has not recorded enough: nothing is known.
    private(set) var isOff: Bool
    private(set) var table = RunTable<EndedRun>()

    init(most: Int) {
        self.most = max(0, most)
        isOff = most <= 0
    }

    /// A run of the workflow began, or the workflow was deleted.
    mutating func remove(_ id: RawSpan) { remove(id) { _ in true } }

    /// The newest run of the workflow ended, and no other follows it.
    /// - Parameter labels: nil: it may have any.
    mutating func ended(_ id: RawSpan, _ run: EndedRun, labels: [RunLabel]?) {
        guard !isOff else { return }
        remove(id)
        guard table.count < most, table.insert(id, RawSpan(), run, labels: labels) != nil else {
            return turnOff()
        }
    }

    /// The id's stream lost its first records, so many.
    mutating func lost(_ id: RawSpan, _ count: UInt64) { remove(id) { $0.version <= count } }

    /// A run has ended and is removed, with its workflow.
    mutating func isGone(_ id: RawSpan, _ runID: RawSpan) {
        let hash = StableHash.hash(runID)
        remove(id) { $0.runHash == hash }
    }

    /// Numbers without names: of a copy that is to be kept for a while.
    mutating func dropIndex() { table.dropIndex() }

    /// Makes room for so many.
    mutating func reserve(_ count: Int) { table.reserve(min(count, most)) }

    mutating func turnOff() {
        isOff = true
        table = RunTable()
    }

    private mutating func remove(_ id: RawSpan, if isMeant: (EndedRun) -> Bool) {
        guard table.count > 0, let number = table.find(id, RawSpan()), isMeant(table[number])
        else { return }
        table.remove(number)
    }
}
