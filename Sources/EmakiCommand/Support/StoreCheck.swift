import EmakiLog

/// Every event, read in both of its orders.
///
/// Each position holds an event, or something is known to stand there: a removed event, a removal,
/// a snapshot, a loss. Each stream has all versions behind those that were removed, up to its own.
/// How many removals there were is not kept once they are sealed, nor what forgotten streams had
/// lost; so where events were removed, too few positions without an event are found out, and too
/// many are not.
struct StoreCheck {
    private(set) var eventCount: UInt64 = 0
    private(set) var streamCount: UInt64 = 0
    private(set) var payloadBytes: UInt64 = 0
    /// What does not add up, beside the damages in the receipt.
    private(set) var faults: [String] = []
    private var readCount: UInt64 = 0
    private let receipt: RecoveryReceipt
    private let facts: PositionFacts
    private let end: Position
    private let progress: (Int, Int) -> Void

    private static let faultsMax = 100
    private static let eventsPerReport: UInt64 = 256

    var isSound: Bool { faults.isEmpty && receipt.damages.isEmpty }
    private var hasLosses: Bool { !receipt.losses.isEmpty || !receipt.damages.isEmpty }

    /// - Parameter progress: called now and then with the events that were read, and those that
    ///   there may be, each of which is read twice.
    init(_ log: EventLog, progress: @escaping (_ done: Int, _ total: Int) -> Void) throws {
        receipt = log.receipt
        facts = try log.positionFacts()
        end = log.durablePosition
        self.progress = progress
        try readByPosition(log)
        try readByStream(log)
    }

    // MARK: By position

    private mutating func readByPosition(_ log: EventLog) throws {
        var next: Position?
        var gapCount: UInt64 = 0
        try log.forEachEventThrowing { event in
            gapCount += event.position.rawValue - (next ?? event.position).rawValue
            if next == nil, receipt.losses.isEmpty { gapCount += event.position.rawValue }
            next = Position(event.position.rawValue + 1)
            eventCount += 1
            payloadBytes += UInt64(event.payloadBytes)
            report(event.position.rawValue)
            return .next
        }
        gapCount += end.rawValue - (next ?? (receipt.losses.isEmpty ? .start : end)).rawValue
        explain(gapCount)
    }

    private mutating func explain(_ gapCount: UInt64) {
        let lost = receipt.losses.reduce(0) {
            $0 + $1.endPosition.rawValue - $1.firstPosition.rawValue
        }
        if facts.removedThrough.isEmpty, !facts.hadRemovals {
            let known = lost + facts.snapshots
            guard gapCount > known || (gapCount < known && !hasLosses) else { return }
            add(
                "\(gapCount) positions hold no event, and \(lost) are known to be lost,"
                    + " \(facts.snapshots) to hold a snapshot")
        } else if gapCount < facts.positionCountMin, !hasLosses {
            add(
                "\(gapCount) positions hold no event, though \(facts.removedEvents) events of"
                    + " \(facts.removedThrough.count) streams were removed")
        }
    }

    // MARK: By stream

    private mutating func readByStream(_ log: EventLog) throws {
        var last: StreamID?
        var inStreams: UInt64 = 0
        while true {
            let page = try log.streams(after: last)
            for summary in page { inStreams += try read(summary, log, before: inStreams) }
            streamCount += UInt64(page.count)
            guard page.count == Limits.streamsPerPageMax, let next = page.last else { break }
            last = next.stream
        }
        guard inStreams != eventCount, faults.isEmpty, receipt.losses.isEmpty else { return }
        add("\(eventCount) events by position, and \(inStreams) by stream")
    }

    /// - Returns: how many events the stream has.
    private mutating func read(
        _ summary: StreamSummary, _ log: EventLog, before: UInt64
    ) throws -> UInt64 {
        var count: UInt64 = 0
        let removed = facts.removedThrough[summary.stream] ?? .none
        var version = removed
        do {
            try log.forEachEventThrowing(in: summary.stream) { event in
                // Lost events at the start of a stream are told by nothing but their positions.
                let isNext = event.version.rawValue == version.rawValue + 1
                let isFirst = count == 0 && hasLosses && event.version > version
                if !(isNext || isFirst) || event.stream != summary.stream {
                    add(
                        "stream \"\(summary.stream)\": version \(event.version) is out of order;"
                            + " those up to \(version) came before, or were removed")
                }
                version = event.version
                count += 1
                report(end.rawValue + before + count)
                return .next
            }
        } catch let error as LogError {
            guard case .lost(_, let version) = error else { throw error }
            // Known from the receipt, or from an earlier repair.
            if !hasLosses {
                add("stream \"\(summary.stream)\": version \(version) is missing, nothing says why")
            }
            return count
        }
        if version != summary.version {
            add("stream \"\(summary.stream)\" is at \(summary.version), and ends elsewhere")
        }
        return count
    }

    /// Called for each event that was read.
    private mutating func report(_ done: UInt64) {
        readCount += 1
        guard readCount % Self.eventsPerReport == 0 else { return }
        progress(Int(clamping: done), Int(clamping: 2 * end.rawValue))
    }

    private mutating func add(_ fault: String) {
        if faults.count < Self.faultsMax { faults.append(fault) }
    }
}
