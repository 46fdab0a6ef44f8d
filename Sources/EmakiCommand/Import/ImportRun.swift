import EmakiCommandSupport
import EmakiLog

/// What an import did.
struct ImportTally: Sendable {
    var historyCount = 0
    var eventCount = 0
    var importedCount = 0
    var presentCount = 0
    var refusals: [ImportRefusal] = []
    /// What ended the import before the input did.
    var end: LogError?

    mutating func add(_ other: ImportTally) {
        historyCount += other.historyCount
        eventCount += other.eventCount
        importedCount += other.importedCount
        presentCount += other.presentCount
        refusals += other.refusals
        end = end ?? other.end
    }
}

/// Stores what a reader finds: many streams at once, each stream in its order.
struct ImportRun {
    let log: EventLog
    let jobCount: Int
    /// For advice: whether the input's gaps are closed already.
    var closesGaps = false

    /// Records of one stream are stored together up to this size: they need not be, so it only
    /// saves commits.
    private static let joinBytesMax = 256 << 10
    /// More than the headers of a batch and of a section with the longest stream id.
    private static let headerBytesMax = 512

    /// Stores one window of the input. What is refused is in the tally.
    func store(_ items: [ImportItem]) async -> ImportTally {
        let bytesMax = min(Self.joinBytesMax, log.store.batchBytesMax - Self.headerBytesMax)
        var tally = ImportTally()
        var chains: [StreamID: Int] = [:]
        var units: [[ImportUnit]] = []
        for item in items {
            switch item {
            case .refusal(let refusal): tally.refusals.append(refusal)
            case .unit(let unit):
                if let chain = chains[unit.stream] {
                    Self.append(unit, to: &units[chain], bytesMax: bytesMax)
                } else {
                    chains[unit.stream] = units.count
                    units.append([unit])
                }
            }
        }
        tally.add(await store(units))
        return tally
    }

    /// Joins a record to the records before it that it continues, if one batch holds them all.
    private static func append(_ unit: ImportUnit, to chain: inout [ImportUnit], bytesMax: Int) {
        guard let last = chain.last, last.isContinued(by: unit),
            last.recordBytes + unit.recordBytes <= bytesMax,
            last.events.count < Limits.eventsPerBatchMax
        else {
            chain.append(unit)
            return
        }
        chain[chain.count - 1].join(unit)
    }

    private func store(_ chains: [[ImportUnit]]) async -> ImportTally {
        await withTaskGroup(of: ImportTally.self) { group in
            var tally = ImportTally()
            for (index, chain) in chains.enumerated() {
                if index >= jobCount, let done = await group.next() { tally.add(done) }
                guard tally.end == nil else { break }
                group.addTask(executorPreference: log.loop) { await store(chain) }
            }
            for await done in group { tally.add(done) }
            return tally
        }
    }

    /// One stream, unit after unit.
    private func store(_ chain: [ImportUnit]) async -> ImportTally {
        var tally = ImportTally()
        for unit in chain {
            if unit.isHistory { tally.historyCount += 1 }
            tally.eventCount += unit.events.count
            do {
                try await store(unit, &tally)
            } catch {
                tally.end = error
                break
            }
        }
        return tally
    }

    /// - Throws: what ends the import; what is refused is counted.
    private func store(_ unit: ImportUnit, _ tally: inout ImportTally) async throws(LogError) {
        do {
            let result = try await log.append(
                unit.events, to: unit.stream, expecting: unit.expecting)
            if result.wasStoredBefore {
                tally.presentCount += unit.events.count
            } else {
                tally.importedCount += unit.events.count
            }
        } catch {
            guard !error.endsImport else { throw error }
            // A history is one thing. What refuses a record must not refuse those that it was
            // joined to, only to save commits.
            guard !unit.isHistory, unit.events.count > 1 else {
                tally.refusals.append(refusal(of: unit, error))
                return
            }
            for part in Self.parts(of: unit, after: error) { try await store(part, &tally) }
        }
    }

    private static func parts(of unit: ImportUnit, after error: LogError) -> [ImportUnit] {
        let (first, last) = (unit.firstVersion, unit.lastVersion)
        // An import that was interrupted, or a longer export of the same streams: the first of
        // these records are there.
        if case .versionConflict(_, let actual) = error, actual.rawValue >= first,
            actual.rawValue < last
        {
            return [unit.part(first...actual.rawValue), unit.part(actual.rawValue + 1...last)]
        }
        return (first...last).map { unit.part($0...$0) }
    }

    private func refusal(of unit: ImportUnit, _ error: LogError) -> ImportRefusal {
        guard case .versionConflict(_, let actual) = error,
            unit.firstVersion > actual.rawValue + 1
        else { return ImportRefusal(unit.place, stream: unit.stream.text, error) }
        return ImportRefusal(
            unit.place, stream: unit.stream.text,
            CommandFailure(
                missing: actual.rawValue + 1...unit.firstVersion - 1, of: unit.stream,
                closesGaps: closesGaps))
    }
}

extension LogError {
    /// Whether everything that follows would be refused for the same reason.
    var endsImport: Bool {
        switch self {
        case .poisoned, .closed, .outcomeUnknown, .noSpace, .readOnly, .noPermission, .disk: true
        case .tooLarge(.segmentCount, _, _), .tooLarge(.unsealedEvents, _, _): true
        default: false
        }
    }
}
