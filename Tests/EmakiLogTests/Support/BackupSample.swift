import EmakiPlatform

@testable import EmakiLog

/// A log on a disk in memory, and a folder of its backups on another.
final class BackupSample {
    let harness: CoreHarness
    var backups = MemoryFileSystem()
    private var eventCount: UInt64 = 0
    private(set) var now: Int64 = 1_800_000_000_000_000_000

    init(
        seed: UInt64 = 1, blockBytes: Int = 4096, configuration: Configuration = Configuration()
    ) throws {
        harness = try CoreHarness(
            blockBytes: blockBytes, seed: seed, configuration: configuration)
        try harness.core.prepareSegments()
    }

    var folder: BackupFolder { BackupFolder(files: backups, path: "backups") }

    // MARK: The log

    /// Appends small events to a few streams.
    func append(_ count: Int, payloadBytes: Int = 300) throws {
        for _ in 0..<count {
            eventCount += 1
            let event = Event(
                type: "T\(eventCount % 3)",
                payload: bytes(payloadBytes, seed: Int(eventCount % 251)),
                metadata: eventCount % 4 == 0 ? [1, 2] : [],
                id: eventCount % 2 == 0 ? EventID(low: eventCount, high: 7) : nil)
            try harness.append([StreamAppend(to: try StreamID("s\(eventCount % 7)"), [event])])
        }
    }

    /// Fills so many segments.
    func fill(_ segments: Int) throws {
        let target = harness.core.counters.rotations + UInt64(segments)
        while harness.core.counters.rotations < target { try append(1, payloadBytes: 9_000) }
    }

    /// A sealed file, a full segment that is not sealed, and some more events.
    static func typical(seed: UInt64 = 1) throws -> BackupSample {
        let sample = try BackupSample(seed: seed)
        try sample.fill(1)
        try sample.harness.core.seal()
        try sample.append(3)
        try sample.fill(1)
        try sample.append(4)
        return sample
    }

    // MARK: Backups

    @discardableResult
    func backUp(
        _ change: (inout BackupOptions) -> Void = { _ in },
        progress: (Int, Int) -> Bool = { _, _ in true }
    ) throws(LogError) -> BackupReport {
        var options = BackupOptions()
        change(&options)
        return try backUp(harness.core.pinBackup(), options, progress)
    }

    /// Backs up what was pinned before.
    func backUp(
        _ pin: BackupPin, _ options: BackupOptions = BackupOptions(),
        _ progress: (Int, Int) -> Bool = { _, _ in true }
    ) throws(LogError) -> BackupReport {
        now += 1_000_000_000
        var run = BackupRun(pin, of: harness.files, to: folder, options, now: now)
        return try run.run(progress: progress)
    }

    func check() throws(LogError) -> BackupCheckReport {
        var check = BackupCheck(folder)
        return try check.run { _, _ in true }
    }

    func restore(
        at position: UInt64? = nil, to files: MemoryFileSystem = MemoryFileSystem(),
        method: SyncMethod = .direct, progress: (Int, Int) -> Bool = { _, _ in true }
    ) throws(LogError) -> (MemoryFileSystem, RestoreReport) {
        let backup = try folder.backup(at: position.map { Position($0) })
        let restore = StoreRestore(
            backup: backup, folder: folder, files: files, path: "restored",
            entropy: SeededEntropy(seed: backup.number + 1000))
        let report = try restore.run(
            measure: { _ in .init(method: method, rawLatency: 1) }, progress: progress)
        return (files, report)
    }

    /// What a store restored from a backup holds.
    func restoredContent(at position: UInt64? = nil) throws -> LogContent {
        try Self.content(of: try restore(at: position).0)
    }

    static func content(of files: MemoryFileSystem) throws -> LogContent {
        let core = try openCore(files, .readOnly())
        defer { core.closeFiles() }
        return try core.content()
    }
}

extension BackupFolder {
    /// Everything in it that counts: manifests, and what they list.
    var listed: Set<String> {
        get throws {
            let listing = try listing()
            return Set(listing.backups.map(\.path)).union(listing.listedPaths ?? [])
        }
    }
}
