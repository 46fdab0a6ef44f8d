import EmakiLog
import EmakiPlatform

/// One kill, what the store recovered, and the comparison of both.
struct DemoRound: Sendable {
    var round: UInt64
    var acknowledgedCount = 0
    /// Acknowledged appends that are in the store: stream, version, position and every byte.
    var provenCount = 0
    /// The first few that are not, in words. Must be empty.
    var failures: [String] = []
    /// Events that became durable while nobody could be told any more. Allowed, and whole.
    var unacknowledgedCount = 0
    var openMilliseconds = 0.0
    var cutCount = 0
    var receipt = ""

    private static let failuresMax = 10

    mutating func fail(_ reason: String) {
        if failures.count < Self.failuresMax { failures.append(reason) }
    }
}

/// Compares a recovered store with what a killed process had acknowledged.
struct DemoProof: Sendable {
    let log: EventLog
    let payload = BenchPayload(payloadBytes: DemoChild.payloadBytes)

    func check(
        _ acknowledged: [DemoAcknowledgement], round: UInt64
    ) throws(LogError) -> DemoRound {
        var result = DemoRound(round: round)
        let acknowledged = Set(acknowledged)
        result.acknowledgedCount = acknowledged.count
        let stored = try storedPositions(of: round, &result)
        for append in acknowledged {
            let found = stored[Place(stream: append.stream, version: append.version)]
            if found == append.position {
                result.provenCount += 1
            } else {
                let stream = String(append.stream, radix: 16)
                let where_ = found.map { "at position \($0)" } ?? "nowhere"
                result.fail(
                    "stream \(stream) version \(append.version) was acknowledged at position"
                        + " \(append.position) and is \(where_)")
            }
        }
        result.unacknowledgedCount = stored.count - result.provenCount
        return result
    }

    private func streams(of round: UInt64) throws(LogError) -> [(StreamID, UInt64)] {
        var found: [(StreamID, UInt64)] = []
        var last: StreamID?
        while true {
            let prefix = DemoChild.streamPrefix(round: round)
            let page = try log.streams(withPrefix: prefix, after: last)
            guard let end = page.last else { return found }
            last = end.stream
            for summary in page {
                guard let number = BenchStreams.number(summary.stream),
                    DemoChild.isStream(number, ofRound: round)
                else { continue }
                found.append((summary.stream, number))
            }
        }
    }

    private struct Place: Hashable {
        var stream: UInt64
        var version: UInt64
    }

    /// Every event of a round whose bytes are what that stream and version must hold.
    private func storedPositions(
        of round: UInt64, _ result: inout DemoRound
    ) throws(LogError) -> [Place: UInt64] {
        var stored: [Place: UInt64] = [:]
        var expected = [UInt8](repeating: 0, count: DemoChild.payloadBytes)
        for (stream, number) in try streams(of: round) {
            var version: UInt64 = 0
            try log.forEachEvent(in: stream) { event in
                version += 1
                payload.fill(&expected, stream: number, version: version)
                let isIntact = event.withPayload { bytes in
                    expected.withRawSpan { $0.isEqual(to: bytes) }
                }
                guard isIntact, event.version.rawValue == version else {
                    result.fail("stream \(stream) version \(version) has other bytes")
                    return .next
                }
                stored[Place(stream: number, version: version)] = event.position.rawValue
                return .next
            }
        }
        return stored
    }
}
