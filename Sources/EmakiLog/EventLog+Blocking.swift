import EmakiPlatform

/// The log for plain threads. A call blocks its thread until it is decided and durable; the thread
/// writes the group itself when nobody else is about to. Never call it from a Swift task: on the
/// commit loop it throws `LogError.wouldDeadlock`, on another executor it blocks one of its
/// threads.
public struct BlockingLog: Sendable {
    let committer: Committer
    let batchBytesMax: Int

    /// Appends one event. As `EventLog.append(_:to:expecting:)`.
    @discardableResult
    public func append(
        _ event: Event, to stream: StreamID, expecting: ExpectedVersion = .anything
    ) throws(LogError) -> AppendResult {
        let batch = try MeasuredBatch(
            SingleEvent(event: event, to: stream, expected: expecting),
            batchBytesMax: batchBytesMax)
        var version = StreamVersion.none
        let done = try committer.commitOnThread(batch) { version = $1 }
        return AppendResult(done, version)
    }

    /// Appends events to one stream. As `EventLog.append(_:to:expecting:)`.
    @discardableResult
    public func append(
        _ events: [Event], to stream: StreamID, expecting: ExpectedVersion = .anything
    ) throws(LogError) -> AppendResult {
        let batch = try MeasuredBatch(
            StreamAppend(to: stream, events, expecting: expecting), batchBytesMax: batchBytesMax)
        var version = StreamVersion.none
        let done = try committer.commitOnThread(batch) { version = $1 }
        return AppendResult(done, version)
    }

    /// Appends events to several streams. As `EventLog.append(_:)`.
    @discardableResult
    public func append(_ batch: [StreamAppend]) throws(LogError) -> BatchResult {
        let measured = try MeasuredBatch(
            MultiStreamBatch(parts: batch), batchBytesMax: batchBytesMax)
        var versions = [StreamVersion](repeating: .none, count: batch.count)
        let done = try committer.commitOnThread(measured) { versions[$0] = $1 }
        return BatchResult(
            positions: done.positions, versions: versions, wasStoredBefore: done.wasStoredBefore)
    }

    /// Waits for a reservation. As `EventLog.durable(_:)`.
    @discardableResult
    public func durable(_ reservation: Reservation) throws(LogError) -> AppendResult {
        let end = try reservation.end(in: committer)
        guard !committer.loop.isCurrent else { throw .wouldDeadlock }
        committer.lock.lock()
        let signal = committer.waitOnThread(for: end)
        return AppendResult(try Commitment(reservation.outcome, signal), reservation.version)
    }

    /// Waits until the event at a position is durable. As `EventLog.durable(_:)`.
    public func durable(_ position: Position) throws(LogError) {
        guard !committer.loop.isCurrent else { throw .wouldDeadlock }
        guard position.rawValue < FrameHeader.positionMax else { throw .closed }
        committer.lock.lock()
        switch committer.waitOnThread(for: position.advanced(by: 1)) {
        case .durable: return
        case .closed: throw .closed
        default: throw .poisoned
        }
    }
}

extension EventLog {
    /// The log for plain threads.
    public var blocking: BlockingLog {
        BlockingLog(committer: committer, batchBytesMax: store.batchBytesMax)
    }

    /// Closes on this thread. As `close()`.
    /// - Throws: `.wouldDeadlock` on the commit loop.
    public func closeBlocking() throws(LogError) {
        guard !loop.isCurrent else { throw .wouldDeadlock }
        committer.closeOnThread()
    }
}
