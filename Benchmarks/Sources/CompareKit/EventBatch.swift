/// The events of one append, all or nothing, in memory that is used again.
public struct EventBatch: Sendable {
    public struct Slot: Sendable, Equatable {
        public var stream: UInt64
        public var version: UInt64
    }

    public private(set) var slots: [Slot]
    public let payloadBytes: Int
    private var bytes: [UInt8]

    public init(count: Int, payloadBytes: Int) {
        slots = [Slot](repeating: Slot(stream: 0, version: 0), count: count)
        self.payloadBytes = payloadBytes
        bytes = [UInt8](repeating: 0, count: count * payloadBytes)
    }

    public var count: Int { slots.count }

    public mutating func set(_ index: Int, _ slot: Slot, from payload: Payload) {
        slots[index] = slot
        let range = index * payloadBytes..<(index + 1) * payloadBytes
        bytes.withUnsafeMutableBytes { all in
            payload.fill(
                UnsafeMutableRawBufferPointer(rebasing: all[range]), stream: slot.stream,
                version: slot.version)
        }
    }

    public func withPayload<R>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> R
    ) rethrows -> R {
        try bytes.withUnsafeBytes { all in
            let range = index * payloadBytes..<(index + 1) * payloadBytes
            return try body(UnsafeRawBufferPointer(rebasing: all[range]))
        }
    }

    /// All payloads, one after the other.
    public func withAllPayloads<R>(
        _ body: (UnsafeRawBufferPointer) throws -> R
    ) rethrows -> R {
        try bytes.withUnsafeBytes(body)
    }

    /// The first event of each stream, in which an engine looks whether the version is the next.
    public var heads: [Slot] {
        slots.indices.compactMap { index in
            index == 0 || slots[index - 1].stream != slots[index].stream ? slots[index] : nil
        }
    }
}

/// Makes the appends of one appender: streams of 20 events, one after the other.
public struct Feed: Sendable {
    private let payload: Payload
    private let streams: StreamSource
    public private(set) var batch: EventBatch
    private var stream: UInt64
    private var version: UInt64 = 0

    public static let eventsPerStream: UInt64 = 20

    public init(_ payload: Payload, _ streams: StreamSource, batchCount: Int) {
        self.payload = payload
        self.streams = streams
        batch = EventBatch(count: batchCount, payloadBytes: payload.byteCount)
        stream = streams.take()
    }

    public mutating func prepare() {
        for index in 0..<batch.count {
            if version == Self.eventsPerStream || (batch.count > 1 && index == 0 && version > 0) {
                startStream()
            }
            version += 1
            batch.set(index, EventBatch.Slot(stream: stream, version: version), from: payload)
        }
    }

    /// Goes on after a failure: nobody knows the stream's version any more.
    public mutating func startStream() {
        stream = streams.take()
        version = 0
    }
}
