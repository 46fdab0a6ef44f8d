import EmakiPlatform

/// One backup: which files it is made of, and where the log ended that they hold. Written last, and
/// never changed.
///
///     offset  bytes   (from the start of the contents, see `TwinFile`)
///        0     56   the store, as in STORE
///       56      8   number of the backup, from 1, which names this file
///       64      8   instant when it was made, ns since 1970
///       72      8   end: last group
///       80      8   end: next position; every event below it is in the backup
///       88      8   end: number of the last segment that held anything
///       96      4   end: header checksum of the last group's frame
///      100      4   file count
///      104      8   next number of a sealed file
///      112      8   number that the file of removals has in a restored store; 0: there is none
///      120     48   per file, in the order of positions:
///                     0  32   as MANIFEST lists it, see `SealedEntry`
///                    32   8   bytes of the file
///                    40   8   0; of the file that holds what was not sealed, the number of the
///                             backup that made it
struct BackupManifest: Equatable, Sendable {
    static let headerBytes = 120
    static let entryBytes = 48
    private static let magic: UInt64 = 0x5055_4B43_4142_4D45

    /// A sealed file in a backup.
    struct File: Equatable, Sendable {
        var entry: SealedEntry
        var fileBytes: Int
        /// The backup that made it of unsealed events; 0: it was a sealed file of the store, and
        /// other backups may list it, too.
        var tailOf: UInt64 = 0

        /// Below the folder of backups. Says what is in the file, so that two stores that were one
        /// until a restore can be backed up into one folder.
        var path: String {
            tailOf > 0
                ? BackupFolder.tails + "/" + BackupFolder.digits(tailOf)
                : Self.sharedPath(entry)
        }

        static func sharedPath(_ entry: SealedEntry) -> String {
            let checksum = String(entry.footerChecksum, radix: 16)
            return BackupFolder.sealed + "/" + BackupFolder.digits(entry.number) + "-"
                + String(repeating: "0", count: 8 - checksum.count) + checksum
        }
    }

    var store: StoreFile
    var number: UInt64
    var instant: Int64
    var end: LogEnd
    var lastSegment: UInt64
    var nextSealedNumber: UInt64
    /// Of the file of removals, once it is restored; 0: there is none.
    var removalFileNumber: UInt64 = 0
    /// In the order of positions.
    var files: [File] = []

    /// What streams had lost; nil if nothing.
    var removalFile: RemovalFile? {
        guard removalFileNumber > 0 else { return nil }
        return RemovalFile(
            number: removalFileNumber, in: BackupFolder.tails, named: BackupFolder.digits(number))
    }
    /// All files that this backup needs.
    var paths: [String] { files.map(\.path) + [removalFile?.path].compactMap(\.self) }

    var fileBytes: Int { files.reduce(0) { $0 + $1.fileBytes } }
    var path: String { Self.twin(number).name }

    static func twin(_ number: UInt64) -> TwinFile {
        let contentBytes = headerBytes + Limits.sealedFileCountMax * entryBytes
        return TwinFile(
            name: BackupFolder.manifestPrefix + BackupFolder.digits(number), magic: magic,
            byteCountMax: 2
                * ((TwinFile.headerBytes + contentBytes + TwinFile.unit - 1)
                    & ~(TwinFile.unit - 1)))
    }

    /// MANIFEST of the store that this backup becomes, which has no segment yet.
    var restored: Manifest {
        var manifest = Manifest(storeID: store.storeID)
        manifest.anchor = end
        manifest.anchorSegment = lastSegment
        manifest.nextSegmentNumber = lastSegment &+ 1
        manifest.nextSealedNumber = nextSealedNumber
        manifest.removalFileNumber = removalFileNumber
        manifest.sealedFiles = files.map(\.entry)
        return manifest
    }

    /// Of a pinned log, so far without what is not sealed.
    init(_ pin: BackupPin, number: UInt64, instant: Int64) {
        store = pin.store
        self.number = number
        self.instant = instant
        end = pin.end
        lastSegment = pin.lastSegment
        nextSealedNumber = pin.manifest.nextSealedNumber
        files = zip(pin.manifest.sealedFiles, pin.sealed.files).map { entry, file in
            File(entry: entry, fileBytes: file.footer.fileBytes)
        }
    }

    // MARK: Reading

    /// - Throws: `.corrupt`, `.unsupportedFormat`, `.disk`.
    static func read(
        _ number: UInt64, in files: any FileSystem
    ) throws(LogError) -> (BackupManifest, isHalfBad: Bool) {
        let twin = twin(number)
        let contents = try twin.read(in: files)
        guard let manifest = BackupManifest(from: contents.memory, in: contents.range),
            manifest.number == number
        else { throw twin.corrupt(.badHeader, "counts or numbers outside their limits") }
        return (manifest, contents.isHalfBad)
    }

    private init?(from memory: PageMemory, in range: Range<Int>) {
        let start = range.lowerBound
        // Within the copy, which is 4,096 bytes at least, also where the contents are shorter.
        let count = Int(memory.loadUInt32(at: start + 100))
        guard count <= Limits.sealedFileCountMax,
            range.count == Self.headerBytes + count * Self.entryBytes,
            let store = StoreFile(from: memory, at: start)
        else { return nil }
        self.store = store
        number = memory.loadUInt64(at: start + 56)
        instant = Int64(bitPattern: memory.loadUInt64(at: start + 64))
        end = LogEnd(
            lastGroup: memory.loadUInt64(at: start + 72),
            nextPosition: Position(memory.loadUInt64(at: start + 80)),
            frameChecksum: memory.loadUInt32(at: start + 96))
        lastSegment = memory.loadUInt64(at: start + 88)
        nextSealedNumber = memory.loadUInt64(at: start + 104)
        removalFileNumber = memory.loadUInt64(at: start + 112)
        files = (0..<count).map { index in
            let offset = start + Self.headerBytes + index * Self.entryBytes
            return File(
                entry: SealedEntry(from: memory, at: offset),
                fileBytes: Int(clamping: memory.loadUInt64(at: offset + 32)),
                tailOf: memory.loadUInt64(at: offset + 40))
        }
        guard isConsistent, restored.hasRoom else { return nil }
    }

    /// What MANIFEST is held to, and sizes that add up.
    private var isConsistent: Bool {
        number > 0 && number < FrameHeader.positionMax && lastSegment > 0
            && files.allSatisfy {
                $0.fileBytes > 0 && $0.fileBytes <= SealedFooter.pageCountMax * 4096
                    && $0.tailOf <= number
            }
            && files.dropLast().allSatisfy { $0.tailOf == 0 }
            && restored.isConsistent
    }

    // MARK: Writing

    /// Durable on return, and with it the backup.
    func write(in disk: any FileSystem) throws(DiskError) {
        precondition(isConsistent, "a manifest is checked before it is written")
        let twin = Self.twin(number)
        let contentBytes = Self.headerBytes + files.count * Self.entryBytes
        let memory = try twin.encode(contentBytes: contentBytes) { memory, offset in
            encode(into: memory, at: offset)
        }
        try twin.replace(with: memory, in: disk)
    }

    private func encode(into memory: PageMemory, at start: Int) {
        store.encode(into: memory, at: start)
        memory.store(number, at: start + 56)
        memory.store(UInt64(bitPattern: instant), at: start + 64)
        memory.store(end.lastGroup, at: start + 72)
        memory.store(end.nextPosition.rawValue, at: start + 80)
        memory.store(lastSegment, at: start + 88)
        memory.store(end.frameChecksum, at: start + 96)
        memory.store(UInt32(files.count), at: start + 100)
        memory.store(nextSealedNumber, at: start + 104)
        memory.store(removalFileNumber, at: start + 112)
        for (index, file) in files.enumerated() {
            let offset = start + Self.headerBytes + index * Self.entryBytes
            file.entry.encode(into: memory, at: offset)
            memory.store(UInt64(file.fileBytes), at: offset + 32)
            memory.store(file.tailOf, at: offset + 40)
        }
    }
}
