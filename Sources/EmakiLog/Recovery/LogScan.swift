import EmakiPlatform

/// Reads linked frames in order and fills the index. Knows where it is and what the next frame has
/// to follow; decides nothing about what comes after the last linked one.
///
/// A linked frame whose contents make no sense is damage. A scan that steps over damage checks each
/// frame wholly before it adds an event of it, and stops in front of a senseless one; other scans
/// check while they add, and are thrown away with the error.
struct LogScan: ~Copyable {
    /// A place in the log: an index into `segments`, and a file offset.
    struct Place: Equatable {
        var segment: Int
        var offset: Int
    }

    /// A commit with events.
    struct Commit {
        var position: Position
        var instant: Int64
    }

    /// A linked frame whose contents make no sense.
    struct SenselessFrame {
        var corruption: Corruption
        /// The end of the log and the place behind it; nil behind a loss record, which alone knows.
        var behind: (end: LogEnd, place: Place)?
    }

    let segments: ContiguousArray<Segment>
    let layout: SegmentLayout
    let stepsOverDamage: Bool
    /// Events before the anchor are not here, so a stream's first event here may have any version.
    private let hasRetired: Bool

    /// Where the next frame would be.
    private(set) var place: Place
    private(set) var end: LogEnd
    private(set) var segmentEnds: ContiguousArray<LogEnd> = []
    private(set) var index: LogIndex
    private(set) var lastKind = FrameHeader.Kind.group
    /// Of all commits, by the clock of the machine.
    private(set) var newestInstant: Int64 = 0
    private(set) var frameCount = 0
    /// Positions of the frames: events and removals.
    private(set) var positionCount = 0
    var eventCount: Int { positionCount - removals.count }
    private(set) var cuts: [RecoveryReceipt.Cut] = []
    private(set) var losses: [RecoveryReceipt.Loss] = []
    private(set) var isAtDamagedEnd = false
    /// In the order of their positions.
    private(set) var removals: ContiguousArray<RemovalRecord> = []
    /// Where each commit with events starts, and when it was made; nil: not recorded.
    private(set) var commits: ContiguousArray<Commit>?
    /// The frame at `place`, if it makes no sense.
    private(set) var senseless: SenselessFrame?
    /// Positions that loss records, or damage stepped over, account for and that no stream has
    /// missed yet: each is missing in one stream.
    private var lostPositionCount: UInt64 = 0

    init(
        manifest: Manifest, segments: ContiguousArray<Segment>, layout: SegmentLayout,
        stepsOverDamage: Bool
    ) {
        self.init(
            segments, from: manifest.anchor, hasRetired: manifest.anchorSegment > 0, layout: layout,
            stepsOverDamage: stepsOverDamage)
    }

    /// - Parameter recordsCommits: for a scan that needs to know when commits were made.
    init(
        _ segments: ContiguousArray<Segment>, from end: LogEnd, hasRetired: Bool,
        layout: SegmentLayout, stepsOverDamage: Bool, recordsCommits: Bool = false
    ) {
        self.segments = segments
        self.layout = layout
        self.stepsOverDamage = stepsOverDamage
        self.hasRetired = hasRetired
        self.end = end
        place = Place(segment: 0, offset: layout.framesOffset)
        index = LogIndex(startingAt: end.nextPosition)
        commits = recordsCommits ? [] : nil
    }

    func find(at place: Place) -> FrameHeader.Found {
        FrameHeader.find(
            in: segments[place.segment].image, at: place.offset,
            of: segments[place.segment].identity, layout: layout)
    }

    /// A frame that is whole, in place and linked, or nil.
    private func linkedFrame(at place: Place) -> (FrameHeader, checksum: UInt32)? {
        guard place.offset < layout.segmentBytes,
            case .whole(let header, let checksum) = find(at: place),
            header.isInPlace(at: place.offset), header.isLinked(to: end)
        else { return nil }
        return (header, checksum)
    }

    /// Advances over linked frames. A log that goes on in the next segment does so with a frame
    /// that links to the last one here, which proves that no group between them is missing.
    /// - Parameters:
    ///   - segmentEnd: the segments from this one on are not looked at; nil: all are.
    ///   - lastGroup: no byte behind this group's frame is looked at: it may be being written.
    mutating func readLinkedFrames(
        before segmentEnd: Int? = nil, through lastGroup: UInt64 = .max
    ) throws(LogError) {
        senseless = nil
        let segmentEnd = segmentEnd ?? segments.count
        guard end.lastGroup < lastGroup else { return }
        if let start = linkedPlace(before: segmentEnd) { move(to: start) }
        while senseless == nil, place.segment < segmentEnd, end.lastGroup < lastGroup {
            if let (header, checksum) = linkedFrame(at: place) {
                try take(header, checksum: checksum)
                continue
            }
            let next = Place(segment: place.segment + 1, offset: layout.framesOffset)
            guard next.segment < segmentEnd, linkedFrame(at: next) != nil else { return }
            move(to: next)
        }
    }

    /// Where the log goes on: mostly right here. But the anchor may be the end of a loss, of which
    /// the record was retired with its segment; it may have led to any later place. The frame there
    /// needs no record: it is whole, says of itself where it is, and links to the anchor, and no
    /// other frame ever does.
    /// - Returns: nil if the log ends.
    /// - Complexity: O(blocks up to there).
    private func linkedPlace(before segmentEnd: Int) -> Place? {
        // A loss may have led behind the segments that are asked for.
        for segment in place.segment..<max(place.segment, segmentEnd) {
            let first = segment == place.segment ? place.offset : layout.framesOffset
            for offset in stride(from: first, to: layout.segmentBytes, by: layout.blockBytes) {
                let candidate = Place(segment: segment, offset: offset)
                if linkedFrame(at: candidate) != nil { return candidate }
            }
        }
        return nil
    }

    private mutating func move(to next: Place) {
        while segmentEnds.count < next.segment { segmentEnds.append(end) }
        place = next
    }

    private mutating func take(_ header: FrameHeader, checksum: UInt32) throws(LogError) {
        let start = place.offset
        let payload =
            start + FrameHeader.byteCount..<start + FrameHeader.byteCount + header.payloadBytes
        if header.kind == .loss {
            try takeLoss(header, payload: payload)
            return
        }
        let newEnd = LogEnd(
            lastGroup: header.group, nextPosition: header.endPosition, frameChecksum: checksum)
        let next = Place(
            segment: place.segment,
            offset: start + header.paddedBytes(block: layout.blockBytes))
        let fault =
            stepsOverDamage
            ? faultBeforeAdding(header, payload: payload) ?? addEvents(header, payload: payload)
            : addEvents(header, payload: payload)
        if let fault {
            try meetSenseless(
                "the frame of group \(header.group) passes its checksums, but not the check of:"
                    + " \(fault.description)", behind: (newEnd, next))
            return
        }
        if header.eventCount > 0 {
            commits?.append(Commit(position: header.firstPosition, instant: header.commitInstant))
        }
        frameCount += 1
        newestInstant = max(newestInstant, header.commitInstant)
        positionCount += header.eventCount
        lastKind = header.kind
        end = newEnd
        remember(header, at: start)
        place = next
    }

    private mutating func meetSenseless(
        _ evidence: String, behind: (LogEnd, Place)?
    ) throws(LogError) {
        let corruption = Corruption(
            file: segments[place.segment].path, fileOffset: place.offset, reason: .badBatch,
            evidence: evidence)
        guard stepsOverDamage else { throw .corrupt(corruption) }
        senseless = SenselessFrame(corruption: corruption, behind: behind)
    }

    /// Why the frame's events cannot be added, found out without adding one.
    private func faultBeforeAdding(
        _ header: FrameHeader, payload: Range<Int>
    ) -> BatchFormat.Fault? {
        var check = VersionCheck(mayStartLater: hasRetired, lostCount: lostPositionCount)
        return BatchFormat.validate(
            payload, frame: place.offset, in: segments[place.segment].image,
            eventCount: header.eventCount
        ) { section, record in
            check.accepts(record, of: section, after: index)
        } removal: { record in
            check.accepts(record, after: index)
        }
    }

    private mutating func addEvents(
        _ header: FrameHeader, payload: Range<Int>
    ) -> BatchFormat.Fault? {
        let segment = segments[place.segment]
        return BatchFormat.validate(
            payload, frame: place.offset, in: segment.image, eventCount: header.eventCount
        ) { section, record in
            let slot = index.findOrAdd(section)
            let head = index.head(slot)
            guard
                index.advance(
                    slot, toBefore: record.version,
                    mayStartLater: hasRetired, lostCountMax: lostPositionCount)
            else { return false }
            lostPositionCount -= VersionCheck.missingCount(
                before: record.version, after: head, mayStartLater: hasRetired)
            index.add(to: slot, place: .init(segment: segment.number, offset: record.offset))
            return true
        } removal: { record in
            index.addEmptyPosition()
            removals.append(record)
            return advance(record)
        }
    }

    /// The stream of a removal was at the version that it names, or beyond: what is missing up to
    /// there was lost, and its versions are not given again. Of a stream of which nothing is here
    /// the sealed files know, and what they say is held against removals when it is looked up.
    private mutating func advance(_ record: RemovalRecord) -> Bool {
        let slot = index.find(record.stream)
        if slot == nil, hasRetired { return true }
        let head = slot.map { index.head($0) } ?? .none
        guard record.through > head else { return true }
        let missing = record.through.rawValue - head.rawValue
        guard missing <= lostPositionCount else { return false }
        lostPositionCount -= missing
        return index.advance(
            index.findOrAdd(record.stream), toBefore: StreamVersion(record.through.rawValue + 1),
            mayStartLater: false, lostCountMax: missing)
    }

    /// Cuts are remembered until a clean close.
    private mutating func remember(_ header: FrameHeader, at offset: Int) {
        if header.kind == .closeMark { cuts.removeAll() }
        guard header.kind == .cut else { return }
        if cuts.count == Limits.rememberedCutsMax { cuts.removeFirst() }
        cuts.append(
            .init(
                file: segments[place.segment].path, fileOffset: offset, group: header.group,
                isRemembered: true))
    }

    // MARK: Losses

    private mutating func takeLoss(_ header: FrameHeader, payload: Range<Int>) throws(LogError) {
        guard
            let loss = LossRecord(
                from: segments[place.segment].image, payload: payload, layout: layout),
            let target = segments.firstIndex(where: { $0.number == loss.segment }),
            loss.end.lastGroup >= header.group,
            (target, loss.fileOffset) > (place.segment, place.offset),
            let lost = lostCount(upTo: loss.end)
        else {
            try meetSenseless("a loss record that leads nowhere", behind: nil)
            return
        }
        skip(
            to: Place(segment: target, offset: loss.fileOffset), following: loss.end, lost: lost,
            isRecorded: true)
        frameCount += 1
    }

    /// Goes on behind a damaged region without what was in it.
    /// - Returns: false if nothing whole follows the damage.
    mutating func step(over damage: EndProof.Damage) -> Bool {
        // What cannot have been lost here is no position either.
        guard let lost = lostCount(upTo: damage.end) else {
            isAtDamagedEnd = true
            return false
        }
        skip(
            to: damage.resume ?? damage.place, following: damage.end, lost: lost,
            isRecorded: false)
        isAtDamagedEnd = damage.resume == nil
        return damage.resume != nil
    }

    private mutating func skip(
        to next: Place, following newEnd: LogEnd, lost: UInt64, isRecorded: Bool
    ) {
        losses.append(
            .init(
                file: segments[place.segment].path, fileOffset: place.offset,
                firstPosition: end.nextPosition, endPosition: newEnd.nextPosition,
                isRecorded: isRecorded))
        for _ in 0..<lost { index.addEmptyPosition() }
        lostPositionCount += lost
        end = newEnd
        lastKind = .loss
        senseless = nil
        move(to: next)
    }

    /// How many events are lost if the log goes on at `newEnd`; nil if so many cannot be.
    func lostCount(upTo newEnd: LogEnd) -> UInt64? {
        guard newEnd.nextPosition >= end.nextPosition else { return nil }
        let lost = newEnd.nextPosition.rawValue - end.nextPosition.rawValue
        // Every lost event took at least a record's header somewhere behind this place.
        let regionBytes = (segments.count - place.segment) * layout.segmentBytes
        guard lost <= UInt64(regionBytes / EventRecord.byteCountMin) else { return nil }
        // And so did all others: many records may not claim, each for itself, what all segments
        // together have no room for.
        let held = newEnd.nextPosition.rawValue - index.positions.lowerBound.rawValue
        let roomBytes = segments.count * layout.segmentBytes
        return held <= UInt64(roomBytes / EventRecord.byteCountMin) ? lost : nil
    }

    // MARK: Cutting

    /// Lays an empty frame over the first block of a torn one and moves behind it.
    mutating func layCut(at torn: Place, method: SyncMethod) -> GroupWrite {
        if torn.segment != place.segment { move(to: torn) }
        let segment = segments[torn.segment]
        let header = FrameHeader(
            storeID: segment.identity.storeID, incarnation: segment.identity.incarnation,
            fileOffset: torn.offset, follows: end, commitInstant: 0, payloadBytes: 0, eventCount: 0,
            payloadChecksum: 0, kind: .cut)
        let block = torn.offset..<torn.offset + layout.blockBytes
        segment.image.zero(block)
        let checksum = header.encode(into: segment.image, at: torn.offset)
        end = LogEnd(
            lastGroup: header.group, nextPosition: end.nextPosition, frameChecksum: checksum)
        lastKind = .cut
        frameCount += 1
        place = Place(segment: torn.segment, offset: block.upperBound)
        return GroupWrite(
            segment: segment, range: block, bytes: segment.image, bytesStart: block.lowerBound,
            method: method, end: end, eventCount: 0)
    }
}
