import EmakiPlatform
import Testing

@testable import EmakiLog

/// Events of sealed files as readers get them: lent from the chunk that they were unpacked to.
@Suite struct SealedLendingTests {
    private static func event(_ number: UInt64) -> Event {
        Event(
            type: "T\(number % 3)", payload: Array("payload \(number)".utf8),
            metadata: number % 4 == 0 ? [1, 2] : [],
            id: number % 2 == 0 ? EventID(low: number, high: 7) : nil)
    }

    /// Some streams with sealed events, and nothing of them in memory.
    private static func sealed(_ streamCount: Int = 40) throws -> CoreHarness {
        let harness = try CoreHarness()
        for number in 0..<UInt64(streamCount * 5) {
            let stream = try StreamID("stream-\(number % UInt64(streamCount))")
            try harness.append([StreamAppend(to: stream, [event(number)])])
        }
        let rotations = harness.core.counters.rotations
        while harness.core.counters.rotations == rotations {
            try harness.append(to: "filler", [[UInt8](repeating: 0, count: 50_000)])
        }
        #expect(try harness.core.seal())
        return harness
    }

    @Test("events that a reader keeps say what they said, whatever is read after them")
    func kept() throws {
        let harness = try Self.sealed()
        let core = harness.core
        var kept: [[RecordedEvent]] = []
        for number in 0..<40 {
            var events: [RecordedEvent] = []
            try core.visit(StreamID("stream-\(number)"), from: nil, backwards: number % 2 == 1) {
                _, event in
                if let event { events.append(event) }
                return true
            }
            kept.append(number % 2 == 1 ? events.reversed() : events)
        }
        for (number, events) in kept.enumerated() {
            #expect(events.count == 5)
            for (index, event) in events.enumerated() {
                let source = Self.event(UInt64(index * 40 + number))
                #expect(event.position == Position(UInt64(index * 40 + number)))
                #expect(event.version == StreamVersion(UInt64(index + 1)))
                #expect(event.stream.text == "stream-\(number)")
                #expect(event.streamStarts(with: Array("stream-\(number)".utf8), isWhole: true))
                #expect(!event.streamStarts(with: Array("stream-".utf8), isWhole: true))
                #expect(event.id == source.id)
                #expect(event.type == source.type)
                #expect(event.metadata == source.metadata)
                #expect(event.payload == source.payload)
                #expect(event.payloadBytes == source.payload.count)
                #expect(event.hasSameContent(as: source))
                #expect(!event.hasSameContent(as: Self.event(UInt64(index * 40 + number + 3))))
                let again = try #require(try core.durableEvent(at: event.position))
                #expect(again.payload == source.payload)
                #expect(again.commitInstant == event.commitInstant)
            }
        }
    }

    @Test("a stream that is in a sealed file takes two looks at the core, and the file one search")
    func looks() throws {
        let core = try Self.sealed().core
        var cursor = StreamCursor("stream-7", from: nil, backwards: false)
        var looks = 0
        var versions: [UInt64] = []
        while !cursor.isDone {
            let lost = try cursor.visit(
                limit: 256,
                looking: { look in
                    looks += 1
                    look(core)
                }
            ) { event in
                versions.append(event.version.rawValue)
                return true
            }
            #expect(lost == nil)
        }
        #expect(versions == [1, 2, 3, 4, 5])
        #expect(looks == 2)
    }

    @Test("what is appended while the sealed events are read is read, too")
    func appendedMeanwhile() throws {
        let harness = try Self.sealed()
        let core = harness.core
        var cursor = StreamCursor("stream-7", from: nil, backwards: false)
        var versions: [UInt64] = []
        while !cursor.isDone {
            _ = try cursor.visit(limit: 256, looking: { $0(core) }) { event in
                versions.append(event.version.rawValue)
                guard versions.count == 5 else { return true }
                let isAppended: Void? = try? harness.append(to: "stream-7", [[1], [2]])
                return isAppended != nil
            }
        }
        #expect(versions == [1, 2, 3, 4, 5, 6, 7])
    }

    @Test("a visit that was stopped goes on behind the event that it stopped at")
    func stops() throws {
        let core = try Self.sealed().core
        for backwards in [false, true] {
            var cursor = StreamCursor("stream-9", from: nil, backwards: backwards)
            var versions: [UInt64] = []
            while !cursor.isDone, versions.count < 20 {
                let lost = try cursor.visit(limit: 256, looking: { $0(core) }) { event in
                    versions.append(event.version.rawValue)
                    return false
                }
                #expect(lost == nil)
            }
            #expect(versions == (backwards ? [5, 4, 3, 2, 1] : [1, 2, 3, 4, 5]))
        }
    }
}

/// What the disk is asked for.
@Suite struct SealedReadCountTests {
    @Test("a check reads pages and chunks in large pieces")
    func check() throws {
        let sample = try SealedSample(
            seed: 31,
            .init(streamCount: 300, payloadBytesMax: 4_000, isCompressible: false))
        let pageCount = sample.footer.filePageCount
        try #require(pageCount > 2_500)
        let (file, counter) = try sample.openCounting()
        let before = counter.count
        #expect(try file.check().eventCount == sample.eventCount)
        // 1 MiB of pages, and 256 KiB of chunks; checksum pages and footers by themselves.
        let pieces = pageCount / 256 + pageCount / 64 + sample.footer.checksumPageCount
        #expect(counter.count - before < pieces + 20)
    }

    @Test("the first touch of an index page takes those beside it along; bad ones wait")
    func firstTouch() throws {
        let sample = try SealedSample(seed: 32, .init(streamCount: 4_000, eventsPerStreamMax: 2))
        let pages = sample.footer[.streams]
        try #require(pages.pageCount > 20)
        let bad = (pages.firstPage + 14) / 16 * 16 + 3
        sample.zero(bad * PageParity.pageBytes..<(bad + 1) * PageParity.pageBytes)
        let (file, counter) = try sample.openCounting()
        #expect(counter.expectsRandomReads)
        // A place on a page, counted from the file's start.
        func touch(_ page: Int) throws(LogError) {
            _ = try file.pages.offset(
                in: .streams, (page - pages.firstPage) * PageParity.pageBytes, 1)
        }
        try touch(bad - 1)
        let before = counter.count
        try touch(bad + 1)
        #expect(counter.count == before, "it was read with the other")
        #expect(throws: LogError.self) { try touch(bad) }
        #expect(counter.count > before)
    }
}
