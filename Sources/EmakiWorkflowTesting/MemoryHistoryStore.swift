import EmakiPlatform
import EmakiWorkflow

/// Histories in memory, for tests, that outlive the engines on them.
///
/// An engine gets a `Session`, which can be made to end at a commit: as if the process had died
/// there, before the commit was durable or just after.
public final class MemoryHistoryStore: Sendable {
    private struct Contents {
        var streams: [String: Stream] = [:]
        var epoch: UInt64 = 0
        /// Of each event, in the order in which they became durable: its stream, and its place
        /// there.
        var order: [(stream: String, index: Int)] = []
        /// Of a projection, as a file would be.
        var checkpoint: [UInt8]?
    }

    struct Stream {
        var events: [HistoryPage.Stored] = []
        var ids: [(low: UInt64, high: UInt64)] = []
        /// After each event.
        var tokens: [VersionToken] = []
        /// Of the events that were removed.
        var removedToken: VersionToken?
        var token: VersionToken? { tokens.last ?? removedToken }
    }

    private let lock = Lock()
    private let contents = Guarded(Contents())

    /// An empty store.
    public init() {}

    /// A process's view of the store.
    public func session() -> Session { Session(self) }

    func claim() -> UInt64 {
        lock.withLock {
            contents.value.epoch += 1
            return contents.value.epoch
        }
    }

    func append(_ commit: HistoryCommit) -> CommitAnswer {
        lock.withLock {
            guard commit.epoch == contents.value.epoch else { return .fenced }
            if let tokens = repeated(commit) { return .committed(tokens) }
            for part in commit.parts
            where contents.value.streams[part.stream]?.token != part.expecting {
                return .conflict
            }
            return .committed(commit.parts.map(store))
        }
    }

    private func store(_ part: HistoryCommit.Part) -> VersionToken {
        var stream = contents.value.streams[part.stream] ?? Stream()
        for event in part.events {
            stream.events.append(
                HistoryPage.Stored(metadata: event.metadata, payload: event.payload))
            contents.value.order.append((part.stream, stream.ids.count))
            stream.ids.append(event.id)
            stream.tokens.append(
                VersionToken(low: .random(in: .min ... .max), high: .random(in: .min ... .max)))
        }
        contents.value.streams[part.stream] = stream
        return stream.tokens.last ?? VersionToken(low: 0)
    }

    /// The tokens of a commit that is stored already.
    private func repeated(_ commit: HistoryCommit) -> [VersionToken]? {
        var tokens: [VersionToken] = []
        for part in commit.parts {
            let stream = contents.value.streams[part.stream] ?? Stream()
            let start: Int
            if let expecting = part.expecting {
                if expecting == stream.removedToken {
                    start = 0
                } else {
                    guard let index = stream.tokens.firstIndex(of: expecting) else { return nil }
                    start = index + 1
                }
            } else {
                start = 0
            }
            let end = start + part.events.count
            guard end <= stream.ids.count, end > start,
                zip(stream.ids[start..<end], part.events).allSatisfy({ $0 == $1.id }),
                zip(stream.events[start..<end], part.events).allSatisfy({
                    $0.metadata == $1.metadata && $0.payload == $1.payload
                })
            else { return nil }
            tokens.append(stream.tokens[end - 1])
        }
        return tokens
    }

    /// Events in the order in which they became durable.
    var eventCount: Int { lock.withLock { contents.value.order.count } }

    /// The event at a position of that order.
    func event(
        at position: Int
    ) -> (stream: String, version: Int, event: HistoryPage.Stored, token: VersionToken)? {
        lock.withLock {
            guard contents.value.order.indices.contains(position) else { return nil }
            let (name, index) = contents.value.order[position]
            guard let stream = contents.value.streams[name] else {
                // It was removed.
                let nothing = HistoryPage.Stored(metadata: [], payload: [])
                return ("", 0, nothing, VersionToken(low: UInt64(position)))
            }
            return (name, index + 1, stream.events[index], stream.tokens[index])
        }
    }

    var checkpoint: [UInt8]? {
        get { lock.withLock { contents.value.checkpoint } }
        set { lock.withLock { contents.value.checkpoint = newValue } }
    }

    func read(_ name: String, from index: Int, limit: Int) -> HistoryPage {
        lock.withLock {
            let stream = contents.value.streams[name] ?? Stream()
            let end = min(stream.events.count, index + limit)
            guard index < end else {
                return HistoryPage(events: [], token: stream.token, isLast: true)
            }
            return HistoryPage(
                events: Array(stream.events[index..<end]), token: stream.tokens[end - 1],
                isLast: end == stream.events.count)
        }
    }

    func names(prefix: String, after: String?, limit: Int) -> [String] {
        lock.withLock {
            contents.value.streams.filter { name, stream in
                name.hasPrefix(prefix) && name > after ?? "" && !stream.events.isEmpty
            }.keys.sorted().prefix(limit).map(\.self)
        }
    }

    func remove(
        _ name: String, expecting: VersionToken?, epoch: UInt64
    ) throws(WorkflowError) -> Bool {
        try lock.withLock { () throws(WorkflowError) -> Bool in
            guard epoch == contents.value.epoch else { throw .fenced }
            guard let stream = contents.value.streams[name] else { return expecting == nil }
            if let expecting, expecting != stream.token { return false }
            contents.value.streams[name] = Stream(removedToken: stream.token)
            for position in contents.value.order.indices
            where contents.value.order[position].stream == name {
                contents.value.order[position] = ("", 0)
            }
            return true
        }
    }

    /// A process's view: it works until it ends.
    public final class Session: ProcessSession {
        /// Where a session ends.
        public struct End: Sendable, Hashable {
            /// At which commit of the session, from 1 on.
            public var commit: Int
            /// The commit is durable, though nobody is told.
            public var isStored: Bool

            /// An end at a commit.
            public init(commit: Int, isStored: Bool) {
                self.commit = commit
                self.isStored = isStored
            }
        }

        /// What goes wrong at a commit, without the process dying of it.
        public enum Fault: Sendable, CaseIterable {
            /// Refused, as if somebody else had been there.
            case conflict
            /// Stored, but nobody is told so.
            case unknownStored
            /// Not stored, but nobody is told so.
            case unknownNotStored
            /// The disk is full, once.
            case noSpace
            /// Refused for a reason that only the store knows.
            case refused
            /// Refused, and the next read fails.
            case conflictAndUnreadable
        }

        /// What a store answers that cannot.
        public struct Faulty: Error {}

        /// What a session that has ended answers.
        public struct Ended: Error {}

        private struct State {
            var end: End?
            var commitCount = 0
            var isOver = false
            var onEnd: (@Sendable () -> Void)?
            var fault: (commit: Int, fault: Fault)?
            var unreadableCount = 0
        }

        let store: MemoryHistoryStore
        private let lock = Lock()
        private let state = Guarded(State())

        fileprivate init(_ store: MemoryHistoryStore) { self.store = store }

        /// The process is gone: what it does now reaches nobody.
        public var isOver: Bool { lock.withLock { state.value.isOver } }
        /// Commits that this session tried.
        public var commitCount: Int { lock.withLock { state.value.commitCount } }

        /// Ends the session at a commit to come.
        public func end(at end: End, _ onEnd: @escaping @Sendable () -> Void) {
            lock.withLock {
                state.value.end = end
                state.value.onEnd = onEnd
            }
        }

        /// Lets something go wrong at a commit to come.
        public func fail(at commit: Int, _ fault: Fault) {
            lock.withLock { state.value.fault = (commit, fault) }
        }

        private func answer(_ fault: Fault, _ commit: HistoryCommit) -> CommitAnswer {
            switch fault {
            case .conflict: return .conflict
            case .noSpace: return .noSpace
            case .refused: return .refused(Faulty())
            case .unknownNotStored: return .unknown
            case .unknownStored:
                _ = store.append(commit)
                return .unknown
            case .conflictAndUnreadable:
                lock.withLock { state.value.unreadableCount = 1 }
                return .conflict
            }
        }

        /// A commit or a removal begins.
        private func begin() -> (isOver: Bool, end: End?, onEnd: (@Sendable () -> Void)?) {
            lock.withLock {
                if state.value.isOver { return (true, nil, nil) }
                state.value.commitCount += 1
                guard let end = state.value.end, end.commit == state.value.commitCount else {
                    return (false, nil, nil)
                }
                state.value.isOver = true
                return (false, end, state.value.onEnd)
            }
        }

        private func checkReadable() throws {
            if isOver { throw Ended() }
            let isUnreadable = lock.withLock { () -> Bool in
                guard state.value.unreadableCount > 0 else { return false }
                state.value.unreadableCount -= 1
                return true
            }
            if isUnreadable { throw Faulty() }
        }

        /// No limits to speak of.
        public var capabilities: HistoryStoreCapabilities {
            var capabilities = HistoryStoreCapabilities(
                eventsPerCommitMax: 1_000, commitBytesMax: 1 << 20, payloadBytesMax: 1 << 20)
            capabilities.removesStreams = true
            return capabilities
        }

        /// See `HistoryStore`.
        public func claim() async throws -> UInt64 { store.claim() }

        /// See `HistoryStore`.
        nonisolated(nonsending) public func append(
            _ commit: HistoryCommit
        ) async -> CommitAnswer {
            let (isOver, end, onEnd) = begin()
            if isOver { return .unusable(Ended()) }
            let fault = lock.withLock { () -> Fault? in
                guard let fault = state.value.fault, fault.commit == state.value.commitCount else {
                    return nil
                }
                return fault.fault
            }
            if let fault { return answer(fault, commit) }
            guard let end else { return store.append(commit) }
            if end.isStored { _ = store.append(commit) }
            onEnd?()
            return .unusable(Ended())
        }

        /// See `HistoryStore`.
        public func read(
            _ stream: String, from index: Int, limit: Int
        ) async throws -> HistoryPage {
            try checkReadable()
            return store.read(stream, from: index, limit: limit)
        }

        /// See `HistoryStore`. A place where a session may end, as a commit is.
        public func remove(
            _ stream: String, expecting: VersionToken?, epoch: UInt64
        ) async throws -> Bool {
            let (isOver, end, onEnd) = begin()
            if isOver { throw Ended() }
            let remove = { [store] in
                try store.remove(stream, expecting: expecting, epoch: epoch)
            }
            guard let end else { return try remove() }
            if end.isStored { _ = try remove() }
            onEnd?()
            throw Ended()
        }

        /// See `HistoryStore`.
        public func streams(
            prefix: String, after: String?, limit: Int
        ) async throws -> [String] {
            try checkReadable()
            return store.names(prefix: prefix, after: after, limit: limit)
        }
    }
}
