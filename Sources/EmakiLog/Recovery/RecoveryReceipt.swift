/// What an open proved about the log, what it cut, and what it mended.
public struct RecoveryReceipt: Sendable, Equatable, Codable {
    /// How far the end of the log is proven.
    public enum End: String, Sendable, Codable {
        /// A mark written after the last event says that nothing follows.
        case marked
        /// The log ends after its last whole frame, and no mark says so: the process or the machine
        /// stopped within `idleMarkDelay` of its last commit. All but the last group is proven;
        /// that the last group was followed by no other acknowledged one is not (see
        /// durability.md).
        case unmarked
        /// The log ends at a damaged place; only a read-only open that tolerates damage says so.
        case damaged
    }

    /// A torn frame: taken for one that a commit was writing when the process or the machine
    /// stopped, so that nobody was told of it, and cut.
    public struct Cut: Sendable, Equatable, Codable {
        /// Path below the store's folder.
        public var file: String
        /// Where the torn frame started.
        public var fileOffset: Int
        /// The group that it would have been.
        public var group: UInt64
        /// True if an earlier open cut it, and no clean close came since.
        public var isRemembered: Bool
    }

    /// Positions in the log that were lost to damage. Whose they were is not known: a stream whose
    /// last events were among them ends at an earlier version (see durability.md, N10).
    public struct Loss: Sendable, Equatable, Codable {
        /// Where the damage started.
        public var file: String
        /// Byte in that file.
        public var fileOffset: Int
        /// First lost position.
        public var firstPosition: Position
        /// Position after the last lost one; the same as the first if only records without a
        /// position were lost.
        public var endPosition: Position
        /// True if a repair recorded it; false if this read-only open stepped over damage.
        public var isRecorded: Bool
    }

    /// Something that was damaged, and that this open wrote again by what belongs there.
    public struct Repair: Sendable, Equatable, Codable {
        /// Path below the store's folder.
        public var file: String
        /// Where the damage was; nil if the whole file was written again.
        public var fileOffset: Int?
        /// What it was.
        public var part: Part

        /// What it was.
        public enum Part: String, Sendable, Codable {
            /// One of the two copies of STORE, of MANIFEST, or of what streams have lost.
            case copy
            /// One of the two headers of a segment.
            case header
        }
    }

    /// The log was opened for reading: nothing was synced first, so what was read is in the files
    /// but not proven to be on the device.
    public var isReadOnly = false
    /// Exclusive end: every event below it was read back from the device.
    public var durablePosition: Position = .start
    /// Number of the last whole group.
    public var lastGroup: UInt64 = 0
    /// How the end was found.
    public var end: End = .unmarked
    /// The log was closed in order: its last frame says so.
    public var wasClosed = false
    /// Torn frames.
    public var cuts: [Cut] = []
    /// Losses that repairs recorded, or that this open stepped over.
    public var losses: [Loss] = []
    /// Damage that this read-only open stepped over.
    public var damages: [Corruption] = []
    /// Copies of headers that were bad and were written again from their twin; of an open for
    /// reading, those that are bad.
    public var mended: [String] = []
    /// What this open wrote again. Of sealed files it reads no more than footers, and mends none.
    public var repairs: [Repair] = []
    /// Blocks that the device could not read and that nothing needed.
    public var unreadable: [String] = []
    /// What to know about the disk that the store is on now.
    public var warnings: [String] = []
    /// Files in the store's folders that nothing lists. They are left alone.
    public var strangers: [String] = []
    /// Events that are in memory now.
    public var eventCount = 0
    /// Frames that were read and linked.
    public var frameCount = 0
    /// Segments that were read.
    public var segmentCount = 0
    /// Bytes that were read from the device.
    public var scannedBytes = 0
    /// Sealed files that were opened. Of each only the footer was read.
    public var sealedFileCount = 0
    /// How long opening took. Zero from a core that has no clock.
    public var durationNanoseconds: Int64 = 0
}

extension RecoveryReceipt: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        var lines = [
            "durable up to position \(durablePosition) (exclusive), group \(lastGroup)"
                + (isReadOnly
                    ? ", read-only: as found in the files, not proven on the device" : ""),
            "end of the log: \(endInWords)",
            "read \(scannedBytes) bytes in \(segmentCount) segments: \(frameCount) frames,"
                + " \(eventCount) events, \(durationNanoseconds / 1000) us",
        ]
        if sealedFileCount > 0 { lines.append("opened \(sealedFileCount) sealed files") }
        for cut in cuts {
            let now = isReadOnly ? "not cut, because nothing is written" : "cut now"
            let when = cut.isRemembered ? "cut earlier" : now
            lines.append(
                "torn frame of group \(cut.group) at \(cut.file):\(cut.fileOffset), \(when);"
                    + " the write that a stop interrupted")
        }
        for loss in losses {
            lines.append(
                (loss.isRecorded ? "lost, by an earlier repair" : "cannot be read")
                    + ": positions \(loss.firstPosition)..<\(loss.endPosition)"
                    + " at \(loss.file):\(loss.fileOffset)")
        }
        if losses.contains(where: { $0.firstPosition < $0.endPosition }) {
            lines.append(
                "whose events these were is not known: a stream whose last ones are among them"
                    + " ends at an earlier version, without a gap")
        }
        for damage in damages {
            lines.append("DAMAGED: \(damage)")
        }
        lines += warnings.map { "warning: \($0)" }
        lines += unreadable.map { "the device cannot read the block at \($0)" }
        lines += mended.map {
            (isReadOnly ? "bad, and whole in its twin: " : "mended from its twin: ") + $0
        }
        lines += strangers.map { "not listed, left alone: \($0)" }
        return lines.joined(separator: "\n")
    }

    private var endInWords: String {
        switch end {
        case .marked: wasClosed ? "closed in order, and marked" : "marked when the log went idle"
        case .unmarked: "the last whole frame; not marked, so the last group's end is not proven"
        case .damaged: "a damaged place"
        }
    }
}
