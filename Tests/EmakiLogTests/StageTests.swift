import EmakiPlatform
import Testing

@testable import EmakiLog

/// What becomes of a batch that is offered: expectations, retries, limits.
@Suite struct StageTests {
    enum Answer: Equatable, Sendable {
        case staged, repeated(Range<UInt64>), conflict(String, UInt64), reused(String, UInt64),
            other
    }

    static func offer(_ harness: CoreHarness, _ parts: [StreamAppend]) throws -> Answer {
        switch try harness.outcome(of: parts) {
        case .staged: return .staged
        case .repeated(let positions):
            return .repeated(positions.lowerBound.rawValue..<positions.upperBound.rawValue)
        case .refused(.versionConflict(let stream, let actual), let after):
            #expect(after <= harness.core.stagedEnd)
            return .conflict(stream.text, actual.rawValue)
        case .refused(.idReused(let stream, let version), _):
            return .reused(stream.text, version.rawValue)
        case .refused, .wait, .lookUp: return .other
        }
    }

    static func event(_ number: UInt64, _ payload: [UInt8] = [1]) -> Event {
        Event(type: "T", payload: payload, id: EventID(low: number, high: 9))
    }

    @Test(
        "each expectation holds at exactly one version, and a conflict names the actual one",
        arguments: [UInt64(0), 1, 2, 3, 4, .max - 1, .max])
    func expectations(expected: UInt64) throws {
        let harness = try CoreHarness()
        try harness.append(to: "s", [[1], [2], [3]])
        let version = ExpectedVersion.version(StreamVersion(expected))
        let event = [Event(type: "T")]
        let onOld = try Self.offer(harness, [StreamAppend(to: "s", event, expecting: version)])
        #expect(onOld == (expected == 3 ? .staged : .conflict("s", 3)))
        let onNew = try Self.offer(harness, [StreamAppend(to: "new", event, expecting: version)])
        #expect(onNew == (expected == 0 ? .staged : .conflict("new", 0)))
        let both = try CoreHarness()
        try both.append(to: "s", [[1]])
        let answer = try Self.offer(
            both,
            [
                StreamAppend(to: "t", event, expecting: .noStream),
                StreamAppend(to: "s", event, expecting: .noStream),
            ])
        #expect(answer == .conflict("s", 1))
        #expect(!both.core.hasStaged, "a batch is staged whole or not at all")
        #expect(try Self.offer(both, [StreamAppend(to: "s", event)]) == .staged)
    }

    /// Offers against a stream that holds events 1...4 from two batches of two.
    static let retries: [(String, [StreamAppend], Answer)] = [
        (
            "the same batch", [.init(to: "s", [event(1), event(2)], expecting: .noStream)],
            .repeated(0..<2)
        ),
        (
            "the same as version 0",
            [.init(to: "s", [event(1), event(2)], expecting: .version(0))],
            .repeated(0..<2)
        ),
        ("its first event", [.init(to: "s", [event(1)], expecting: .noStream)], .repeated(0..<1)),
        ("its last event", [.init(to: "s", [event(2)], expecting: .version(1))], .repeated(1..<2)),
        (
            "both batches", [.init(to: "s", [event(1), event(2), event(3)], expecting: .noStream)],
            .repeated(0..<3)
        ),
        (
            "one more than is there",
            [.init(to: "s", [event(3), event(4), event(5)], expecting: .version(2))],
            .conflict("s", 4)
        ),
        (
            "another order", [.init(to: "s", [event(2), event(1)], expecting: .noStream)],
            .conflict("s", 4)
        ),
        (
            "another place", [.init(to: "s", [event(1), event(2)], expecting: .version(1))],
            .conflict("s", 4)
        ),
        (
            "another id", [.init(to: "s", [event(1), event(7)], expecting: .noStream)],
            .conflict("s", 4)
        ),
        (
            "other bytes", [.init(to: "s", [event(1), event(2, [9])], expecting: .noStream)],
            .reused("s", 2)
        ),
        (
            "no id", [.init(to: "s", [Event(type: "T", payload: [1])], expecting: .noStream)],
            .conflict("s", 4)
        ),
        (
            "another stream", [.init(to: "t", [event(1), event(2)], expecting: .version(2))],
            .conflict("t", 0)
        ),
        (
            "with a stream more",
            [
                .init(to: "s", [event(1), event(2)], expecting: .noStream),
                .init(to: "t", [event(8)], expecting: .noStream),
            ], .conflict("s", 4)
        ),
        ("anything", [.init(to: "s", [event(1), event(2)], expecting: .anything)], .staged),
    ]

    @Test(
        "a retry is known by place, ids and bytes, durable or still pending",
        arguments: retries.indices, [false, true])
    func retry(index: Int, isPending: Bool) throws {
        let harness = try CoreHarness()
        try harness.stage([.init(to: "s", [Self.event(1), Self.event(2)])])
        try harness.stage([.init(to: "s", [Self.event(3), Self.event(4)])])
        if !isPending { try harness.commit() }
        let (name, parts, answer) = Self.retries[index]
        #expect(try Self.offer(harness, parts) == answer, "\(name)")
        if !isPending {
            try harness.mark()
            try harness.reopen()
            #expect(try Self.offer(harness, parts) == answer, "\(name), after opening again")
        }
    }

    @Test("a batch over several streams is repeated only in its own order")
    func retryOverStreams() throws {
        let harness = try CoreHarness()
        let one = StreamAppend(to: "a", [Self.event(1)], expecting: .noStream)
        let two = StreamAppend(to: "b", [Self.event(2)], expecting: .noStream)
        try harness.append([one, two])
        #expect(try Self.offer(harness, [one, two]) == .repeated(0..<2))
        #expect(try Self.offer(harness, [two, one]) == .conflict("b", 1))
        #expect(try Self.offer(harness, [two]) == .repeated(1..<2))
        let changed = StreamAppend(to: "b", [Self.event(2, [7])], expecting: .noStream)
        #expect(try Self.offer(harness, [one, changed]) == .reused("b", 1))
    }

    @Test("type, metadata and ids have their limits: one below and at are taken, one above is not")
    func limits() throws {
        let harness = try CoreHarness()
        func offer(_ event: Event) -> LogError? {
            do {
                _ = try harness.stage([StreamAppend(to: "s", [event])])
                return nil
            } catch {
                return error as? LogError
            }
        }
        let type = String(repeating: "x", count: Limits.typeBytesMax)
        #expect(offer(Event(type: String(type.dropLast()))) == nil)
        #expect(offer(Event(type: type)) == nil)
        #expect(offer(Event(type: type + "x")) == .tooLarge(.typeBytes, limit: 255, value: 256))
        #expect(offer(Event(type: "")) == .invalid(.emptyType))
        let max = Limits.metadataBytesMax
        let tooMuch = Event(type: "T", metadata: bytes(max + 1))
        #expect(offer(tooMuch) == .tooLarge(.metadataBytes, limit: max, value: max + 1))
        let payloadMax = Limits.payloadBytesMax
        let huge = Event(type: "T", payload: bytes(payloadMax + 1))
        #expect(offer(huge) == .tooLarge(.payloadBytes, limit: payloadMax, value: payloadMax + 1))
        let batchMax = harness.core.store.batchBytesMax
        guard
            case .tooLarge(.batchBytes, batchMax, _) = offer(Event(type: "T", metadata: bytes(max)))
        else {
            Issue.record("the batch is larger than a small segment")
            return
        }
        #expect(throws: LogError.tooLarge(.streamIDBytes, limit: 255, value: 256)) {
            try StreamID(String(repeating: "é", count: 128))
        }
        #expect(try StreamID(String(repeating: "é", count: 127) + "x").text.utf8.count == 255)
        #expect(throws: LogError.invalid(.emptyStreamID)) { try StreamID(String()) }
        #expect(throws: LogError.invalid(.notUTF8)) { try StreamID(utf8: [0xff]) }
    }

    @Test("counts of streams and events have their limits: one below and at, and one above")
    func counts() throws {
        func measure(streams: Int, events: Int) throws -> Int {
            let parts = (0..<streams).map { index in
                StreamAppend(
                    to: StreamID(checked: "s\(index)"),
                    Array(repeating: Event(type: "T"), count: events))
            }
            return try MeasuredBatch(
                MultiStreamBatch(parts: parts), batchBytesMax: .max
            ).eventCount
        }
        let streams = Limits.streamsPerBatchMax
        #expect(try measure(streams: streams - 1, events: 1) == streams - 1)
        #expect(try measure(streams: streams, events: 1) == streams)
        #expect(throws: LogError.tooLarge(.streamsPerBatch, limit: streams, value: streams + 1)) {
            try measure(streams: streams + 1, events: 1)
        }
        let events = Limits.eventsPerBatchMax
        #expect(try measure(streams: 1, events: events - 1) == events - 1)
        #expect(try measure(streams: 1, events: events) == events)
        #expect(throws: LogError.tooLarge(.eventsPerBatch, limit: events, value: events + 1)) {
            try measure(streams: 1, events: events + 1)
        }
        #expect(throws: LogError.invalid(.emptyBatch)) { try measure(streams: 0, events: 1) }
        #expect(throws: LogError.invalid(.emptyBatch)) { try measure(streams: 1, events: 0) }
        let twice = [StreamAppend(to: "s", [Event(type: "T")]), .init(to: "s", [Event(type: "T")])]
        #expect(throws: LogError.invalid(.duplicateStream("s"))) {
            _ = try MeasuredBatch(MultiStreamBatch(parts: twice), batchBytesMax: .max)
        }
    }

    @Test("pending events and group bytes are bounded, and a commit makes room")
    func room() throws {
        var configuration = Configuration()
        configuration.pendingEventsMax = 3
        configuration.groupBytesMax = 4096
        let harness = try CoreHarness(configuration: configuration)
        let one = [StreamAppend(to: "s", [Event(type: "T")])]
        for _ in 0..<3 { #expect(try Self.offer(harness, one) == .staged) }
        guard case .wait(.pendingEvents) = try harness.outcome(of: one) else {
            Issue.record("a fourth event was taken")
            return
        }
        try harness.core.commit(at: 1)
        let large = [StreamAppend(to: "s", [Event(type: "T", payload: bytes(4000))])]
        #expect(try Self.offer(harness, large) == .staged)
        guard case .wait(.groupBytes) = try harness.outcome(of: large) else {
            Issue.record("the group took more than its bytes")
            return
        }
        try harness.core.commit(at: 2)
        #expect(try Self.offer(harness, large) == .staged)
    }
}
