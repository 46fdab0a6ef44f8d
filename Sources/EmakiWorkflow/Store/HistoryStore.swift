/// What the engine stands on: streams of events, appended to with an expectation.
///
/// `EventLogStore` is the one to use. Another one has to promise: a commit is durable as a whole
/// or not stored at all when `committed`, `conflict`, `fenced` or `noSpace` is answered, and seen
/// by every read that begins after the answer. One of which it answered `unknown` may be stored
/// later, too, all at once, unless a stream has moved on or another owner has come; what one read
/// has seen, later reads see. `HistoryStoreConformance` in `EmakiWorkflowTesting` checks this.
public protocol HistoryStore: Sendable {
    /// What this store can do.
    var capabilities: HistoryStoreCapabilities { get }

    /// Becomes the owner: commits of earlier owners are fenced from now on. None of theirs is
    /// stored after this has returned: what is read from then on is all they will have written.
    /// - Returns: the owner's epoch, to be given with every commit.
    func claim() async throws -> UInt64

    /// Makes events durable, in one or more streams of one partition, all or nothing.
    ///
    /// The same commit again, with the same event ids, tokens and bytes, is stored once.
    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer

    /// As `append`, without waiting: `answer` is called exactly once, on any thread, perhaps before
    /// this returns, and does no more than make a note.
    func submit(_ commit: HistoryCommit, _ answer: @escaping @Sendable (CommitAnswer) -> Void)

    /// False if a stream has certainly never been written. Answered at once.
    func mayHave(_ stream: String) -> Bool

    /// Makes a part of what was submitted durable on the calling thread, if the store can: the
    /// executor that would is held up.
    /// - Returns: false if there was nothing to do.
    func relieveExecutor() -> Bool

    /// The events of a stream from a place on: 0, or the `next` of a page. Where nothing was
    /// removed, a place is the number of events before it.
    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage

    /// How many events a stream has.
    func count(_ stream: String) async throws -> Int

    /// Names of streams that start with this text, in order, after the given one.
    func streams(prefix: String, after: String?, limit: Int) async throws -> [String]

    /// Removes all events of a stream; what is appended later goes on from its token. A stream
    /// without events is not listed. Durable on return.
    /// - Parameters:
    ///   - expecting: nothing is removed if the stream is not there; nil: wherever it is.
    ///   - epoch: of the owner, as of a commit: one that was replaced removes nothing.
    /// - Returns: false if it is elsewhere.
    /// - Throws: `WorkflowError.fenced`; if the store removes nothing, or could not.
    func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool
}

extension HistoryStore {
    /// Appends in a task of its own.
    public func submit(
        _ commit: HistoryCommit, _ answer: @escaping @Sendable (CommitAnswer) -> Void
    ) {
        let executor: any TaskExecutor = capabilities.executor ?? globalConcurrentExecutor
        Task.detached(executorPreference: executor) { answer(await append(commit)) }
    }

    /// Reads them all.
    public func count(_ stream: String) async throws -> Int {
        var count = 0
        var next = 0
        while true {
            let page = try await read(stream, from: next, limit: 1_024)
            count += page.events.count
            if page.isLast || page.events.isEmpty { return count }
            next = page.next ?? next + page.events.count
        }
    }

    /// Nobody knows without reading.
    public func mayHave(_ stream: String) -> Bool { true }

    /// There is nothing to be done.
    public func relieveExecutor() -> Bool { false }

    /// Removes nothing.
    public func remove(
        _ stream: String, expecting: VersionToken?, epoch: UInt64
    ) async throws -> Bool {
        throw WorkflowError.invalid("this store removes nothing")
    }
}

/// What a store can do.
public struct HistoryStoreCapabilities: Sendable {
    /// Events of one commit.
    public var eventsPerCommitMax: Int
    /// Bytes of one commit, with some room for what the store adds.
    public var commitBytesMax: Int
    /// Bytes of one payload.
    public var payloadBytesMax: Int
    /// Where to run code that commits, so that it meets others there. Nil: anywhere.
    public var executor: (any TaskExecutor)?
    /// It can remove streams.
    public var removesStreams = false
    /// A folder in which the engine may keep a file of its own, which nobody misses: whose code was
    /// being executed when a process ended. Nil: there is none.
    public var folder: String?

    /// Limits of a store.
    public init(
        eventsPerCommitMax: Int, commitBytesMax: Int, payloadBytesMax: Int,
        executor: (any TaskExecutor)? = nil, folder: String? = nil
    ) {
        self.folder = folder
        self.eventsPerCommitMax = eventsPerCommitMax
        self.commitBytesMax = commitBytesMax
        self.payloadBytesMax = payloadBytesMax
        self.executor = executor
    }
}

/// A place in a stream, as the store wants to call it; nobody else looks inside.
public struct VersionToken: Sendable, Hashable {
    /// The store's own.
    public var low: UInt64
    /// The store's own.
    public var high: UInt64

    /// A token of a store.
    public init(low: UInt64, high: UInt64 = 0) {
        self.low = low
        self.high = high
    }
}

/// Events to append.
public struct HistoryCommit: Sendable {
    /// Events for one stream.
    public struct Part: Sendable {
        /// The stream.
        public var stream: String
        /// What the stream must be at. Nil: it has never been written.
        public var expecting: VersionToken?
        /// The events.
        public var events: [NewEvent]

        /// Events for one stream.
        public init(stream: String, expecting: VersionToken?, events: [NewEvent]) {
            self.stream = stream
            self.expecting = expecting
            self.events = events
        }
    }

    /// An event to append.
    public struct NewEvent: Sendable, Equatable {
        /// 128 bits that are the same when the same event is appended again.
        public var id: (low: UInt64, high: UInt64)
        /// What kind of event, for people.
        public var type: String
        /// What the engine keeps about it.
        public var metadata: [UInt8]
        /// What users keep in it.
        public var payload: [UInt8]

        /// An event to append.
        public init(
            id: (low: UInt64, high: UInt64), type: String, metadata: [UInt8], payload: [UInt8]
        ) {
            self.id = id
            self.type = type
            self.metadata = metadata
            self.payload = payload
        }

        /// All parts are equal.
        public static func == (left: Self, right: Self) -> Bool {
            left.id == right.id && left.type == right.type && left.metadata == right.metadata
                && left.payload == right.payload
        }
    }

    /// What is stored together: the hash of a workflow's id.
    public var partition: UInt64
    /// Of the owner that commits.
    public var epoch: UInt64
    /// Each stream once.
    public var parts: [Part]

    /// Events to append.
    public init(partition: UInt64, epoch: UInt64, parts: [Part]) {
        self.partition = partition
        self.epoch = epoch
        self.parts = parts
    }
}

/// How a commit ended.
public enum CommitAnswer: Sendable {
    /// Durable. For each part the stream's new token.
    case committed([VersionToken])
    /// A stream is elsewhere. Nothing was stored.
    case conflict
    /// Somebody else is the owner. Nothing was stored.
    case fenced
    /// The disk is full. Nothing was stored; later it may be.
    case noSpace
    /// Nobody knows whether it was stored. Read again.
    case unknown
    /// It can never be stored as it is. Nothing was.
    case refused(any Error)
    /// The store takes nothing any more; it has to be opened again. Whether this was stored nobody
    /// knows.
    case unusable(any Error)
}

/// Some events of a stream.
public struct HistoryPage: Sendable {
    /// The events, in order.
    public var events: [Stored]
    /// The stream's token after the last of these events; nil if it was never written.
    public var token: VersionToken?
    /// There are no more.
    public var isLast: Bool
    /// Where the next page begins; nil: as many further as this page has events.
    public var next: Int?

    /// An event as it is in the store.
    public struct Stored: Sendable, Equatable {
        /// What the engine keeps about it.
        public var metadata: [UInt8]
        /// What users keep in it.
        public var payload: [UInt8]

        /// An event as it is in the store.
        public init(metadata: [UInt8], payload: [UInt8]) {
            self.metadata = metadata
            self.payload = payload
        }
    }

    /// A page.
    public init(events: [Stored], token: VersionToken?, isLast: Bool, next: Int? = nil) {
        self.events = events
        self.token = token
        self.isLast = isLast
        self.next = next
    }
}
