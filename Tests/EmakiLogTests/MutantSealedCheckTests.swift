import EmakiPlatform
import Testing

@testable import EmakiLog

/// Sealed files whose checksums and parity hold, and that make no sense: which check says so.
@Suite struct MutantSealedCheckTests {
    typealias Change = @Sendable (inout ForgedFile) throws -> Void

    private static let chunkBytes = SealedFooter.chunkEntryBytes
    private static let streamBytes = SealedFooter.streamEntryBytes

    /// Where and why something is refused.
    struct Finding: Equatable {
        var section: SealedFooter.Section?
        var offset = 0
        var evidence = ""
    }

    /// - Returns: nil if nothing is refused.
    static func finding(
        _ file: SealedFile, _ body: (SealedFile) throws -> Void
    ) throws -> Finding? {
        do { try body(file) } catch LogError.corrupt(let damage) {
            let section = SealedFooter.Section.allCases.last {
                file.footer[$0].range.lowerBound <= damage.fileOffset
            }
            let start = section.map { file.footer[$0].range.lowerBound } ?? 0
            return Finding(
                section: section, offset: damage.fileOffset - start,
                evidence: damage.evidence.replacing(" make no sense", with: ""))
        }
        return nil
    }

    private static func expect(
        _ finding: Finding, _ name: String, _ change: Change,
        _ body: (SealedFile) throws -> Void = { _ = try $0.check() }
    ) throws {
        var forged = try ForgedFile()
        try change(&forged)
        #expect(try Self.finding(forged.open(), body) == finding, "\(name)")
    }

    @Test("a file put together without a change is whole")
    func unchanged() throws {
        let forged = try ForgedFile()
        let file = try forged.open()
        #expect(file.footer.chunkCount > 4)
        #expect(try file.check().eventCount == 20)
        #expect(file.hasBothFooters)
        #expect((0..<file.footer.chunkCount).flatMap { forged.runs(ofChunk: $0) }.count > 5)
        var again = forged
        for chunk in 0..<file.footer.chunkCount {
            again.setRuns(ofChunk: chunk, forged.runs(ofChunk: chunk))
        }
        #expect(again[.chunks] == forged[.chunks])
    }

    // MARK: Entries

    @Test(
        "an entry of the table of chunks that makes no sense",
        arguments: [
            ("it starts behind the section", 0, 8, 1 << 40),
            ("it starts where no file ends", 0, 8, .max),
            ("it ends behind the section", 8, 4, 100_000),
            ("it is smaller unpacked than stored", 12, 4, 1),
            ("it is larger unpacked than LZ4 can make it", 12, 4, 255 * 300),
            ("it begins with an event that there is not", 16, 4, 20),
        ] as [(String, Int, Int, UInt64)])
    func chunkEntry(_ name: String, _ offset: Int, _ byteCount: Int, _ number: UInt64) throws {
        let place = Self.chunkBytes + offset
        let finding = Finding(
            section: .chunkTable, offset: Self.chunkBytes, evidence: "numbers of a chunk")
        try Self.expect(
            finding, name, { $0.put(number, of: byteCount, in: .chunkTable, at: place) },
            { _ = try $0.entry(1) })
    }

    @Test("a chunk may be as large unpacked as LZ4 can make it, and as the largest of all")
    func chunkSizes() throws {
        var forged = try ForgedFile()
        let stored = Int(forged.number(of: 4, in: .chunkTable, at: 8))
        let bound = stored * 255 + 64
        forged.put(UInt64(bound), of: 4, in: .chunkTable, at: 12)
        #expect(try forged.open().entry(0).unpackedBytes == bound)
        forged.put(UInt64(bound + 1), of: 4, in: .chunkTable, at: 12)
        #expect(throws: LogError.self) { try forged.open().entry(0) }
        let most = SealedChunk.byteCountMax
        forged[.chunks] += [UInt8](repeating: 0, count: most / 255 + 1_000)
        forged.put(UInt64(forged[.chunks].count), of: 4, in: .chunkTable, at: 8)
        forged.put(UInt64(most), of: 4, in: .chunkTable, at: 12)
        #expect(try forged.open().entry(0).unpackedBytes == most)
        forged.put(UInt64(most + 1), of: 4, in: .chunkTable, at: 12)
        #expect(throws: LogError.self) { try forged.open().entry(0) }
    }

    @Test(
        "an entry of the table of streams that makes no sense",
        arguments: [
            ("it begins where the next one does", 4, 4, 6), ("it begins behind it", 4, 4, 7),
            ("its chunk is not there", 8, 4, 1_000),
            ("it has no first version", 12, 8, 0),
            ("its last version is below its first", 20, 8, 0),
            ("its first version is above its last", 12, 8, 5),
            ("its last version is none that there can be", 20, 8, FrameHeader.positionMax + 1),
            ("it has more events than versions", 20, 8, 2),
        ] as [(String, Int, Int, UInt64)])
    func streamEntry(_ name: String, _ offset: Int, _ byteCount: Int, _ number: UInt64) throws {
        let place = Self.streamBytes + offset
        let finding = Finding(
            section: .streams, offset: Self.streamBytes, evidence: "numbers of a stream")
        try Self.expect(
            finding, name, { $0.put(number, of: byteCount, in: .streams, at: place) },
            { _ = try $0.stream(1) })
    }

    @Test("a chunk without a byte, and a stream that ends behind all events")
    func entriesOfNothing() throws {
        let chunk = Finding(
            section: .chunkTable, offset: Self.chunkBytes, evidence: "numbers of a chunk")
        let noBytes: Change = {
            $0.put(0, of: 8, in: .chunkTable, at: Self.chunkBytes + 8)
        }
        try Self.expect(chunk, "no bytes", noBytes) { _ = try $0.entry(1) }
        let stream = Finding(
            section: .streams, offset: Self.streamBytes, evidence: "numbers of a stream")
        let late: Change = {
            $0.put(21, of: 4, in: .streams, at: 2 * Self.streamBytes + 4)
            // With versions for all of them.
            $0.put(90, of: 8, in: .streams, at: Self.streamBytes + 20)
        }
        try Self.expect(stream, "late", late) { _ = try $0.stream(1) }
    }

    @Test("what is not all of a file, for who walks through its streams")
    func walks() throws {
        let walk: (SealedFile) throws -> Void = { file in
            var walk = try SealedWalk(file)
            while walk.stream < file.footer.streamCount { try walk.advance() }
        }
        try Self.expect(
            Finding(section: .chunkTable, offset: 0, evidence: "events of a chunk"),
            "a stream is passed over",
            {
                var runs = $0.runs(ofChunk: 0)
                runs[0].stream = 1
                $0.setRuns(ofChunk: 0, runs)
            }, walk)
        var forged = try ForgedFile()
        try Self.withoutLastStream(&forged)
        let finding = try Self.finding(forged.open(), walk)
        #expect(finding?.section == .chunkTable)
        #expect(finding?.evidence == "events of a chunk")
    }

    /// No chunk has an event of the last stream.
    fileprivate static func withoutLastStream(_ forged: inout ForgedFile) throws {
        let runs = (0..<forged.footer.chunkCount).map(forged.runs(ofChunk:))
        let kept = runs.map { $0.filter { $0.stream < 2 } }.filter { !$0.isEmpty }
        forged.footer.chunkCount = kept.count
        forged[.chunkTable].removeLast((runs.count - kept.count) * chunkBytes)
        forged.setChunks(kept.map { $0.flatMap(\.bytes) })
        forged.put(0, of: 4, in: .streams, at: 2 * streamBytes + 8)
        forged.mendOrder()
        try forged.mendDigest()
    }

    @Test("copies of the footer that are sound and differ are not both good")
    func twoFooters() throws {
        let files = MemoryFileSystem()
        let forged = try ForgedFile()
        try forged.write(to: files)
        var other = forged
        other.putInFooter(5, of: 8, at: 32)
        let copy = try other.footerBytes(try forged.open().footer)
        files.edit(ForgedFile.path) {
            $0.replaceSubrange($0.count - copy.count..<$0.count, with: copy)
        }
        let file = try SealedFile(
            files.open(ForgedFile.path, OpenMode(.mustExist)), path: ForgedFile.path,
            storeID: ForgedFile.storeID, isWritable: true)
        #expect(!file.hasBothFooters)
        #expect(try file.check().repairedCount == 1)
    }

    @Test("a read of positions ends with the event that is more than it may have")
    func endsInChunk() throws {
        let file = try ForgedFile().open()
        var buffer = try SealedSet.buffer()
        #expect(try !file.read(ForgedFile.positions, into: &buffer, byteCountMax: 1))
        #expect(buffer.eventCount == 1)
    }

    @Test("an id that is not there is what a read of positions is refused for")
    func idsOfPositions() throws {
        let change: Change = { $0.put(1_000, of: 4, in: .streams, at: 0) }
        let finding = Finding(section: .streams, offset: 0, evidence: "the place of a stream's id")
        try Self.expect(finding, "positions", change) { file in
            var buffer = try SealedSet.buffer()
            _ = try file.read(ForgedFile.positions, into: &buffer)
        }
    }

    @Test(
        "the place of an id that makes no sense",
        arguments: [
            ("it is empty", 2, 2), ("it ends before it starts", 2, 1), ("it ends behind all", 1, 4),
            ("it is too long", 1, 257),
        ] as [(String, UInt64, UInt64)])
    func idPlace(_ name: String, _ start: UInt64, _ end: UInt64) throws {
        let place = Self.streamBytes
        let finding = Finding(
            section: .streams, offset: place, evidence: "the place of a stream's id")
        let change: Change = {
            $0.put(start, of: 4, in: .streams, at: place)
            $0.put(end, of: 4, in: .streams, at: 2 * place)
            // Where it is about the length alone, the id is there.
            if end > 255 { $0[.ids] += [UInt8](repeating: 98, count: 300) }
        }
        try Self.expect(finding, name, change) { _ = try $0.rangeOfID(1) }
    }

    @Test("a number of the order that is no chunk's")
    func order() throws {
        let forged = try ForgedFile()
        let numbers = forged.footer.order
        try #require(forged.footer.chunkCount + 1 < 1 << numbers.bitCount)
        try Self.expect(
            Finding(section: .order, offset: 0, evidence: "the chunk of a position"), "all ones",
            { $0.put(0xFF, of: 1, in: .order, at: 0) },
            { _ = try $0.chunk(at: ForgedFile.positions.lowerBound) })
    }

    // MARK: Chunks

    @Test("the bytes of a chunk are not those that its checksum is of, though their pages are")
    func chunkChecksum() throws {
        let forged = try ForgedFile()
        let start = Int(forged.number(of: 8, in: .chunkTable, at: Self.chunkBytes))
        let finding = Finding(section: .chunks, offset: start, evidence: "bytes of a chunk")
        let change: Change = { $0.put(1, of: 4, in: .chunkTable, at: Self.chunkBytes + 20) }
        try Self.expect(finding, "checked", change)
        try Self.expect(finding, "read", change) { file in
            let memory = try file.takeMemory()
            _ = try file.unpack(1, into: memory)
        }
    }

    @Test("compressed bytes of a chunk that are none, or make another count of bytes")
    func compressed() throws {
        let forged = try ForgedFile()
        let entry = Self.chunkBytes
        let start = Int(forged.number(of: 8, in: .chunkTable, at: entry))
        let count = forged.number(of: 4, in: .chunkTable, at: entry + 8)
        let finding = Finding(
            section: .chunks, offset: start, evidence: "compressed bytes of a chunk")
        let change: Change = { forged in
            forged.put(count + 1, of: 4, in: .chunkTable, at: entry + 12)
            // A count of bytes to take as they are, and then fewer.
            forged.put(0xF0FF, of: 2, in: .chunks, at: start)
            forged.mendChunkChecksums()
        }
        try Self.expect(finding, "checked", change)
        try Self.expect(finding, "read", change) { file in
            let memory = try file.takeMemory()
            _ = try file.unpack(1, into: memory)
        }
    }

    @Test("events of a chunk that make no sense, for who checks, visits or merges")
    func eventsOfChunk() throws {
        let change: Change = { forged in
            var runs = forged.runs(ofChunk: 1)
            runs[0].events[0].flags = 2
            forged.setRuns(ofChunk: 1, runs)
        }
        let finding = Finding(
            section: .chunkTable, offset: Self.chunkBytes, evidence: "events of a chunk")
        try Self.expect(finding, "checked", change)
        try Self.expect(finding, "visited", change) { try $0.walk(1) { _, _ in true } }
        try Self.expect(finding, "merged", change) { file in
            var walk = try SealedWalk(file)
            while walk.stream < file.footer.streamCount { try walk.advance() }
        }
    }

    @Test("a position that the order has in a chunk, and that is not there")
    func positionOfChunk() throws {
        // The first position has no event.
        let change: Change = { $0.setChunk(ofPosition: 0, 1) }
        let position = ForgedFile.positions.lowerBound
        try Self.expect(
            Finding(
                section: .chunkTable, offset: Self.chunkBytes, evidence: "positions of a chunk"),
            "asked for", change
        ) { _ = try $0.event(at: position) { _, _ in } }
        try Self.expect(
            Finding(section: .order, offset: 0, evidence: "the chunks of positions"), "read",
            change
        ) { file in
            var buffer = try SealedSet.buffer()
            _ = try file.read(ForgedFile.positions, into: &buffer)
        }
        try Self.expect(
            Finding(
                section: .order, offset: 0, evidence: "chunks of positions without an event"),
            "checked", change)
    }

    @Test("a slot of the table with a stream that is not there, and a table without a free slot")
    func slots() throws {
        func find(_ id: String, in file: SealedFile) throws -> Int? {
            try id.withUTF8Span { (bytes: RawSpan) throws(LogError) in
                try file.find(bytes, hash: StableHash.hash(bytes))?.number
            }
        }
        var forged = try ForgedFile()
        forged[.filter] = [UInt8](repeating: 0xFF, count: forged[.filter].count)
        #expect(try find("absent", in: forged.open()) == nil)
        let slotCount = forged[.table].count / StreamTable.slotBytes
        for number in [3, UInt64(UInt32.max) - 1, 0] {
            for slot in 0..<slotCount {
                forged.put(number, of: 4, in: .table, at: slot * StreamTable.slotBytes)
            }
            let finding = try Self.finding(forged.open()) { _ = try find("absent", in: $0) }
            #expect(finding?.section == .table)
            #expect(finding?.evidence == "slots")
            #expect(try (number == 0 ? find("a", in: forged.open()) : 0) == 0)
        }
    }

    // MARK: The whole

    /// What a part of a file says that the others do not.
    struct Row: CustomTestStringConvertible {
        var name: String
        var finding: Finding
        var change: Change
        var testDescription: String { name }

        init(
            _ name: String, _ section: SealedFooter.Section, _ offset: Int, _ evidence: String,
            _ change: @escaping Change
        ) {
            self.name = name
            finding = Finding(section: section, offset: offset, evidence: evidence)
            self.change = change
        }
    }

    static let idsAndTables: [Row] = [
        Row("an id that is the one before", .ids, 0, "stream ids that do not grow") {
            $0.put(97, of: 1, in: .ids, at: 1)
        },
        Row("an id that is no text", .ids, 0, "stream ids that do not grow") {
            $0.put(0xFF, of: 1, in: .ids, at: 2)
        },
        Row("a filter without a stream", .table, 0, "marks of the filter or slots") {
            $0[.filter] = [UInt8](repeating: 0, count: $0[.filter].count)
        },
        Row("a table without a stream", .table, 0, "marks of the filter or slots") {
            $0[.table] = [UInt8](repeating: 0xFF, count: $0[.table].count)
        },
        Row("another first event", .chunkTable, chunkBytes, "the first ordinal of a chunk") {
            let first = $0.number(of: 4, in: .chunkTable, at: chunkBytes + 16)
            $0.put(first - 1, of: 4, in: .chunkTable, at: chunkBytes + 16)
        },
        Row("another first event of all", .chunkTable, 0, "the first ordinal of a chunk") {
            $0.put(1, of: 4, in: .chunkTable, at: 16)
        },
        Row("a position in another chunk", .order, 0, "the chunk of a position") {
            $0.setChunk(ofPosition: 1, 1)
        },
        Row("commits that do not grow", .groups, 0, "positions of commits") {
            $0.put(8, of: 4, in: .groups, at: 0)
        },
        Row("a commit behind all positions", .groups, 12, "positions of commits") {
            $0.put(31, of: 4, in: .groups, at: 24)
        },
        Row("another digest", .chunks, 0, "count or digest of the events") {
            $0.footer.digest &+= 1
        },
    ]

    static let streamTable: [Row] = [
        Row("the first stream begins later", .streams, 0, "the start of a stream") {
            $0.put(1, of: 4, in: .streams, at: 4)
        },
        Row("it begins in another chunk", .streams, streamBytes, "the start of a stream") {
            $0.put(3, of: 4, in: .streams, at: streamBytes + 8)
        },
        Row("it begins with another version", .streams, streamBytes, "the start of a stream") {
            $0.put(2, of: 8, in: .streams, at: streamBytes + 12)
        },
        // Of its versions one is missing, so it might have an event more.
        Row("it ends with a later event", .streams, streamBytes, "the end of a stream") {
            $0.put(7, of: 4, in: .streams, at: 2 * streamBytes + 4)
        },
        Row("it ends with another version", .streams, 0, "the end of a stream") {
            $0.put(4, of: 8, in: .streams, at: 20)
        },
        Row("so does the last", .streams, 2 * streamBytes, "the end of a stream") {
            $0.put(15, of: 8, in: .streams, at: 2 * streamBytes + 20)
        },
    ]

    static let chunkRuns: [Row] = [
        Row("a run of the stream once more", .chunkTable, 0, "versions of a chunk") {
            var runs = $0.runs(ofChunk: 0)
            runs.append(runs[0])
            $0.setRuns(ofChunk: 0, runs)
        },
        Row("a stream is passed over", .chunkTable, 0, "streams of a chunk") {
            var runs = $0.runs(ofChunk: 0)
            runs[0].stream = 1
            $0.setRuns(ofChunk: 0, runs)
        },
        Row("the last stream has no event", .chunks, 0, "count or digest of the events") {
            try MutantSealedCheckTests.withoutLastStream(&$0)
        },
    ]

    @Test(
        "what a part of a file says of another", arguments: idsAndTables + streamTable + chunkRuns)
    func parts(_ row: Row) throws {
        try Self.expect(row.finding, row.name, row.change)
    }
}
