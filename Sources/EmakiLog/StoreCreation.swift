import EmakiPlatform

/// Makes a store. STORE is written last: a folder without it holds no store, and what an
/// interrupted creation left there is made anew.
struct StoreCreation {
    let path: String
    let options: StoreOptions

    /// A probe takes no longer than this, however slow the disk.
    private static let probeNanoseconds: Int64 = 400_000_000
    private static let probeSampleCount = 64

    /// Creates the folder if needed, measures, and writes the store.
    func run() throws(LogError) -> StoreDescription {
        let files = PosixFileSystem(root: path)
        try makeRoot(files)
        let lockFile = try Self.lock(files, path: path)
        defer { lockFile.unlock() }
        // Somebody may have made one while nobody held the lock.
        guard try !Self.isStore(files, path: path) else { throw .alreadyExists(path: path) }
        let traits = try naming { () throws(DiskError) in try files.traits() }
        let blockBytes = try blockBytes(traits)
        let probe = try naming { () throws(DiskError) in
            try Self.measure(files, traits, blockBytes: blockBytes)
        }
        let laid = try Self.lay(
            options, blockBytes: blockBytes, method: probe.chosen,
            rawLatency: probe.rawLatencyP50, in: files, path: path, entropy: SystemEntropy(),
            now: SystemClock.wallNanoseconds())
        var description = StoreDescription(laid.store)
        description.warnings = probe.warnings(copyOnWriteStopped: laid.isCopyOnWriteStopped)
            .map(\.description)
        return description
    }

    static func measure(
        _ files: PosixFileSystem, _ traits: DiskTraits, blockBytes: Int
    ) throws(DiskError) -> SyncProbeReport {
        try SyncProbe.measure(
            in: files, folder: "", methods: methods(traits, blockBytes: blockBytes),
            blockBytes: blockBytes, sampleCount: probeSampleCount,
            budgetNanoseconds: probeNanoseconds, now: SystemClock.monotonicNanoseconds)
    }

    /// The methods that can work here.
    static func methods(_ traits: DiskTraits, blockBytes: Int) -> [SyncMethod] {
        #if canImport(Darwin)
            return [.fullSync]
        #else
            let canBeDirect = traits.supportsDirect && blockBytes >= traits.logicalBlockBytes
            guard canBeDirect else { return [.dataSync] }
            // Through the page cache a block smaller than a page would share one with acknowledged
            // bytes, and be written together with them.
            let isWholePage = blockBytes >= max(4096, traits.fileSystemBlockBytes)
            return isWholePage ? [.direct, .dataSync] : [.direct]
        #endif
    }

    /// A store that was laid out.
    struct Laid {
        let store: StoreFile
        /// Whether the file system overwrites segments in place because it was asked to; nil if it
        /// does so anyway.
        let isCopyOnWriteStopped: Bool?
    }

    /// Lays out a store with given choices; the deterministic part.
    static func lay(
        _ options: StoreOptions, blockBytes: Int, method: SyncMethod, rawLatency: Int64,
        in files: any FileSystem, path: String, entropy: any Entropy, now: Int64
    ) throws(LogError) -> Laid {
        let layout = try layout(options, blockBytes: blockBytes)
        let batchBytesMax = options.batchBytesMax ?? layout.batchBytesMax
        guard batchBytesMax > 0, batchBytesMax <= layout.batchBytesMax else {
            throw .invalid(
                .option(
                    name: "batchBytesMax",
                    reason: "is \(batchBytesMax); with these segments it is 1 to"
                        + " \(layout.batchBytesMax)"))
        }
        if let name = try LogError.translating(
            path,
            { () throws(DiskError) in
                try fileWithFrames(files)
            })
        {
            throw StoreFile.twin.corrupt(
                .missingFile, "\(name) holds frames, so a store was here; restore STORE")
        }
        try StoreLeftovers.expectOwn(in: files, path: path)
        let store = StoreFile(
            storeID: Bits128(random: entropy), layout: layout, batchBytesMax: batchBytesMax,
            syncMethod: method, rawLatency: rawLatency, createdAt: now)
        do {
            try clear(files)
            let isCopyOnWriteStopped = try makeFolders(files)
            try firstSegment(of: store, files, entropy)
            try store.write(in: files)
            return Laid(store: store, isCopyOnWriteStopped: isCopyOnWriteStopped)
        } catch {
            throw LogError(error, file: path)
        }
    }

    /// Segments are overwritten for ever. Where that would take new space each time, their folder
    /// is exempted while it is empty: files inherit it when they are made, and not later.
    /// - Returns: whether that worked; nil if there is no need.
    static func makeFolders(_ files: any FileSystem) throws(DiskError) -> Bool? {
        for folder in [StoreFolder.wal, StoreFolder.sealed] {
            if try files.kind(of: folder) == nil { try files.makeFolder(folder) }
        }
        guard try !files.traits().overwritesInPlace else { return nil }
        return files.avoidCopyOnWrite(in: StoreFolder.wal)
    }

    private static func firstSegment(
        of store: StoreFile, _ files: any FileSystem, _ entropy: any Entropy
    ) throws(DiskError) {
        var before = Manifest(storeID: store.storeID)
        before.generation += 1
        before.nextFileIndex = 1
        before.segments = [.init(number: 0, incarnation: .zero, fileIndex: 0)]
        let identity = SegmentIdentity(
            storeID: store.storeID, number: 1, incarnation: Bits128(random: entropy))
        let preparation = SegmentPreparation(
            layout: store.layout, identity: identity, fileIndex: 0,
            isDirect: store.syncMethod == .direct, isRecycled: false, manifestBefore: before,
            manifestAfter: before.makingReady(0, as: identity))
        try preparation.run(in: files).file.close()
    }

    /// A segment file that a creation cannot have left: one with a frame, or with what remains of
    /// one.
    private static func fileWithFrames(_ files: any FileSystem) throws(DiskError) -> String? {
        guard try files.kind(of: StoreFolder.wal) != nil else { return nil }
        let memory = try PageMemory(byteCount: 1 << 20)
        for name in try files.list(StoreFolder.wal) {
            guard try files.kind(of: StoreFolder.wal + "/" + name) == .file else { continue }
            let file = try files.open(
                StoreFolder.wal + "/" + name, OpenMode(.mustExist, writable: false))
            defer { file.close() }
            var offset = 0
            while true {
                let count = try memory.withMutableBytes(in: 0..<memory.byteCount) {
                    (bytes: inout MutableRawSpan) throws(DiskError) in
                    try file.read(into: &bytes, at: offset)
                }
                let hasFrame = stride(from: 0, to: count - 3, by: Limits.blockBytes.lowerBound)
                    .contains { memory.loadUInt32(at: $0) == FrameHeader.magic }
                if hasFrame { return StoreFolder.wal + "/" + name }
                guard count == memory.byteCount else { break }
                offset += count
            }
        }
        return nil
    }

    /// Removes what an interrupted creation left.
    private static func clear(_ files: any FileSystem) throws(DiskError) {
        if try files.kind(of: StoreFolder.wal) != nil {
            for name in try files.list(StoreFolder.wal) {
                try files.remove(StoreFolder.wal + "/" + name)
            }
        }
        let leftovers = [
            Manifest.twin.name, Manifest.twin.temporaryName, StoreFile.twin.temporaryName,
            SyncProbe.fileName,
        ]
        for name in leftovers {
            if try files.kind(of: name) != nil { try files.remove(name) }
        }
    }

    private static func layout(
        _ options: StoreOptions, blockBytes: Int
    ) throws(LogError) -> SegmentLayout {
        guard options.segmentBytes <= Limits.segmentBytes.upperBound else {
            throw .tooLarge(
                .segmentBytes, limit: Limits.segmentBytes.upperBound, value: options.segmentBytes)
        }
        guard
            StoreOptions.isPossible(segmentBytes: options.segmentBytes, blockBytes: blockBytes)
        else {
            throw .invalid(
                .option(
                    name: "segmentBytes",
                    reason: "is \(options.segmentBytes) with blocks of \(blockBytes); both are"
                        + " powers of two, a segment of at least \(Limits.segmentBytes.lowerBound)"
                        + " bytes and 8 blocks"))
        }
        return SegmentLayout(blockBytes: blockBytes, segmentBytes: options.segmentBytes)
    }

    /// At least what the device and the file system write at once; 512 only on request, and only
    /// where the device writes 512 bytes at once and the page cache is bypassed.
    func blockBytes(_ traits: DiskTraits) throws(LogError) -> Int {
        let natural = max(
            4096, traits.physicalBlockBytes,
            traits.supportsDirect ? 0 : traits.fileSystemBlockBytes)
        guard let wanted = options.blockBytes else { return natural }
        guard wanted <= Limits.blockBytes.upperBound else {
            throw .tooLarge(
                .blockBytes, limit: Limits.blockBytes.upperBound, value: wanted)
        }
        let smallest = traits.supportsDirect ? traits.physicalBlockBytes : natural
        guard wanted >= max(smallest, Limits.blockBytes.lowerBound) else {
            throw .invalid(
                .option(
                    name: "blockBytes",
                    reason: "is \(wanted), but this disk writes \(smallest) bytes at once"))
        }
        return wanted
    }

    // MARK: The folder

    /// Makes the folder, or sees that nothing of others is in it; durable on return.
    func makeRoot(_ files: any FileSystem) throws(LogError) {
        let kind = try naming { () throws(DiskError) in try files.kind(of: "") }
        switch kind {
        case nil:
            try naming { () throws(DiskError) in
                try files.makeFolder("")
                try files.syncFolder("..")
            }
            return
        case .folder:
            let names = try naming { () throws(DiskError) in try files.list("") }
            let foreign = names.contains { !StoreFolder.ownNames.contains($0) }
            guard !foreign, !names.contains(StoreFile.twin.name) else {
                throw .alreadyExists(path: path)
            }
            try syncParent(files)
        case .file, .other: throw .alreadyExists(path: path)
        }
    }

    /// A folder that was there already may not be durable yet. A parent that may not be read
    /// belongs to somebody who made the folder for us, and is theirs to sync.
    func syncParent(_ files: any FileSystem) throws(LogError) {
        do {
            try files.syncFolder("..")
        } catch {
            guard error.isNoPermission || error.isReadOnly else {
                throw LogError(error, file: path)
            }
        }
    }

    /// Whether `open` should find a store here.
    /// - Throws: `.notAStore` if the place is taken by something else.
    static func isStore(_ files: PosixFileSystem, path: String) throws(LogError) -> Bool {
        let (root, store) = try LogError.translating(path) { () throws(DiskError) in
            let root = try files.kind(of: "")
            return (root, root == .folder ? try files.kind(of: StoreFile.twin.name) : nil)
        }
        guard root == nil || root == .folder else {
            throw .notAStore(path: path, reason: "it is a file")
        }
        return store != nil
    }

    /// Takes the store's lock, which ends with the process.
    static func lock(_ files: PosixFileSystem, path: String) throws(LogError) -> any FileLock {
        do {
            return try files.lock(StoreFolder.lock)
        } catch {
            guard error.isLocked else { throw LogError(error, file: path) }
            throw .locked(path: path, by: files.lockHolderHint(StoreFolder.lock))
        }
    }

    private func naming<R>(_ body: () throws(DiskError) -> R) throws(LogError) -> R {
        try LogError.translating(path, body)
    }
}
