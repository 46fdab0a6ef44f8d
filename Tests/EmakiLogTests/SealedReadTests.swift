import EmakiPlatform
import Testing

@testable import EmakiLog

@Suite("Sealed files: what a read costs, and what it leaves")
struct SealedReadTests {
    @Test("a short history is one read of the disk, once the index was looked at")
    func oneRead() throws {
        let sample = try SealedSample(seed: 21, .init(streamCount: 200, eventsPerStreamMax: 12))
        let (file, counter) = try sample.openCounting()
        for round in 0..<2 {
            for (id, events) in sample.streams {
                let before = counter.count
                #expect(try read(id, in: file).count == events.count)
                // The first round looks at pages of the index for the first time.
                if round == 1 { #expect(counter.count - before == 1, "\(id)") }
            }
        }
    }

    @Test("a stream that is not here costs no read")
    func noRead() throws {
        let sample = try SealedSample(seed: 22, .init(streamCount: 200))
        let (file, counter) = try sample.openCounting()
        let absent = (0..<500).map { "other/\($0)" }
        for id in absent { #expect(try read(id, in: file).isEmpty) }
        let before = counter.count
        for id in absent { #expect(try read(id, in: file).isEmpty) }
        #expect(counter.count == before)
    }

    @Test("a long stream is read from the chunk of the first version that is wanted")
    func fromMiddle() throws {
        var shape = SealedSample.Shape(streamCount: 5, eventsPerStreamMax: 400)
        shape.options.chunkBytes = 2_000
        shape.versionGaps = false
        let sample = try SealedSample(seed: 29, shape)
        let (file, counter) = try sample.openCounting()
        let (id, events) = try #require(
            sample.streams.max { $0.events.count < $1.events.count })
        // The index is looked at for the first time.
        #expect(try read(id, in: file).count == events.count)
        let start = counter.count
        #expect(try read(id, in: file).count == events.count)
        try #require(counter.count - start > 5)
        let before = counter.count
        let last = try #require(events.last)
        #expect(try read(id, from: last.version, in: file) == [last])
        #expect(counter.count - before == 1)
    }

    @Test("a chunk that the device refuses is looked at page by page, and read again")
    func unreadable() throws {
        let sample = try SealedSample(seed: 27)
        let file = try sample.open()
        for (id, events) in sample.streams {
            _ = try read(id, in: file)
            sample.files.resetCounts()
            sample.files.fault = .init(kind: .read, number: 1)
            #expect(try read(id, in: file) == events)
            #expect(sample.files.didFail)
        }
        #expect(file.pages.repairs == 0, "no page was damaged")
    }

    @Test("a page that goes bad after it was found sound is mended all the same")
    func lateDamage() throws {
        let sample = try SealedSample(seed: 28)
        let file = try sample.open()
        for (id, events) in sample.streams { #expect(try read(id, in: file) == events) }
        sample.zero(PageParity.pageBytes..<2 * PageParity.pageBytes)
        // Found bad, checked, and marked as sound.
        for (id, events) in sample.streams { #expect(try read(id, in: file) == events) }
        sample.zero(PageParity.pageBytes..<2 * PageParity.pageBytes)
        for (id, events) in sample.streams { #expect(try read(id, in: file) == events) }
        #expect(file.pages.repairs == 2)
        #expect(sample.files[SealedSample.path] == sample.bytes)
    }

    @Test("events that a reader keeps stay what they were, whatever is read later")
    func keptEvents() throws {
        let sample = try SealedSample(seed: 23, .init(streamCount: 60))
        let file = try sample.open(isWritable: false)
        var kept: [[SealedChunk.Event]] = []
        for (id, _) in sample.streams {
            let stream = try #require(try find(id, in: file))
            var events: [SealedChunk.Event] = []
            try file.visit(stream, from: .first) {
                events.append($0)
                return true
            }
            kept.append(events)
        }
        for (events, (id, expected)) in zip(kept, sample.streams) {
            #expect(events.map { SealedSample.Event($0) } == expected, "\(id)")
        }
    }

    @Test("a read within a read has memory of its own")
    func nested() throws {
        let sample = try SealedSample(seed: 24, .init(streamCount: 20))
        let file = try sample.open(isWritable: false)
        let (outer, events) = sample.streams[0]
        let (inner, others) = sample.streams[19]
        let stream = try #require(try find(outer, in: file))
        var found: [SealedSample.Event] = []
        try file.visit(stream, from: .first) { event in
            let rest = try? read(inner, in: file)
            #expect(rest == others)
            found.append(SealedSample.Event(event))
            return true
        }
        #expect(found == events)
    }

    @Test("memory is used again once nobody holds it")
    func pool() throws {
        final class Owner {}
        let pool = ChunkMemoryPool(dictionary: [1, 2, 3])
        var owner: Owner? = Owner()
        weak let ownerSeen = owner
        let memory = try pool.take(for: #require(owner))
        let first = memory.unpacked
        pool.giveBack(memory)
        let second = try pool.take(for: #require(owner))
        #expect(second !== memory, "it is held here")
        #expect(second.unpacked.loadUInt8(at: second.start - 1) == 3, "right before a chunk")
        let address = ObjectIdentifier(second)
        owner = nil
        #expect(ownerSeen != nil, "who keeps an event keeps its file")
        pool.giveBack(second)
        #expect(ownerSeen != nil, "the first is still held")
        #expect(first.companion === ownerSeen)
        first.companion = nil
        #expect(ownerSeen == nil, "what is in the pool keeps nobody")
        #expect(try ObjectIdentifier(pool.take(for: Owner())) == address)
    }

    @Test("memory that somebody holds is left to him, with what it says")
    func separate() throws {
        final class Owner {}
        let owner = Owner()
        let memory = try ChunkMemoryPool(dictionary: [1, 2, 3]).take(for: owner)
        let address = ObjectIdentifier(memory.unpacked)
        try memory.separate()
        #expect(ObjectIdentifier(memory.unpacked) == address, "nobody holds it")
        [7, 8].withRawSpan { memory.setID($0) }
        let held = memory.unpacked
        try memory.separate()
        #expect(memory.unpacked !== held)
        for unpacked in [held, memory.unpacked] {
            let id = unpacked.withBytes(in: ChunkMemory.idRange(in: unpacked)) { $0.copyToArray() }
            #expect(id == [7, 8])
            #expect(unpacked.companion === owner)
        }
    }

    @Test("numbers of few bits: each comes back, at every width", arguments: 0...32)
    func packedNumbers(bits: Int) throws {
        let largest = bits == 32 ? UInt32.max : 1 << UInt32(bits) - 1
        let random = SeededEntropy(seed: UInt64(bits))
        let packed = PackedNumbers(largest: largest)
        #expect(packed.bitCount == max(1, bits))
        for count in [1, 7, 64, 5_000] {
            let numbers = (0..<count).map { _ in
                UInt32(truncatingIfNeeded: random.next()) & largest
            }
            var buffer = try ChunkBuffer(capacity: 64)
            try packed.pack(count, number: { numbers[$0] }) { (bytes: RawSpan) throws(DiskError) in
                try buffer.append(bytes)
            }
            #expect(buffer.count == packed.byteCount(of: count))
            #expect(packed.offset(of: count - 1) + 8 <= buffer.count)
            for (index, number) in numbers.enumerated() {
                let word = buffer.memory.loadUInt64(at: packed.offset(of: index))
                #expect(packed.number(index, in: word) == number)
            }
        }
    }

    @Test("the table of streams: every hash is found, and the search for others ends")
    func table() throws {
        let random = SeededEntropy(seed: 25)
        for count in [1, 2, 3, 1_000] {
            // Some hashes are alike in their high bits, so that slots are taken.
            let hashes = ContiguousArray(
                (0..<count).map { $0 % 3 == 0 ? UInt64.max - UInt64($0) : random.next() })
            let memory = try StreamTable.make(hashes)
            let slotCount = StreamTable.slotCount(streams: count)
            #expect(memory.byteCount == StreamTable.byteCount(streams: count))
            for (number, hash) in hashes.enumerated() {
                var slot = StreamTable.firstSlot(hash, slotCount: slotCount)
                var steps = 0
                while memory.loadUInt32(at: slot * 4) != UInt32(number), steps < slotCount {
                    #expect(memory.loadUInt32(at: slot * 4) != StreamTable.free)
                    slot = (slot + 1) % slotCount
                    steps += 1
                }
                #expect(steps < slotCount)
            }
            let free = (0..<slotCount).count { memory.loadUInt32(at: $0 * 4) == StreamTable.free }
            #expect(free == slotCount - count)
        }
    }

    private func find(_ id: String, in file: SealedFile) throws -> SealedFile.Stream? {
        try id.withUTF8Span { (bytes: RawSpan) throws(LogError) in
            try file.find(bytes, hash: StableHash.hash(bytes))
        }
    }

    private func read(
        _ id: String, from version: UInt64 = 0, in file: SealedFile
    ) throws -> [SealedSample.Event] {
        guard let stream = try find(id, in: file) else { return [] }
        var events: [SealedSample.Event] = []
        try file.visit(stream, from: StreamVersion(version)) {
            events.append(SealedSample.Event($0))
            return true
        }
        return events
    }
}
