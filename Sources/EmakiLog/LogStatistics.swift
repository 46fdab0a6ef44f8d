import EmakiPlatform

/// Live figures of an open log. Counts start when it was opened; sizes are as they are now.
public struct LogStatistics: Sendable, Equatable, Codable {
    /// Exclusive end of what is durable.
    public var durablePosition: Position
    /// Number of the last group that was begun.
    public var lastGroup: UInt64
    /// Events staged and not yet durable.
    public var pendingEvents: Int
    /// Groups written: each is one write and one sync.
    public var groups: UInt64
    /// Events made durable.
    public var events: UInt64
    /// Batches staged.
    public var batches: UInt64
    /// Bytes written by groups and marks, padding included.
    public var writtenBytes: UInt64
    /// Times the end was marked.
    public var marks: UInt64
    /// Switches to a next segment.
    public var rotations: UInt64
    /// Appends refused because a stream was elsewhere, or an id was reused.
    public var conflicts: UInt64
    /// Appends that had been stored before.
    public var repeats: UInt64
    /// Mean time for which a group gathered, in nanoseconds: from its first batch until its write.
    public var gatherNanosecondsMean: Int64
    /// Longest time for which a group gathered.
    public var gatherNanosecondsMax: Int64
    /// Mean duration of a group's write, in nanoseconds.
    public var writeNanosecondsMean: Int64
    /// Longest duration of a group's write, in nanoseconds.
    public var writeNanosecondsMax: Int64
    /// Mean time, in nanoseconds, from the end of a write until the last who waited was told.
    public var wakeNanosecondsMean: Int64
    /// Longest time from the end of a write until the last who waited was told.
    public var wakeNanosecondsMax: Int64
    /// Longest time, in nanoseconds, for which the commit loop ran jobs without looking at the
    /// clock: up to eight jobs, so a job that holds everybody up is seen here.
    public var loopStretchNanosecondsMax: Int64
    /// F as it was last probed, in nanoseconds.
    public var rawLatencyNanoseconds: Int64
    /// Streams in memory.
    public var streamsInMemory: Int
    /// Events in memory, which are those that are not sealed.
    public var eventsInMemory: Int
    /// Memory of the index.
    public var indexBytes: Int
    /// Memory of segment images.
    public var imageBytes: Int
    /// Full segments, which wait to be sealed: at most `Configuration.unsealedSegmentsMax`.
    public var fullSegments: Int
    /// Sealed files.
    public var sealedFiles: Int
    /// Events in sealed files.
    public var eventsInSealedFiles: Int
    /// Bytes of all sealed files.
    public var sealedFileBytes: Int
    /// Segments that were sealed since the log was opened.
    public var sealedSegments: UInt64
    /// Bytes of sealed files that were written since the log was opened.
    public var sealedBytesWritten: UInt64
    /// Places where a segment on the device was not what it was in memory when it was sealed; the
    /// sealed file has what was in memory.
    public var sealingDifferences: UInt64
    /// Why the last sealing failed; nil if it did not.
    public var sealingFailure: String?
    /// Merges of sealed files since the log was opened.
    public var merges: UInt64
    /// Bytes of merged files that were written since the log was opened.
    public var mergedBytesWritten: UInt64
    /// Why the last merge failed; nil if it did not.
    public var mergingFailure: String?
    /// Streams of which events were removed: what each has lost is kept in memory.
    public var removedStreams: Int
    /// Expiries to come, those that were replaced included.
    public var expiries: Int
    /// Removed events that merges left out since the log was opened.
    public var droppedEvents: UInt64
    /// Sealed files by tier: those made of segments, those merged from these, and so on.
    public var filesByTier: [Int]
    /// What sealed files take, and how much of that is still needed.
    public var sealedSpace = SealedSpace(storedBytes: [], liveBytes: [])
    /// Pages of sealed files that were damaged and made whole again since the log was opened.
    public var repairedPages: Int
    /// Bytes of all batches that were staged since the log was opened, as stored.
    public var batchBytes: UInt64
    /// Bytes of the store's files: segments, sealed files, and the reserve.
    public var storeBytes: Int
    /// Bytes that RESERVE holds now.
    public var reserveBytes: Int
    /// The last segment is kept for removals: the disk or the store is full.
    public var isShortOfSpace: Bool
    /// Segments ready for use.
    public var readySegments: Int
    /// Followers.
    public var followers: Int
    /// A write or sync failed: the log takes no more appends.
    public var isPoisoned: Bool
    /// Backups that run.
    public var runningBackups = 0
    /// Segments that are sealed, and sealed files that are merged, and that wait for a backup.
    public var heldByBackups = 0
    /// Their bytes: of memory for segments, of the disk for files.
    public var bytesHeldByBackups = 0
    /// Bytes of sealed files that were looked at in the background since the log was opened.
    public var scrubbedBytes: UInt64 = 0
    /// Passes through all sealed files in the background.
    public var scrubPasses: UInt64 = 0
    /// Pages that such a pass found damaged and made whole again.
    public var scrubRepairs: UInt64 = 0
    /// Where the last of them was: a file, and a byte in it.
    public var lastScrubRepair: String?
    /// Places that such passes found damaged beyond their parity; at each pass anew.
    public var scrubDamages: UInt64 = 0
    /// The last of them.
    public var lastScrubDamage: ScrubDamage?
    /// Why the last pass failed; nil if it did not.
    public var scrubFailure: String?
}

extension EventLog {
    /// Live figures. Reads no event, but may read from the index of sealed files.
    public var statistics: LogStatistics {
        var (statistics, lag, question) = committer.lock.withLock {
            let core = committer.core
            return (
                core.statistics(latency: committer.latency, followers: committer.followerCount),
                core.backupLag, SealedSpaceQuestion(core)
            )
        }
        statistics.sealedSpace = question.answer()
        statistics.runningBackups = lag.backups
        statistics.heldByBackups = lag.segments + lag.files
        statistics.bytesHeldByBackups = lag.bytes
        if let figures = committer.lock.withLock({ committer.scrubber })?.figures {
            statistics.scrubbedBytes = figures.bytes
            statistics.scrubPasses = figures.passes
            statistics.scrubRepairs = figures.repairs
            statistics.lastScrubRepair = figures.lastRepair
            statistics.scrubDamages = figures.damages
            statistics.lastScrubDamage = figures.lastDamage
            statistics.scrubFailure = figures.failure
        }
        return statistics
    }
}

extension LogCore {
    var backupLag: BackupHolds.Lag {
        backupHolds.lag(
            of: sealed, firstSegment: segments.first?.number ?? 0,
            segmentBytes: layout.segmentBytes)
    }

    func statistics(latency: CommitLatency, followers: Int) -> LogStatistics {
        LogStatistics(
            durablePosition: durableEnd, lastGroup: end.lastGroup,
            pendingEvents: staging.pendingEventCount, groups: counters.groups,
            events: counters.events,
            batches: staging.batchCount, writtenBytes: counters.writtenBytes,
            marks: counters.marks, rotations: counters.rotations, conflicts: counters.conflicts,
            repeats: counters.repeats,
            gatherNanosecondsMean: latency.gather.mean,
            gatherNanosecondsMax: latency.gather.longest,
            writeNanosecondsMean: latency.write.mean,
            writeNanosecondsMax: latency.write.longest,
            wakeNanosecondsMean: latency.wake.mean, wakeNanosecondsMax: latency.wake.longest,
            loopStretchNanosecondsMax: latency.loopStretchMax,
            rawLatencyNanoseconds: store.rawLatency,
            streamsInMemory: index.streamCount,
            eventsInMemory: index.eventCount,
            indexBytes: index.allocatedBytes, imageBytes: segments.count * layout.segmentBytes,
            fullSegments: activeIndex,
            sealedFiles: sealed.files.count,
            eventsInSealedFiles: sealed.files.reduce(0) { $0 + $1.footer.eventCount },
            sealedFileBytes: sealed.byteCount,
            sealedSegments: counters.sealedSegments, sealedBytesWritten: counters.sealedBytes,
            sealingDifferences: counters.sealingDifferences,
            sealingFailure: sealingFailure.map { "\($0)" },
            merges: counters.merges, mergedBytesWritten: counters.mergedBytes,
            mergingFailure: mergingFailure.map { "\($0)" },
            removedStreams: removals.streamCount, expiries: removals.expiryCount,
            droppedEvents: counters.droppedEvents,
            filesByTier: filesByTier,
            repairedPages: sealed.files.reduce(0) { $0 + $1.pages.repairs },
            batchBytes: staging.batchBytes, storeBytes: storeBytes,
            reserveBytes: reserve.heldBytes, isShortOfSpace: keepsLastSegment,
            readySegments: readyCount, followers: followers,
            isPoisoned: isPoisoned)
    }
}

extension LogStatistics {
    /// Bytes that were written for each byte of batches since the log was opened: groups, sealed
    /// and merged files. Nil if nothing was appended.
    public var writeAmplification: Double? {
        guard batchBytes > 0 else { return nil }
        return Double(writtenBytes + sealedBytesWritten + mergedBytesWritten) / Double(batchBytes)
    }

    /// Bytes of the store's files for each event in it, all overhead included. Nil if it has none.
    public var bytesPerEvent: Double? {
        let events = eventsInSealedFiles + eventsInMemory
        return events == 0 ? nil : Double(storeBytes) / Double(events)
    }
}

extension LogCore {
    fileprivate var filesByTier: [Int] {
        var counts: [Int] = []
        for entry in manifest.sealedFiles {
            while counts.count <= Int(entry.tier) { counts.append(0) }
            counts[Int(entry.tier)] += 1
        }
        return counts
    }
}

extension LogStatistics: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        func micro(_ nanoseconds: Int64) -> String {
            "\(nanoseconds / 1000).\(nanoseconds % 1000 / 100) us"
        }
        let perGroup = groups == 0 ? "-" : "\(events / groups)"
        return """
            durable position  \(durablePosition)   (last group \(lastGroup),\
             \(pendingEvents) pending)
            since opened      \(events) events in \(batches) batches, \(groups) groups\
             (\(perGroup) events each), \(writtenBytes) bytes written
            commits           gather \(micro(gatherNanosecondsMean)), write\
             \(micro(writeNanosecondsMean)), wake \(micro(wakeNanosecondsMean)) in the mean;\
             F \(micro(rawLatencyNanoseconds))
            at most           gather \(micro(gatherNanosecondsMax)), write\
             \(micro(writeNanosecondsMax)), wake \(micro(wakeNanosecondsMax)), jobs of the loop\
             \(micro(loopStretchNanosecondsMax))
            answers           \(conflicts) conflicts, \(repeats) repeats
            segments          \(fullSegments) full, \(readySegments) ready,\
             \(rotations) rotations, \(marks) marks
            sealed            \(eventsInSealedFiles) events in \(sealedFiles) files of\
             \(sealedFileBytes) bytes; since opened \(sealedSegments) segments,\
             \(sealedBytesWritten) bytes written, \(repairedPages) pages repaired\(troubleLines)
            tiers             \(filesByTier.map(String.init).joined(separator: " ")) files;\
             since opened \(merges) merges, \(mergedBytesWritten) bytes written
            removed           events of \(removedStreams) streams, \(expiries) to expire;\
             since opened \(droppedEvents)\
             events left out by merges
            space             \(storeBytes) bytes in all, \(reserveBytes) of them in reserve;\
             \(Self.text(bytesPerEvent)) an event; written for each byte of batches:\
             \(Self.text(writeAmplification))
            live              \(sealedSpace)
            memory            \(eventsInMemory) events of \(streamsInMemory) streams:\
             index \(indexBytes) bytes, images \(imageBytes) bytes
            scrubbed          \(scrubbedBytes) bytes in \(scrubPasses) passes and what is under\
             way, \(scrubRepairs) pages repaired\(scrubLines)
            backups           \(runningBackups) running; \(heldByBackups) segments and files of\
             \(bytesHeldByBackups) bytes wait for them
            followers         \(followers)\(isPoisoned ? "\nPOISONED: close and reopen" : "")
            """
    }

    private static func text(_ ratio: Double?) -> String {
        guard let ratio else { return "-" }
        let tenths = Int((ratio * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private var scrubLines: String {
        var lines = ""
        if let lastScrubRepair { lines += ", the last at \(lastScrubRepair)" }
        if let lastScrubDamage { lines += "\nDAMAGED           \(lastScrubDamage)" }
        if let scrubFailure { lines += "\nSCRUBBING FAILS   \(scrubFailure)" }
        return lines
    }

    private var troubleLines: String {
        var lines = ""
        if sealingDifferences > 0 {
            lines +=
                "\nDIFFERENCES       \(sealingDifferences) places of segments were not on the"
                + " device what they were in memory"
        }
        if isShortOfSpace { lines += "\nSHORT OF SPACE    only removals are taken at the end" }
        if let sealingFailure { lines += "\nSEALING FAILS     \(sealingFailure)" }
        if let mergingFailure { lines += "\nMERGING FAILS     \(mergingFailure)" }
        return lines
    }
}
