import EmakiPlatform

/// What open does by itself, in this order:
/// 1. read MANIFEST; open every sealed file (of which only the footer is read) and every usable
///    segment it lists;
/// 2. sync the folders and every one of those segments: what is read after this is on the device;
/// 3. read them past the page cache and compare their headers with MANIFEST;
/// 4. look in the other files for proof that MANIFEST is an old one (`OutdatedManifest`);
/// 5. read linked frames from the anchor on, filling the index (`LogScan`);
/// 6. where they end, look for proof that acknowledged groups are missing (`EndProof`);
///    if there is any, refuse: nothing is dropped;
/// 7. otherwise cut a torn frame by writing an empty frame of its group over its first block.
///
/// A crash anywhere in here changes nothing: only step 7 and the mending of a header whose twin is
/// good write at all, and both may be repeated.
struct Recovery {
    let files: any FileSystem
    let store: StoreFile
    let configuration: Configuration
    /// How this opening syncs, and what to say about it.
    let device: DeviceChoice

    /// Everything a core starts from.
    struct Outcome: ~Copyable {
        var manifest: Manifest
        var segments: ContiguousArray<Segment>
        var segmentEnds: ContiguousArray<LogEnd>
        var activeIndex: Int
        /// Where the next frame goes in the active segment.
        var nextOffset: Int
        var end: LogEnd
        var lastKind: FrameHeader.Kind
        var index: LogIndex
        var sealed: SealedSet
        var removals: Removals
        /// Of the commits that were read; 0: there is none.
        var newestInstant: Int64
        var receipt: RecoveryReceipt
    }

    private var isReadOnly: Bool { configuration.isReadOnly }

    func run() throws(LogError) -> Outcome {
        var receipt = RecoveryReceipt()
        receipt.isReadOnly = isReadOnly
        receipt.warnings = device.warnings
        let (manifest, isManifestHalfBad) = try Manifest.read(in: files, storeID: store.storeID)
        if isManifestHalfBad {
            let failure =
                isReadOnly
                ? nil
                : try Manifest.twin.mend { () throws(DiskError) in try manifest.write(in: files) }
            if let failure {
                receipt.warnings.append(failure)
            } else {
                receipt.mended.append(Manifest.twin.name)
                if !isReadOnly {
                    receipt.repairs.append(.init(file: Manifest.twin.name, part: .copy))
                }
            }
        }
        receipt.strangers = try strangers(manifest)
        var loader = SegmentLoader(
            files: files, store: store, method: device.method, isReadOnly: isReadOnly,
            handling: configuration.toleratesDamage ? .tolerates : .refuses)
        var sealedLoader = SealedLoader(
            files: files, storeID: store.storeID, isReadOnly: isReadOnly,
            toleratesDamage: configuration.toleratesDamage)
        let removedBefore = try sealedLoader.loadRemovals(manifest.removalFile)
        let sealed = try sealedLoader.load(manifest.sealedFiles)
        let segments: ContiguousArray<Segment>
        do throws(LogError) {
            segments = try loader.load(manifest)
        } catch {
            sealed.close()
            throw error
        }
        receipt.mended += sealedLoader.mended + loader.mended
        receipt.repairs += sealedLoader.repairs + loader.repairs
        receipt.warnings += sealedLoader.warnings
        receipt.sealedFileCount = sealed.files.count
        receipt.scannedBytes = segments.count * store.layout.segmentBytes
        receipt.segmentCount = segments.count
        var scan = LogScan(
            manifest: manifest, segments: segments, layout: store.layout,
            stepsOverDamage: configuration.toleratesDamage)
        do {
            receipt.damages = try sealedLoader.damages + damages(loader, manifest)
            try finish(&scan, loader, receipt: &receipt)
        } catch {
            for segment in segments { segment.file.close() }
            sealed.close()
            throw error
        }
        var extents = removedBefore
        let end = scan.end.nextPosition
        for record in scan.removals { extents.add(record, before: end) }
        return outcome(
            of: scan, manifest: manifest, sealed: sealed, removals: Removals(extents),
            receipt: receipt)
    }

    /// What stands against the files, whatever their frames say.
    private func damages(
        _ loader: SegmentLoader, _ manifest: Manifest
    ) throws(LogError) -> [Corruption] {
        let damages = loader.damages.map(\.corruption)
        guard
            let outdated = try OutdatedManifest(
                files: files, manifest: manifest, layout: store.layout
            ).find()
        else { return damages }
        guard configuration.toleratesDamage else { throw .corrupt(outdated) }
        return damages + [outdated]
    }

    /// Steps 5 to 7.
    private func finish(
        _ scan: inout LogScan, _ loader: SegmentLoader, receipt: inout RecoveryReceipt
    ) throws(LogError) {
        try scan.readLinkedFrames()
        while let damage = EndProof.damage(after: scan) {
            guard configuration.toleratesDamage else { throw .corrupt(damage.corruption) }
            receipt.damages.append(damage.corruption)
            guard scan.step(over: damage) else { break }
            try scan.readLinkedFrames()
        }
        let isAtDamagedEnd =
            scan.isAtDamagedEnd || isEndHidden(scan, loader.damages)
            || receipt.damages.contains { $0.reason == .outdated }
        receipt.end = isAtDamagedEnd ? .damaged : EndProof.isMarked(scan) ? .marked : .unmarked
        receipt.wasClosed = scan.lastKind == .closeMark && receipt.end == .marked
        receipt.cuts = scan.cuts
        // What lies at a damaged end was acknowledged, so it is not torn.
        if !isAtDamagedEnd, let place = EndProof.tornPlace(at: scan) {
            if let block = EndProof.unreadableBlock(at: place, scan, loader.unreadable) {
                guard configuration.toleratesDamage else { throw .corrupt(block.corruption) }
                receipt.damages.append(block.corruption)
                receipt.end = .damaged
            } else {
                try cut(place, &scan, receipt: &receipt)
            }
        }
        receipt.unreadable = loader.unreadable.values.joined().map {
            "\($0.corruption.file):\($0.offset)"
        }.sorted()
        receipt.losses = scan.losses
        receipt.frameCount = scan.frameCount
        receipt.eventCount = scan.eventCount
        receipt.lastGroup = scan.end.lastGroup
        receipt.durablePosition = scan.end.nextPosition
    }

    /// Groups behind the last one found may have been in a segment that cannot tell.
    private func isEndHidden(_ scan: borrowing LogScan, _ damages: [SegmentDamage]) -> Bool {
        let active = scan.segments[scan.place.segment].number
        return damages.contains { $0.mayHideFrames && $0.number >= active }
    }

    private func cut(
        _ place: LogScan.Place, _ scan: inout LogScan, receipt: inout RecoveryReceipt
    ) throws(LogError) {
        let segment = scan.segments[place.segment]
        receipt.cuts.append(
            .init(
                file: segment.path, fileOffset: place.offset, group: scan.end.lastGroup + 1,
                isRemembered: false))
        guard !isReadOnly else { return }
        let write = scan.layCut(at: place, method: device.method)
        try LogError.translating(segment.path) { () throws(DiskError) in try write.perform() }
    }

    private func outcome(
        of scan: consuming LogScan, manifest: Manifest, sealed: SealedSet, removals: Removals,
        receipt: RecoveryReceipt
    ) -> Outcome {
        var lastKind = scan.lastKind
        // A slot alone marks the end, too.
        if receipt.end == .marked && lastKind != .closeMark { lastKind = .idleMark }
        return Outcome(
            manifest: manifest, segments: scan.segments, segmentEnds: scan.segmentEnds,
            activeIndex: scan.place.segment, nextOffset: scan.place.offset, end: scan.end,
            lastKind: lastKind, index: scan.index, sealed: sealed, removals: removals,
            newestInstant: scan.newestInstant, receipt: receipt)
    }

    /// Files that nothing lists. What an interrupted replacement left is known by its name, and
    /// holds nothing; anything else is left alone, because nothing proves that its contents are
    /// elsewhere.
    private func strangers(_ manifest: Manifest) throws(LogError) -> [String] {
        try LogError.translating(StoreFolder.wal) { () throws(DiskError) in
            let known = Set(StoreFolder.ownNames)
            var strangers = try files.list("").filter { !known.contains($0) }
            let listed = Set(manifest.segments.map(\.path))
            guard try files.kind(of: StoreFolder.wal) != nil else { return strangers }
            strangers += try files.list(StoreFolder.wal).map { StoreFolder.wal + "/" + $0 }
                .filter { !listed.contains($0) }
            return strangers
        }
    }
}

/// The names in a store's folder.
enum StoreFolder {
    static let lock = "LOCK"
    static let wal = "wal"
    static let sealed = "sealed"
    static let damaged = "damaged"
    /// There while a backup is being restored here.
    static let restoring = "RESTORING"
    static let ownNames = [
        lock, wal, sealed, damaged, restoring, Reserve.name, ControlServer.socketName,
        SyncProbe.fileName,
        StoreFile.twin.name, StoreFile.twin.temporaryName,
        Manifest.twin.name, Manifest.twin.temporaryName,
    ]
}
