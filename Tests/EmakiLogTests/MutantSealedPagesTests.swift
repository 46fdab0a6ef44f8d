import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// How bytes of sealed files come from the device, and what is asked of it.
@Suite struct MutantSealedPagesTests {
    private static let pageBytes = PageParity.pageBytes

    // MARK: Buffers

    @Test("a buffer grows, whatever is appended to it, and keeps what it has")
    func growth() throws {
        let count = 5_000
        var numbers = try ChunkBuffer(capacity: 1)
        for number in 0..<count { try numbers.append(UInt32(number)) }
        #expect(numbers.count == 4 * count)
        #expect(numbers.memory.loadUInt32(at: 4 * (count - 1)) == UInt32(count - 1))
        var words = try ChunkBuffer(capacity: 1, behind: 16)
        for number in 0..<count { try words.append(UInt64(number)) }
        #expect((0..<count).allSatisfy { words.memory.loadUInt64(at: 16 + 8 * $0) == $0 })
        var zeros = try ChunkBuffer(capacity: 1)
        try zeros.append(UInt32.max)
        try zeros.appendZeros(100_000)
        #expect(zeros.memory.withBytes(in: 4..<100_004) { $0.isZero(in: 0..<100_000) })
        var varints = try ChunkBuffer(capacity: 1)
        for _ in 0..<count { try varints.appendVarint(.max) }
        #expect(varints.count == Varint.byteCountMax * count)
        var bytes = try ChunkBuffer(capacity: 1)
        for _ in 0..<5 { try [UInt8](repeating: 7, count: 4_000).append(to: &bytes) }
        #expect(bytes.count == 20_000)
        #expect(bytes.memory.loadUInt8(at: 19_999) == 7)
    }

    // MARK: Pages

    private static func sample() throws -> SealedSample {
        try SealedSample(seed: 61, .init(streamCount: 40, isCompressible: false))
    }

    private static func corruption(_ body: () throws -> Void) throws -> Corruption? {
        do { try body() } catch LogError.corrupt(let damage) { return damage }
        return nil
    }

    @Test("a file that ends before it should while it is read says where, and repairs nothing")
    func shortReads() throws {
        let sample = try Self.sample()
        let file = try sample.open()
        let start = sample.footer[.chunks].range.lowerBound
        let memory = try file.takeMemory()
        let chunk = try file.entry(0).stored
        sample.files.readEnd = (SealedSample.path, start + 100)
        try #require(chunk.count > 100)
        let unpacked = try Self.corruption { _ = try file.unpack(0, into: memory) }
        #expect(unpacked?.reason == .wrongSize)
        #expect(unpacked?.fileOffset == start)
        let pages = try PageMemory(byteCount: 2 * Self.pageBytes)
        let copied = try Self.corruption {
            try file.pages.copy(start..<start + 2 * Self.pageBytes, into: pages)
        }
        #expect(copied?.reason == .wrongSize)
        #expect(copied?.fileOffset == start + 100)
        #expect(file.pages.repairs == 0)
    }

    @Test("a device that fails is not a page that is damaged: it is told, and nothing is repaired")
    func failingReads() throws {
        let sample = try Self.sample()
        let file = try sample.open()
        let memory = try file.takeMemory()
        let start = sample.footer[.chunks].range.lowerBound
        let page = try PageMemory(byteCount: Self.pageBytes)
        // So that nothing but the chunk itself is still to be read.
        _ = try file.entry(0)
        let reads: [() throws -> Void] = [
            { _ = try file.unpack(0, into: memory) },
            {
                try file.pages.copy(
                    start..<start + Self.pageBytes, into: page)
            },
            { _ = try file.pages.bytes(ofPage: 3) },
        ]
        for read in reads {
            sample.files.resetCounts()
            sample.files.fault = .init(kind: .read, number: 1, code: ENXIO)
            let error = #expect(throws: LogError.self) { try read() }
            guard case .disk = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(sample.files.counts[.read] == 1)
        }
        #expect(file.pages.repairs == 0)
    }

    @Test("pages that the device does not give are taken as zeros, one by one")
    func unreadablePages() throws {
        let sample = try Self.sample()
        let path = SealedSample.path
        let bad = 3 * Self.pageBytes..<4 * Self.pageBytes
        let disk = UnreadableFileSystem(sample.files, path: path, bad: bad)
        let file = try SealedFile(
            disk.open(path, OpenMode(.mustExist)), path: path, storeID: SealedSample.storeID,
            isWritable: true)
        let memory = try PageMemory(byteCount: 4 * Self.pageBytes)
        try file.pages.copy(Self.pageBytes..<5 * Self.pageBytes, into: memory)
        for page in 0..<4 {
            let range = page * Self.pageBytes..<(page + 1) * Self.pageBytes
            let found = memory.withBytes(in: range) { $0.copyToArray() }
            let start = (page + 1) * Self.pageBytes
            let sound = Array(sample.bytes[start..<start + Self.pageBytes])
            #expect(found == (page == 2 ? [UInt8](repeating: 0, count: Self.pageBytes) : sound))
        }
        #expect(try file.check().eventCount == sample.eventCount)
        #expect(disk.isHealed)
    }

    @Test("a page that was damaged after it was found sound is refused")
    func damagedMeanwhile() throws {
        let sample = try Self.sample()
        let file = try sample.open()
        #expect(try file.check().repairedCount == 0)
        _ = try file.pages.soundBytes(ofPage: 5)
        sample.zero(6 * Self.pageBytes..<7 * Self.pageBytes)
        let damage = try Self.corruption { _ = try file.pages.soundBytes(ofPage: 5) }
        #expect(damage?.fileOffset == 6 * Self.pageBytes)
    }

    @Test("what was rebuilt is durable, and what was only read is not written")
    func rebuilt() throws {
        let sample = try Self.sample()
        sample.zero(2 * Self.pageBytes..<3 * Self.pageBytes)
        let file = try sample.open()
        sample.files.resetCounts()
        #expect(try file.check().repairedCount == 1)
        #expect(sample.files.counts[.write] == 1)
        let after = sample.files.afterPowerLoss(keepingEntries: true, keepingBytes: false)
        #expect(after[SealedSample.path] == sample.bytes)
        sample.files.resetCounts()
        #expect(try file.check().repairedCount == 0)
        #expect(sample.files.counts[.write] == nil)
    }

    @Test("parity and footers that were mended are durable; who may not write says so of parity")
    func mendedParity() throws {
        let sample = try Self.sample()
        let parity = (1 + sample.footer.coveredPageCount) * Self.pageBytes
        for page in [parity, 0, sample.bytes.count - Self.pageBytes] {
            sample.restore()
            sample.zero(page..<page + Self.pageBytes)
            if page == parity {
                let file = try sample.open(isWritable: false)
                #expect(try Self.corruption { _ = try file.check() }?.fileOffset == parity)
            }
            #expect(try sample.open().check().repairedCount == 1)
            let after = sample.files.afterPowerLoss(keepingEntries: true, keepingBytes: false)
            #expect(after[SealedSample.path] == sample.bytes, "page at \(page)")
        }
    }

    @Test("checksums that were damaged after they were used are mended before others are checked")
    func checksumsAgain() throws {
        let sample = try Self.sample()
        let file = try sample.open()
        #expect(try file.check().repairedCount == 0)
        let page = (1 + sample.footer.sectionPageCount) * Self.pageBytes
        sample.zero(page..<page + Self.pageBytes)
        #expect(try file.check().repairedCount == 1)
        #expect(sample.files[SealedSample.path] == sample.bytes)
    }

    @Test("a file is closed when it is told, and when nobody has it any more")
    func closed() throws {
        let sample = try Self.sample()
        let file = try sample.open()
        #expect(sample.files.openFileCount == 1)
        file.pages.close()
        #expect(sample.files.openFileCount == 0)
        do { #expect(try sample.open().footer == sample.footer) }
        #expect(sample.files.openFileCount == 0)
    }

    @Test("an event that is larger than what is read at once is checked, merged and read")
    func largeEvent() throws {
        var shape = SealedSample.Shape(
            streamCount: 1, eventsPerStreamMax: 1, payloadBytesMax: 5, isCompressible: false)
        shape.gapsPercent = 0
        let files = MemoryFileSystem()
        let file = try files.open("large", OpenMode(.mustBeNew))
        let writer = try SealedFileWriter(
            file: file, storeID: SealedSample.storeID, number: 1, positions: 0..<2, lastGroup: 1)
        let random = SeededEntropy(seed: 65)
        let events = (0..<2 as Range<UInt64>).map { place in
            SealedSample.Event(
                position: place, version: place + 1, id: nil, type: "T", metadata: [],
                payload: (0..<300_000).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        }
        try SealedSample.write("a", events, to: writer)
        _ = try writer.finish()
        let sealed = try SealedFile(
            file, path: "large", storeID: SealedSample.storeID, isWritable: true)
        #expect(try sealed.check().eventCount == 2)
        var walk = try SealedWalk(sealed, among: 1_000)
        for event in events {
            try walk.advance()
            #expect(walk.event.map { SealedSample.Event($0) } == event)
        }
        // One is more than asked for; the other is left.
        var buffer = try SealedSet.buffer()
        #expect(try !sealed.read(0..<2, into: &buffer, byteCountMax: 100))
        #expect(buffer.eventCount == 1)
        var count = 0
        let isWhole = try sealed.visit(try sealed.stream(0), from: .first, limit: 1) { _ in
            count += 1
            return true
        }
        #expect((count, isWhole) == (1, false))
    }

    @Test("a scrub that is ended says so, and what lies between files is not there")
    func setOfFiles() throws {
        let sample = try MergeSample(seed: 66, .init(partCount: 2, eventCount: 60))
        let files = try sample.paths.map { try sample.open($0) }
        let set = SealedSet(files)
        var calls = 0
        let all = try set.scrub(in: sample.files) { _, _ in
            calls += 1
            return true
        }
        #expect((all.files, all.events, all.isCutShort) == (2, 60, false))
        for last in 0..<calls {
            var left = last
            let report = try set.scrub(in: sample.files) { _, _ in
                left -= 1
                return left >= 0
            }
            #expect(report.isCutShort)
            #expect(report.files < 2)
        }
        let apart = SealedSet([
            try HugeFile.open(positions: 5..<10), try HugeFile.open(positions: 20..<30),
        ])
        for position in [0, 4, 10, 15, 19, 30] as [Position] {
            #expect(try apart.event(at: position) == nil)
        }
    }

    @Test("a merge knows the newest version of each stream, and the instant of each commit")
    func mergeKnows() throws {
        let sample = try MergeSample(
            seed: 67, .init(partCount: 2, streamCount: 3, eventCount: 30, emptyCommitsPercent: 0))
        var newest: [String: UInt64] = [:]
        let drops = SealedDrops(
            extent: { id, version in
                newest[String(decoding: id.copyToArray(), as: UTF8.self)] = version.rawValue
                return .nothing
            }, contains: { _ in false })
        guard case .merged(let file, _) = try sample.merge().run(dropping: drops, in: sample.files)
        else {
            Issue.record("not merged")
            return
        }
        for (id, events) in MergeSample.byStream(sample.events) {
            #expect(newest[id] == events.last?.version)
        }
        for event in sample.events.map(\.event) {
            let group = sample.groups.last { $0.position <= event.position }
            #expect(try file.commitInstant(of: Position(event.position)) == group?.instant)
        }
    }

    @Test("a read forwards ends where it was told to, and says what is missing between versions")
    func forwards() throws {
        let files = MemoryFileSystem()
        func sealed(_ name: String, _ range: Range<UInt64>, _ versions: [UInt64]) throws
            -> SealedFile
        {
            let file = try files.open(name, OpenMode(.mustBeNew))
            let writer = try SealedFileWriter(
                file: file, storeID: SealedSample.storeID, number: 1,
                positions: Position(range.lowerBound)..<Position(range.upperBound), lastGroup: 1)
            let events = versions.enumerated().map { place, version in
                SealedSample.Event(
                    position: range.lowerBound + UInt64(place), version: version, id: nil,
                    type: "T", metadata: [], payload: [1])
            }
            try SealedSample.write("a", events, to: writer)
            _ = try writer.finish()
            return try SealedFile(
                file, path: name, storeID: SealedSample.storeID, isWritable: false)
        }
        let set = SealedSet([
            try sealed("1", 0..<10, [1, 2, 3]), try sealed("2", 10..<20, [4, 5, 7]),
        ])
        func read(_ from: StreamVersion, _ limit: Int) throws -> ([UInt64], UInt64, Bool, Bool) {
            var versions: [UInt64] = []
            let end = try set.forEachEvent(in: "a", from: from, limit: limit) {
                versions.append($0.version.rawValue)
                return true
            }
            return (versions, end.next.rawValue, end.isMissing, end.isAtEnd)
        }
        #expect(try read(1, 3) == ([1, 2, 3], 4, false, false))
        #expect(try read(1, 4) == ([1, 2, 3, 4, 5], 6, true, false))
        #expect(try read(4, 9) == ([4, 5], 6, true, false))
        #expect(try read(7, 9) == ([7], 8, false, true))
        #expect(try read(8, 9) == ([], 8, false, true))
        // What is missing is right behind what was read, however many more are.
        let far = SealedSet([try sealed("3", 0..<10, [1, 300])])
        let batch = try far.readBackwards("a", from: 299, follows: true, limit: 5)
        #expect(batch.events.isEmpty)
        #expect(batch.missing == 299)
        let first = try far.readBackwards("a", from: 299, follows: false, limit: 5)
        #expect(first.events.map(\.version) == [1])
        #expect(first.missing == nil)
    }

    @Test("the file that figures are taken with holds what was asked for")
    func trial() throws {
        let shape = SealedTrial.Shape(
            streamCount: 5, eventsPerStream: 7, chunkBytes: nil, level: nil)
        let trial = try SealedTrial(in: MemoryFileSystem(), shape) { payload, stream, version in
            payload[0] = UInt8(stream * 10 + version)
        }
        for stream in 0..<5 as Range<UInt64> {
            let name = SealedTrial.name(stream)
            var found: [UInt8] = []
            let count = try trial.replay(name) { payload, version in
                #expect(version == UInt64(found.count) + 1)
                found.append(payload.loadUInt8(at: 0))
                return true
            }
            #expect(count == 7)
            #expect(found == (1...7).map { UInt8(stream * 10 + $0) })
            #expect(try trial.has(StreamID(name)))
        }
        #expect(try !trial.has("absent"))
        #expect(try trial.replay("absent") { _, _ in true } == 0)
        #expect(try trial.byte(at: 0) != nil)
        #expect(try trial.unpack(3))
        try trial.check()
        // Nothing is empty, the commits least of all.
        #expect(trial.bytesByPart.allSatisfy { $0.bytes > 0 })
    }

    // MARK: Checks that end

    @Test("a check asks whether to go on after each MiB of pages and after 128 chunks")
    func ended() throws {
        var shape = SealedSample.Shape(streamCount: 40, eventsPerStreamMax: 30)
        shape.options.chunkBytes = 500
        let sample = try SealedSample(seed: 62, shape)
        let file = try sample.open()
        try #require(file.footer.chunkCount > 128)
        #expect(try file.checkContents { false } == nil)
        #expect(try file.checkContents { true } == sample.eventCount)
        #expect(try file.check { false } == nil)
        let large = try SealedSample(
            seed: 63,
            .init(
                streamCount: 10, eventsPerStreamMax: 20, payloadBytesMax: 30_000,
                isCompressible: false))
        let other = try large.open()
        try #require(other.footer.coveredPageCount > 256)
        #expect(try !other.checkPages { false })
        #expect(try other.checkPages { true })
        #expect(try other.check { false } == nil)
    }

    // MARK: Filters

    @Test("once filters are in memory, most streams that are not here are known to be new")
    func filters() throws {
        let sample = try SealedSample(seed: 64)
        let (file, counter) = try sample.openCounting()
        let set = SealedSet([file])
        let hashes = (0..<200).map { number in
            "absent/\(number)".withUTF8Span { StableHash.hash($0) }
        }
        #expect(hashes.allSatisfy { set.mayContainAtOnce(hash: $0) })
        set.loadFilters()
        #expect(file.residentFilter.isLoaded)
        #expect(hashes.count { set.mayContainAtOnce(hash: $0) } < 20)
        for (id, _) in sample.streams {
            #expect(set.mayContainAtOnce(hash: id.withUTF8Span { StableHash.hash($0) }))
        }
        let before = counter.count
        set.loadFilters()
        file.prepareFilter()
        #expect(counter.count == before)
        let other = try sample.open(isWritable: false)
        other.prepareFilter()
        #expect(other.residentFilter.isLoaded)
    }

    @Test("filters that are larger than what is set aside for them stay on the disk")
    func largeFilters() throws {
        let streamCount = Limits.residentFilterBytesMax * 8 / StreamFilter.bitsPerStream + 1_000
        let counter = CountingFile(HugeFile.file(streamCount: streamCount))
        let file = try SealedFile(
            counter, path: "huge", storeID: SealedSample.storeID, isWritable: false)
        try #require(file.footer[.filter].byteCount > Limits.residentFilterBytesMax)
        let before = counter.count
        file.prepareFilter()
        SealedSet([file]).loadFilters()
        #expect(counter.count == before)
        #expect(!file.residentFilter.isLoaded)
    }
}

extension [UInt8] {
    fileprivate func append(to buffer: inout ChunkBuffer) throws {
        try withRawSpan { (bytes: RawSpan) throws(DiskError) in try buffer.append(bytes) }
    }
}
