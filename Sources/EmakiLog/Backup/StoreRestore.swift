import EmakiPlatform

/// What a restore did.
public struct RestoreReport: Sendable, Equatable, Codable {
    /// The backup that was restored; nil if it was ended before.
    public var backup: BackupSummary?
    /// Sealed files that were written.
    public var files = 0
    /// Their bytes.
    public var bytes = 0
    /// Their events.
    public var events = 0
    /// Pages that were damaged in the backup, and are whole in the store.
    public var repairedPages = 0
    /// What to know about the disk.
    public var warnings: [String] = []
    /// It was ended: there is no store in the folder.
    public var isCutShort = false
}

extension RestoreReport: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        var lines = backup.map { ["restored \($0)"] } ?? []
        lines.append("\(events) events in \(files) sealed files of \(bytes) bytes")
        if repairedPages > 0 {
            lines.append("\(repairedPages) damaged pages of the backup are whole in the store")
        }
        lines += warnings.map { "warning: \($0)" }
        if isCutShort { lines.append("ended early: there is no store") }
        return lines.joined(separator: "\n")
    }
}

/// Makes a store of a backup.
///
/// Order, so that a crash at any point leaves no store, or all of it:
/// 1. the folder is empty, or holds what an interrupted restore left, which goes;
/// 2. RESTORING says that what is in the folder is nobody's but ours;
/// 3. each file is copied, and proven as a scrub proves it; their folder is synced;
/// 4. one segment is made ready, with an incarnation of its own and the number behind those of the
///    store that was, and MANIFEST lists it and the files, and says where the log goes on;
/// 5. STORE is written: now, and only now, there is a store;
/// 6. it is opened, and must end where the backup does;
/// 7. RESTORING goes.
struct StoreRestore {
    let backup: BackupManifest
    let folder: BackupFolder
    let files: any FileSystem
    /// For errors.
    let path: String
    let entropy: any Entropy

    /// How the new disk syncs best, and what was measured.
    struct Measured {
        var method: SyncMethod
        var rawLatency: Int64
        var warnings: [String] = []
    }

    /// - Parameters:
    ///   - measure: called once the folder is ready for a store.
    ///   - progress: called now and then with the bytes that are written and those of all files;
    ///     false ends the restore.
    func run(
        measure: (_ isCopyOnWriteStopped: Bool?) throws(DiskError) -> Measured,
        progress: (Int, Int) -> Bool
    ) throws(LogError) -> RestoreReport {
        var report = RestoreReport()
        try clear()
        let measured = try naming { () throws(DiskError) in
            try mark()
            return try measure(try StoreCreation.makeFolders(files))
        }
        report.warnings = measured.warnings
        guard try copyFiles(&report, progress) else {
            report.isCutShort = true
            return report
        }
        var store = backup.store
        store.syncMethod = measured.method
        store.rawLatency = measured.rawLatency
        try naming { () throws(DiskError) in
            try files.syncFolder(StoreFolder.sealed)
            try makeFirstSegment(of: store)
            try store.write(in: files)
        }
        do throws(LogError) {
            try expectSame()
        } catch {
            // It must not be taken for a store; the folder is one that a restore left again.
            try naming { () throws(DiskError) in
                try files.remove(StoreFile.twin.name)
                try files.syncFolder("")
            }
            throw error
        }
        try naming { () throws(DiskError) in
            try files.remove(StoreFolder.restoring)
            try files.syncFolder("")
        }
        report.backup = BackupSummary(backup)
        return report
    }

    // MARK: The folder

    /// Looks, before anything is made, the lock's file among it, whether a store may be made here.
    /// - Returns: the names of what is there.
    /// - Throws: `.alreadyExists` if there is something that no restore left.
    @discardableResult
    func expectNothingForeign() throws(LogError) -> [String] {
        let names = try naming { () throws(DiskError) in try files.list("") }
        let isLeftover =
            names.contains(StoreFolder.restoring) && !names.contains(StoreFile.twin.name)
        let own = isLeftover ? StoreFolder.ownNames : [StoreFolder.lock]
        if let foreign = names.first(where: { !own.contains($0) }) {
            throw .alreadyExists(path: path + "/" + foreign)
        }
        return names
    }

    private func clear() throws(LogError) {
        let names = try expectNothingForeign()
        try naming { () throws(DiskError) in
            for name in names {
                switch name {
                case StoreFolder.lock, StoreFolder.restoring: continue
                case StoreFolder.wal, StoreFolder.sealed:
                    for file in try files.list(name) { try files.remove(name + "/" + file) }
                default: try files.remove(name)
                }
            }
        }
    }

    private func mark() throws(DiskError) {
        let file = try files.open(StoreFolder.restoring, OpenMode(.createIfMissing))
        defer { file.close() }
        try file.sync()
        try files.syncFolder("")
    }

    // MARK: What is in it

    /// - Returns: false if the restore was ended.
    private func copyFiles(
        _ report: inout RestoreReport, _ progress: (Int, Int) -> Bool
    ) throws(LogError) -> Bool {
        let totalBytes = backup.fileBytes
        for file in backup.files {
            let source = try folder.openFile(
                file, of: backup.store.storeID, isWritable: false)
            defer { source.pages.close() }
            var doneBytes = report.bytes
            let mended = try SealedCopy(
                source: source, path: file.entry.path, files: files, proof: .everything
            ).copy { byteCount in
                doneBytes += byteCount
                return progress(doneBytes, totalBytes)
            }
            guard let mended else { return false }
            report.files += 1
            report.bytes += file.fileBytes
            report.events += source.footer.eventCount
            report.repairedPages += mended
        }
        if let removals = backup.removalFile {
            let storeID = backup.store.storeID
            let extents = try removals.read(in: folder.files, storeID: storeID).extents
            try RemovalFile(number: removals.number).make(extents, storeID: storeID, in: files)
        }
        return true
    }

    /// As in a new store, but behind all that was.
    private func makeFirstSegment(of store: StoreFile) throws(DiskError) {
        var before = backup.restored
        before.generation += 1
        before.nextFileIndex = 1
        before.segments = [.init(number: 0, incarnation: .zero, fileIndex: 0)]
        let identity = SegmentIdentity(
            storeID: store.storeID, number: before.nextSegmentNumber,
            incarnation: Bits128(random: entropy))
        let preparation = SegmentPreparation(
            layout: store.layout, identity: identity, fileIndex: 0,
            isDirect: store.syncMethod == .direct, isRecycled: false, manifestBefore: before,
            manifestAfter: before.makingReady(0, as: identity))
        try preparation.run(in: files).file.close()
    }

    /// - Throws: `.corrupt` if what opens is not what was backed up.
    private func expectSame() throws(LogError) {
        let core = try LogCore.open(in: files, configuration: .readOnly(), entropy: entropy)
        defer { core.closeFiles() }
        guard core.end == backup.end, core.durableEnd == backup.end.nextPosition else {
            throw Manifest.twin.corrupt(
                .outdated,
                "the restored log ends at \(core.durableEnd), and the backup at"
                    + " \(backup.end.nextPosition)")
        }
    }

    private func naming<R>(_ body: () throws(DiskError) -> R) throws(LogError) -> R {
        try LogError.translating(path, body)
    }
}
