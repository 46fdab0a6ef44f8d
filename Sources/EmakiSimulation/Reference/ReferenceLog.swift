import EmakiLog

/// The obvious log: an array of events, and for each stream where its events are in it.
///
/// It holds what was acknowledged, and behind that what was staged and is not decided yet. Whoever
/// drives a core tells it what was done. It says what the core must answer (in
/// `ReferenceLog+Answers`), what a reader must see, and what may be there after a stop (in
/// `ReferenceLog+Checks`).
package struct ReferenceLog: Sendable {
    /// An event, with the version that it has in its stream. Its position is its place.
    struct Stored: Sendable {
        var stream: StreamID
        var version: UInt64
        var event: Event
        /// There is no event: it is a removal, of which `version` is the newest that is removed,
        /// or a snapshot at `version`.
        var special: Special?
    }

    enum Special: Sendable {
        case truncate, delete, expiry, snapshot
        /// Whatever it was, its stream was forgotten since.
        case forgotten
    }

    /// What a stream has lost.
    struct Removal: Sendable {
        var position: UInt64
        var through: UInt64
        var kind: Special
    }

    /// What is to go.
    struct Expiry: Sendable {
        var position: UInt64
        var through: UInt64
        var instant: Int64
    }

    struct Snapshot: Sendable {
        var position: UInt64
        var version: UInt64
        var payload: [UInt8]
    }

    /// Where the events of a stream are.
    struct Stream: Sendable {
        /// Version of the oldest event that is held.
        var first: UInt64 = 1
        var positions: [UInt64] = []
        /// In the order of their positions.
        var removals: [Removal] = []
        /// In the order of their positions.
        var expiries: [Expiry] = []
        /// In the order of their positions.
        var snapshots: [Snapshot] = []

        var head: UInt64 { first - 1 + UInt64(positions.count) }

        func position(ofVersion version: UInt64) -> UInt64? {
            guard version >= first, version <= head else { return nil }
            return positions[Int(version - first)]
        }
    }

    /// Position of the oldest event that is held.
    private(set) var first: UInt64 = 0
    /// Acknowledged events, and behind them those that are staged.
    private(set) var events: [Stored] = []
    private(set) var streams: [StreamID: Stream] = [:]
    /// Exclusive: everything below was acknowledged.
    private(set) var acknowledgedEnd: UInt64 = 0
    /// Where each staged batch ends.
    private(set) var stagedEnds: [UInt64] = []
    /// Where the group ends whose write was begun and did not come back; nil if none did. Only that
    /// one may be there after a stop, because one write is out at a time.
    private(set) var begunEnd: UInt64?
    /// Events that were given back. Their segments are used again, and must not show them.
    var former: [Stored] = []
    /// Where retirements whose outcome is not known would have cut.
    private(set) var uncertainAnchors: [UInt64] = []

    /// Streams that are not there any more, though they once were.
    private(set) var forgotten: Set<StreamID> = []
    /// Deleted streams that are not there any more, or are: MANIFEST may list either.
    private(set) var uncertainForgettings: Set<StreamID> = []

    package init() {}

    /// Exclusive end of what is staged.
    var end: UInt64 { first + UInt64(events.count) }
    package var eventCount: Int { events.count }
    package var hasStaged: Bool { end > acknowledgedEnd }

    func event(at position: UInt64) -> Stored { events[Int(position - first)] }

    /// Version of a stream, staged events included.
    package func head(of stream: StreamID) -> UInt64 { streams[stream]?.head ?? 0 }

    /// Version of a stream as a reader sees it.
    func durableHead(of stream: StreamID) -> UInt64 {
        guard let found = streams[stream] else { return 0 }
        let staged = found.positions.reversed().prefix { $0 >= acknowledgedEnd }.count
        // Of a stream of which only staged events are held nothing is visible.
        return staged == found.positions.count ? found.first - 1 : found.head - UInt64(staged)
    }

    // MARK: What was done

    /// A batch was staged.
    package mutating func stage(_ parts: [StreamAppend]) {
        for part in parts {
            for event in part.events {
                streams[part.stream, default: Stream()].positions.append(end)
                let version = head(of: part.stream)
                events.append(Stored(stream: part.stream, version: version, event: event))
            }
        }
        stagedEnds.append(end)
    }

    /// A removal was staged.
    mutating func stage(_ kind: Special, of stream: StreamID, through: UInt64) {
        let removal = Removal(position: end, through: through, kind: kind)
        streams[stream]?.removals.append(removal)
        events.append(
            Stored(
                stream: stream, version: through, event: Event(type: "removal", payload: []),
                special: kind))
        stagedEnds.append(end)
    }

    /// An expiry was staged.
    mutating func stage(expiryOf stream: StreamID, through: UInt64, at instant: Int64) {
        let expiry = Expiry(position: end, through: through, instant: instant)
        streams[stream]?.expiries.append(expiry)
        events.append(
            Stored(
                stream: stream, version: through, event: Event(type: "expiry", payload: []),
                special: .expiry))
        stagedEnds.append(end)
    }

    /// A snapshot was staged.
    mutating func stage(snapshot payload: [UInt8], of stream: StreamID, at version: UInt64) {
        let snapshot = Snapshot(position: end, version: version, payload: payload)
        streams[stream]?.snapshots.append(snapshot)
        events.append(
            Stored(
                stream: stream, version: version, event: Event(type: "snapshot", payload: payload),
                special: .snapshot))
        stagedEnds.append(end)
    }

    /// The write of everything that is staged was begun.
    package mutating func beginGroup() { begunEnd = end }

    /// The write came back: what it carried is acknowledged.
    package mutating func finishGroup() {
        guard let written = begunEnd else { return }
        begunEnd = nil
        acknowledgedEnd = written
        stagedEnds.removeAll { $0 <= written }
    }

    /// The core was asked to forget a deleted stream; what became of that is not known.
    mutating func beginForgetting(_ stream: StreamID) { uncertainForgettings.insert(stream) }

    /// Of others it is known by now that they are there.
    mutating func keepUncertain(_ streams: Set<StreamID>) {
        uncertainForgettings.formIntersection(streams)
    }

    /// A deleted stream is not there any more.
    mutating func forget(_ stream: StreamID) {
        for place in events.indices where events[place].stream == stream {
            events[place].special = .forgotten
        }
        streams[stream] = nil
        forgotten.insert(stream)
        uncertainForgettings.remove(stream)
    }

    /// The core was asked to forget what is before a position; what became of that is not known.
    package mutating func beginRetiring(before anchor: UInt64) { uncertainAnchors.append(anchor) }

    /// What is before a position is gone, by design.
    package mutating func retire(before anchor: UInt64) {
        uncertainAnchors.removeAll { $0 <= anchor }
        guard anchor > first else { return }
        for stored in events.prefix(Int(anchor - first)) where stored.special != .forgotten {
            streams[stored.stream]?.positions.removeFirst()
            streams[stored.stream]?.first += 1
            if streams[stored.stream]?.positions.isEmpty == true { streams[stored.stream] = nil }
        }
        former += events.prefix(Int(anchor - first))
        events.removeFirst(Int(anchor - first))
        first = anchor
    }

    /// The process stopped. What was staged and is not in the log is forgotten; what is, counts as
    /// acknowledged from here on: somebody has seen it.
    mutating func settle(end newEnd: UInt64, first anchor: UInt64) {
        retire(before: anchor)
        while end > newEnd, let last = events.popLast() {
            switch last.special {
            case .truncate, .delete: streams[last.stream]?.removals.removeLast()
            case .expiry: streams[last.stream]?.expiries.removeLast()
            case .snapshot: streams[last.stream]?.snapshots.removeLast()
            case .forgotten, nil: break
            }
            if last.special != nil { continue }
            streams[last.stream]?.positions.removeLast()
            if streams[last.stream]?.positions.isEmpty == true { streams[last.stream] = nil }
        }
        acknowledgedEnd = newEnd
        stagedEnds = []
        begunEnd = nil
        uncertainAnchors = []
    }
}
