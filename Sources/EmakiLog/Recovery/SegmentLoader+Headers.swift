import EmakiPlatform

/// Which segment a file is: MANIFEST says so, and the two copies of its header agree.
extension SegmentLoader {
    /// At least one copy of the header must be that of MANIFEST's entry, and none may be good and
    /// say something else. One bad copy is written again from the other.
    mutating func checkHeaders(
        _ identity: SegmentIdentity, _ entry: Manifest.Entry, _ file: any File, _ image: PageMemory
    ) throws(LogError) {
        let offsets = [0, store.layout.headerTwinOffset]
        var badOffsets: [Int] = []
        for offset in offsets {
            switch SegmentHeader.decode(from: image, at: offset, layout: store.layout) {
            case .good(identity): continue
            case .good(let other):
                try meet(damage(of: entry, at: offset, listed: identity, found: other))
                return
            case .newerFormat(let version):
                throw .unsupportedFormat(file: entry.path, version: version)
            case .bad: badOffsets.append(offset)
            }
        }
        guard badOffsets.count < offsets.count else {
            // Frames carry the identity too, and MANIFEST knows which it must be.
            try meet(
                damage(
                    of: entry, at: 0, .badHeader,
                    "neither copy of the header passes its checksum", mayHideFrames: false),
                isRepairable: Self.isProven(identity, in: image, layout: store.layout))
            return
        }
        for offset in badOffsets {
            mended.append("\(entry.path):\(offset)")
            guard !isReadOnly else { continue }
            try LogError.translating(entry.path) { () throws(DiskError) in
                try Self.writeHeader(
                    identity, at: offset, to: file, image, layout: store.layout, by: method)
            }
            repairs.append(.init(file: entry.path, fileOffset: offset, part: .header))
        }
    }

    private func damage(
        of entry: Manifest.Entry, at offset: Int, listed: SegmentIdentity, found: SegmentIdentity
    ) -> SegmentDamage {
        let evidence =
            "segment \(found.number) of another life or store, where MANIFEST lists segment"
            + " \(listed.number)"
        let isOwn = found.storeID == store.storeID
        guard isOwn, found.number >= nextSegmentNumber else {
            return damage(
                of: entry, at: offset, isOwn ? .badHeader : .foreignStore, evidence,
                mayHideFrames: true)
        }
        return SegmentDamage(
            number: listed.number,
            corruption: OutdatedManifest.corruption("\(entry.path) is \(evidence)"),
            mayHideFrames: true)
    }

    /// True if a frame or an idle slot in the image says that this is that life of that segment.
    private static func isProven(
        _ identity: SegmentIdentity, in image: PageMemory, layout: SegmentLayout
    ) -> Bool {
        SegmentEvidence.find(identity, in: image, layout: layout) != nil
    }

    /// Writes one copy of a header; durable on return.
    static func writeHeader(
        _ identity: SegmentIdentity, at offset: Int, to file: any File, _ image: PageMemory,
        layout: SegmentLayout, by method: SyncMethod
    ) throws(DiskError) {
        SegmentHeader.encode(identity, layout: layout, into: image, at: offset)
        try image.withBytes(in: offset..<offset + layout.blockBytes) {
            (bytes: RawSpan) throws(DiskError) in
            try file.writeDurably(bytes, at: offset, by: method)
        }
    }
}

/// What proves that a segment was written to in a given life.
enum SegmentEvidence {
    /// Looks for a frame, or what remains of one, or an idle slot that only that life can have
    /// written: an incarnation is random and in no other file.
    /// - Returns: where it is, in words; nil if there is none.
    /// - Complexity: O(blocks of the segment).
    static func find(
        _ identity: SegmentIdentity, in image: PageMemory, layout: SegmentLayout
    ) -> String? {
        for offset in stride(
            from: layout.framesOffset, to: layout.segmentBytes, by: layout.blockBytes)
        {
            switch FrameHeader.find(in: image, at: offset, of: identity, layout: layout) {
            case .whole(let header, _), .tornPayload(let header):
                return "a frame of group \(header.group) at byte \(offset)"
            case .unknown: return "a frame at byte \(offset)"
            case .tornHeader, .stale, .nothing: continue
            }
        }
        for offset in (0..<2).map(layout.idleSlotOffset) {
            guard let end = IdleSlot.decode(from: image, at: offset, of: identity) else { continue }
            return "an idle slot of group \(end.lastGroup) at byte \(offset)"
        }
        return nil
    }
}
