import EmakiPlatform

/// Removing events. A removal is recorded in the log like an append: it is durable once the call
/// returns, it is whole or absent after a crash, and takes one position, which holds no event.
///
/// Removed events are not seen any more from then on. Their bytes stay where they are until their
/// file is merged; with `EventLog.merge()` that can be had at once.
extension EventLog {
    /// Removes the oldest events of a stream: those before `version`.
    ///
    /// Versions and positions of the others stay. With the version behind the stream's last event
    /// nothing is left, and the next append goes on at that version. What was removed before, or
    /// more than that, changes nothing and is no error.
    /// - Returns: the stream's version.
    /// - Throws: `.versionConflict` if the stream has not had the event before `version`;
    ///   `.noSpace`, `.readOnly`, `.poisoned`, `.closed`, and `.tooLarge(.removedStreams)`: nothing
    ///   is removed. `.outcomeUnknown`: it may or may not be.
    @discardableResult
    nonisolated(nonsending) public func truncate(
        _ stream: StreamID, before version: StreamVersion
    ) async throws(LogError) -> StreamVersion {
        try await remove(RemovalSource(truncating: stream, before: version))
    }

    /// Deletes a stream: removes all its events, and ends it.
    ///
    /// A deleted stream keeps its version. An append that does not expect exactly that version is
    /// refused with `.streamDeleted`, so that a late writer cannot bring the stream back by
    /// mistake; one that does starts it again, and versions go on. Deleting a stream that was never
    /// written, or is deleted, changes nothing and is no error.
    /// - Returns: the version at which the stream is deleted.
    /// - Throws: `.versionConflict` if the stream is not where it is expected; else as
    ///   `truncate(_:before:)`.
    @discardableResult
    nonisolated(nonsending) public func delete(
        _ stream: StreamID, expecting: ExpectedVersion = .anything
    ) async throws(LogError) -> StreamVersion {
        try await remove(RemovalSource(stream: stream, expected: expecting, request: .delete))
    }

    /// Says when the events that a stream has now are to go: its newest and all before it.
    ///
    /// What is appended later stays. The last call counts; an instant in the past is as good as one
    /// to come. Events whose time has come are removed as by `truncate(_:before:)`, for each stream
    /// by itself: when a segment was filled, when the log was opened, and by
    /// `removeExpired(trustingClock:)`; until then they are seen.
    /// - Parameter instant: nanoseconds since 1970 UTC.
    /// - Returns: the version of the newest event that is to go; 0 if the stream has none.
    /// - Throws: as `delete(_:expecting:)`.
    @discardableResult
    nonisolated(nonsending) public func expire(
        _ stream: StreamID, at instant: Int64, expecting: ExpectedVersion = .anything
    ) async throws(LogError) -> StreamVersion {
        try await remove(
            RemovalSource(stream: stream, expected: expecting, request: .expire(at: instant)))
    }

    /// Removes all events whose time has come, and returns when that is durable.
    /// - Parameter trustingClock: also if the clock is more than a day ahead of the newest commit
    ///   and the time for which the log has been open since: it may have been set wrong, or nothing
    ///   was appended for so long.
    /// - Returns: how many streams lost events.
    /// - Throws: `.clockLeap`; else as `delete(_:expecting:)`, and what was not removed stays due.
    @discardableResult
    public func removeExpired(trustingClock: Bool = false) async throws(LogError) -> Int {
        try await SystemThread.offload(name: "emaki-expiry") { [committer] () throws(LogError) in
            let now = try committer.believedInstant(trustingClock: trustingClock)
            return try committer.removeExpired(at: now, waits: true)
        }
    }

    nonisolated(nonsending) private func remove(
        _ source: RemovalSource
    ) async throws(LogError) -> StreamVersion {
        var version = StreamVersion.none
        _ = try await committer.commit(MeasuredBatch(removal: source)) { version = $1 }
        return version
    }
}

extension BlockingLog {
    /// Removes the oldest events of a stream. As `EventLog.truncate(_:before:)`.
    @discardableResult
    public func truncate(
        _ stream: StreamID, before version: StreamVersion
    ) throws(LogError) -> StreamVersion {
        try remove(RemovalSource(truncating: stream, before: version))
    }

    /// Deletes a stream. As `EventLog.delete(_:expecting:)`.
    @discardableResult
    public func delete(
        _ stream: StreamID, expecting: ExpectedVersion = .anything
    ) throws(LogError) -> StreamVersion {
        try remove(RemovalSource(stream: stream, expected: expecting, request: .delete))
    }

    /// Says when the events that a stream has now are to go. As
    /// `EventLog.expire(_:at:expecting:)`.
    @discardableResult
    public func expire(
        _ stream: StreamID, at instant: Int64, expecting: ExpectedVersion = .anything
    ) throws(LogError) -> StreamVersion {
        try remove(
            RemovalSource(stream: stream, expected: expecting, request: .expire(at: instant)))
    }

    private func remove(_ source: RemovalSource) throws(LogError) -> StreamVersion {
        var version = StreamVersion.none
        _ = try committer.commitOnThread(MeasuredBatch(removal: source)) { version = $1 }
        return version
    }
}

extension RemovalSource {
    init(truncating stream: StreamID, before version: StreamVersion) {
        self.init(
            stream: stream, expected: .anything,
            request: .truncate(through: StreamVersion(max(version, .first).rawValue - 1)))
    }
}
