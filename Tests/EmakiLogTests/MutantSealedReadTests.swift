import EmakiPlatform
import Testing

@testable import EmakiLog

/// What a read of sealed files looks at, and what it does not.
@Suite struct MutantSealedReadTests {
    private static func find(_ id: String, in file: SealedFile) throws -> SealedFile.Stream? {
        try id.withUTF8Span { (bytes: RawSpan) throws(LogError) in
            try file.find(bytes, hash: StableHash.hash(bytes))
        }
    }

    private static func versions(
        of stream: SealedFile.Stream, from version: StreamVersion = .first, in file: SealedFile
    ) throws -> [UInt64] {
        var versions: [UInt64] = []
        try file.visit(stream, from: version) {
            versions.append($0.version.rawValue)
            return true
        }
        return versions
    }

    @Test("a stream that is not here is told by the filter, also where the table is damaged")
    func filterFirst() throws {
        let sample = try SealedSample(seed: 51, .init(streamCount: 300, eventsPerStreamMax: 2))
        sample.zero(sample.footer[.table].range)
        let file = try sample.open(isWritable: false)
        var count = 0
        for number in 0..<100 {
            let id = "other/\(number)"
            let hash = id.withUTF8Span { StableHash.hash($0) }
            // The filter takes few for one that is here.
            guard try !file.mayContain(hash: hash) else { continue }
            count += 1
            #expect(try Self.find(id, in: file) == nil)
        }
        #expect(count > 50)
        #expect(throws: LogError.self) { try Self.find(sample.streams[0].id, in: file) }
    }

    @Test("behind the last version of a stream nothing is, and nothing is read")
    func behindTheLast() throws {
        var shape = SealedSample.Shape(streamCount: 5, eventsPerStreamMax: 100)
        shape.options.chunkBytes = 2_000
        shape.versionGaps = false
        let sample = try SealedSample(seed: 52, shape)
        let (file, counter) = try sample.openCounting()
        for (id, events) in sample.streams {
            let stream = try #require(try Self.find(id, in: file))
            #expect(try Self.versions(of: stream, in: file) == events.map(\.version))
            let before = counter.count
            for version in [stream.lastVersion.rawValue + 1, FrameHeader.positionMax, .max] {
                let from = StreamVersion(version)
                #expect(try Self.versions(of: stream, from: from, in: file).isEmpty)
                #expect(try file.visit(stream, from: from) { _ in false })
            }
            #expect(counter.count == before)
        }
    }

    @Test("bytes that the device refuses are not taken from an earlier read: they are read again")
    func refusedAgain() throws {
        let sample = try SealedSample(seed: 53, .init(streamCount: 1, eventsPerStreamMax: 30))
        let file = try sample.open()
        let stream = try file.stream(0)
        let all = sample.streams[0].events.map(\.version)
        // The memory that the first read leaves is used for the second.
        for _ in 0..<3 {
            #expect(try Self.versions(of: stream, in: file) == all)
            sample.files.resetCounts()
            sample.files.fault = .init(kind: .read, number: 1)
            #expect(try Self.versions(of: stream, in: file) == all)
            #expect(sample.files.didFail)
            #expect(sample.files.counts[.read] ?? 0 >= 3, "it, its pages, and it once more")
            sample.files.fault = nil
        }
    }

    @Test("who wants one stream of a chunk does not look at what is behind it")
    func oneOfChunk() throws {
        var buffer = try ChunkBuffer(capacity: 4096)
        var event = try ChunkBuffer(capacity: 4096)
        // Position, flags, lengths of type, metadata and payload; the type.
        for number in [0, 0, 1, 0, 0, 65] as [UInt64] { try event.appendVarint(number) }
        for stream in 0...2 {
            try SealedChunk.appendRun(
                stream: stream, version: 1, eventCount: 1, events: event, to: &buffer)
        }
        let whole = buffer.count
        // The start of a run, and no more.
        try buffer.appendVarint(2)
        let bounds = SealedChunk.Bounds(firstPosition: 10, endPosition: 20, streamCount: 3)
        func walk(_ end: Int, only: Int?) -> (streams: [Int], makesSense: Bool) {
            var streams: [Int] = []
            let makesSense = SealedChunk.walk(
                buffer.memory, buffer.range.lowerBound..<buffer.range.lowerBound + end,
                bounds: bounds, only: only
            ) { stream, _ in
                streams.append(stream)
                return true
            }
            return (streams, makesSense)
        }
        #expect(walk(whole, only: nil) == ([0, 1, 2], true))
        for stream in 0...1 { #expect(walk(buffer.count, only: stream) == ([stream], true)) }
        #expect(walk(buffer.count, only: 2) == ([2], false))
        #expect(walk(buffer.count, only: nil) == ([0, 1, 2], false))
    }

    // MARK: Backwards

    @Test("versions that are missing between two files are told, as those within one")
    func missingBetweenFiles() throws {
        let shape = MergeSample.Shape(partCount: 30, streamCount: 10, eventCount: 600)
        let sample = try MergeSample(seed: 54, shape)
        let set = SealedSet(try sample.paths.map { try sample.open($0) })
        var missingCount = 0
        for (id, events) in MergeSample.byStream(sample.events) {
            let stream = try StreamID(id)
            let there = events.map(\.version)
            let gone = Set(1...(there.last ?? 1)).subtracting(there).sorted()
            missingCount += gone.count
            var versions: [UInt64] = []
            var missing: [UInt64] = []
            var next = StreamVersion(.max)
            while next > .none {
                let batch = try set.readBackwards(
                    stream, from: next, follows: next < StreamVersion(.max), limit: 7)
                versions += batch.events.map(\.version.rawValue)
                if let version = batch.missing { missing.append(version.rawValue) }
                guard let last = batch.missing ?? batch.events.last?.version else { break }
                next = StreamVersion(last.rawValue - 1)
            }
            #expect(versions == there.reversed(), "\(id)")
            #expect(missing == gone.reversed(), "\(id)")
        }
        #expect(missingCount > 10)
    }

    @Test("a read backwards of large events gives up early, not after all that it asked for")
    func largeEvents() throws {
        let files = MemoryFileSystem()
        let file = try files.open("large", OpenMode(.mustBeNew))
        let count: UInt64 = 40
        let writer = try SealedFileWriter(
            file: file, storeID: SealedSample.storeID, number: 1,
            positions: 0..<Position(count), lastGroup: 1)
        let events = (0..<count).map {
            SealedSample.Event(
                position: $0, version: $0 + 1, id: nil, type: "T", metadata: [],
                payload: [UInt8](repeating: UInt8($0), count: 512 << 10))
        }
        try SealedSample.write("a", events, to: writer)
        _ = try writer.finish()
        let counter = CountingFile(file)
        let set = SealedSet([
            try SealedFile(
                counter, path: "large", storeID: SealedSample.storeID, isWritable: false)
        ])
        let before = counter.count
        let batch = try set.readBackwards(
            "a", from: StreamVersion(count), follows: false, limit: 256)
        #expect(batch.events.first?.version == StreamVersion(count))
        #expect(batch.events.count < 10)
        // Each try reads what a batch may have, and one event more.
        let perTry = SealedEventBuffer.byteCountMax / (512 << 10) + 1
        #expect(counter.count - before < 4 * perTry + 10)
    }
}
