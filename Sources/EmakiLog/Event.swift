/// An event to append.
public struct Event: Sendable, Equatable {
    /// Makes a repeated append safe: the same id at the same place with the same bytes is stored
    /// once. Nil: appends with this event are not idempotent.
    public var id: EventID?
    /// What kind of event: 1 to 255 bytes of UTF-8.
    public var type: String
    /// Bytes beside the payload, up to `Limits.metadataBytesMax`. The log never looks inside.
    public var metadata: [UInt8]
    /// The event itself, up to `Limits.payloadBytesMax` bytes. The log never looks inside.
    public var payload: [UInt8]

    /// An event of a type, with its bytes.
    public init(
        type: String, payload: [UInt8] = [], metadata: [UInt8] = [], id: EventID? = nil
    ) {
        self.id = id
        self.type = type
        self.metadata = metadata
        self.payload = payload
    }

    /// An event whose payload is the UTF-8 of a text, for instance JSON.
    public init(type: String, text: String, id: EventID? = nil) {
        self.init(type: type, payload: Array(text.utf8), id: id)
    }
}

/// What an append takes for granted about a stream.
public enum ExpectedVersion: Sendable, Equatable {
    /// No expectation. Never recognised as a retry: repeating it appends again.
    case anything
    /// The stream has never been written. The same as `version(0)`.
    case noStream
    /// The stream is at exactly this version.
    case version(StreamVersion)
}

/// The events for one stream within a batch.
public struct StreamAppend: Sendable, Equatable {
    /// The stream, at most once in a batch.
    public var stream: StreamID
    /// At least one event, in order.
    public var events: [Event]
    /// Checked together with every other stream of the batch, before anything is stored.
    public var expecting: ExpectedVersion

    /// Events for one stream.
    public init(
        to stream: StreamID, _ events: [Event], expecting: ExpectedVersion = .anything
    ) {
        self.stream = stream
        self.events = events
        self.expecting = expecting
    }
}

/// What an append of events to one stream stored, or had stored before.
public struct AppendResult: Sendable, Equatable {
    /// The events' positions; dense.
    public var positions: Range<Position>
    /// The stream's version once the last of the events was in.
    public var version: StreamVersion
    /// The batch was stored by an earlier append with the same ids, and this one stored nothing.
    public var wasStoredBefore: Bool
}

/// What an append to several streams stored, or had stored before.
public struct BatchResult: Sendable, Equatable {
    /// The positions of the whole batch, in its order; dense.
    public var positions: Range<Position>
    /// For each stream of the batch, in its order, the version once its last event was in.
    public var versions: [StreamVersion]
    /// The batch was stored by an earlier append with the same ids, and this one stored nothing.
    public var wasStoredBefore: Bool
}
