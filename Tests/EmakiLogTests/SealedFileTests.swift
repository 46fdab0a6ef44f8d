import EmakiPlatform
import Testing

@testable import EmakiLog

@Suite("Sealed files")
struct SealedFileTests {
    static let shapes: [SealedSample.Shape] = {
        var tiny = SealedSample.Shape(streamCount: 1, eventsPerStreamMax: 1)
        tiny.gapsPercent = 0
        var long = SealedSample.Shape(streamCount: 3, eventsPerStreamMax: 400)
        long.options.chunkBytes = 2_000
        var random = SealedSample.Shape(streamCount: 60, isCompressible: false)
        random.options.level = 9
        var large = SealedSample.Shape(
            streamCount: 4, eventsPerStreamMax: 5, payloadBytesMax: 90_000)
        large.options.level = 4
        return [SealedSample.Shape(), tiny, long, random, large]
    }()

    @Test("what was put in is found by stream, by version and by position", arguments: shapes)
    func roundTrip(_ shape: SealedSample.Shape) throws {
        let sample = try SealedSample(seed: 1, shape)
        let file = try sample.open(isWritable: false)
        #expect(file.footer == sample.footer)
        #expect(file.footer.eventCount == sample.eventCount)
        for (number, (id, events)) in sample.streams.enumerated() {
            let stream = try #require(try find(id, in: file))
            #expect(stream.number == number)
            #expect(stream.firstVersion.rawValue == events.first?.version)
            #expect(stream.lastVersion.rawValue == events.last?.version)
            for start in [0, 1, events.count / 2, events.count - 1] where start < events.count {
                let from = StreamVersion(start == 0 ? 0 : events[start].version)
                var found: [SealedSample.Event] = []
                try file.visit(stream, from: from) {
                    found.append(SealedSample.Event($0))
                    return true
                }
                #expect(found == Array(events[start...]))
            }
            #expect(try collect(stream, from: stream.lastVersion.rawValue + 1, in: file) == [])
            for event in events {
                let found = try file.event(at: Position(event.position)) { owner, found in
                    #expect(owner == number)
                    return SealedSample.Event(found)
                }
                #expect(found == event)
            }
        }
        #expect(try file.check().eventCount == sample.eventCount)
        #expect(file.pages.repairs == 0)
    }

    @Test("what is not there is not found: ids, positions, versions")
    func absent() throws {
        let sample = try SealedSample(seed: 2)
        let file = try sample.open(isWritable: false)
        for id in ["", "a", "stream/", "stream/0x", "zzz", "stream/1000000"] {
            #expect(try find(id, in: file) == nil)
        }
        let taken = Set(sample.streams.flatMap { $0.events.map(\.position) })
        let end = sample.footer.positions.upperBound.rawValue
        for position in SealedSample.firstPosition - 1...end where !taken.contains(position) {
            #expect(try file.event(at: Position(position)) { _, _ in true } == nil)
        }
        #expect(taken.count < Int(end - SealedSample.firstPosition), "the sample has gaps")
    }

    @Test("listing starts at the first id that is not below a prefix")
    func listing() throws {
        let sample = try SealedSample(seed: 3)
        let file = try sample.open(isWritable: false)
        for prefix in ["", "stream/", "stream/5", "stream/99999", "t"] {
            let number = try prefix.withUTF8Span { (bytes: RawSpan) throws(LogError) in
                try file.firstStream(notBefore: bytes)
            }
            let bytes = Array(prefix.utf8)
            let below = sample.streams.count {
                Array($0.id.utf8).lexicographicallyPrecedes(bytes)
            }
            #expect(number == below)
        }
    }

    @Test("a commit's instant is that of the group that its position belongs to")
    func instants() throws {
        let sample = try SealedSample(seed: 4)
        let file = try sample.open(isWritable: false)
        for event in sample.streams.flatMap(\.events) {
            let group = sample.groups.last { $0.position <= event.position }
            #expect(try file.commitInstant(of: Position(event.position)) == group?.instant)
        }
    }

    @Test("a stream that fits into a chunk is not cut")
    func clustering() throws {
        let sample = try SealedSample(seed: 5)
        let file = try sample.open(isWritable: false)
        for (id, events) in sample.streams where events.count < 20 {
            let stream = try #require(try find(id, in: file))
            let first = try file.chunk(ofOrdinal: stream.ordinals.lowerBound)
            #expect(stream.firstChunk == first)
            #expect(try file.chunk(ofOrdinal: stream.ordinals.upperBound - 1) == first)
        }
    }

    @Test("the same events make the same bytes")
    func deterministic() throws {
        #expect(try SealedSample(seed: 6).bytes == SealedSample(seed: 6).bytes)
        #expect(try SealedSample(seed: 6).footer.digest != SealedSample(seed: 7).footer.digest)
    }

    private func find(_ id: String, in file: SealedFile) throws -> SealedFile.Stream? {
        try id.withUTF8Span { (bytes: RawSpan) throws(LogError) in
            try file.find(bytes, hash: StableHash.hash(bytes))
        }
    }

    private func collect(
        _ stream: SealedFile.Stream, from version: UInt64, in file: SealedFile
    ) throws -> [SealedSample.Event] {
        var found: [SealedSample.Event] = []
        try file.visit(stream, from: StreamVersion(version)) {
            found.append(SealedSample.Event($0))
            return true
        }
        return found
    }
}
