import EmakiPlatform

/// What became of a batch that was offered.
enum StageOutcome {
    /// It is in the gathering group, and durable once `durableEnd` reaches the end of `positions`.
    case staged(positions: Range<Position>)
    /// It was stored before, at these positions; true once `durableEnd` reaches their end.
    case repeated(positions: Range<Position>)
    /// Refused, for a reason that holds once `durableEnd` reaches `after`.
    /// Boxed, so that the outcome of an append that is stored is a plain value.
    indirect case refused(LogError, after: Position)
    /// Nothing was decided: there is no room.
    case wait(WaitReason)

    static func refused(_ error: LogError) -> StageOutcome { .refused(error, after: .start) }
}

/// Appending, as seen from the core: `StagingArea` does it where nothing is in the way; here is
/// what is left.
extension LogCore {
    /// Offers a batch.
    /// - Parameter versions: gets the version of each section's stream after the batch.
    /// - Complexity: O(bytes of the batch); no allocation but the growth of the index.
    func stage<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) -> StageOutcome {
        if configuration.isReadOnly { return .refused(.readOnly) }
        if isPoisoned { return afterPoisoning(batch, version: report) }
        let answer = staging.stage(batch, version: report)
        guard case .noRoom(.segment) = answer, rotateIfPossible() else {
            return outcome(answer, of: batch, version: report)
        }
        return outcome(staging.stage(batch, version: report), of: batch, version: report)
    }

    private func outcome<Source>(
        _ answer: StagingArea.Answer, of batch: MeasuredBatch<Source>,
        version report: (Int, StreamVersion) -> Void
    ) -> StageOutcome {
        switch answer {
        case .staged(let positions):
            return .staged(positions: positions)
        case .notAsExpected:
            return settle(batch, version: report)
        case .tooManyEvents(let held):
            return .refused(
                .tooLarge(.unsealedEvents, limit: Limits.unsealedEventsMax, value: held))
        case .noRoom(.segment) where isOutOfSegments:
            return .refused(
                .tooLarge(
                    .segmentCount, limit: Limits.segmentCountMax,
                    value: manifest.segments.count + 1))
        case .noRoom(let reason):
            return .wait(reason)
        }
    }

    /// No segment can be made ready any more.
    private var isOutOfSegments: Bool {
        readyCount == 0 && !isPreparing && filesInPreparation.isEmpty
            && manifest.segments.count >= Limits.segmentCountMax
    }

    // MARK: Not as expected: a conflict, or a repetition

    /// Decides about a batch of which at least one expectation does not hold.
    private func settle<Source>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) -> StageOutcome {
        var positions: Range<Position>?
        var conflict: StageOutcome?
        for section in 0..<batch.source.sectionCount {
            switch compare(batch.source, section) {
            case .stored(let stored, let version):
                report(section, version)
                let isNext = positions.map { $0.upperBound == stored.lowerBound } ?? true
                guard isNext else { return conflictAnswer(batch.source) }
                positions = (positions?.lowerBound ?? stored.lowerBound)..<stored.upperBound
            case .otherBytes(let version, let after):
                counters.conflicts += 1
                return .refused(
                    .idReused(stream: batch.source.stream(section), version: version),
                    after: after)
            case .notStored:
                conflict = conflict ?? conflictAnswer(batch.source)
            }
        }
        if let conflict { return conflict }
        guard let positions else { return conflictAnswer(batch.source) }
        counters.repeats += 1
        return .repeated(positions: positions)
    }

    /// Names the first stream that is not where it was expected.
    private func conflictAnswer<Source: BatchSource>(_ source: Source) -> StageOutcome {
        counters.conflicts += 1
        for section in 0..<source.sectionCount {
            let stream = source.stream(section)
            guard let slot = index.find(stream) else {
                if source.expecting(section).holds(at: .none) { continue }
                return .refused(.versionConflict(stream: stream, actual: .none))
            }
            let head = index.head(slot)
            if source.expecting(section).holds(at: head) { continue }
            let after = index.lastPosition(slot)?.advanced(by: 1) ?? .start
            return .refused(.versionConflict(stream: stream, actual: head), after: after)
        }
        preconditionFailure("a conflict has a stream that is not as expected")
    }

    /// Nothing is stored any more; but what is offered may be there.
    private func afterPoisoning<Source>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) -> StageOutcome {
        var positions: Range<Position>?
        for section in 0..<batch.source.sectionCount {
            guard case .stored(let stored, let version) = compare(batch.source, section),
                positions.map({ $0.upperBound == stored.lowerBound }) ?? true
            else { return .refused(.poisoned) }
            report(section, version)
            positions = (positions?.lowerBound ?? stored.lowerBound)..<stored.upperBound
        }
        guard let positions, positions.upperBound <= durableEnd else {
            return .refused(positions == nil ? .poisoned : .outcomeUnknown)
        }
        counters.repeats += 1
        return .repeated(positions: positions)
    }

    private enum Comparison {
        case stored(Range<Position>, version: StreamVersion)
        case otherBytes(StreamVersion, after: Position)
        case notStored
    }

    /// Looks for the events of a section right where it expected to put them.
    private func compare<Source: BatchSource>(_ source: Source, _ section: Int) -> Comparison {
        let expected: StreamVersion
        switch source.expecting(section) {
        case .anything: return .notStored
        case .noStream: expected = .none
        case .version(let version): expected = version
        }
        guard let slot = index.find(source.stream(section)) else { return .notStored }
        let eventCount = source.eventCount(section)
        var result = Comparison.notStored
        var matched = 0
        var first = Position.start
        index.visit(
            slot, from: StreamVersion(expected.rawValue &+ 1), backwards: false, durable: stagedEnd
        ) { version, entry in
            guard version.rawValue == expected.rawValue &+ 1 &+ UInt64(matched),
                case .event(let position) = entry, let place = index.place(at: position)
            else { return false }
            if matched == 0 { first = position }
            guard position.rawValue == first.rawValue + UInt64(matched) else { return false }
            let record = EventRecord(in: segment(place.segment).image, at: place.offset)
            let answer = source.withEvent(section, matched) { event in
                guard let id = event.id, id == record.id else { return false as Bool? }
                return record.hasSameContent(as: event) ? true : nil
            }
            guard let isSame = answer else {
                result = .otherBytes(version, after: position.advanced(by: 1))
                return false
            }
            guard isSame else { return false }
            matched += 1
            if matched == eventCount {
                result = .stored(first..<position.advanced(by: 1), version: version)
            }
            return matched < eventCount
        }
        return result
    }
}
