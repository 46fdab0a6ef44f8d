import EmakiPlatform
import Testing

@testable import EmakiLog

/// What is kept of the memory for chunks, which damage a read names, and what of a stream is sealed
/// of which no event is left.
@Suite struct MutantSealedMemoryTests {
    @Test("memory for chunks is used again, unless it is large or somebody has events in it")
    func pool() throws {
        let pool = ChunkMemoryPool(dictionary: [1, 2, 3])
        let first = try pool.take(for: pool)
        pool.giveBack(first)
        #expect(try pool.take(for: pool) === first)
        // Not while it is lent.
        let lent = first.unpacked
        pool.giveBack(first)
        let second = try pool.take(for: pool)
        #expect(second !== first)
        #expect(lent.byteCount == first.unpacked.byteCount)
        // One large chunk does not leave a large memory behind.
        try second.makeRoom(stored: 1 << 20, unpacked: 2 << 20)
        pool.giveBack(second)
        let third = try pool.take(for: pool)
        #expect(third !== second)
        #expect(third.byteCount < 128 << 10)
    }

    @Test("a read of positions names the first damage that it met")
    func firstDamage() throws {
        var shape = SealedSample.Shape(streamCount: 800, eventsPerStreamMax: 1, payloadBytesMax: 4)
        shape.options.chunkBytes = 32 << 10
        let sample = try SealedSample(seed: 71, shape)
        let ids = sample.footer[.ids].range
        #expect(ids.count > 2 * PageParity.pageBytes)
        // No id can be read, nor made from parity.
        sample.zero(ids)
        let parity = (1 + sample.footer.coveredPageCount) * PageParity.pageBytes
        sample.zero(parity..<sample.bytes.count - PageParity.pageBytes)
        let file = try sample.open(isWritable: false)
        var buffer = try SealedSet.buffer()
        let error = #expect(throws: LogError.self) {
            try file.read(sample.footer.positions, into: &buffer)
        }
        guard case .corrupt(let corruption) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(corruption.fileOffset == ids.lowerBound)
    }

    @Test("a scrub that is told to stop reads no further and asks no more")
    func stoppedScrub() throws {
        let sample = try SealedSample(seed: 72)
        let set = SealedSet([try sample.open(), try sample.open()])
        for last in 1...2 {
            var asked = 0
            let report = try set.scrub(in: sample.files) { _, _ in
                asked += 1
                return asked < last
            }
            #expect(report.isCutShort && asked == last)
            #expect(report.files == 0 && report.bytes == 0)
        }
    }

    @Test("a check of many chunks that is told to stop, wherever it asks, asks no more")
    func stoppedCheck() throws {
        var shape = SealedSample.Shape(streamCount: 400, eventsPerStreamMax: 4)
        shape.options.chunkBytes = 600
        let sample = try SealedSample(seed: 73, shape)
        let file = try sample.open(isWritable: false)
        #expect(file.footer.chunkCount > 2 * 128)
        func asked(stoppingAt last: Int) throws -> (count: Int, events: Int?) {
            var count = 0
            let events = try file.checkContents {
                count += 1
                return count < last
            }
            return (count, events)
        }
        let all = try asked(stoppingAt: .max)
        #expect(all.events == sample.eventCount)
        #expect(all.count > 2)
        for last in 1...all.count {
            let (count, events) = try asked(stoppingAt: last)
            #expect(count == last && events == nil)
        }
    }

    @Test("a stream of which all events were lost, and removed, is sealed as what it has lost")
    func nothingLeft() throws {
        let harness = try CoreHarness()
        let payload = [UInt8](repeating: 0xAB, count: 100)
        try harness.append(to: "b", [[1]])
        try harness.append(to: "a", [payload])
        try harness.append(to: "b", [[2]])
        _ = try harness.core.offerRemoval(of: "a", through: 1)
        try harness.commit()
        try harness.close()
        harness.files.edit(harness.core.active.path) { bytes in
            let lost = bytes.firstRange(of: payload)?.lowerBound ?? 0
            bytes[lost] = 0
        }
        #expect(try LogCore.repair(in: harness.files).losses.count == 1)
        try harness.reopen()
        let core = harness.core
        try core.prepareSegments()
        #expect(core.leaveSegment(core.activeNumber))
        #expect(try core.seal())
        let file = try #require(core.sealed.files.first)
        #expect(file.footer.streamCount == 1 && file.footer.eventCount == 2)
        try harness.reopen()
        #expect(try harness.core.versions(of: "b") == [1, 2])
        #expect(try harness.core.durableVersion(of: "a") == 1)
        let answer = try harness.core.offer([StreamAppend(to: "a", [Event(type: "T")])])
        guard case .staged(_, let versions) = answer else {
            return #expect(Bool(false), "\(answer)")
        }
        #expect(versions == [2])
    }
}
