import EmakiLog

/// What an import did.
struct ImportTally: Sendable {
    var historyCount = 0
    var eventCount = 0
    var importedCount = 0
    var presentCount = 0
    var refusals: [ImportRefusal] = []

    mutating func add(_ other: ImportTally) {
        historyCount += other.historyCount
        eventCount += other.eventCount
        importedCount += other.importedCount
        presentCount += other.presentCount
        refusals += other.refusals
    }
}

/// Stores what a reader finds: many streams at once, each stream in its order.
struct ImportRun {
    let log: EventLog
    let jobCount: Int

    /// Records of one stream are stored together up to this size: they need not be, so it only
    /// saves commits.
    private static let recordBatchBytesMax = 256 << 10

    /// Stores one window of the input.
    func store(_ items: [ImportItem]) async throws -> ImportTally {
        var tally = ImportTally()
        var chains: [StreamID: Int] = [:]
        var units: [[ImportUnit]] = []
        for item in items {
            switch item {
            case .refusal(let refusal): tally.refusals.append(refusal)
            case .unit(let unit):
                if let chain = chains[unit.stream] {
                    Self.append(unit, to: &units[chain])
                } else {
                    chains[unit.stream] = units.count
                    units.append([unit])
                }
            }
        }
        tally.add(try await store(units))
        return tally
    }

    /// Joins a record to the records before it that it continues.
    private static func append(_ unit: ImportUnit, to chain: inout [ImportUnit]) {
        guard let last = chain.last, !unit.isHistory, !last.isHistory,
            unit.firstVersion == last.lastVersion + 1,
            last.payloadBytes + unit.payloadBytes <= recordBatchBytesMax
        else {
            chain.append(unit)
            return
        }
        chain[chain.count - 1].events += unit.events
    }

    private func store(_ chains: [[ImportUnit]]) async throws -> ImportTally {
        try await withThrowingTaskGroup(of: ImportTally.self) { group in
            var tally = ImportTally()
            for (index, chain) in chains.enumerated() {
                if index >= jobCount, let done = try await group.next() { tally.add(done) }
                group.addTask(executorPreference: log.loop) { try await store(chain) }
            }
            for try await done in group { tally.add(done) }
            return tally
        }
    }

    /// One stream, unit after unit.
    private func store(_ chain: [ImportUnit]) async throws -> ImportTally {
        var tally = ImportTally()
        for unit in chain {
            if unit.isHistory { tally.historyCount += 1 }
            tally.eventCount += unit.events.count
            do {
                try await store(unit, &tally)
            } catch {
                switch error {
                case .poisoned, .closed, .outcomeUnknown, .noSpace, .readOnly: throw error
                default:
                    tally.refusals.append(
                        ImportRefusal(unit.place, stream: unit.stream.text, error))
                }
            }
        }
        return tally
    }

    private func store(_ unit: ImportUnit, _ tally: inout ImportTally) async throws(LogError) {
        do {
            try await storeWhole(unit, &tally)
        } catch {
            // An import that was interrupted, or a longer export of the same streams: the first of
            // these records are there. A history is never continued, because it is one thing.
            guard case .versionConflict(_, let actual) = error, !unit.isHistory,
                actual.rawValue >= unit.firstVersion, actual.rawValue < unit.lastVersion
            else { throw error }
            try await storeWhole(unit.part(unit.firstVersion...actual.rawValue), &tally)
            try await storeWhole(unit.part(actual.rawValue + 1...unit.lastVersion), &tally)
        }
    }

    private func storeWhole(_ unit: ImportUnit, _ tally: inout ImportTally) async throws(LogError) {
        let result = try await log.append(
            unit.events, to: unit.stream, expecting: unit.expecting)
        if result.wasStoredBefore {
            tally.presentCount += unit.events.count
        } else {
            tally.importedCount += unit.events.count
        }
    }
}
