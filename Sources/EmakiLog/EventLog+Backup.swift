import EmakiPlatform

/// Copies of a log that is in use, and stores made of them. See "Backup" in `Docs/operations.md`.
extension EventLog {
    /// Backs the log up into a folder of backups, which is made if there is none, while appends and
    /// reads go on.
    ///
    /// The backup holds every event that was durable when this was called, and perhaps some that
    /// became so during the call; the report says up to which position. It is durable on return.
    /// Files that earlier backups in this folder brought are not copied again. Stopped at any
    /// point, it leaves the earlier backups as they were, and what was copied serves the next one.
    /// - Parameters:
    ///   - path: a folder that is new, empty, or of backups of this store.
    ///   - progress: called now and then, from a thread of its own, with the bytes that are written
    ///     and those to be written; it may take its time, and false ends the backup.
    /// - Throws: `.alreadyExists` and `.invalid` if the folder is for something else, `.locked` if
    ///   somebody works in it, `.corrupt` if something in the log is damaged beyond its parity, or
    ///   was when it was opened; `.noSpace`, `.noPermission`, `.disk`, `.closed`.
    /// - Complexity: O(bytes that are not in the folder yet).
    public func backup(
        to path: String, _ options: BackupOptions = BackupOptions(),
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) async throws(LogError) -> BackupReport {
        let committer = committer
        return try await SystemThread.offload(name: "emaki-backup") { () throws(LogError) in
            try committer.backup(toFolderAt: path, options, progress: progress)
        }
    }

    /// The backups in a folder, oldest first.
    /// - Throws: `.notAStore` if there are none, `.locked` while somebody works there, `.corrupt`
    ///   if a backup's manifest is damaged, `.disk`.
    public static func backups(at path: String) async throws(LogError) -> [BackupSummary] {
        try await inFolder(path) { folder throws(LogError) in
            let listing = try folder.listing()
            if let damage = listing.damages.first { throw .corrupt(damage.corruption) }
            return listing.backups.map { BackupSummary($0) }
        }
    }

    /// Proves that every backup in a folder is whole: reads every page and every event, and mends
    /// damaged pages by their parity.
    /// - Parameter progress: as for `backup`, with bytes that are read.
    /// - Returns: which backups are whole, and up to which position each holds every event; damage
    ///   is in it, too.
    /// - Throws: `.notAStore`, `.locked`, `.corrupt` of the folder's BACKUP file, `.disk`.
    /// - Complexity: O(bytes).
    public static func checkBackups(
        at path: String,
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) async throws(LogError) -> BackupCheckReport {
        try await SystemThread.offload(name: "emaki-backup") { () throws(LogError) in
            try checkBackupsHere(at: path, progress: progress)
        }
    }

    /// As `checkBackups`, on this thread.
    static func checkBackupsHere(
        at path: String, progress: (_ done: Int, _ total: Int) -> Bool
    ) throws(LogError) -> BackupCheckReport {
        try inFolderHere(path) { folder throws(LogError) in
            var check = BackupCheck(folder)
            return try check.run(progress: progress)
        }
    }

    /// Removes all but the newest backups of a folder.
    /// - Returns: how many were removed.
    /// - Throws: `.invalid`, `.notAStore`, `.locked`, `.disk`.
    public static func pruneBackups(at path: String, keeping count: Int) async throws(LogError)
        -> Int
    {
        try await inFolder(path) { folder throws(LogError) in try folder.prune(keeping: count) }
    }

    /// Makes a store of a backup. It is the same store to whoever knows its id, in another life:
    /// positions, versions and ids are the same, and appends go on behind them.
    ///
    /// Durable on return. Stopped before, it leaves a folder that is no store, and into which a
    /// backup can be restored again.
    /// - Parameters:
    ///   - backups: a folder of backups.
    ///   - position: of the backup to restore, see `backups(at:)`; nil: the newest one.
    ///   - path: a folder that is new or empty.
    ///   - progress: as for `backup`.
    /// - Throws: `.notAStore`, `.locked`, `.invalid` if there is no such backup; `.alreadyExists`
    ///   if the folder is not empty; `.corrupt` if the backup is damaged beyond its parity;
    ///   `.noSpace`, `.noPermission`, `.disk`.
    /// - Complexity: O(bytes).
    public static func restore(
        from backups: String, at position: Position? = nil, to path: String,
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Bool = { _, _ in true }
    ) async throws(LogError) -> RestoreReport {
        try await inFolder(backups) { folder throws(LogError) in
            let backup = try folder.backup(at: position)
            let files = PosixFileSystem(root: path)
            try StoreCreation(path: path, options: StoreOptions()).makeRoot(files)
            let restore = StoreRestore(
                backup: backup, folder: folder, files: files, path: path, entropy: SystemEntropy())
            try restore.expectNothingForeign()
            let lockFile = try StoreCreation.lock(files, path: path)
            defer { lockFile.unlock() }
            return try restore.run(
                measure: { isCopyOnWriteStopped throws(DiskError) in
                    let traits = try files.traits()
                    let probe = try StoreCreation.measure(
                        files, traits, blockBytes: backup.store.layout.blockBytes)
                    return StoreRestore.Measured(
                        method: probe.chosen, rawLatency: probe.rawLatencyP50,
                        warnings: probe.warnings(copyOnWriteStopped: isCopyOnWriteStopped)
                            .map(\.description))
                }, progress: progress)
        }
    }

    // MARK: Folders

    /// Makes the folder, or sees that it is one; durable on return.
    fileprivate static func makeFolder(
        _ files: PosixFileSystem, path: String
    ) throws(LogError) {
        let kind = try LogError.translating(path) { () throws(DiskError) in
            try files.kind(of: "")
        }
        guard kind == nil || kind == .folder else { throw .alreadyExists(path: path) }
        if kind == nil {
            try LogError.translating(path) { () throws(DiskError) in try files.makeFolder("") }
        }
        try StoreCreation(path: path, options: StoreOptions()).syncParent(files)
    }

    /// Works in a folder of backups, alone, on a thread of its own.
    private static func inFolder<R: Sendable>(
        _ path: String, _ body: @escaping @Sendable (BackupFolder) throws(LogError) -> R
    ) async throws(LogError) -> R {
        try await SystemThread.offload(name: "emaki-backup") { () throws(LogError) in
            try inFolderHere(path, body)
        }
    }

    private static func inFolderHere<R>(
        _ path: String, _ body: (BackupFolder) throws(LogError) -> R
    ) throws(LogError) -> R {
        let files = PosixFileSystem(root: path)
        let folder = BackupFolder(files: files, path: path)
        // Before the lock, which would leave its file in a folder that is none of ours.
        _ = try folder.open()
        let lockFile = try StoreCreation.lock(files, path: path)
        defer { lockFile.unlock() }
        return try body(folder)
    }
}

extension Committer {
    /// As `EventLog.backup`, on this thread.
    func backup(
        toFolderAt path: String, _ options: BackupOptions, progress: (Int, Int) -> Bool
    ) throws(LogError) -> BackupReport {
        let files = PosixFileSystem(root: path)
        try EventLog.makeFolder(files, path: path)
        let folder = BackupFolder(files: files, path: path)
        try folder.expectNothingForeign()
        let lockFile = try StoreCreation.lock(files, path: path)
        defer { lockFile.unlock() }
        return try backup(to: folder, options, progress: progress)
    }

    /// Backs up on this thread. The log's lock is taken for the pin, and for nothing else.
    func backup(
        to folder: BackupFolder, _ options: BackupOptions, progress: (Int, Int) -> Bool
    ) throws(LogError) -> BackupReport {
        // Nobody else holds the pin, so that what is copied is let go of.
        var run = BackupRun(
            try reading { $0.pinBackup() }, of: core.files, to: folder, options,
            now: SystemClock.wallNanoseconds())
        guard options.isGentle else { return try run.run(progress: progress) }
        var pace = BackupPace()
        return try run.run { done, total in
            pace.rest()
            return progress(done, total)
        }
    }
}

extension BackupFolder {
    /// The newest backup, or the newest that ends at a position.
    /// - Throws: `.invalid` if there is none, `.corrupt` if the newest one's manifest is damaged.
    func backup(at position: Position?) throws(LogError) -> BackupManifest {
        let listing = try listing()
        guard let position else {
            // An older one in its place would be a loss that nobody was asked about.
            if let damage = listing.damages.last, damage.number == listing.lastNumber {
                throw .corrupt(damage.corruption)
            }
            if let last = listing.backups.last { return last }
            throw .invalid(.option(name: "backup", reason: "there is none in \(path) yet"))
        }
        if let found = listing.backups.last(where: { $0.end.nextPosition == position }) {
            return found
        }
        let held = listing.backups.map { "\($0.end.nextPosition)" }.joined(separator: ", ")
        throw .invalid(
            .option(
                name: "position",
                reason: "is \(position), and the backups in \(path) end at \(held)"))
    }
}
