import EmakiPlatform

/// Backup and restore as `EventLog` does them, for callers that hold the core alone and bring their
/// own disks: the simulator.
extension LogCore {
    /// Backs the log up into the root of a disk.
    /// - Parameter count: so many backups stay; nil: all.
    package func backUp(
        to disk: any FileSystem, keeping count: Int? = nil, at instant: Int64
    ) throws(LogError) -> BackupReport {
        var options = BackupOptions()
        options.keeps = count
        var run = BackupRun(
            pinBackup(), of: files, to: BackupFolder(files: disk, path: ""), options, now: instant)
        return try run.run { _, _ in true }
    }

    /// Checks all backups at the root of a disk.
    package static func checkBackups(
        in disk: any FileSystem
    ) throws(LogError) -> BackupCheckReport {
        var check = BackupCheck(BackupFolder(files: disk, path: ""))
        return try check.run { _, _ in true }
    }

    /// Makes a store at the root of a disk of a backup at the root of another.
    package static func restore(
        from backups: any FileSystem, at position: Position? = nil, to files: any FileSystem,
        method: SyncMethod, entropy: any Entropy
    ) throws(LogError) -> RestoreReport {
        let folder = BackupFolder(files: backups, path: "")
        let restore = StoreRestore(
            backup: try folder.backup(at: position), folder: folder, files: files, path: "",
            entropy: entropy)
        return try restore.run(
            measure: { _ in .init(method: method, rawLatency: 0) }, progress: { _, _ in true })
    }
}
