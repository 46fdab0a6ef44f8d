import EmakiPlatform

/// What an append touches, in one value: the index, the group that gathers, and the image that it
/// is built in. Check everything, then store everything: between the two nothing can fail, so a
/// batch is staged whole or not at all.
///
/// One value, so that the path of every append is checked by the compiler for exclusive access, and
/// not again and again while it runs.
struct StagingArea: ~Copyable {
    var index: LogIndex
    /// What the next frame links to: the last group that was begun.
    var end: LogEnd
    /// Exclusive: everything below is durable and visible.
    var durableEnd: Position
    var gathering: Gathering
    /// The active segment, which the group is built for.
    private var image: PageMemory
    private var segmentNumber: UInt64
    private(set) var batchCount: UInt64 = 0
    /// Bytes of all batches that were staged.
    private(set) var batchBytes: UInt64 = 0
    /// False: the segment is kept for removals.
    var takesEvents = true
    /// What is not in segments any more. Readers take it under the lock, and read without it.
    var sealed: SealedSet
    /// What streams have lost.
    var removals: Removals

    private let segmentBytes: Int
    private let groupBytesMax: Int
    private let pendingEventsMax: Int

    /// The group that takes batches now: a frame being built in the active segment's image.
    struct Gathering {
        /// Where its header will be.
        var start: Int
        /// Where the next batch goes.
        var next: Int
        var eventCount = 0
        /// Of the payload so far.
        var checksum: UInt32 = 0

        init(at start: Int) {
            self.start = start
            next = start + FrameHeader.byteCount
        }

        var isEmpty: Bool { next == start + FrameHeader.byteCount }
        var payloadBytes: Int { next - start - FrameHeader.byteCount }
    }

    init(
        index: consuming LogIndex, sealed: SealedSet, removals: Removals, end: LogEnd,
        active: Segment, nextOffset: Int, layout: SegmentLayout, configuration: Configuration
    ) {
        self.index = index
        self.index.idleHeadsMax = configuration.cachedHeadsMax
        self.sealed = sealed
        self.removals = removals
        self.end = end
        durableEnd = end.nextPosition
        gathering = Gathering(at: nextOffset)
        image = active.image
        segmentNumber = active.number
        segmentBytes = layout.segmentBytes
        groupBytesMax = configuration.groupBytesMax
        pendingEventsMax = configuration.pendingEventsMax
    }

    /// Goes on in another segment. The gathering group must be empty.
    mutating func activate(_ segment: Segment, at offset: Int) {
        precondition(gathering.isEmpty, "a group lies in one segment")
        image = segment.image
        segmentNumber = segment.number
        gathering = Gathering(at: offset)
    }

    /// Exclusive end of what is staged.
    var stagedEnd: Position { end.nextPosition.advanced(by: gathering.eventCount) }
    var pendingEventCount: Int { Int(stagedEnd.rawValue - durableEnd.rawValue) }

    enum Answer {
        case staged(Range<Position>)
        /// An expectation does not hold: a conflict, or a repetition.
        case notAsExpected
        /// The head of this section's stream is not in memory, and sealed files may know it.
        case needsHead(section: Int)
        /// With the batch the index would hold more than it can.
        case tooManyEvents(held: Int)
        /// More is to be removed than the stream ever had.
        case beyondHead(StreamVersion)
        /// What is to be removed is removed already, or staged to be.
        case removedBefore
        case tooManyRemovals(streams: Int)
        case noRoom(WaitReason)
    }

    /// Stages a batch, or says what is in the way and changes nothing.
    /// - Parameter report: gets the version of each section's stream after the batch.
    mutating func stage<Source: BatchSource>(
        _ batch: MeasuredBatch<Source>, version report: (Int, StreamVersion) -> Void
    ) -> Answer {
        if let request = batch.source.removal { return stage(request, batch, version: report) }
        var slot: LogIndex.Slot?
        for section in 0..<batch.source.sectionCount {
            let stream = batch.source.stream(section)
            let found = index.lookUp(stream)
            slot = found.slot
            if slot == nil, mayBeElsewhere(stream) { return .needsHead(section: section) }
            let expecting = batch.source.expecting(section)
            guard expecting.holds(at: found.head) else { return .notAsExpected }
            if !removals.isEmpty, isFenced(stream, at: found.head, against: expecting) {
                return .notAsExpected
            }
        }
        guard index.hasRoom(for: batch.eventCount) else {
            return .tooManyEvents(held: index.eventCount)
        }
        let reason =
            takesEvents
            ? reasonToWait(byteCount: batch.byteCount, positionCount: batch.eventCount) : .segment
        if let reason { return .noRoom(reason) }
        let first = stagedEnd
        add(batch, onlySlot: batch.source.sectionCount == 1 ? slot : nil, version: report)
        return .staged(first..<first.advanced(by: batch.eventCount))
    }

    /// Nil if the batch fits into the gathering group.
    func reasonToWait(byteCount: Int, positionCount: Int) -> WaitReason? {
        let pending = pendingEventCount
        if pending > 0, pending + positionCount > pendingEventsMax { return .pendingEvents }
        if !gathering.isEmpty, gathering.payloadBytes + byteCount > groupBytesMax {
            return .groupBytes
        }
        return gathering.next + byteCount <= segmentBytes ? nil : .segment
    }

    /// Encodes a removal behind what is there. It takes a position, which holds no event.
    mutating func add(_ record: RemovalRecord, byteCount: Int) {
        removals.stage(record, at: stagedEnd)
        record.encode(into: image, at: gathering.next)
        index.addEmptyPosition()
        advance(to: gathering.next + byteCount, positionCount: 1)
    }

    /// Counts a batch that was encoded up to `end`.
    private mutating func advance(to end: Int, positionCount: Int) {
        gathering.checksum = image.checksum(gathering.next..<end, seed: gathering.checksum)
        gathering.eventCount += positionCount
        batchBytes += UInt64(end - gathering.next)
        gathering.next = end
        batchCount += 1
    }

    /// Encodes a batch behind what is there, and adds its events to the index: memory only, and
    /// room was found before.
    private mutating func add<Source>(
        _ batch: MeasuredBatch<Source>, onlySlot: LogIndex.Slot?,
        version report: (Int, StreamVersion) -> Void
    ) {
        let batchStart = gathering.next
        let source = batch.source
        BatchFormat.encodeHeader(
            byteCount: batch.byteCount, sectionCount: source.sectionCount, kind: .events,
            into: image, at: batchStart)
        var next = batchStart + BatchFormat.headerBytes
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
                index.add(to: slot, place: .init(segment: segmentNumber, offset: next))
                next = source.withEvent(section, event) {
                    EventRecord.encode(
                        $0, version: StreamVersion(head), section: sectionStart, into: image,
                        at: next)
                }
            }
            report(section, StreamVersion(head))
        }
        precondition(
            next == batchStart + batch.byteCount, "a batch takes the bytes it was measured at")
        advance(to: next, positionCount: batch.eventCount)
    }
}

extension ExpectedVersion {
    /// True if a stream at this version is what the caller takes for granted.
    func holds(at head: StreamVersion) -> Bool {
        switch self {
        case .anything: true
        case .noStream: head == .none
        case .version(let version): head == version
        }
    }
}
