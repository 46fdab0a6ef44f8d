import EmakiPlatform

/// What streams have lost to truncation and deletion: for each of them the last version that
/// nobody sees any more, and whether the stream ended there; and what is to expire.
///
/// What is removed only grows, so joining such facts in any order, or again, gives the same; until
/// the stream is forgotten, when nothing of it is left (`Forgetting`). Of expiries the one that was
/// set last counts, so facts are joined in the order of the log.
/// Readers see what is durable; an append is also checked against what is staged.
struct Removals {
    /// What one stream has lost.
    struct Extent: Equatable, Sendable {
        /// Events up to and including this version are removed.
        var through: StreamVersion
        /// The version at which the stream was last deleted; `none` if it never was. It is deleted
        /// as long as it is at this version.
        var deletedAt = StreamVersion.none
        /// What is to be removed, and when; nil: nothing, or it is removed.
        var expiry: Expiry?
        /// The position behind the last record of it that was met in a segment, as far as this
        /// opening knows. It is no part of what was lost.
        var recordEnd = Position.start

        static let nothing = Extent(through: .none)

        init(
            through: StreamVersion, deletedAt: StreamVersion = .none, expiry: Expiry? = nil
        ) {
            self.through = through
            self.deletedAt = deletedAt
            self.expiry = expiry
        }

        init(_ record: RemovalRecord) {
            guard record.kind != .expire else {
                through = .none
                expiry = Expiry(instant: record.instant, through: record.through)
                return
            }
            through = record.through
            deletedAt = record.kind == .delete ? record.through : .none
        }

        static func == (left: Extent, right: Extent) -> Bool {
            left.through == right.through && left.deletedAt == right.deletedAt
                && left.expiry == right.expiry
        }

        mutating func join(_ other: Extent) {
            through = max(through, other.through)
            deletedAt = max(deletedAt, other.deletedAt)
            expiry = other.expiry ?? expiry
            recordEnd = max(recordEnd, other.recordEnd)
            if let expiry, expiry.through <= through { self.expiry = nil }
        }

        func joined(with other: Extent) -> Extent {
            var both = self
            both.join(other)
            return both
        }
    }

    /// Events that are to go.
    struct Expiry: Equatable, Sendable {
        /// Nanoseconds since 1970 UTC.
        var instant: Int64
        /// The newest of them.
        var through: StreamVersion
    }

    /// A removal that is not durable yet, and the position that it took.
    private struct Staged {
        var position: Position
        var record: RemovalRecord
    }

    private(set) var durable: [StreamID: Extent]
    /// In the order of positions; never more than the groups that are not durable hold.
    private var staged: ContiguousArray<Staged> = []
    /// The same by stream: what they come to together, where the last one ends, how many there are.
    private var stagedByStream: [StreamID: (extent: Extent, after: Position, count: Int)] = [:]

    /// Of what is durable.
    private var expiries = ExpiryQueue()
    /// Streams that are being forgotten, and those beside them.
    private var leaving: Set<StreamID> = []
    /// The same of attempts that failed while MANIFEST was replaced, until it is replaced again.
    private var uncertain: Set<StreamID> = []
    /// Times that streams were forgotten. Who asks for a removal after reading files of an earlier
    /// moment sees by it that an answer of "nothing" may be about a later one.
    private(set) var forgettingCount: UInt64 = 0

    /// So many streams are kept in memory.
    private let streamsMax: Int

    init(_ durable: [StreamID: Extent] = [:], streamsMax: Int = Limits.removedStreamsMax) {
        self.durable = durable
        self.streamsMax = streamsMax
        for (stream, extent) in durable {
            guard let expiry = extent.expiry else { continue }
            expiries.push(.init(instant: expiry.instant, stream: stream))
        }
    }

    /// True if no stream has lost anything, staged removals included.
    var isEmpty: Bool { durable.isEmpty && staged.isEmpty }
    var streamCount: Int { durable.count }
    /// At least as many streams as there will be once everything staged is durable.
    var streamCountMax: Int { durable.count + stagedByStream.count }
    /// There is no room for another stream.
    var isFull: Bool { streamCountMax >= streamsMax }

    /// Takes a removal that is staged at a position.
    mutating func stage(_ record: RemovalRecord, at position: Position) {
        staged.append(Staged(position: position, record: record))
        var sum = stagedByStream[record.stream] ?? (.nothing, position, 0)
        sum.extent.join(Extent(record))
        sum.after = position.advanced(by: 1)
        sum.count += 1
        stagedByStream[record.stream] = sum
    }

    /// Lets readers see what is durable by now.
    mutating func settle(durable end: Position) {
        var count = 0
        while count < staged.count, staged[count].position < end {
            let record = staged[count].record
            durable.add(record, before: staged[count].position.advanced(by: 1))
            if record.kind == .expire {
                expiries.push(.init(instant: record.instant, stream: record.stream))
            }
            stagedByStream[record.stream]?.count -= 1
            if stagedByStream[record.stream]?.count == 0 { stagedByStream[record.stream] = nil }
            count += 1
        }
        if count > 0 { staged.removeFirst(count) }
    }

    // MARK: Forgetting

    /// A removal of the stream is staged, or in a segment that a recovery would read.
    func isRecorded(_ stream: StreamID, behind anchor: Position) -> Bool {
        stagedByStream[stream] != nil || extent(stream).recordEnd > anchor
    }

    /// Nobody knows whether the stream is deleted or was never written, so nothing may be appended
    /// that rests on one of them.
    func isLeaving(_ stream: StreamID) -> Bool {
        leaving.contains(stream) || uncertain.contains(stream)
    }

    /// Streams of which nobody knows.
    var leavingStreams: Set<StreamID> { leaving.union(uncertain) }

    mutating func beginForgetting(_ streams: [StreamID]) { leaving = Set(streams) }

    /// - Parameter mayBeForgotten: MANIFEST may list what they have lost, or not any more.
    mutating func failForgetting(mayBeForgotten: Bool) {
        if mayBeForgotten { uncertain.formUnion(leaving) }
        leaving = []
    }

    /// MANIFEST was replaced, and lists what streams have lost as it is known here.
    mutating func becomeCertain() { if !uncertain.isEmpty { uncertain = [] } }

    mutating func forget(_ streams: [StreamID]) {
        for stream in streams { durable[stream] = nil }
        leaving = []
        forgettingCount += 1
    }

    // MARK: Expiry

    /// Expiries to come, those that were replaced included.
    var expiryCount: Int { expiries.count }

    /// Takes what is due by now from the queue.
    mutating func takeDue(at now: Int64, limit: Int) -> [DueExpiry] {
        var due: [DueExpiry] = []
        while due.count < limit, let first = expiries.first, first.instant <= now {
            _ = expiries.pop()
            // Removed, or to expire at another time, by now.
            guard let expiry = durable[first.stream]?.expiry, expiry.instant == first.instant
            else { continue }
            due.append(DueExpiry(stream: first.stream, expiry: expiry))
        }
        return due
    }

    mutating func putBack(_ due: ArraySlice<DueExpiry>) {
        for item in due {
            expiries.push(.init(instant: item.expiry.instant, stream: item.stream))
        }
    }

    // MARK: Asking

    /// What a stream has lost, as a reader sees it.
    func extent(_ stream: StreamID) -> Extent {
        durable.isEmpty ? .nothing : durable[stream] ?? .nothing
    }

    /// What a reader of a stream does not see.
    func through(_ stream: StreamID) -> StreamVersion { extent(stream).through }

    /// As `through(_:)`, for a stream by the bytes of its id.
    func through(id: RawSpan) -> StreamVersion {
        guard !durable.isEmpty, let text = String(validating: id) else { return .none }
        return through(StreamID(checked: text))
    }

    /// Whether a reader of the log does not see an event: it was removed, or is a snapshot.
    func hides(_ event: RecordedEvent) -> Bool {
        event.isSnapshot || !durable.isEmpty && event.version <= through(event.stream)
    }

    /// What is true once everything that is staged is durable, and the position behind the last
    /// removal of the stream that is not.
    func stagedExtent(_ stream: StreamID) -> (extent: Extent, after: Position) {
        let extent = extent(stream)
        guard let sum = stagedByStream[stream] else { return (extent, .start) }
        return (extent.joined(with: sum.extent), sum.after)
    }
}

extension [StreamID: Removals.Extent] {
    /// - Parameter end: of the record's position, if it is in a segment.
    mutating func add(_ record: RemovalRecord, before end: Position = .start) {
        var extent = Removals.Extent(record)
        extent.recordEnd = end
        self[record.stream, default: .nothing].join(extent)
    }
}
