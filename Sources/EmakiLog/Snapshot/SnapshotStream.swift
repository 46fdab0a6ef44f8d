import EmakiPlatform

/// Where the snapshots of a stream are: events of a stream beside it, which no reader is shown and
/// no caller can name. So a snapshot is committed, recovered, sealed and found like any event, and
/// only the newest one is ever asked for; merges leave the others out.
///
/// The event's metadata says whose snapshot it is: the stream's version (8 bytes), and its id.
enum SnapshotStream {
    /// Ids of callers never start with it.
    static let marker: UInt8 = 0
    static let eventType = "snapshot"
    static let versionBytes = 8

    /// The stream beside a stream. Those of two ids of 255 bytes that differ in their last
    /// character are the same; then each hides the other's snapshots, and none is mistaken.
    static func id(beside stream: StreamID) -> StreamID {
        var text = stream.text
        if text.utf8.count == Limits.streamIDBytesMax { text.unicodeScalars.removeLast() }
        return StreamID(checked: "\0" + text)
    }

    static func isSnapshots(_ id: RawSpan) -> Bool {
        id.byteCount > 0 && id.loadUInt8(at: 0) == marker
    }

    static func event(of stream: StreamID, at version: StreamVersion, _ payload: [UInt8]) -> Event {
        let versionBytes = (0..<UInt64(Self.versionBytes)).map {
            UInt8(truncatingIfNeeded: version.rawValue >> ($0 * 8))
        }
        return Event(
            type: eventType, payload: payload, metadata: versionBytes + Array(stream.text.utf8))
    }

    /// Whose snapshot it is, and at which version; nil if the metadata makes no sense.
    static func owner(_ metadata: RawSpan) -> (stream: StreamID, version: StreamVersion)? {
        guard metadata.byteCount > versionBytes,
            let text = String(validating: metadata.extracting(versionBytes..<metadata.byteCount))
        else { return nil }
        var version: UInt64 = 0
        for index in (0..<versionBytes).reversed() {
            version = version << 8 | UInt64(metadata.loadUInt8(at: index))
        }
        return (StreamID(checked: text), StreamVersion(version))
    }
}

extension Removals.Extent {
    /// Whether a snapshot, with the events behind it, is still what the stream is: nothing behind
    /// it was removed, and the stream was not deleted since.
    func leaves(snapshotAt version: StreamVersion) -> Bool {
        version >= through && version > deletedAt
    }
}

/// Finds the newest snapshot of a stream.
struct SnapshotLookup {
    typealias Look = ((LogCore) -> Void) throws(LogError) -> Void

    let stream: StreamID
    private let beside: StreamID

    init(_ stream: StreamID) {
        self.stream = stream
        beside = SnapshotStream.id(beside: stream)
    }

    /// - Returns: nil if there is none that can be used.
    func newest(looking look: Look) throws(LogError) -> Snapshot? {
        while true {
            var count: UInt64 = 0
            try look { count = $0.removals.forgettingCount }
            var cursor = StreamCursor(beside, from: nil, backwards: true)
            let step = try cursor.step(limit: 1, looking: look)
            guard let event = step.events.first,
                let owner = event.withMetadata({ SnapshotStream.owner($0) }), owner.stream == stream
            else { return nil }
            var isUsable = false
            var isOutdated = false
            try look { core in
                isUsable = core.removals.extent(stream).leaves(snapshotAt: owner.version)
                isOutdated = core.removals.forgettingCount != count
            }
            // A stream that was forgotten meanwhile may have lost it, and nothing says so now.
            if isOutdated { continue }
            return isUsable ? Snapshot(version: owner.version, event: event) : nil
        }
    }
}
