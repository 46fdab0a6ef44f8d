import EmakiLog
import Synchronization

/// Gives out stream ids, each one once, from the base on.
final class BenchStreams: Sendable {
    private let next: Atomic<UInt64>

    init(base: UInt64) { next = Atomic(base) }

    func take() -> UInt64 { next.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// The name of a benchmark stream: its number in hexadecimal. Up to 15 digits need no memory.
    static func name(_ stream: UInt64) throws(LogError) -> StreamID {
        try StreamID(String(stream, radix: 16))
    }

    /// The number of a stream, from its name.
    static func number(_ name: StreamID) -> UInt64? { UInt64(name.text, radix: 16) }
}

/// Makes the appends of one appender, one after the other, in memory that it uses again: nothing is
/// allocated for an event.
///
/// Streams are short: after 20 events an appender goes on with a new one.
///
/// Not copyable: a copy, even one that the compiler makes, would share the payloads, and the next
/// change would allocate them all anew and charge that to the engine.
struct BenchFeed: ~Copyable {
    private let payload: BenchPayload
    private let streams: BenchStreams
    private let usesIDs: Bool
    /// The parts of the next append. Their payloads are overwritten in place.
    private(set) var parts: [StreamAppend]
    /// Alone in `parts`: appended as one event, without an array around it.
    let isSingle: Bool

    /// For batches of one event and for each part of larger ones.
    private(set) var event: Event
    private(set) var stream: StreamID = "unset"
    private(set) var version: UInt64 = 0
    private var streamNumber: UInt64 = 0

    /// One byte: the programs of the engines that we compare with store no type at all.
    private static let type = "E"

    init(_ plan: BenchPlan, _ payload: BenchPayload, _ streams: BenchStreams) throws(LogError) {
        self.payload = payload
        self.streams = streams
        usesIDs = plan.usesIDs
        isSingle = plan.batchEvents == 1
        let bytes = [UInt8](repeating: 0, count: plan.payloadBytes)
        event = Event(type: Self.type, payload: bytes)
        parts = []
        var left = isSingle ? 0 : plan.batchEvents
        while left > 0 {
            let count = min(left, BenchPlan.eventsPerHistory)
            // Each event needs bytes of its own, or the first change would copy them all.
            let events = (0..<count).map { _ in
                Event(
                    type: Self.type, payload: [UInt8](repeating: 0, count: plan.payloadBytes))
            }
            parts.append(StreamAppend(to: "unset", events, expecting: .noStream))
            left -= count
        }
        try startStream()
    }

    private mutating func startStream() throws(LogError) {
        streamNumber = streams.take()
        stream = try BenchStreams.name(streamNumber)
        version = 0
    }

    /// What the log must expect of `stream`.
    var expecting: ExpectedVersion { .version(StreamVersion(version)) }

    /// Prepares the next append in `event`, or in `parts`.
    mutating func prepare() throws(LogError) {
        guard !isSingle else {
            Self.fill(&event, payload, streamNumber, version + 1, withID: usesIDs)
            return
        }
        for index in parts.indices {
            let count = UInt64(parts[index].events.count)
            if version + count > UInt64(BenchPlan.eventsPerHistory) || index > 0 {
                try startStream()
            }
            parts[index].stream = stream
            parts[index].expecting = expecting
            for place in parts[index].events.indices {
                version += 1
                Self.fill(
                    &parts[index].events[place], payload, streamNumber, version,
                    withID: usesIDs)
            }
        }
    }

    /// Goes on after the append in `event` succeeded.
    mutating func advance() throws(LogError) {
        guard isSingle else { return }
        version += 1
        if version == UInt64(BenchPlan.eventsPerHistory) { try startStream() }
    }

    /// Goes on after a failure: the stream's version is not known any more.
    mutating func startOver() throws(LogError) { try startStream() }

    /// Static: a method would read all of `self` while a part of it is being changed.
    private static func fill(
        _ event: inout Event, _ payload: BenchPayload, _ stream: UInt64, _ version: UInt64,
        withID: Bool
    ) {
        payload.fill(&event.payload, stream: stream, version: version)
        event.id = withID ? EventID(low: stream, high: version) : nil
    }
}
