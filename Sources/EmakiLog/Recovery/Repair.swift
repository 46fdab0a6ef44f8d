import EmakiPlatform

/// Puts a loss record over each damaged region, so that the log links again, and writes the headers
/// of a segment that its frames identify.
///
/// The record takes the first block of the region, where the first lost frame should have been (if
/// something whole lies there, it is in the wrong place, or follows nothing); its frame has the
/// number of the first lost group, so no group, position or version is ever renumbered. Steps for
/// each region: copy the segment, sync the copy and its folder, write the record, look again. A
/// crash leaves the store damaged as before, or with one region less.
struct Repair {
    let files: any FileSystem
    /// Segments of which this run has kept a copy.
    private var copied: Set<UInt64> = []

    init(files: any FileSystem) { self.files = files }

    /// A store has at most so many regions as blocks; this only bounds a bug.
    private static let regionsMax = 1 << 20

    /// - Throws: `.beyondRepair` if it cannot help; then it says why.
    mutating func run() throws(LogError) -> RepairReport {
        do {
            return try repairAll()
        } catch .corrupt(let corruption) {
            throw .beyondRepair(corruption)
        }
    }

    private mutating func repairAll() throws(LogError) -> RepairReport {
        let (store, _) = try StoreFile.read(in: files)
        let (manifest, _) = try Manifest.read(in: files, storeID: store.storeID)
        // What else an opening would refuse, before anything is changed.
        var sealed = SealedLoader(
            files: files, storeID: store.storeID, isReadOnly: true, toleratesDamage: false)
        _ = try sealed.loadRemovals(manifest.removalFile)
        try sealed.load(manifest.sealedFiles).close()
        let device = try DeviceChoice(for: store, in: files)
        var loader = SegmentLoader(
            files: files, store: store, method: device.method, isReadOnly: false,
            handling: .repairs)
        let segments = try loader.load(manifest)
        defer { for segment in segments { segment.file.close() } }
        let outdated = try OutdatedManifest(
            files: files, manifest: manifest, layout: store.layout
        ).find()
        if let outdated { throw .beyondRepair(outdated) }
        var report = RepairReport()
        for damage in loader.damages {
            try repairHeaders(damage, segments, store.layout, device.method, &report)
        }
        var scan = LogScan(
            manifest: manifest, segments: segments, layout: store.layout, stepsOverDamage: true)
        for _ in 0..<Self.regionsMax {
            try scan.readLinkedFrames()
            guard let damage = EndProof.damage(after: scan) else {
                try clearUnreadableEnd(&scan, loader.unreadable, device.method, &report)
                return report
            }
            // What this version does not understand it does not overwrite.
            guard damage.end.lastGroup > scan.end.lastGroup else {
                throw .beyondRepair(damage.corruption)
            }
            try repair(damage, &scan, store, device.method, &report)
        }
        return report
    }

    /// A block at the end that the device cannot read is overwritten by a cut: the person who asked
    /// for the repair accepts that it may have held the last group.
    private mutating func clearUnreadableEnd(
        _ scan: inout LogScan, _ unreadable: [UInt64: [UnreadableBlock]], _ method: SyncMethod,
        _ report: inout RepairReport
    ) throws(LogError) {
        guard let place = EndProof.tornPlace(at: scan),
            let block = EndProof.unreadableBlock(at: place, scan, unreadable)
        else { return }
        let segment = scan.segments[place.segment]
        try keepCopyOnce(of: segment, scan.layout, &report)
        let end = scan.end.nextPosition
        let write = scan.layCut(at: place, method: method)
        try LogError.translating(segment.path) { () throws(DiskError) in try write.perform() }
        report.damages.append(block.corruption)
        report.losses.append(
            .init(
                file: segment.path, fileOffset: place.offset, firstPosition: end,
                endPosition: end, isRecorded: true))
    }

    private mutating func repair(
        _ damage: EndProof.Damage, _ scan: inout LogScan, _ store: StoreFile,
        _ method: SyncMethod, _ report: inout RepairReport
    ) throws(LogError) {
        // A region that starts behind the last block of a segment starts in the next one.
        let place =
            damage.place.offset < store.layout.segmentBytes
            ? damage.place
            : LogScan.Place(
                segment: damage.place.segment + 1, offset: store.layout.framesOffset)
        guard place.segment < scan.segments.count, scan.lostCount(upTo: damage.end) != nil else {
            throw .beyondRepair(damage.corruption)
        }
        let segment = scan.segments[place.segment]
        try keepCopyOnce(of: segment, store.layout, &report)
        // The block that is about to be overwritten may be the only proof that something is
        // missing: a power cut that tears it must not leave a log that looks sound.
        if scan.senseless != nil || damage.resume == nil {
            try proveEnd(damage.end, in: segment, store.layout, method)
        }
        let block = place.offset..<place.offset + store.layout.blockBytes
        let goesOn =
            damage.resume ?? LogScan.Place(segment: place.segment, offset: block.upperBound)
        let loss = LossRecord(
            end: damage.end, segment: scan.segments[goesOn.segment].number,
            fileOffset: goesOn.offset)
        lay(loss, follows: scan.end, in: segment, block: block)
        try write(block, of: segment, method)
        report.damages.append(damage.corruption)
        let lossCount = scan.losses.count
        try scan.readLinkedFrames()
        report.losses += scan.losses.dropFirst(lossCount)
    }

    private func lay(
        _ loss: LossRecord, follows end: LogEnd, in segment: Segment, block: Range<Int>
    ) {
        let start = block.lowerBound
        segment.image.zero(block)
        loss.encode(into: segment.image, at: start + FrameHeader.byteCount)
        let payload =
            start + FrameHeader.byteCount..<start + FrameHeader.byteCount + LossRecord.byteCount
        let header = FrameHeader(
            storeID: segment.identity.storeID, incarnation: segment.identity.incarnation,
            fileOffset: start, follows: end, commitInstant: 0, payloadBytes: payload.count,
            eventCount: 0, payloadChecksum: segment.image.checksum(payload, seed: 0), kind: .loss)
        _ = header.encode(into: segment.image, at: start)
    }

    /// Until now the senseless frame itself proved that its group was written, and perhaps nothing
    /// else does. A slot proves it while the record is written over the frame: a power cut must not
    /// make the frame look torn.
    private func proveEnd(
        _ end: LogEnd, in segment: Segment, _ layout: SegmentLayout, _ method: SyncMethod
    ) throws(LogError) {
        // The slot that proves less is given up.
        let groups = (0..<2).map {
            IdleSlot.decode(
                from: segment.image, at: layout.idleSlotOffset($0), of: segment.identity)?
                .lastGroup ?? 0
        }
        let offset = layout.idleSlotOffset(groups[0] <= groups[1] ? 0 : 1)
        IdleSlot.encode(
            end, of: segment.identity, blockBytes: layout.blockBytes, into: segment.image,
            at: offset)
        try write(offset..<offset + layout.blockBytes, of: segment, method)
    }

    private func write(
        _ block: Range<Int>, of segment: Segment, _ method: SyncMethod
    ) throws(LogError) {
        try LogError.translating(segment.path) { () throws(DiskError) in
            try segment.image.withBytes(in: block) { (bytes: RawSpan) throws(DiskError) in
                try segment.file.writeDurably(bytes, at: block.lowerBound, by: method)
            }
        }
    }

    /// Both copies of a header are bad, and what else is in the segment proves which it is.
    private mutating func repairHeaders(
        _ damage: SegmentDamage, _ segments: ContiguousArray<Segment>, _ layout: SegmentLayout,
        _ method: SyncMethod, _ report: inout RepairReport
    ) throws(LogError) {
        guard let segment = segments.first(where: { $0.number == damage.number }) else {
            throw .beyondRepair(damage.corruption)
        }
        try keepCopyOnce(of: segment, layout, &report)
        for offset in [0, layout.headerTwinOffset] {
            try LogError.translating(segment.path) { () throws(DiskError) in
                try SegmentLoader.writeHeader(
                    segment.identity, at: offset, to: segment.file, segment.image,
                    layout: layout, by: method)
            }
        }
        report.damages.append(damage.corruption)
    }

    // MARK: Copies

    private mutating func keepCopyOnce(
        of segment: Segment, _ layout: SegmentLayout, _ report: inout RepairReport
    ) throws(LogError) {
        guard copied.insert(segment.number).inserted else { return }
        // Nothing says for ever which events were lost.
        try DerivedFiles.remove(in: files)
        report.copies.append(try keepCopy(of: segment, layout: layout))
    }

    /// Writes the segment's bytes, as they were read, to the folder for copies; durable on return.
    private func keepCopy(
        of segment: Segment, layout: SegmentLayout
    ) throws(LogError) -> String {
        try LogError.translating(StoreFolder.damaged) { () throws(DiskError) in
            if try files.kind(of: StoreFolder.damaged) == nil {
                try files.makeFolder(StoreFolder.damaged)
                try files.syncFolder("")
            }
            let path = try unusedPath(for: segment)
            let partial = path + ".new"
            if try files.kind(of: partial) != nil { try files.remove(partial) }
            let file = try files.open(partial, OpenMode(.mustBeNew))
            defer { file.close() }
            try segment.image.withBytes(in: 0..<layout.segmentBytes) {
                (bytes: RawSpan) throws(DiskError) in try file.write(bytes, at: 0)
            }
            try file.sync()
            try files.rename(partial, to: path)
            try files.syncFolder(StoreFolder.damaged)
            return path
        }
    }

    /// A copy of an earlier repair is never replaced.
    private func unusedPath(for segment: Segment) throws(DiskError) -> String {
        let names = Set(try files.list(StoreFolder.damaged))
        let name = "segment-\(segment.number)"
        guard names.contains(name) else { return "\(StoreFolder.damaged)/\(name)" }
        let count = (2...names.count + 2).first { !names.contains("\(name).\($0)") }
        return "\(StoreFolder.damaged)/\(name).\(count ?? names.count + 3)"
    }
}
