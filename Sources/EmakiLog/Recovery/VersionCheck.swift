import EmakiPlatform

/// Whether the events of one frame follow what the index holds, found out without changing it, so
/// that a frame which fails halfway leaves nothing behind.
///
/// The rule is that of `LogIndex.advance`: a stream's next event has its next version; or a later
/// one, if so many events are lost that are not known to be missing elsewhere, or if nothing of the
/// stream is here and its earlier events may have been retired.
struct VersionCheck {
    let mayStartLater: Bool
    /// Lost events that may still be missing in some stream.
    private var lostCount: UInt64
    /// Versions of the streams in this frame, as its events so far leave them.
    private var heads: [StreamID: StreamVersion] = [:]
    /// The section of the last event, and its stream.
    private var section: (offset: Int, stream: StreamID)?

    init(mayStartLater: Bool, lostCount: UInt64) {
        self.mayStartLater = mayStartLater
        self.lostCount = lostCount
    }

    mutating func accepts(
        _ record: EventRecord, of section: SectionHeader, after index: borrowing LogIndex
    ) -> Bool {
        let stream: StreamID
        if let last = self.section, last.offset == section.offset {
            stream = last.stream
        } else {
            stream = section.streamID
            self.section = (section.offset, stream)
        }
        let head = heads[stream] ?? index.find(section).map { index.head($0) } ?? .none
        let version = record.version
        guard version > head, version.rawValue <= FrameHeader.positionMax else { return false }
        let missing = Self.missingCount(before: version, after: head, mayStartLater: mayStartLater)
        guard missing <= lostCount else { return false }
        lostCount -= missing
        heads[stream] = version
        return true
    }

    /// The rule of `LogScan` for removals: the stream was where it says, or beyond.
    mutating func accepts(_ record: RemovalRecord, after index: borrowing LogIndex) -> Bool {
        let known = heads[record.stream] ?? index.find(record.stream).map { index.head($0) }
        if known == nil, mayStartLater { return true }
        let head = known ?? .none
        guard record.through > head else { return true }
        let missing = record.through.rawValue - head.rawValue
        guard missing <= lostCount else { return false }
        lostCount -= missing
        heads[record.stream] = record.through
        return true
    }

    /// Events that are missing between a stream's last one and its next; none if the stream may
    /// start with it.
    static func missingCount(
        before version: StreamVersion, after head: StreamVersion, mayStartLater: Bool
    ) -> UInt64 {
        if mayStartLater && head == .none { return 0 }
        return version.rawValue - head.rawValue - 1
    }
}
