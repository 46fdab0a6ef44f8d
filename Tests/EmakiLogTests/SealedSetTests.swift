import EmakiPlatform
import Testing

@testable import EmakiLog

/// One stream read through sealed files: in both directions, with what is missing told.
@Suite struct SealedSetTests {
    /// What a reader sees: versions, and those that are missing.
    private struct Seen: Equatable {
        var versions: [UInt64] = []
        var missing: [UInt64] = []
    }

    private static func read(
        _ set: SealedSet, _ stream: StreamID, backwards: Bool, limit: Int
    ) throws -> Seen {
        var seen = Seen()
        var next = backwards ? StreamVersion(.max) : .first
        var follows = false
        while next > .none {
            let batch =
                backwards
                ? try set.readBackwards(stream, from: next, follows: follows, limit: limit)
                : try readForwards(set, stream, from: next, limit: limit)
            #expect(batch.events.count <= limit)
            seen.versions += batch.events.map(\.version.rawValue)
            if let missing = batch.missing { seen.missing.append(missing.rawValue) }
            guard let last = batch.missing ?? batch.events.last?.version else { break }
            follows = true
            next = StreamVersion(backwards ? last.rawValue - 1 : last.rawValue + 1)
        }
        return seen
    }

    private static func readForwards(
        _ set: SealedSet, _ stream: StreamID, from version: StreamVersion, limit: Int
    ) throws -> SealedSet.StreamBatch {
        var batch = SealedSet.StreamBatch()
        let end = try set.forEachEvent(in: stream, from: version, limit: limit) { event in
            batch.events.append(event)
            return batch.events.count < limit
        }
        #expect(end.next.rawValue == version.rawValue + UInt64(batch.events.count))
        #expect(!end.isAtEnd || !end.isMissing)
        if end.isMissing { batch.missing = end.next }
        if end.isAtEnd { #expect(batch.events.count <= limit) }
        return batch
    }

    @Test(
        "each version of a stream comes once, in order, and each that is missing is told",
        arguments: [
            SealedSample.Shape(),
            SealedSample.Shape(streamCount: 2, eventsPerStreamMax: 180, payloadBytesMax: 90_000),
        ])
    func bothDirections(shape: SealedSample.Shape) throws {
        let sample = try SealedSample(seed: 5, shape)
        let set = SealedSet([try sample.open()])
        var missingCount = 0
        for (id, events) in sample.streams {
            let stream = try StreamID(id)
            let there = events.map(\.version)
            let gone = Set(1...(there.last ?? 1)).subtracting(there).sorted()
            missingCount += gone.count
            for limit in [3, 256] {
                let forwards = try Self.read(set, stream, backwards: false, limit: limit)
                #expect(forwards == Seen(versions: there, missing: gone))
                let backwards = try Self.read(set, stream, backwards: true, limit: limit)
                #expect(
                    backwards == Seen(versions: there.reversed(), missing: gone.reversed()))
            }
        }
        #expect(missingCount > 0)
    }

    @Test("a batch whose expectations hold by now is to be offered again, and not answered")
    func offeredAgain() throws {
        var configuration = Configuration()
        configuration.cachedHeadsMax = 1
        let harness = try CoreHarness(configuration: configuration)
        try harness.append(to: "b", [[1], [2], [3]])
        try harness.append(to: "fill", [[UInt8](repeating: 0, count: 55_000)])
        try harness.core.prepareSegments()
        try harness.append(to: "a", [[1], [2], [3], [4]])
        try harness.append(to: "fill", [[UInt8](repeating: 0, count: 55_000)])
        #expect(try harness.core.seal())
        try harness.append(to: "a", [[5]])
        let event = Event(type: "T", payload: [9], id: EventID(low: 1, high: 1))
        func batch(_ expected: StreamVersion) throws -> MeasuredBatch<MultiStreamBatch> {
            try MeasuredBatch(
                MultiStreamBatch(parts: [
                    StreamAppend(to: "a", [event], expecting: .version(expected)),
                    StreamAppend(to: "b", [event], expecting: .version(3)),
                ]), batchBytesMax: harness.core.store.batchBytesMax)
        }
        let core = harness.core
        // Once this was a trap: no stream was where it was not expected.
        let holding = try SealedAnswer(batch: batch(5)).find(.isStored(section: 1)) { $0(core) }
        #expect(holding == nil)
        let early = try core.offer(batch(6).source.parts)
        guard case .refused(.versionConflict("a", 5), _) = early else {
            return #expect(Bool(false), "a is at 5")
        }
        guard case .staged(_, let versions) = try core.offer(batch(5).source.parts) else {
            return #expect(Bool(false), "both expectations hold")
        }
        #expect(versions == [6, 4])
    }
}
