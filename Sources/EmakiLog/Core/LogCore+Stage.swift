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
    /// Nothing was decided: sealed files have to be read first, without the lock.
    case lookUp(SealedQuestion)

    static func refused(_ error: LogError) -> StageOutcome { .refused(error, after: .start) }
}

/// What has to be looked up in sealed files before a batch can be decided.
enum SealedQuestion: Equatable {
    /// The head of a section's stream.
    case head(section: Int)
    /// Whether the batch was stored before: where it would be is in sealed files.
    case isStored(section: Int)

    var section: Int {
        switch self {
        case .head(let section), .isStored(let section): section
        }
    }
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
        if let after = batch.source.snapshotBasis?.obstacle(removals) {
            return .refused(
                .versionConflict(stream: batch.source.stream(0), actual: .none), after: after)
        }
        var answer = staging.stage(batch, version: report)
        if case .noRoom(.segment) = answer {
            rotateIfPossible(forEvents: batch.source.removal == nil)
            // Where there is none to go on in, the answer is the same.
            answer = staging.stage(batch, version: report)
        }
        return outcome(answer, of: batch, version: report)
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
        case .needsHead(let section):
            return .lookUp(.head(section: section))
        case .tooManyEvents(let held):
            return .refused(
                .tooLarge(.unsealedEvents, limit: Limits.unsealedEventsMax, value: held))
        case .beyondHead(let head):
            counters.conflicts += 1
            let stream = batch.source.stream(0)
            let after = index.find(stream).flatMap { index.lastPosition($0)?.advanced(by: 1) }
            return .refused(
                .versionConflict(stream: stream, actual: head), after: after ?? .start)
        case .removedBefore:
            // What it rests on may be staged, and not durable yet.
            return .repeated(positions: stagedEnd..<stagedEnd)
        case .tooManyRemovals(let streams):
            return .refused(
                .tooLarge(.removedStreams, limit: Limits.removedStreamsMax, value: streams + 1))
        case .noRoom(.segment) where isOutOfSegments:
            return .refused(
                .tooLarge(
                    .segmentCount, limit: Limits.segmentCountMax,
                    value: manifest.segments.count + 1))
        case .noRoom(.segment) where batch.source.removal != nil && readyCount > 0:
            // Not for a segment: for the commit that lets it go on in one.
            return .wait(.groupBytes)
        case .noRoom(.segment) where batch.source.removal == nil && quotaRefusal != nil:
            return quotaRefusal.map { .refused($0) } ?? .wait(.segment)
        case .noRoom(.segment) where isAtUnsealedLimit && readyCount == 0:
            return sealedFileRefusal.map { .refused($0) } ?? .wait(.segment)
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
                guard isNext else {
                    return conflictAnswer(batch.source) ?? .wait(.pendingEvents)
                }
                positions = (positions?.lowerBound ?? stored.lowerBound)..<stored.upperBound
            case .otherBytes(let version, let after):
                counters.conflicts += 1
                return .refused(
                    .idReused(stream: batch.source.stream(section), version: version),
                    after: after)
            case .notStored:
                conflict = conflict ?? conflictAnswer(batch.source)
            case .isSealed:
                // Where one section is certainly not stored the batch is not.
                return conflict ?? .lookUp(.isStored(section: section))
            }
        }
        guard conflict == nil, let positions else {
            return conflict ?? conflictAnswer(batch.source) ?? .wait(.pendingEvents)
        }
        counters.repeats += 1
        return .repeated(positions: positions)
    }

    /// Names the first stream that is not where it was expected.
    /// - Returns: nil if all are by now.
    func conflictAnswer<Source: BatchSource>(_ source: Source) -> StageOutcome? {
        for section in 0..<source.sectionCount {
            let stream = source.stream(section)
            guard let slot = index.find(stream) else {
                if staging.mayBeElsewhere(stream) { return .lookUp(.head(section: section)) }
                if source.expecting(section).holds(at: .none) { continue }
                counters.conflicts += 1
                return .refused(
                    .versionConflict(stream: stream, actual: .none),
                    after: endOfStagedRemovals(source))
            }
            let head = index.head(slot)
            if !removals.isEmpty, source.removal == nil,
                staging.isFenced(stream, at: head, against: source.expecting(section))
            {
                counters.conflicts += 1
                return .refused(
                    .streamDeleted(stream: stream, version: head),
                    after: removals.stagedExtent(stream).after)
            }
            if source.expecting(section).holds(at: head) { continue }
            let last = index.lastPosition(slot)?.advanced(by: 1) ?? .start
            counters.conflicts += 1
            return .refused(
                .versionConflict(stream: stream, actual: head),
                after: max(last, endOfStagedRemovals(source)))
        }
        return nil
    }

    /// A batch may be no repetition only because of a removal that is staged.
    private func endOfStagedRemovals<Source: BatchSource>(_ source: Source) -> Position {
        (0..<source.sectionCount).reduce(Position.start) { end, section in
            max(end, removals.stagedExtent(source.stream(section)).after)
        }
    }

    /// Nothing is stored any more; but what is offered may be there.
    private func afterPoisoning<Source>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) -> StageOutcome {
        var positions: Range<Position>?
        for section in 0..<batch.source.sectionCount {
            let comparison = compare(batch.source, section)
            if case .isSealed = comparison { return .lookUp(.isStored(section: section)) }
            guard case .stored(let stored, let version) = comparison,
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

    /// Looks for the events of a section right where it expected to put them.
    private func compare<Source: BatchSource>(
        _ source: Source, _ section: Int
    ) -> SectionMatch<Source>.Result {
        guard var match = SectionMatch(source, section) else { return .notStored }
        let stream = source.stream(section)
        guard let slot = index.find(stream) else {
            return sealed.mayContainAtOnce(hash: stream.hash) ? .isSealed : .notStored
        }
        guard index.head(slot) >= match.next else { return .notStored }
        // What was removed is not stored any more.
        if !removals.isEmpty, removals.stagedExtent(stream).extent.through >= match.next {
            return .notStored
        }
        guard let first = index.firstVersion(slot), first <= match.next else {
            return sealed.isEmpty ? .notStored : .isSealed
        }
        index.visit(slot, from: match.next, backwards: false, durable: stagedEnd) {
            _, entry in
            guard case .event(let position) = entry, let event = event(at: position) else {
                return false
            }
            return match.take(event)
        }
        return match.result
    }
}

/// Whether the events of a section are stored right where it expected to put them: with the same
/// ids and bytes, one behind the other in the whole log.
struct SectionMatch<Source: BatchSource> {
    enum Result {
        case stored(Range<Position>, version: StreamVersion)
        case otherBytes(StreamVersion, after: Position)
        case notStored
        /// It may be stored in sealed files.
        case isSealed
    }

    private let source: Source
    private let section: Int
    private let expected: StreamVersion
    private var matched = 0
    private var first = Position.start
    private(set) var result = Result.notStored

    /// - Returns: nil if the section expects nothing, or has no events.
    init?(_ source: Source, _ section: Int) {
        guard source.removal == nil else { return nil }
        switch source.expecting(section) {
        case .anything: return nil
        case .noStream: expected = .none
        case .version(let version): expected = version
        }
        guard expected.rawValue < FrameHeader.positionMax else { return nil }
        self.source = source
        self.section = section
    }

    /// The version at which the next event of the section would be.
    var next: StreamVersion { StreamVersion(expected.rawValue + 1 + UInt64(matched)) }

    /// Compares the next event of the stream.
    /// - Returns: true if another one is wanted.
    mutating func take(_ event: RecordedEvent) -> Bool {
        guard event.version == next else { return false }
        let position = event.position
        if matched == 0 { first = position }
        guard position.rawValue == first.rawValue + UInt64(matched) else { return false }
        let answer = source.withEvent(section, matched) { offered in
            guard let id = offered.id, id == event.id else { return false as Bool? }
            return event.hasSameContent(as: offered) ? true : nil
        }
        guard let isSame = answer else {
            result = .otherBytes(event.version, after: position.advanced(by: 1))
            return false
        }
        guard isSame else { return false }
        matched += 1
        guard matched == source.eventCount(section) else { return true }
        result = .stored(first..<position.advanced(by: 1), version: event.version)
        return false
    }
}
