import EmakiPlatform

/// What became of a batch that was offered.
enum StageOutcome {
    /// It is in the gathering group, and durable once `durableEnd` reaches the end of `positions`.
    case staged(positions: Range<Position>)
    /// It was stored before, at these positions; true once `durableEnd` reaches their end.
    case repeated(positions: Range<Position>)
    /// Refused, for a reason that holds once `durableEnd` reaches `after`.
    case refused(LogError, after: Position)
    /// Nothing was decided: there is no room.
    case wait(WaitReason)

    static func refused(_ error: LogError) -> StageOutcome { .refused(error, after: .start) }
}

/// Appending: check everything, then store everything. Between the two nothing can fail, so a batch
/// is staged whole or not at all.
extension LogCore {
    /// Offers a batch.
    /// - Parameter versions: gets the version of each section's stream after the batch.
    /// - Complexity: O(bytes of the batch); no allocation but the growth of the index.
    func stage<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) -> StageOutcome {
        if configuration.isReadOnly { return .refused(.readOnly) }
        if isPoisoned { return .refused(.poisoned) }
        var slot: LogIndex.Slot?
        for section in 0..<batch.source.sectionCount {
            slot = index.find(batch.source.stream(section))
            let head = slot.map { index.head($0) } ?? .none
            guard !isAsExpected(batch.source.expecting(section), head: head) else { continue }
            return settle(batch, version: report)
        }
        let eventsInMemory =
            index.positions.upperBound.rawValue - index.positions.lowerBound.rawValue
        guard eventsInMemory + UInt64(batch.eventCount) <= UInt64(Limits.unsealedEventsMax) else {
            return .refused(
                .tooLarge(
                    .unsealedEvents, limit: Limits.unsealedEventsMax, value: Int(eventsInMemory)))
        }
        if let reason = reasonToWait(for: batch) {
            if reason == .segment, isOutOfSegments {
                return .refused(
                    .tooLarge(
                        .segmentCount, limit: Limits.segmentCountMax,
                        value: manifest.segments.count + 1))
            }
            return .wait(reason)
        }
        encode(batch, onlySlot: batch.source.sectionCount == 1 ? slot : nil, version: report)
        let first = end.nextPosition.advanced(by: gathering.eventCount)
        gathering.eventCount += batch.eventCount
        counters.batches += 1
        return .staged(positions: first..<first.advanced(by: batch.eventCount))
    }

    private func isAsExpected(_ expected: ExpectedVersion, head: StreamVersion) -> Bool {
        switch expected {
        case .anything: true
        case .noStream: head == .none
        case .version(let version): head == version
        }
    }

    // MARK: Room

    /// Nil if the batch fits into the gathering group, perhaps after a rotation.
    private func reasonToWait<Source>(for batch: MeasuredBatch<Source>) -> WaitReason? {
        if pendingEventCount > 0,
            pendingEventCount + batch.eventCount > configuration.pendingEventsMax
        {
            return .pendingEvents
        }
        if !gathering.isEmpty,
            gathering.payloadBytes + batch.byteCount > configuration.groupBytesMax
        {
            return .groupBytes
        }
        if hasRoom(for: batch.byteCount) { return nil }
        return rotateIfPossible() ? nil : .segment
    }

    /// No segment can be made ready any more.
    private var isOutOfSegments: Bool {
        readyCount == 0 && !isPreparing && filesInPreparation.isEmpty
            && manifest.segments.count >= Limits.segmentCountMax
    }

    private func hasRoom(for byteCount: Int) -> Bool {
        gathering.next + byteCount <= layout.segmentBytes
    }

    // MARK: Storing

    private func encode<Source>(
        _ batch: MeasuredBatch<Source>, onlySlot: LogIndex.Slot?,
        version report: (Int, StreamVersion) -> Void
    ) {
        let image = active.image
        let segment = active.number
        let start = gathering.next
        let source = batch.source
        BatchFormat.encodeHeader(
            byteCount: batch.byteCount, sectionCount: source.sectionCount, kind: .events,
            into: image, at: start)
        var next = start + BatchFormat.headerBytes
        for section in 0..<source.sectionCount {
            let stream = source.stream(section)
            let slot = onlySlot ?? index.findOrAdd(stream)
            let sectionStart = next
            let eventCount = source.eventCount(section)
            next = SectionHeader.encode(
                stream, eventCount: eventCount, frame: gathering.start, into: image, at: next)
            var head = index.head(slot).rawValue
            for event in 0..<eventCount {
                head += 1
                index.add(to: slot, place: .init(segment: segment, offset: next))
                next = source.withEvent(section, event) {
                    EventRecord.encode(
                        $0, version: StreamVersion(head), section: sectionStart, into: image,
                        at: next)
                }
            }
            report(section, StreamVersion(head))
        }
        precondition(next == start + batch.byteCount, "a batch takes the bytes it was measured at")
        gathering.checksum = image.checksum(start..<next, seed: gathering.checksum)
        gathering.next = next
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
                if isAsExpected(source.expecting(section), head: .none) { continue }
                return .refused(.versionConflict(stream: stream, actual: .none))
            }
            let head = index.head(slot)
            if isAsExpected(source.expecting(section), head: head) { continue }
            let after = index.lastPosition(slot)?.advanced(by: 1) ?? .start
            return .refused(.versionConflict(stream: stream, actual: head), after: after)
        }
        preconditionFailure("a conflict has a stream that is not as expected")
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
