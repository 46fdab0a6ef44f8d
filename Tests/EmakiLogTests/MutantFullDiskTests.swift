import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Who is told what, and who draws on the reserve, where sealing, a merge or a segment finds no
/// room.
@Suite struct MutantFullDiskTests {
    private static let segmentBytes = 128 << 10

    /// A log of small segments on a disk with an end, with nothing in the background but what is
    /// asked for.
    private static func open(
        on disk: FullFileSystem, _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> EventLog {
        var configuration = Configuration.creating(StoreOptions(segmentBytes: segmentBytes))
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        configuration.idleMarkDelay = .seconds(3600)
        configuration.scrubBytesPerSecond = 0
        change(&configuration)
        return try EventLog.open(in: disk, configuration, entropy: SeededEntropy(seed: 5))
    }

    /// A disk with a store, and so much room besides.
    private static func disk(leaving freeBytes: Int) throws -> FullFileSystem {
        let disk = FullFileSystem()
        _ = try StoreCreation.lay(
            StoreOptions(segmentBytes: segmentBytes), blockBytes: 4096, method: .dataSync,
            rawLatency: 1, in: disk, path: "memory", entropy: SeededEntropy(seed: 4), now: 1)
        disk.leave(freeBytes)
        return disk
    }

    /// An event that takes a third of a segment, and cannot be compressed.
    private static func noise(_ seed: Int) -> Event {
        let random = SeededEntropy(seed: UInt64(seed))
        return Event(
            type: "T", payload: (0..<40_000).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }

    private static func stream(_ number: Int) -> StreamID { StreamID(stringLiteral: "s\(number)") }

    /// Appends an event to each of some streams.
    private static func fill(_ log: EventLog, _ streams: Range<Int>) async throws {
        for number in streams { try await log.append(noise(number), to: stream(number)) }
    }

    /// Appends an event to stream after stream until one is refused.
    /// - Returns: how many streams have one, and the refusal.
    private static func fill(_ log: EventLog, from first: Int) async -> (Int, LogError?) {
        for number in first..<first + 100 {
            let answer = await outcome { () async throws(LogError) in
                try await log.append(noise(number), to: stream(number))
            }
            if let error = answer.error { return (number, error) }
        }
        return (first + 100, nil)
    }

    private static func expectEvents(_ streams: Range<Int>, in log: EventLog) throws {
        for number in streams {
            let payloads = try log.events(in: stream(number)).map(\.payload)
            #expect(payloads == [noise(number).payload], "s\(number)")
        }
    }

    // MARK: Sealing

    @Test("several segments for which there is no room are sealed one by one, with the reserve")
    func sealOneByOne() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) { $0.reserveBytes = 1 << 20 }
        try await Self.fill(log, 0..<12)
        await log.workerIdle()
        disk.leave(0)
        try await log.seal(all: true)
        let statistics = log.statistics
        #expect(statistics.sealedFiles > 2)
        #expect(statistics.eventsInSealedFiles == 12)
        try Self.expectEvents(0..<12, in: log)
        await log.close()
    }

    @Test("sealing without room and without a reserve is refused, and is made up for later")
    func sealRefused() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) { $0.reserveBytes = 0 }
        try await Self.fill(log, 0..<12)
        await log.workerIdle()
        disk.leave(0)
        for _ in 0..<2 {
            let answer = await outcome { () async throws(LogError) in
                try await log.seal(all: true)
            }
            #expect(answer.error == .noSpace)
        }
        disk.leave(nil)
        try await log.seal(all: true)
        #expect(log.statistics.eventsInSealedFiles == 12)
        await log.close()
    }

    @Test("sealing that fails for another reason is told so at once, however many segments")
    func sealFails() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk)
        try await Self.fill(log, 0..<9)
        await log.workerIdle()
        disk.failOpens(of: StoreFolder.sealed + "/", code: EIO)
        let before = disk.opens(of: StoreFolder.sealed + "/")
        let answer = await outcome { () async throws(LogError) in try await log.seal(all: true) }
        guard case .disk = answer.error else {
            Issue.record("\(String(describing: answer.error))")
            return
        }
        #expect(disk.opens(of: StoreFolder.sealed + "/") == before + 1)
        #expect(log.statistics.reserveBytes == 4 * Self.segmentBytes)
        disk.failOpens(of: StoreFolder.sealed + "/", code: nil)
        try await log.seal(all: true)
        try Self.expectEvents(0..<9, in: log)
        await log.close()
    }

    @Test("what seals by itself leaves the reserve alone")
    func background() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) {
            $0.sealsInBackground = true
            $0.unsealedSegmentsMax = 2
            $0.reserveBytes = 1 << 20
        }
        disk.failOpens(of: StoreFolder.sealed + "/", code: ENOSPC)
        let (count, error) = await Self.fill(log, from: 0)
        #expect(error == .noSpace)
        #expect(count >= 3)
        #expect(disk.bytes(of: Reserve.name).count == 1 << 20)
        // Without waiting, too.
        #expect(throws: LogError.noSpace) { try log.reserve(Self.noise(count), to: "s") }
        // A removal has a place of its own.
        try await log.delete(Self.stream(0))
        disk.failOpens(of: StoreFolder.sealed + "/", code: nil)
        try await log.seal()
        try await log.append(Self.noise(count), to: Self.stream(count))
        try Self.expectEvents(1..<count + 1, in: log)
        await log.close()
    }

    // MARK: Merging

    /// Sealed files with ten events, of which the first few are removed.
    private static func twoFiles(_ log: EventLog, removed: Int) async throws {
        try await fill(log, 0..<5)
        try await log.seal(all: true)
        try await fill(log, 5..<10)
        for number in 0..<removed { try await log.delete(stream(number)) }
        try await log.seal(all: true)
        #expect(log.statistics.sealedFiles > 1)
        await log.workerIdle()
    }

    @Test("a merge for which there is no room says so, and is made up for later")
    func mergeRefused() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) { $0.reserveBytes = 0 }
        try await Self.twoFiles(log, removed: 1)
        disk.leave(0)
        for _ in 0..<2 {
            let answer = await outcome { () async throws(LogError) in try await log.merge() }
            #expect(answer.error == .noSpace)
            await log.workerIdle()
        }
        disk.leave(nil)
        try await log.merge()
        #expect(log.statistics.droppedEvents == 1)
        #expect(log.statistics.sealedFiles == 1)
        try Self.expectEvents(1..<10, in: log)
        await log.close()
    }

    @Test("a merge that gives space back draws on the reserve, which is whole again afterwards")
    func mergeWithReserve() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) { $0.reserveBytes = 2 << 20 }
        try await Self.twoFiles(log, removed: 8)
        disk.leave(0)
        try await log.merge()
        #expect(log.statistics.droppedEvents == 8)
        await passed { disk.bytes(of: Reserve.name).count == 2 << 20 }
        await log.workerIdle()
        #expect(!log.statistics.isShortOfSpace)
        try Self.expectEvents(8..<10, in: log)
        await log.close()
    }

    @Test("a merge that gives nothing back draws on the reserve all the same if it is waited for")
    func mergeOfKept() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) { $0.reserveBytes = 2 << 20 }
        try await Self.twoFiles(log, removed: 0)
        disk.leave(0)
        try await log.merge()
        #expect(log.statistics.sealedFiles == 1)
        await log.workerIdle()
        #expect(disk.bytes(of: Reserve.name).count == 2 << 20)
        try Self.expectEvents(0..<10, in: log)
        await log.close()
    }

    @Test("a merge for which files may be emptied is tried again before anybody hears of it")
    func mergeAfterEmptying() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) {
            $0.reserveBytes = 0
            $0.storeBytesMax = 1 << 30
        }
        try await Self.twoFiles(log, removed: 0)
        let gate = Gate()
        #expect(log.committer.worker.run { gate.wait() })
        await gate.reached()
        disk.leave(0)
        // As if sealing had only just left them.
        log.peek { committer in
            committer.core.isReserveWhole = false
            for place in committer.core.filesInPreparation.indices {
                committer.core.filesInPreparation[place].isEmpty = false
            }
            #expect(committer.core.hasSpareBytes)
        }
        async let merge = outcome { () async throws(LogError) in try await log.merge() }
        await passed { log.peek { $0.mergeWaiters.count == 1 && !$0.mayEmptyForMerge } }
        // As many attempts as there could be, with fewer and fewer files.
        for _ in 0..<20 {
            await withCheckedContinuation { continuation in
                if !log.committer.merger.run({ continuation.resume() }) { continuation.resume() }
            }
        }
        #expect(log.peek { $0.mergeWaiters.count } == 1)
        disk.leave(nil)
        gate.open()
        #expect(await merge.error == nil)
        #expect(log.statistics.sealedFiles == 1)
        await log.close()
    }

    @Test("files of one tier are merged in the background, if that is wanted")
    func mergeByItself() async throws {
        for isWanted in [false, true] {
            let disk = FullFileSystem()
            let log = try Self.open(on: disk) {
                $0.mergesInBackground = isWanted
                $0.filesPerMerge = 2
            }
            for number in 0..<2 {
                try await Self.fill(log, number..<number + 1)
                try await log.seal(all: true)
            }
            // Switched to, merged, switched to.
            await log.workerIdle()
            await withCheckedContinuation { continuation in
                if !log.committer.merger.run({ continuation.resume() }) { continuation.resume() }
            }
            await log.workerIdle()
            #expect(log.statistics.sealedFiles == (isWanted ? 1 : 2))
            await log.close()
        }
    }

    @Test("a merge that fails for another reason is told so at once")
    func mergeFails() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk)
        try await Self.twoFiles(log, removed: 0)
        disk.failOpens(of: StoreFolder.sealed + "/", code: EIO)
        let before = disk.opens(of: StoreFolder.sealed + "/")
        let answer = await outcome { () async throws(LogError) in try await log.merge() }
        guard case .disk = answer.error else {
            Issue.record("\(String(describing: answer.error))")
            return
        }
        #expect(disk.opens(of: StoreFolder.sealed + "/") == before + 1)
        disk.failOpens(of: StoreFolder.sealed + "/", code: nil)
        try await log.merge()
        #expect(log.statistics.sealedFiles == 1)
        await log.close()
    }

    // MARK: Segments

    @Test("a spare file that cannot be emptied is not taken for empty")
    func notEmptied() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) { $0.reserveBytes = 0 }
        try await Self.fill(log, 0..<4)
        try await log.seal(all: true)
        await log.workerIdle()
        disk.failOpens(of: StoreFolder.wal + "/", code: EIO)
        for isEmptied in [false, true] {
            if isEmptied { disk.failOpens(of: StoreFolder.wal + "/", code: nil) }
            log.peek { $0.core.isReserveWhole = false }
            let committer = log.committer
            #expect(committer.worker.run { committer.emptySpareFiles() })
            await log.workerIdle()
            #expect(log.peek { $0.core.hasSpareBytes } != isEmptied)
        }
        await log.close()
    }

    @Test("on a full disk events are refused, removals are not, and sealing gives space back")
    func reclaim() async throws {
        let disk = try Self.disk(leaving: 10 * Self.segmentBytes)
        let log = try Self.open(on: disk)
        let (count, error) = await Self.fill(log, from: 0)
        #expect(error == .noSpace)
        #expect(count > 4)
        #expect(throws: LogError.noSpace) { try log.reserve(Self.noise(count), to: "s") }
        let thread = await onThread { () throws(LogError) in
            _ = try log.blocking.append(Self.noise(count), to: "s")
        }
        #expect(thread.error == .noSpace)
        await log.workerIdle()
        disk.leave(0)
        #expect(log.statistics.isShortOfSpace)
        for number in 0..<count - 2 { try await log.delete(Self.stream(number)) }
        try await log.seal(all: true)
        try await log.merge()
        #expect(log.statistics.droppedEvents == UInt64(count - 2))
        let (next, _) = await Self.fill(log, from: count)
        #expect(next > count)
        try Self.expectEvents(count - 2..<next, in: log)
        #expect(try log.events(in: Self.stream(0)).isEmpty)
        await log.close()
    }

    @Test("when room comes back events go on, with the reserve made whole first")
    func roomAgain() async throws {
        let disk = try Self.disk(leaving: 8 * Self.segmentBytes)
        let log = try Self.open(on: disk)
        let (count, error) = await Self.fill(log, from: 0)
        #expect(error == .noSpace)
        await log.workerIdle()
        disk.leave(nil)
        try await Self.fill(log, count..<count + 3)
        #expect(disk.bytes(of: Reserve.name).count == 4 * Self.segmentBytes)
        #expect(!log.statistics.isShortOfSpace)
        try Self.expectEvents(0..<count + 3, in: log)
        await log.close()
    }

    @Test("above its quota a store takes no events, and removals and merges bring it below")
    func quota() async throws {
        let disk = FullFileSystem()
        let limit = 14 * Self.segmentBytes
        let log = try Self.open(on: disk) { $0.storeBytesMax = limit }
        let (count, error) = await Self.fill(log, from: 0)
        guard case .tooLarge(.storeBytes, limit, let value) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(value > limit)
        for number in 0..<count - 1 { try await log.delete(Self.stream(number)) }
        try await log.seal(all: true)
        try await log.merge()
        #expect(log.statistics.storeBytes <= limit)
        try await Self.fill(log, count..<count + 2)
        try Self.expectEvents(count - 1..<count + 2, in: log)
        await log.close()
    }
}
