import EmakiPlatform

/// What the bytes after the last linked frame prove.
///
/// One write is in flight at a time, so a frame of a later group was only written after every
/// earlier group was durable and, perhaps, acknowledged. Hence proof that acknowledged bytes are
/// damaged is: one whole frame with a higher group number than the last linked one, wherever it
/// lies; a good header of a group beyond the next; an idle slot that names a higher group. Without
/// such proof the frame that does not link is taken for torn, or for what an earlier life of the
/// segment left.
///
/// (A frame's watermark proves nothing that its group number does not: it is the first position of
/// the frame itself, and `FrameHeader.isLinked` holds it to that.)
enum EndProof {
    /// Acknowledged groups that cannot be read.
    struct Damage {
        /// Where the first of them should be.
        var place: LogScan.Place
        var corruption: Corruption
        /// Where whole frames go on; nil if none does.
        var resume: LogScan.Place?
        /// What the frame at `resume`, or the next new one, follows.
        var end: LogEnd
    }

    /// - Complexity: O(blocks after the last linked frame).
    static func damage(after scan: borrowing LogScan) -> Damage? {
        guard let senseless = scan.senseless else { return missingGroups(after: scan) }
        if let behind = senseless.behind {
            return Damage(
                place: scan.place, corruption: senseless.corruption, resume: behind.place,
                end: behind.end)
        }
        // Only a loss record knows what it covers; without it, what follows must tell.
        var damage =
            missingGroups(after: scan)
            ?? Damage(
                place: scan.place, corruption: senseless.corruption, resume: nil, end: scan.end)
        damage.corruption = senseless.corruption
        return damage
    }

    private static func missingGroups(after scan: borrowing LogScan) -> Damage? {
        let slot = latestSlot(scan)
        let proofs = laterFrames(after: scan)
        if let first = proofs.min(by: { $0.header.group < $1.header.group }) {
            let evidence =
                "a \(first.isWhole ? "whole frame" : "frame header") of group"
                + " \(first.header.group) at"
                + " \(scan.segments[first.place.segment].path):\(first.place.offset)"
            // The first frame that the log can go on with is the last of the proofs, if any is.
            if let last = proofs.last, last.canGoOn(after: scan) {
                return Damage(
                    place: scan.place, corruption: corruption(scan, evidence: evidence),
                    resume: last.place, end: last.endBefore)
            }
            return Damage(
                place: scan.place, corruption: corruption(scan, evidence: evidence), resume: nil,
                end: latest(of: proofs.map(\.endAfter) + [slot, scan.end].compactMap(\.self)))
        }
        // Wherever it lies: a cut would make it the next place, and the next open would refuse it.
        if let place = laterPlace(after: scan, where: { scan.find(at: $0) == .unknown }) {
            return Damage(
                place: scan.place,
                corruption: Corruption(
                    file: scan.segments[place.segment].path, fileOffset: place.offset,
                    reason: .badFrame,
                    evidence: "a frame of this store with fields that this version never writes"),
                resume: nil, end: scan.end)
        }
        guard let slot, slot.lastGroup > scan.end.lastGroup else { return nil }
        return Damage(
            place: scan.place,
            corruption: corruption(
                scan, evidence: "an idle slot says that group \(slot.lastGroup) was written"),
            resume: nil, end: latest(of: [slot, scan.end]))
    }

    /// What must be taken as written when none of it can be read.
    private static func latest(of ends: [LogEnd]) -> LogEnd {
        LogEnd(
            lastGroup: ends.map(\.lastGroup).max() ?? 0,
            nextPosition: ends.map(\.nextPosition).max() ?? .start,
            frameChecksum: ends.max { $0.lastGroup < $1.lastGroup }?.frameChecksum ?? 0)
    }

    /// A frame behind the last linked one, with a higher group number.
    private struct Proof {
        var place: LogScan.Place
        var header: FrameHeader
        var checksum: UInt32
        /// False: only its header can be read. That proves as much, because it passes a checksum of
        /// its own; the log cannot go on with it.
        var isWhole: Bool

        var endBefore: LogEnd {
            LogEnd(
                lastGroup: header.group - 1, nextPosition: header.firstPosition,
                frameChecksum: header.previousChecksum)
        }
        var endAfter: LogEnd {
            LogEnd(
                lastGroup: header.group, nextPosition: header.endPosition,
                frameChecksum: checksum)
        }

        /// It is where it was written, and at least one group before it is missing.
        func canGoOn(after scan: borrowing LogScan) -> Bool {
            isWhole && header.isInPlace(at: place.offset) && header.group > scan.end.lastGroup + 1
                && header.firstPosition >= scan.end.nextPosition
                && (place.segment, place.offset) > (scan.place.segment, scan.place.offset)
        }
    }

    /// True if a mark proves that the last linked frame is the last there was: the log ends in one,
    /// and nothing was written behind it. (A mark clears the block behind it.)
    static func isMarked(_ scan: borrowing LogScan) -> Bool {
        guard nextPlaces(scan).allSatisfy({ isClear($0, scan) }) else { return false }
        if scan.lastKind == .idleMark || scan.lastKind == .closeMark { return true }
        guard let slot = latestSlot(scan) else { return false }
        return slot == scan.end
    }

    /// Where a frame of this life starts that does not pass its checks; nil if the log ends
    /// cleanly.
    ///
    /// Blocks without the magic are not cut: nothing that lies there can ever become a frame by
    /// itself, and in a recycled segment they are mostly what an earlier life left. But each life
    /// of a segment starts with a frame, so other bytes in its first block are what is left of
    /// this life's first one, even behind zeros where its header should be. Uncut, they would keep
    /// every later mark from proving the end.
    static func tornPlace(at scan: borrowing LogScan) -> LogScan.Place? {
        for place in nextPlaces(scan) {
            switch scan.find(at: place) {
            case .tornPayload, .tornHeader: return place
            case .nothing where place.offset == scan.layout.framesOffset && !isClear(place, scan):
                return place
            case .whole, .unknown, .stale, .nothing: continue
            }
        }
        return nil
    }

    /// An unreadable block in what looks torn: it may hold an acknowledged frame, and then nothing
    /// here is torn.
    static func unreadableBlock(
        at place: LogScan.Place, _ scan: borrowing LogScan,
        _ unreadable: [UInt64: [UnreadableBlock]]
    ) -> UnreadableBlock? {
        var end = place.offset + scan.layout.blockBytes
        if case .tornPayload(let header) = scan.find(at: place) {
            end = place.offset + header.paddedBytes(block: scan.layout.blockBytes)
        }
        return unreadable[scan.segments[place.segment].number]?
            .first { place.offset <= $0.offset && $0.offset < end }
    }

    /// Where the next frame would be: behind the last one, or at the start of the next segment.
    private static func nextPlaces(_ scan: borrowing LogScan) -> [LogScan.Place] {
        var places: [LogScan.Place] = []
        if scan.place.offset < scan.layout.segmentBytes { places.append(scan.place) }
        if scan.place.segment + 1 < scan.segments.count {
            places.append(.init(segment: scan.place.segment + 1, offset: scan.layout.framesOffset))
        }
        return places
    }

    /// Nothing was written here since the mark, not even a frame whose start is gone.
    private static func isClear(_ place: LogScan.Place, _ scan: borrowing LogScan) -> Bool {
        switch scan.find(at: place) {
        case .stale: return true
        case .nothing(isZero: true):
            let block = place.offset..<place.offset + scan.layout.blockBytes
            return scan.segments[place.segment].image.withBytes(in: block) {
                $0.isZero(in: 0..<block.count)
            }
        case .whole, .tornPayload, .tornHeader, .unknown, .nothing(isZero: false): return false
        }
    }

    private static func isUntouched(_ found: FrameHeader.Found) -> Bool {
        switch found {
        case .stale, .nothing(isZero: true): true
        case .whole, .tornPayload, .tornHeader, .unknown, .nothing(isZero: false): false
        }
    }

    // MARK: Looking

    private static func proof(at place: LogScan.Place, _ scan: borrowing LogScan) -> Proof? {
        switch scan.find(at: place) {
        case .whole(let header, let checksum) where header.group > scan.end.lastGroup:
            Proof(place: place, header: header, checksum: checksum, isWhole: true)
        // The group right behind the last linked one is what may be torn.
        case .tornPayload(let header) where header.group > scan.end.lastGroup + 1:
            Proof(place: place, header: header, checksum: 0, isWhole: false)
        default: nil
        }
    }

    /// Up to and including the first one that the log can go on with.
    private static func laterFrames(after scan: borrowing LogScan) -> [Proof] {
        var found: [Proof] = []
        _ = laterPlace(after: scan) { place in
            guard let proof = proof(at: place, scan) else { return false }
            found.append(proof)
            return proof.canGoOn(after: scan)
        }
        return found
    }

    /// The first block behind the last linked frame, in any segment, that is what is wanted; then
    /// those in front of the frames. No frame is written there, but blocks that changed places may
    /// have taken along all frames and both slots of a segment.
    private static func laterPlace(
        after scan: borrowing LogScan, where isWanted: (LogScan.Place) -> Bool
    ) -> LogScan.Place? {
        for segment in scan.place.segment..<scan.segments.count {
            let isFirst = segment == scan.place.segment
            var offset = isFirst ? scan.place.offset : scan.layout.framesOffset
            while offset < scan.layout.segmentBytes {
                let place = LogScan.Place(segment: segment, offset: offset)
                offset += scan.layout.blockBytes
                if isWanted(place) { return place }
            }
        }
        for segment in scan.place.segment..<scan.segments.count {
            for offset in stride(
                from: 0, to: scan.layout.framesOffset, by: scan.layout.blockBytes)
            {
                let place = LogScan.Place(segment: segment, offset: offset)
                if isWanted(place) { return place }
            }
        }
        return nil
    }

    /// The slot with the highest group of all segments.
    private static func latestSlot(_ scan: borrowing LogScan) -> LogEnd? {
        var latest: LogEnd?
        for segment in scan.segments {
            for slot in 0..<2 {
                let offset = scan.layout.idleSlotOffset(slot)
                guard
                    let end = IdleSlot.decode(
                        from: segment.image, at: offset, of: segment.identity)
                else { continue }
                if end.lastGroup > latest?.lastGroup ?? 0 { latest = end }
            }
        }
        return latest
    }

    /// True if the log went on in the next segment: no frame was begun here, and one was there.
    private static func isElsewhere(
        _ place: LogScan.Place, _ next: LogScan.Place, _ scan: borrowing LogScan
    ) -> Bool {
        guard place.offset < scan.layout.segmentBytes else { return true }
        return isUntouched(scan.find(at: place)) && !isUntouched(scan.find(at: next))
    }

    private static func corruption(_ scan: borrowing LogScan, evidence: String) -> Corruption {
        var place = scan.place
        let next = LogScan.Place(
            segment: place.segment + 1, offset: scan.layout.framesOffset)
        if next.segment < scan.segments.count, isElsewhere(place, next, scan) { place = next }
        let reason: Corruption.Reason =
            if place.offset >= scan.layout.segmentBytes {
                .badFrame
            } else if case .whole(let header, _) = scan.find(at: place) {
                header.isInPlace(at: place.offset) ? .brokenChain : .misplacedFrame
            } else {
                .badFrame
            }
        return Corruption(
            file: scan.segments[place.segment].path, fileOffset: place.offset, reason: reason,
            evidence: "group \(scan.end.lastGroup + 1) must be here, because of " + evidence)
    }
}
