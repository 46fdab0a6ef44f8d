/// How a backup is made.
public struct BackupOptions: Sendable, Equatable {
    /// Sealed files get a second name in the folder of backups instead of being copied, where both
    /// are on one file system: a checkpoint that takes no time and no space, and that goes with the
    /// device. What cannot be linked is copied.
    public var links = false
    /// So many backups stay; older ones are removed once the new one is durable. Nil: all stay.
    public var keeps: Int?

    /// Rest as long as it works, and hand the device little at a time, so that commits do not wait
    /// for it. Off, for a log that nobody appends to: in a fraction of the time.
    public var isGentle = true

    /// The defaults: copy gently, and keep everything.
    public init() {}

    func validate() throws(LogError) {
        guard let keeps, keeps < 1 else { return }
        throw .invalid(.option(name: "keeps", reason: "is \(keeps); at least one is kept"))
    }
}

/// A backup in a folder of backups.
public struct BackupSummary: Sendable, Equatable, Codable {
    /// Counts the backups of the folder, from 1.
    public let number: UInt64
    /// Exclusive end: every event below it is in the backup.
    public let position: UInt64
    /// When it was made, in nanoseconds since 1970 UTC.
    public let instant: Int64
    /// The store that it is of.
    public let storeID: String
    /// Its files, which other backups may share.
    public let files: Int
    /// Their bytes.
    public let bytes: Int

    init(_ manifest: BackupManifest) {
        number = manifest.number
        position = manifest.end.nextPosition.rawValue
        instant = manifest.instant
        storeID = "\(manifest.store.storeID)"
        files = manifest.files.count
        bytes = manifest.fileBytes
    }
}

extension BackupSummary: CustomStringConvertible {
    /// A line for people.
    public var description: String {
        "backup \(number): every event below position \(position), in \(files) files of"
            + " \(bytes) bytes"
    }
}

/// What a backup did.
public struct BackupReport: Sendable, Equatable, Codable {
    /// The backup that was made; nil if it was ended before.
    public var backup: BackupSummary?
    /// Files that were written.
    public var copiedFiles = 0
    /// Files that got a second name.
    public var linkedFiles = 0
    /// Files that earlier backups had brought.
    public var reusedFiles = 0
    /// Bytes of the files that were written.
    public var writtenBytes = 0
    /// Pages that were damaged in the store, and are whole in the copies: scrub the store.
    public var repairedPages = 0
    /// Older backups that were removed.
    public var removedBackups = 0
    /// It was ended before everything was copied: there is no new backup.
    public var isCutShort = false
}

extension BackupReport: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        var lines = backup.map { [$0.description] } ?? []
        lines.append(
            "\(copiedFiles) files written (\(writtenBytes) bytes), \(linkedFiles) linked,"
                + " \(reusedFiles) there from earlier backups")
        if repairedPages > 0 {
            lines.append(
                "\(repairedPages) damaged pages of the store are whole in the copies; scrub it")
        }
        if removedBackups > 0 { lines.append("\(removedBackups) older backups removed") }
        if isCutShort { lines.append("ended early: there is no new backup") }
        return lines.joined(separator: "\n")
    }
}
