import EmakiPlatform

/// Makes a store. STORE is written last: a folder without it holds no store, and what an interrupted
/// creation left there is made anew.
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
        let traits = try naming { () throws(DiskError) in try files.traits() }
        let blockBytes = try blockBytes(traits)
        let probe = try naming { () throws(DiskError) in
            try Self.measure(files, traits, blockBytes: blockBytes)
        }
        let store = try Self.lay(
            options, blockBytes: blockBytes, method: probe.chosen,
            rawLatency: probe.rawLatencyP50, in: files, path: path, entropy: SystemEntropy(),
            now: SystemClock.wallNanoseconds())
        var description = StoreDescription(store)
        description.warnings = probe.warnings.map(\.description)
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
            return canBeDirect ? [.direct, .dataSync] : [.dataSync]
        #endif
    }

    /// Lays out a store with given choices; the deterministic part.
    static func lay(
        _ options: StoreOptions, blockBytes: Int, method: SyncMethod, rawLatency: Int64,
        in files: any FileSystem, path: String, entropy: any Entropy, now: Int64
    ) throws(LogError) -> StoreFile {
        let layout = try layout(options, blockBytes: blockBytes)
        let batchBytesMax = options.batchBytesMax ?? layout.batchBytesMax
        guard batchBytesMax > 0, batchBytesMax <= layout.batchBytesMax else {
            throw .tooLarge(.batchBytes, limit: layout.batchBytesMax, value: batchBytesMax)
        }
        let store = StoreFile(
            storeID: Bits128(random: entropy), layout: layout, batchBytesMax: batchBytesMax,
            syncMethod: method, rawLatency: rawLatency, createdAt: now)
        do {
            try clear(files)
            for folder in [StoreFolder.wal, StoreFolder.sealed] {
                if try files.kind(of: folder) == nil { try files.makeFolder(folder) }
            }
            let manifest = Manifest(storeID: store.storeID)
            try manifest.write(in: files)
            try firstSegment(of: store, manifest, files, entropy)
            try store.write(in: files)
        } catch {
            throw LogError(error, file: path)
        }
        return store
    }

    private static func firstSegment(
        of store: StoreFile, _ manifest: Manifest, _ files: any FileSystem, _ entropy: any Entropy
    ) throws(DiskError) {
        var before = manifest
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

    /// Removes what an interrupted creation left.
    private static func clear(_ files: any FileSystem) throws(DiskError) {
        if try files.kind(of: StoreFolder.wal) != nil {
            for name in try files.list(StoreFolder.wal) {
                try files.remove(StoreFolder.wal + "/" + name)
            }
        }
        for name in [Manifest.twin.name, Manifest.twin.temporaryName, StoreFile.twin.temporaryName] {
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
    private func blockBytes(_ traits: DiskTraits) throws(LogError) -> Int {
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

    private func makeRoot(_ files: PosixFileSystem) throws(LogError) {
        let kind = try naming { () throws(DiskError) in try files.kind(of: "") }
        switch kind {
        case nil:
            try naming { () throws(DiskError) in
                try files.makeFolder("")
                try files.syncFolder("..")
            }
        case .folder:
            let names = try naming { () throws(DiskError) in try files.list("") }
            let foreign = names.contains { !StoreFolder.ownNames.contains($0) }
            guard !foreign, !names.contains(StoreFile.twin.name) else {
                throw .alreadyExists(path: path)
            }
        case .file, .other: throw .alreadyExists(path: path)
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
