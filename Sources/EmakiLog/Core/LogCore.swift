import EmakiPlatform

/// The whole engine as a deterministic machine without threads, clocks or randomness of its own.
///
/// `EventLog` puts it behind a lock and performs its writes outside of that lock; the simulator
/// drives it directly. Everything that takes time is split in two: a plan is made here
/// (`beginGroup`, `planSegment`), performed by whoever asked for it, and its outcome reported back
/// here.
///
/// Invariants:
/// - `durableEnd <= end.nextPosition <=` end of the index;
/// - at most one `GroupWrite` is out at a time;
/// - after `poison()` nothing is ever staged or written again.
package final class LogCore {
    let files: any FileSystem
    let configuration: Configuration
    let entropy: any Entropy
    package internal(set) var store: StoreFile
    /// How this opening syncs.
    let syncMethod: SyncMethod
    /// A mark's frame and the block behind it, while they are written.
    let markBuffer: PageMemory
    package internal(set) var receipt: RecoveryReceipt

    /// Headroom for a full disk.
    package let reserve: Reserve
    /// As it was last looked at; one that was never made counts as whole until that fails.
    var isReserveWhole: Bool
    /// Why it could not be made whole, if it is not.
    var reserveFailure: LogError?

    /// When the newest commit was made that is known of without a read of the disk; nil: none is.
    let newestInstantAtOpening: Int64?

    var manifest: Manifest
    /// Usable segments in order of use: full ones, the active one, ready ones.
    var segments: ContiguousArray<Segment>
    var activeIndex: Int
    /// Leading segments of which the file is closed: a full segment is read from its image.
    var closedCount = 0
    /// The end of each full segment, in step with `segments`.
    var segmentEnds: ContiguousArray<LogEnd>
    /// What every append touches.
    private let guardedStaging: Guarded<StagingArea>
    var isWriting = false
    /// The number of the segment that the write which is out is in.
    var writingSegment: UInt64 = 0
    /// The active segment was entered for removals, when there was none for events.
    var isActiveKept = false
    /// The last group of which the write came back: the log ends here for whoever takes a copy.
    var durableGroup: LogEnd
    package internal(set) var isPoisoned = false
    /// Kind of the last frame.
    var lastKind: FrameHeader.Kind
    /// Segments are being sealed, or their events are leaving the index.
    var isSealing = false
    /// Why the last sealing failed; nil once one succeeded.
    var sealingFailure: LogError?
    /// Somebody seals full segments in the background. Not so for who holds the core alone.
    var hasSealer = false
    /// What earlier stops left is being removed: no file may be made yet.
    var isCleaning = false
    /// Files that were made, and whose MANIFEST may or may not have been written. They go once one
    /// was written that does not list them.
    var orphans: [String] = []
    /// The file of removals that a merge reads, which stays until it is done.
    var removalsOfMerge: String?
    /// The same of a sealing.
    var removalsOfSealing: String?
    /// Sealed files that are damaged beyond their parity, as far as merges have met them: they are
    /// not merged while the log is open.
    var unmergeable: Set<String> = []
    /// Sealed files are being merged.
    var isMerging = false
    /// Why the last merge failed; nil once one succeeded.
    var mergingFailure: LogError?
    /// A segment that is to be left for the next one before it is full, once no group gathers.
    var segmentToLeave: UInt64?
    /// There was no room for a merge of more bytes than this; nil while the reserve is whole.
    var mergedBytesWithRoom: Int?
    /// Files for which there was no room when they were to be written again by themselves.
    var loneWithoutRoom: Set<UInt64> = []
    /// Numbers of files that are being made.
    var numbersInWork: Set<UInt64> = []
    /// Purges under way: meanwhile a segment file is filled with zeros before it is used again.
    var purgeCount = 0
    /// Ready segments, the last ones, that are not to be had because they are being cleaned.
    var readyInCleaning = 0
    /// Backups that run.
    var backupHolds = BackupHolds()
    /// Which of the two idle slots is written next.
    var nextIdleSlot = 0
    /// Why the last attempt to make a segment ready failed; nil once one succeeded.
    var segmentFailure: LogError?
    /// Segment files that are not in use, or of which the preparation was interrupted.
    var filesInPreparation: [SpareFile]
    var isPreparing = false
    package internal(set) var counters = LogCounters()

    var layout: SegmentLayout { store.layout }
    var active: Segment { segments[activeIndex] }
    var staging: StagingArea {
        @inline(__always) _read { yield guardedStaging.value }
        @inline(__always) _modify { yield &guardedStaging.value }
    }
    var index: LogIndex {
        _read { yield staging.index }
        _modify { yield &staging.index }
    }
    var sealed: SealedSet {
        get { staging.sealed }
        set { staging.sealed = newValue }
    }
    var removals: Removals { _read { yield staging.removals } }
    var gathering: StagingArea.Gathering { staging.gathering }
    /// What the next frame links to: the last group that was begun.
    var end: LogEnd { staging.end }
    /// Exclusive: everything below is durable and visible.
    package var durableEnd: Position { staging.durableEnd }
    /// Exclusive end of what is staged.
    package var stagedEnd: Position { staging.stagedEnd }
    /// Something waits to be written. Never after a poisoning: what was staged then is lost.
    package var hasStaged: Bool { !staging.gathering.isEmpty && !isPoisoned }
    package var stagedBytes: Int { staging.gathering.payloadBytes }

    /// Takes over what recovery found.
    init(
        _ recovered: consuming Recovery.Outcome, files: any FileSystem, store: StoreFile,
        syncMethod: SyncMethod, markBuffer: PageMemory, configuration: Configuration,
        entropy: any Entropy
    ) {
        self.files = files
        reserve = Reserve(
            in: files, wantedBytes: configuration.reserveBytes ?? 4 * store.layout.segmentBytes)
        isReserveWhole = !reserve.isShort
        newestInstantAtOpening = recovered.newestInstant > 0 ? recovered.newestInstant : nil
        self.configuration = configuration
        self.entropy = entropy
        self.store = store
        self.syncMethod = syncMethod
        self.markBuffer = markBuffer
        receipt = recovered.receipt
        manifest = recovered.manifest
        segments = recovered.segments
        activeIndex = recovered.activeIndex
        segmentEnds = recovered.segmentEnds
        guardedStaging = Guarded(
            StagingArea(
                index: recovered.index, sealed: recovered.sealed,
                removals: recovered.removals, end: recovered.end,
                active: recovered.segments[recovered.activeIndex],
                nextOffset: recovered.nextOffset, layout: store.layout,
                configuration: configuration))
        lastKind = recovered.lastKind
        durableGroup = recovered.end
        filesInPreparation = recovered.manifest.segments.filter(\.isInPreparation)
            .map { SpareFile(fileIndex: $0.fileIndex) }
        lookAtSpace()
    }

    /// Recovers the store in `files`, which the caller has locked.
    /// - Throws: what stands against opening. Then at most a bad copy of STORE, MANIFEST or a
    ///   header was written again from its good twin.
    package static func open(
        in files: any FileSystem, configuration: Configuration, entropy: any Entropy
    ) throws(LogError) -> LogCore {
        try configuration.validate()
        let (store, isStoreHalfBad) = try StoreFile.read(in: files)
        let device = try DeviceChoice(for: store, in: files)
        // Before any segment is open, so that what fails here leaves no file open.
        let markBuffer = try LogError.translating("") { () throws(DiskError) in
            try PageMemory(byteCount: 2 * store.layout.blockBytes)
        }
        var unmended: String?
        if isStoreHalfBad && !configuration.isReadOnly {
            unmended = try StoreFile.twin.mend { () throws(DiskError) in
                try store.write(in: files)
            }
        }
        let recovery = Recovery(
            files: files, store: store, configuration: configuration, device: device)
        var outcome = try recovery.run()
        if let unmended {
            outcome.receipt.warnings.append(unmended)
        } else if isStoreHalfBad {
            outcome.receipt.mended.append(StoreFile.twin.name)
            if !configuration.isReadOnly {
                outcome.receipt.repairs.append(.init(file: StoreFile.twin.name, part: .copy))
            }
        }
        return LogCore(
            outcome, files: files, store: store, syncMethod: device.method,
            markBuffer: markBuffer, configuration: configuration, entropy: entropy)
    }

    /// After a failed write or sync: nothing is known about what is on disk, so nothing more is
    /// written. Reads up to the durable position go on.
    package func poison() {
        isPoisoned = true
        isWriting = false
    }

    /// Releases the files. Sealed ones are closed once the last who reads them is done.
    package func closeFiles() {
        for segment in segments { segment.file.close() }
        sealed = .empty
    }
}

/// Counts since the log was opened.
package struct LogCounters: Sendable, Equatable {
    package var groups: UInt64 = 0
    package var events: UInt64 = 0
    package var writtenBytes: UInt64 = 0
    package var marks: UInt64 = 0
    package var rotations: UInt64 = 0
    package var conflicts: UInt64 = 0
    package var repeats: UInt64 = 0
    package var sealedSegments: UInt64 = 0
    package var sealedEvents: UInt64 = 0
    package var sealedBytes: UInt64 = 0
    package var merges: UInt64 = 0
    package var mergedBytes: UInt64 = 0
    /// Removed events that merges left out.
    package var droppedEvents: UInt64 = 0
    /// Places where a segment on the device was not what it was in memory.
    package var sealingDifferences: UInt64 = 0
}
