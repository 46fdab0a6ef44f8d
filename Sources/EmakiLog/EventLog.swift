import EmakiPlatform

/// An append-only log of events in streams, durable on return, in a folder on a disk.
///
///     let log = try await EventLog.open(at: "orders.emaki", .creating())
///     let event = Event(type: "Placed", text: #"{"total": 42}"#)
///     try await log.append(event, to: "order-7", expecting: .noStream)
///     for event in try log.events(in: "order-7") { print(event.version, event.type) }
///     await log.close()
///
/// All methods may be called from any thread or task. One process opens a store at a time.
/// `Docs/durability.md` numbers what is promised.
public final class EventLog: Sendable {
    let committer: Committer
    /// What opening proved, cut and mended.
    public let receipt: RecoveryReceipt
    /// The commit thread as an executor. Tasks that prefer it append with the least latency.
    public var loop: CommitLoop { committer.loop }
    /// Who, of those that build on this log in this process, may append to what is theirs.
    package let ownership: LogOwnership
    /// The store's own sizes and measurements.
    public let store: StoreDescription

    /// False for a view of a log that somebody else holds: that one closes it.
    private let isOwner: Bool

    /// Where the store is; nil if it is on no disk of the system, or nothing may be written there.
    package let folder: String?

    private init(core: LogCore, loop: CommitLoop, lockFile: any FileLock, folder: String?) {
        isOwner = true
        self.folder = core.configuration.isReadOnly ? nil : folder
        ownership = LogOwnership()
        committer = Committer(core: core, loop: loop, lockFile: lockFile)
        receipt = core.receipt
        store = StoreDescription(core.store)
    }

    init(viewing log: EventLog) {
        isOwner = false
        folder = log.folder
        ownership = log.ownership
        committer = log.committer
        receipt = log.receipt
        store = log.store
    }

    deinit { if isOwner { committer.closeLater() } }

    // MARK: Opening and closing

    /// Makes a store in a new or empty folder, measuring which way to sync is fastest there.
    ///
    /// Durable on return; a crash before that leaves a folder that `create` accepts again.
    /// - Returns: what was measured, with warnings about a disk that cannot keep promises.
    /// - Throws: `.alreadyExists`, `.noPermission`, `.noSpace`, `.invalid`, `.disk`.
    @discardableResult
    public static func create(
        at path: String, _ options: StoreOptions = StoreOptions()
    ) async throws(LogError) -> StoreDescription {
        try await SystemThread.offload(name: "emaki-create") { () throws(LogError) in
            try StoreCreation(path: path, options: options).run()
        }
    }

    /// Opens a store and recovers what a crash left.
    ///
    /// What is readable afterwards was read from the device after a real sync, so it is durable.
    /// - Throws: `.notAStore`, `.locked`, `.corrupt`, `.unsupportedFormat`, `.noPermission`,
    ///   `.disk`; then at most a bad copy of a header was written again from its good twin.
    /// - Complexity: O(bytes and events that are not sealed).
    public static func open(
        at path: String, _ configuration: Configuration = Configuration()
    ) async throws(LogError) -> EventLog {
        try await SystemThread.offload(name: "emaki-open") { () throws(LogError) in
            try openHere(at: path, configuration)
        }
    }

    /// Opens a store on this thread; for callers without tasks. As `open`.
    public static func openBlocking(
        at path: String, _ configuration: Configuration = Configuration()
    ) throws(LogError) -> EventLog {
        try openHere(at: path, configuration)
    }

    private static func openHere(
        at path: String, _ configuration: Configuration
    ) throws(LogError) -> EventLog {
        try configuration.validate()
        let files = PosixFileSystem(root: path)
        if try !StoreCreation.isStore(files, path: path) {
            guard let options = configuration.createIfMissing else {
                throw .notAStore(path: path, reason: "there is no STORE file")
            }
            do {
                _ = try StoreCreation(path: path, options: options).run()
            } catch {
                // If another process was faster, its store is as good.
                guard case .alreadyExists = error, try StoreCreation.isStore(files, path: path)
                else { throw error }
            }
        }
        let lockFile = try StoreCreation.lock(files, path: path)
        return try open(
            in: files, configuration, lockFile, entropy: SystemEntropy(), folder: path)
    }

    static func open(
        in files: any FileSystem, _ configuration: Configuration, _ lockFile: any FileLock,
        entropy: any Entropy, folder: String? = nil
    ) throws(LogError) -> EventLog {
        let started = SystemClock.monotonicNanoseconds()
        let core: LogCore
        do {
            core = try LogCore.open(in: files, configuration: configuration, entropy: entropy)
        } catch {
            lockFile.unlock()
            throw error
        }
        core.receipt.durationNanoseconds = SystemClock.monotonicNanoseconds() - started
        let listener = listen(inFolder: folder, configuration, &core.receipt)
        let loop = CommitLoop(
            gatherLimit: configuration.gatherLimit.wholeNanoseconds, entropy: entropy)
        let log = EventLog(core: core, loop: loop, lockFile: lockFile, folder: folder)
        log.committer.start()
        if let listener { log.answer(through: listener) }
        log.startScrubbing(entropy)
        return log
    }

    /// Refuses new work, makes what is pending durable, marks the end of the log, unlocks.
    ///
    /// Returns when all that is done; a second call does nothing. A poisoned log closes too: what
    /// was pending has its outcome already. Events that you hold stay readable.
    public func close() async {
        await committer.close()
    }

    /// Exclusive end: every event below it is durable and visible to readers.
    public var durablePosition: Position { committer.lock.withLock { committer.core.durableEnd } }
}

/// What a store is, and what was measured when it was made.
public struct StoreDescription: Sendable, Equatable, Codable {
    /// Random, for ever.
    public let storeID: String
    /// Version of its files' format.
    public let formatVersion: Int
    /// Unit of frames.
    public let blockBytes: Int
    /// Size of a segment.
    public let segmentBytes: Int
    /// Largest batch as stored.
    public let batchBytesMax: Int
    /// "direct", "dataSync" or "fullSync".
    public let syncMethod: String
    /// F: median nanoseconds of one durable block write when it was last probed; 0: never probed.
    public let rawLatencyNanoseconds: Int64
    /// When it was made, in nanoseconds since 1970 UTC.
    public let createdAt: Int64
    /// What to know about this disk; empty unless the store was just made or probed.
    public var warnings: [String] = []

    init(_ store: StoreFile) {
        storeID = "\(store.storeID)"
        formatVersion = Int(StoreFile.formatVersion)
        blockBytes = store.layout.blockBytes
        segmentBytes = store.layout.segmentBytes
        batchBytesMax = store.batchBytesMax
        syncMethod = "\(store.syncMethod)"
        rawLatencyNanoseconds = store.rawLatency
        createdAt = store.createdAt
    }
}
