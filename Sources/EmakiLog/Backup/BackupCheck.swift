import EmakiPlatform

/// What a check of backups found.
public struct BackupCheckReport: Sendable, Equatable, Codable {
    /// Backups that are whole: a restore gives every event below their position.
    public var sound: [BackupSummary] = []
    /// Numbers of those that are not.
    public var damaged: [UInt64] = []
    /// Files that were read, each once.
    public var files = 0
    /// Their bytes.
    public var bytes = 0
    /// Their events.
    public var events = 0
    /// Pages that were damaged and are whole again.
    public var repairedPages = 0
    /// What is damaged beyond that, one place for each file.
    public var damages: [Corruption] = []
    /// It was ended before all files were read.
    public var isCutShort = false

    /// Everything was read, and is whole now.
    public var isSound: Bool { damages.isEmpty && damaged.isEmpty && !isCutShort }
}

extension BackupCheckReport: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        var lines = [
            "read \(files) files, \(bytes) bytes, \(events) events; \(repairedPages) pages were"
                + " damaged and are whole again"
        ]
        lines += damages.map { "DAMAGED: \($0)" }
        lines += damaged.map { "backup \($0): DAMAGED, do not count on it" }
        lines += sound.map { "\($0): whole" }
        if isCutShort { lines.append("not all files were read") }
        return lines.joined(separator: "\n")
    }
}

/// Proves that each backup in a folder can be restored, and holds what it says.
///
/// What opening a restored store asks of it is asked here of each backup: a manifest whose restored
/// MANIFEST is consistent, and files that are the ones it lists. Then each file is read as a scrub
/// reads it: every page, the order, count and digest of all events. A file that several backups
/// share is read once. What its parity can mend is mended.
struct BackupCheck {
    private let folder: BackupFolder
    private var report = BackupCheckReport()
    /// Footers of the files that are whole.
    private var footers: [String: SealedFooter] = [:]

    init(_ folder: BackupFolder) { self.folder = folder }

    /// - Parameter progress: called now and then with the bytes that were read and those of all
    ///   files; false ends the check.
    mutating func run(progress: (Int, Int) -> Bool) throws(LogError) -> BackupCheckReport {
        let (marker, isMarkerHalfBad) = try folder.open()
        let listing = try folder.listing()
        let disk = folder.files
        if isMarkerHalfBad {
            try mend(BackupMarker.twin) { () throws(DiskError) in try marker.write(in: disk) }
        }
        for (number, corruption) in listing.damages {
            report.damages.append(corruption)
            report.damaged.append(number)
        }
        var files: [BackupManifest.File] = []
        var seen: Set<String> = []
        for file in listing.backups.flatMap(\.files) where seen.insert(file.path).inserted {
            files.append(file)
        }
        let total = files.reduce(0) { $0 + $1.fileBytes }
        for file in files {
            guard try check(file, of: marker.storeID, total, progress) else {
                report.isCutShort = true
                return report
            }
        }
        for backup in listing.backups {
            if listing.halfBad.contains(backup.number) {
                try mend(BackupManifest.twin(backup.number)) { () throws(DiskError) in
                    try backup.write(in: disk)
                }
            }
            try judge(backup, of: marker.storeID)
        }
        return report
    }

    /// Writes a file again of which one copy is bad; where nothing can be written the other one
    /// does.
    private mutating func mend(
        _ twin: TwinFile, _ write: () throws(DiskError) -> Void
    ) throws(LogError) {
        if try twin.mend(write) == nil { report.repairedPages += 1 }
    }

    /// - Returns: false if the check was ended.
    private mutating func check(
        _ file: BackupManifest.File, of storeID: Bits128, _ total: Int,
        _ progress: (Int, Int) -> Bool
    ) throws(LogError) -> Bool {
        let doneBytes = report.bytes
        var pieceCount = 0
        do throws(LogError) {
            let sealed = try folder.openFile(file, of: storeID, isWritable: true)
            defer { sealed.pages.close() }
            let found = try sealed.check {
                pieceCount += 1
                return progress(doneBytes + min(pieceCount << 20, file.fileBytes), total)
            }
            guard let found else { return false }
            report.repairedPages += found.repairedCount
            report.events += found.eventCount
            footers[file.path] = sealed.footer
        } catch .corrupt(let corruption) {
            report.damages.append(corruption)
        }
        report.files += 1
        report.bytes += file.fileBytes
        return true
    }

    /// What streams had lost is there, twice.
    private mutating func checkRemovals(
        of backup: BackupManifest, _ storeID: Bits128
    ) throws(LogError) -> Bool {
        guard let file = backup.removalFile else { return true }
        report.files += 1
        do throws(LogError) {
            if try file.mend(in: folder.files, storeID: storeID) == true {
                report.repairedPages += 1
            }
            return true
        } catch .corrupt(let corruption) {
            report.damages.append(corruption)
            return false
        }
    }

    private func areListed(_ files: [BackupManifest.File]) throws(LogError) -> Bool {
        for file in files {
            guard let footer = footers[file.path], try file.isListed(footer) else { return false }
        }
        return true
    }

    private mutating func judge(_ backup: BackupManifest, of storeID: Bits128) throws(LogError) {
        let hasRemovals = try checkRemovals(of: backup, storeID)
        let hasFiles = try areListed(backup.files)
        if hasRemovals, hasFiles, backup.store.storeID == storeID {
            report.sound.append(BackupSummary(backup))
        } else {
            report.damaged.append(backup.number)
        }
    }
}

extension BackupManifest.File {
    /// Whether a file of this footer is the one that the manifest lists.
    func isListed(_ footer: SealedFooter) throws(LogError) -> Bool {
        guard footer.fileBytes == fileBytes else { return false }
        return try footer.isListed(as: entry)
    }
}

extension BackupFolder {
    /// Opens a file of a backup; reads its footers only.
    /// - Parameter isWritable: what is damaged may be mended, where the disk can be written.
    /// - Throws: `.corrupt` if it is not the file that is listed.
    func openFile(
        _ file: BackupManifest.File, of storeID: Bits128, isWritable: Bool
    ) throws(LogError) -> SealedFile {
        let sealed: SealedFile
        do throws(LogError) {
            sealed = try SealedFile.open(
                file.entry, at: file.path, listedBy: "a backup", storeID: storeID,
                isWritable: isWritable, in: files)
        } catch {
            switch error {
            case .readOnly, .noPermission: guard isWritable else { throw error }
            default: throw error
            }
            return try openFile(file, of: storeID, isWritable: false)
        }
        guard sealed.footer.fileBytes == file.fileBytes else {
            sealed.pages.close()
            throw .corrupt(
                Corruption(
                    file: file.path, fileOffset: 0, reason: .outdated,
                    evidence: "it has another size than a backup lists"))
        }
        return sealed
    }
}
