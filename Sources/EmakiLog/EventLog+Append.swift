import EmakiPlatform

/// Appending from tasks. Every call returns only once its events are durable, and readers see them
/// then and not before. Events of one call are stored together or not at all, also after a crash.
///
/// Cancelling the task withdraws nothing: an append waits for its outcome, which takes one or two
/// writes of the disk.
extension EventLog {
    /// Appends one event.
    /// - Throws: `.versionConflict`, `.idReused`, `.tooLarge`, `.invalid`, `.noSpace`, `.readOnly`,
    ///   `.poisoned`, `.closed`: nothing is stored. `.outcomeUnknown`: it may or may not be.
    /// - Complexity: O(bytes); no allocation in steady state.
    @discardableResult
    nonisolated(nonsending) public func append(
        _ event: Event, to stream: StreamID, expecting: ExpectedVersion = .anything
    ) async throws(LogError) -> AppendResult {
        let batch = try MeasuredBatch(
            SingleEvent(event: event, to: stream, expected: expecting),
            batchBytesMax: store.batchBytesMax)
        var version = StreamVersion.none
        let done = try await committer.commit(batch) { version = $1 }
        return AppendResult(done, version)
    }

    /// Appends events to one stream.
    /// - Throws: as `append(_:to:expecting:)`.
    @discardableResult
    nonisolated(nonsending) public func append(
        _ events: [Event], to stream: StreamID, expecting: ExpectedVersion = .anything
    ) async throws(LogError) -> AppendResult {
        let batch = try MeasuredBatch(
            StreamAppend(to: stream, events, expecting: expecting),
            batchBytesMax: store.batchBytesMax)
        var version = StreamVersion.none
        let done = try await committer.commit(batch) { version = $1 }
        return AppendResult(done, version)
    }

    /// Appends events to several streams, each with its own expectation.
    /// - Throws: as `append(_:to:expecting:)`; a conflict names the first stream that is elsewhere.
    @discardableResult
    nonisolated(nonsending) public func append(
        _ batch: [StreamAppend]
    ) async throws(LogError) -> BatchResult {
        let measured = try MeasuredBatch(
            MultiStreamBatch(parts: batch), batchBytesMax: store.batchBytesMax)
        var versions = [StreamVersion](repeating: .none, count: batch.count)
        let done = try await committer.commit(measured) { versions[$0] = $1 }
        return BatchResult(
            positions: done.positions, versions: versions, wasStoredBefore: done.wasStoredBefore)
    }

    // MARK: In two steps

    /// Puts an event in line without waiting; `durable(_:)` waits. Many events, one wait.
    ///
    /// Events are stored in the order of their reservations.
    /// - Throws: as `append(_:to:expecting:)`, and `.wouldWait`: no room now, nothing was reserved.
    public func reserve(
        _ event: Event, to stream: StreamID, expecting: ExpectedVersion = .anything
    ) throws(LogError) -> Reservation {
        let batch = try MeasuredBatch(
            SingleEvent(event: event, to: stream, expected: expecting),
            batchBytesMax: store.batchBytesMax)
        var version = StreamVersion.none
        let outcome = try committer.reserve(batch) { version = $1 }
        return Reservation(outcome: outcome, version: version, committer: committer)
    }

    /// As `reserve(_:to:expecting:)`, for several events of one stream.
    public func reserve(
        _ events: [Event], to stream: StreamID, expecting: ExpectedVersion = .anything
    ) throws(LogError) -> Reservation {
        let batch = try MeasuredBatch(
            StreamAppend(to: stream, events, expecting: expecting),
            batchBytesMax: store.batchBytesMax)
        var version = StreamVersion.none
        let outcome = try committer.reserve(batch) { version = $1 }
        return Reservation(outcome: outcome, version: version, committer: committer)
    }

    /// Waits until a reservation is decided and durable.
    /// - Throws: what the append would have thrown; `.invalid(.foreignReservation)` for a
    ///   reservation of another log or another opening.
    @discardableResult
    nonisolated(nonsending) public func durable(
        _ reservation: Reservation
    ) async throws(LogError) -> AppendResult {
        let end = try reservation.end(in: committer)
        let signal = await committer.wait(until: end)
        return AppendResult(
            try Commitment(reservation.outcome, signal), reservation.version)
    }

    /// Waits until the event at a position is durable: until `durablePosition` is above it.
    ///
    /// A position that nobody has reserved yet is waited for too.
    /// - Throws: `.poisoned`, `.closed`.
    nonisolated(nonsending) public func durable(_ position: Position) async throws(LogError) {
        guard position.rawValue < FrameHeader.positionMax else { throw .closed }
        switch await committer.wait(until: position.advanced(by: 1)) {
        case .durable: return
        case .closed: throw .closed
        default: throw .poisoned
        }
    }
}

/// Events in line that are not durable yet. Bound to one opening of one log.
public struct Reservation: Sendable {
    let outcome: StageOutcome
    let version: StreamVersion
    private let committer: Committer

    init(outcome: StageOutcome, version: StreamVersion, committer: Committer) {
        self.outcome = outcome
        self.version = version
        self.committer = committer
    }

    func end(in committer: Committer) throws(LogError) -> Position {
        guard committer === self.committer, let end = outcome.decidedAt else {
            throw .invalid(.foreignReservation)
        }
        return end
    }
}

extension AppendResult {
    init(_ done: Commitment, _ version: StreamVersion) {
        positions = done.positions
        self.version = version
        wasStoredBefore = done.wasStoredBefore
    }
}
