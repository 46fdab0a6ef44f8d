import EmakiPlatform

/// What a follower sees.
public enum FollowScope: Sendable, Equatable {
    /// The whole log.
    case everything
    /// One stream.
    case stream(StreamID)
    /// Every stream whose id starts with this text.
    case prefix(String)
}

/// What a follower is handed.
public enum Followed: Sendable {
    /// The next event, in commit order.
    case event(RecordedEvent)
    /// These positions hold nothing any more: they were retired, or lost.
    case skipped(Range<Position>)
}

extension EventLog {
    /// Every event from a position on, in commit order: first what is there, then what is appended,
    /// without a gap or a repeat. Never ends by itself.
    ///
    ///     for try await case .event(let event) in log.follow(in: .stream("order-7")) { … }
    ///
    /// Only durable events are delivered. Inside, events come in batches: a follower that has
    /// caught up suspends once for each group, not for each event.
    /// - Throws (while iterating): `.tooManyFollowers`, `.closed`, `.poisoned` once every durable
    ///   event was delivered. Ends with nil when its task is cancelled.
    public func follow(
        from position: Position = .start, in scope: FollowScope = .everything
    ) -> FollowSequence {
        FollowSequence(committer: committer, start: position, scope: scope)
    }
}

/// The events of a log as they come. See `EventLog.follow`.
public struct FollowSequence: AsyncSequence, Sendable {
    /// What is handed over.
    public typealias Element = Followed
    /// What ends a follower.
    public typealias Failure = LogError

    let committer: Committer
    let start: Position
    let scope: FollowScope

    /// Starts following. Counts as a follower until it is released.
    public func makeAsyncIterator() -> Iterator {
        Iterator(committer: committer, start: start, scope: scope)
    }

    /// Hands over one event after the other; not shared between tasks.
    public struct Iterator: AsyncIteratorProtocol {
        private let committer: Committer
        private let membership: FollowerMembership
        private let scope: ScopeFilter
        /// Everything below was delivered or put into `batch`.
        private var next: Position
        private var batch: [Followed] = []
        private var delivered = 0

        init(committer: Committer, start: Position, scope: FollowScope) {
            self.committer = committer
            membership = FollowerMembership(committer)
            self.scope = ScopeFilter(scope)
            // Nothing is ever beyond; and the number after it must be a number.
            next = Swift.min(start, Position(FrameHeader.positionMax))
        }

        /// The next event; suspends until there is one.
        public mutating func next() async throws(LogError) -> Followed? {
            try await next(isolation: nil)
        }

        /// The next event; suspends until there is one.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(LogError) -> Followed? {
            guard membership.isAdmitted else {
                throw .tooManyFollowers(limit: Limits.followersMax)
            }
            while delivered == batch.count {
                if Task.isCancelled { return nil }
                guard try refill() else {
                    // Read by the thread that reads files for the loop.
                    let cursor = LogCursor(from: next)
                    let (events, end) = try await committer.readElsewhere(at: cursor)
                    take(events, upTo: end)
                    continue
                }
                guard batch.isEmpty else { break }
                switch await committer.waitCancellably(until: next.advanced(by: 1)) {
                case .durable, .retry: continue
                case .cancelled: return nil
                case .closed: throw .closed
                case .poisoned, .refused: throw .poisoned
                }
            }
            defer { delivered += 1 }
            return batch[delivered]
        }

        /// Collects what is durable from `next` on, as far as it is in scope.
        /// - Returns: false if the next events are in files and this is the commit loop.
        private mutating func refill() throws(LogError) -> Bool {
            batch.removeAll(keepingCapacity: true)
            delivered = 0
            var events: [RecordedEvent] = []
            while batch.isEmpty, !Task.isCancelled {
                events.removeAll(keepingCapacity: true)
                var cursor = LogCursor(from: next)
                let durable =
                    committer.loop.isCurrent
                    ? try committer.readInMemory(at: &cursor, into: &events)
                    : try committer.read(at: &cursor, into: &events)
                guard let durable else { return false }
                take(events, upTo: cursor.next)
                if cursor.next >= durable { break }
            }
            return true
        }

        private mutating func take(_ events: [RecordedEvent], upTo end: Position) {
            for event in events {
                addSkipped(upTo: event.position)
                if scope.contains(event) { batch.append(.event(event)) }
                next = event.position.advanced(by: 1)
            }
            addSkipped(upTo: end)
        }

        private mutating func addSkipped(upTo position: Position) {
            guard next < position else { return }
            batch.append(.skipped(next..<position))
            next = position
        }
    }
}

/// Compares an event's stream with a scope, byte by byte and in place.
private struct ScopeFilter {
    private let bytes: [UInt8]
    private let isWhole: Bool

    init(_ scope: FollowScope) {
        switch scope {
        case .everything: (bytes, isWhole) = ([], false)
        case .stream(let stream): (bytes, isWhole) = (Array(stream.text.utf8), true)
        case .prefix(let prefix): (bytes, isWhole) = (Array(prefix.utf8), false)
        }
    }

    func contains(_ event: RecordedEvent) -> Bool {
        bytes.isEmpty || event.streamStarts(with: bytes, isWhole: isWhole)
    }
}

/// Counts a follower for as long as its iterator lives.
private final class FollowerMembership: Sendable {
    private let committer: Committer
    let isAdmitted: Bool

    init(_ committer: Committer) {
        self.committer = committer
        isAdmitted = committer.lock.withLock {
            guard committer.followerCount < Limits.followersMax else { return false }
            committer.followerCount += 1
            return true
        }
    }

    deinit {
        if isAdmitted { committer.lock.withLock { committer.followerCount -= 1 } }
    }
}
