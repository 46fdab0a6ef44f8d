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
    /// Mean duration of a group's write, in nanoseconds.
    public var writeNanosecondsMean: Int64
    /// Longest duration of a group's write, in nanoseconds.
    public var writeNanosecondsMax: Int64
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
    /// Full segments, which wait to be sealed. Not bounded until sealing exists.
    public var fullSegments: Int
    /// Segments ready for use.
    public var readySegments: Int
    /// Followers.
    public var followers: Int
    /// A write or sync failed: the log takes no more appends.
    public var isPoisoned: Bool
}

extension EventLog {
    /// Live figures.
    public var statistics: LogStatistics {
        committer.lock.withLock {
            committer.core.statistics(
                latency: committer.latency, followers: committer.followerCount)
        }
    }
}

extension LogCore {
    func statistics(latency: CommitLatency, followers: Int) -> LogStatistics {
        LogStatistics(
            durablePosition: durableEnd, lastGroup: end.lastGroup,
            pendingEvents: pendingEventCount, groups: counters.groups, events: counters.events,
            batches: counters.batches, writtenBytes: counters.writtenBytes,
            marks: counters.marks, rotations: counters.rotations, conflicts: counters.conflicts,
            repeats: counters.repeats,
            writeNanosecondsMean: latency.writeCount == 0
                ? 0 : latency.writeTotal / Int64(latency.writeCount),
            writeNanosecondsMax: latency.writeMax, rawLatencyNanoseconds: store.rawLatency,
            streamsInMemory: index.streamCount,
            eventsInMemory: Int(
                index.positions.upperBound.rawValue - index.positions.lowerBound.rawValue),
            indexBytes: index.allocatedBytes, imageBytes: segments.count * layout.segmentBytes,
            fullSegments: activeIndex, readySegments: readyCount, followers: followers,
            isPoisoned: isPoisoned)
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
            writes            mean \(micro(writeNanosecondsMean)), max\
             \(micro(writeNanosecondsMax)); F \(micro(rawLatencyNanoseconds))
            answers           \(conflicts) conflicts, \(repeats) repeats
            segments          \(fullSegments) full, \(readySegments) ready,\
             \(rotations) rotations, \(marks) marks
            memory            \(eventsInMemory) events of \(streamsInMemory) streams:\
             index \(indexBytes) bytes, images \(imageBytes) bytes
            followers         \(followers)\(isPoisoned ? "\nPOISONED: close and reopen" : "")
            """
    }
}
