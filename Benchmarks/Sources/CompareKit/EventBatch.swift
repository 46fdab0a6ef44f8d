/// The events of one append, all or nothing, in memory that is used again.
package struct EventBatch: Sendable {
    package struct Slot: Sendable, Equatable {
        package var stream: UInt64
        package var version: UInt64

        package init(stream: UInt64, version: UInt64) {
            (self.stream, self.version) = (stream, version)
        }
    }

    package private(set) var slots: [Slot]
    package let payloadBytes: Int
    private var bytes: [UInt8]

    package init(count: Int, payloadBytes: Int) {
        slots = [Slot](repeating: Slot(stream: 0, version: 0), count: count)
        self.payloadBytes = payloadBytes
        bytes = [UInt8](repeating: 0, count: count * payloadBytes)
    }

    package var count: Int { slots.count }

    package mutating func set(_ index: Int, _ slot: Slot, from payload: Payload) {
        slots[index] = slot
        let range = index * payloadBytes..<(index + 1) * payloadBytes
        bytes.withUnsafeMutableBytes { all in
            payload.fill(
                UnsafeMutableRawBufferPointer(rebasing: all[range]), stream: slot.stream,
                version: slot.version)
        }
    }

    package func withPayload<R>(
        _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> R
    ) rethrows -> R {
        try bytes.withUnsafeBytes { all in
            let range = index * payloadBytes..<(index + 1) * payloadBytes
            return try body(UnsafeRawBufferPointer(rebasing: all[range]))
        }
    }

    /// All payloads, one after the other.
    package func withAllPayloads<R>(
        _ body: (UnsafeRawBufferPointer) throws -> R
    ) rethrows -> R {
        try bytes.withUnsafeBytes(body)
    }

    /// The first event of each stream, in which an engine looks whether the version is the next.
    package var heads: [Slot] {
        slots.indices.compactMap { index in
            index == 0 || slots[index - 1].stream != slots[index].stream ? slots[index] : nil
        }
    }
}

/// Makes the appends of one appender: streams of 20 events, one after the other.
package struct Feed: Sendable {
    private let payload: Payload
    private let streams: StreamSource
    package private(set) var batch: EventBatch
    private var stream: UInt64
    private var version: UInt64 = 0

    package static let eventsPerStream: UInt64 = 20

    package init(_ payload: Payload, _ streams: StreamSource, batchCount: Int) {
        self.payload = payload
        self.streams = streams
        batch = EventBatch(count: batchCount, payloadBytes: payload.byteCount)
        stream = streams.take()
    }

    package mutating func prepare() {
        for index in 0..<batch.count {
            if version == Self.eventsPerStream || (batch.count > 1 && index == 0 && version > 0) {
                startStream()
            }
            version += 1
            batch.set(index, EventBatch.Slot(stream: stream, version: version), from: payload)
        }
    }

    /// Goes on after a failure: nobody knows the stream's version any more.
    package mutating func startStream() {
        stream = streams.take()
        version = 0
    }
}
