import EmakiPlatform

/// Makes a backup of a pinned log, off the commit path.
///
/// Order, so that a crash at any point leaves the backups that there were, and what is half done is
/// never taken for one:
/// 1. what no manifest lists is removed, but for files that this backup needs;
/// 2. sealed files that a folder of links can have are linked, before a merge takes their names;
/// 3. what is not sealed is written as one more sealed file and read back (`Sealing.makeFile`):
///    after that the segments' images are let go of;
/// 4. each sealed file that is not there yet is copied, and read back from the device;
/// 5. what streams have lost is written, and their folder is synced;
/// 6. the manifest is written, under a temporary name, synced, and named: now, and only now, the
///    backup is there;
/// 7. older backups go, if that was asked for.
struct BackupRun {
    private var pin: BackupPin
    private let folder: BackupFolder
    private let options: BackupOptions
    /// Of the log.
    private let origin: any FileSystem
    private let instant: Int64
    private var report = BackupReport()
    private var totalBytes = 0
    private var doneBytes = 0

    private var files: any FileSystem { folder.files }

    init(
        _ pin: BackupPin, of origin: any FileSystem, to folder: BackupFolder,
        _ options: BackupOptions, now instant: Int64
    ) {
        self.pin = pin
        self.origin = origin
        self.folder = folder
        self.options = options
        self.instant = instant
    }

    /// - Parameter progress: called now and then with the bytes that are written and those to be
    ///   written; false ends the backup.
    mutating func run(progress: (Int, Int) -> Bool) throws(LogError) -> BackupReport {
        try pin.expectSound()
        try options.validate()
        try folder.prepare(for: pin.store, now: instant)
        let listing = try folder.listing()
        var manifest = BackupManifest(pin, number: listing.lastNumber + 1, instant: instant)
        try folder.clean(listing, keeping: Set(manifest.files.map(\.path)))
        var missing: [SealedCopy] = []
        for (file, source) in zip(manifest.files, pin.sealed.files) {
            var copy = SealedCopy(source: source, path: file.path, files: files)
            if options.isGentle { copy.unsyncedBytesMax = SealedCopy.gentleBytesMax }
            if try !isThere(copy, file.entry) { missing.append(copy) }
        }
        totalBytes = missing.reduce(0) { $0 + $1.source.footer.fileBytes }
        guard try addTail(to: &manifest, after: listing.backups.last, progress),
            try copyFiles(missing, progress)
        else {
            report.isCutShort = true
            return report
        }
        try addRemovals(to: &manifest)
        try folder.naming { () throws(DiskError) in
            try files.syncFolder(BackupFolder.sealed)
            try manifest.write(in: files)
        }
        try finishReport(manifest)
        return report
    }

    /// It is there from an earlier backup, or linked now.
    private mutating func isThere(
        _ copy: SealedCopy, _ entry: SealedEntry
    ) throws(LogError) -> Bool {
        if try copy.isThere() {
            report.reusedFiles += 1
            return true
        }
        guard options.links, try copy.link(entry.path, in: origin) else { return false }
        report.linkedFiles += 1
        return true
    }

    // MARK: What is not sealed

    /// - Returns: false if the backup was ended.
    private mutating func addTail(
        to manifest: inout BackupManifest, after last: BackupManifest?,
        _ progress: (Int, Int) -> Bool
    ) throws(LogError) -> Bool {
        // Nothing happened since the last backup: what it has is what this one needs.
        if let tail = try tail(of: last) {
            manifest.files.append(tail)
            manifest.nextSealedNumber = max(manifest.nextSealedNumber, tail.entry.number + 1)
            report.reusedFiles += 1
            pin.letGoOfSegments()
            return true
        }
        guard manifest.files.count < Limits.sealedFileCountMax else {
            throw .tooLarge(
                .sealedFiles, limit: Limits.sealedFileCountMax, value: manifest.files.count + 1)
        }
        var wasEnded = false
        let path = BackupFolder.tails + "/" + BackupFolder.digits(manifest.number)
        let made: Sealing.Made
        do throws(LogError) {
            made = try pin.tail.makeFile(path, in: files, folder: BackupFolder.tails) {
                wasEnded = wasEnded || !progress(doneBytes, totalBytes)
                return wasEnded
            }
        } catch {
            guard wasEnded else { throw error }
            return false
        }
        pin.letGoOfSegments()
        made.file?.pages.close()
        guard let entry = made.entry else { return true }
        manifest.files.append(
            BackupManifest.File(entry: entry, fileBytes: made.fileBytes, tailOf: manifest.number))
        manifest.nextSealedNumber = entry.number + 1
        report.copiedFiles += 1
        report.writtenBytes += made.fileBytes
        totalBytes += made.fileBytes
        doneBytes += made.fileBytes
        return true
    }

    /// The tail of an earlier backup, if it was made of the same groups behind the same files.
    private func tail(of last: BackupManifest?) throws(LogError) -> BackupManifest.File? {
        guard let last, last.end == pin.end, let tail = last.files.last, tail.tailOf > 0,
            last.files.dropLast().map(\.entry) == pin.manifest.sealedFiles
        else { return nil }
        let kind = try folder.naming { () throws(DiskError) in try files.kind(of: tail.path) }
        return kind == .file ? tail : nil
    }

    /// A backup has a file of removals of its own: what was removed in segments is in it, too.
    private func addRemovals(to manifest: inout BackupManifest) throws(LogError) {
        guard !pin.removals.isEmpty else { return }
        manifest.removalFileNumber = manifest.nextSealedNumber
        manifest.nextSealedNumber += 1
        try manifest.removalFile?.make(
            pin.removals, storeID: manifest.store.storeID, in: files)
    }

    // MARK: What is sealed

    /// - Returns: false if the backup was ended.
    private mutating func copyFiles(
        _ missing: [SealedCopy], _ progress: (Int, Int) -> Bool
    ) throws(LogError) -> Bool {
        for copy in missing {
            let mended = try copy.copy { byteCount in
                doneBytes += byteCount
                return progress(doneBytes, totalBytes)
            }
            guard let mended else { return false }
            report.copiedFiles += 1
            report.writtenBytes += copy.source.footer.fileBytes
            report.repairedPages += mended
        }
        return true
    }

    private mutating func finishReport(_ manifest: BackupManifest) throws(LogError) {
        report.backup = BackupSummary(manifest)
        if let keeps = options.keeps { report.removedBackups = try folder.prune(keeping: keeps) }
    }
}
