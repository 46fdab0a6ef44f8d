import EmakiLog
import EmakiSimulation
import Foundation
import Testing

/// What must work when there is not one byte left, and when the store is as large as it may be.
@Suite("Full disk")
struct FullDiskTests {
    private static let segmentBytes = 512 << 10

    /// Nothing happens in the background but what is asked for, so that a test knows what is where.
    private static func configuration(
        _ change: (inout Configuration) -> Void = { _ in }
    ) -> Configuration {
        var configuration = Configuration.creating(StoreOptions(segmentBytes: segmentBytes))
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        change(&configuration)
        return configuration
    }

    /// Bytes of which half cannot be compressed.
    private static func noise(_ seed: Int, count: Int = 60_000) -> [UInt8] {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        return (0..<count).map { index in
            guard index < count / 2 else { return 0 }
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    /// Appends an event to each of many streams, until one is refused.
    /// - Returns: how many are stored, and the refusal.
    private static func fill(
        _ log: EventLog, from first: Int = 0
    ) async -> (count: Int, error: LogError?) {
        for number in first..<first + 1000 {
            let stream = StreamID(stringLiteral: "s\(number)")
            do throws(LogError) {
                try await log.append(
                    Event(type: "T", payload: noise(number)), to: stream, expecting: .noStream)
            } catch {
                return (number, error)
            }
        }
        return (first + 1000, nil)
    }

    private static func expectEvents(_ range: Range<Int>, in log: EventLog) throws {
        for number in range {
            let events = try log.events(in: StreamID(stringLiteral: "s\(number)"))
            #expect(events.map(\.payload) == [noise(number)], "s\(number)")
        }
    }

    @Test("removing, sealing and merging on a full disk give space back, and appends go on")
    func reclaim() async throws {
        let disk = SimulatedDisk(capacityBytes: 12 * Self.segmentBytes)
        let log = try await disk.open(Self.configuration())
        let (count, error) = await Self.fill(log)
        #expect(error == .noSpace)
        #expect(count > 30)
        // Not one byte is left for anybody else from here on.
        disk.capacityBytes = disk.usedBytes
        try Self.expectEvents(0..<count, in: log)
        #expect(log.statistics.isShortOfSpace)
        for number in 0..<count - 5 {
            try await log.delete(StreamID(stringLiteral: "s\(number)"))
        }
        let before = log.statistics
        try await log.seal(all: true)
        try await log.merge()
        let after = log.statistics
        #expect(after.droppedEvents == UInt64(count - 5))
        #expect(after.sealedFileBytes < before.storeBytes / 2)
        try Self.expectEvents(count - 5..<count, in: log)
        // There is room again, and the reserve has its share first.
        let (next, _) = await Self.fill(log, from: count)
        #expect(next > count)
        try Self.expectEvents(count - 5..<next, in: log)
        await log.close()
        disk.restorePower(.dropEverything)
        let again = try await disk.open(Self.configuration())
        try Self.expectEvents(count - 5..<next, in: again)
        #expect(try again.events(in: "s0").isEmpty)
        await again.close()
    }

    @Test("a store opens, reads, removes, seals, merges and closes on a disk without a free byte")
    func everythingAtFull() async throws {
        let disk = SimulatedDisk(capacityBytes: 12 * Self.segmentBytes)
        let log = try await disk.open(Self.configuration())
        let (count, error) = await Self.fill(log)
        #expect(error == .noSpace)
        await log.close()
        disk.capacityBytes = disk.usedBytes
        for round in 0..<3 {
            let again = try await disk.open(Self.configuration())
            #expect(again.statistics.reserveBytes < 4 * Self.segmentBytes)
            try Self.expectEvents(round..<count, in: again)
            let stream = StreamID(stringLiteral: "s\(round)")
            try await again.delete(stream)
            #expect(try again.events(in: stream).isEmpty)
            try await again.saveNothing()
            await again.close()
        }
        let last = try await disk.open(Self.configuration())
        try await last.seal(all: true)
        try await last.merge()
        #expect(last.statistics.droppedEvents == 3)
        try Self.expectEvents(3..<count, in: last)
        var seen = 0
        for try await case .event in last.follow() {
            seen += 1
            if seen == count - 3 { break }
        }
        await last.close()
    }

    /// Where a merged file takes all the room there is, MANIFEST must still find some to list it.
    @Test(
        "a merge ends well however much room there is",
        arguments: Array(stride(from: 96 << 10, to: 208 << 10, by: 16 << 10)))
    func mergeWithLittleRoom(_ first: Int) async throws {
        for free in stride(from: first, to: first + (16 << 10), by: 4 << 10) {
            let disk = SimulatedDisk()
            let log = try await disk.open(
                Self.configuration {
                    $0.createIfMissing = StoreOptions(segmentBytes: 128 << 10)
                    $0.reserveBytes = 256 << 10
                })
            for number in 0..<30 {
                let stream = StreamID(stringLiteral: "s\(number)")
                try await log.append(
                    Event(type: "T", payload: Self.noise(number, count: 14_000)), to: stream)
                if number % 8 == 7 { try await log.seal(all: true) }
            }
            for number in 0..<3 { try await log.delete(StreamID(stringLiteral: "s\(number)")) }
            try await log.seal(all: true)
            disk.capacityBytes = disk.usedBytes + free
            try await log.merge()
            #expect(log.statistics.droppedEvents == 3, "\(free) bytes")
            await log.close()
        }
    }

    @Test("a merge for which there is no room says so, and does not go round")
    func mergeWithoutRoom() async throws {
        let disk = SimulatedDisk()
        let log = try await disk.open(Self.configuration { $0.reserveBytes = 64 << 10 })
        // Two files, so that there are several attempts, and the reserve is whole again between.
        for number in 0..<12 {
            try await log.append(
                Event(type: "T", payload: Self.noise(number)), to: StreamID("s\(number)"))
            if number == 5 { try await log.seal(all: true) }
        }
        try await log.delete("s0")
        try await log.seal(all: true)
        disk.capacityBytes = disk.usedBytes
        await #expect(throws: LogError.noSpace) { try await log.merge() }
        disk.capacityBytes = nil
        try await log.merge()
        #expect(log.statistics.droppedEvents == 1)
        await log.close()
    }

    @Test("a log on a disk without a free byte is backed up to another, and restored from there")
    func backup() async throws {
        let disk = SimulatedDisk(capacityBytes: 12 * Self.segmentBytes)
        let log = try await disk.open(Self.configuration())
        let (count, error) = await Self.fill(log)
        #expect(error == .noSpace)
        try await log.seal()
        disk.capacityBytes = disk.usedBytes
        let used = disk.usedBytes
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-full-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        // Some of it is sealed, and some is in segments.
        #expect(log.statistics.sealedFiles > 0 && log.statistics.eventsInMemory > 0)
        let report = try await log.backup(to: folder + "/backups")
        #expect(report.backup?.position == log.durablePosition.rawValue)
        #expect(disk.usedBytes <= used)
        try Self.expectEvents(0..<count, in: log)
        await log.close()
        #expect(try await EventLog.checkBackups(at: folder + "/backups").isSound)
        _ = try await EventLog.restore(from: folder + "/backups", to: folder + "/store")
        let restored = try await EventLog.open(at: folder + "/store")
        try Self.expectEvents(0..<count, in: restored)
        #expect(restored.durablePosition.rawValue == report.backup?.position)
        await restored.close()
    }

    @Test("while the reserve is not whole the last segment takes removals and no events")
    func lastSegment() async throws {
        let disk = SimulatedDisk(capacityBytes: 12 * Self.segmentBytes)
        let log = try await disk.open(Self.configuration())
        let (count, _) = await Self.fill(log)
        disk.capacityBytes = disk.usedBytes
        // Each in a group of its own.
        for round in 0..<min(count, 25) {
            try await log.delete(StreamID(stringLiteral: "s\(round)"))
            await #expect(throws: LogError.noSpace) {
                try await log.append(
                    Event(type: "T", payload: Self.noise(round)), to: "another")
            }
        }
        #expect(try log.version(of: "another") == .none)
        #expect(log.statistics.isShortOfSpace)
        // An event that would fit is refused as well: what is left is for removals.
        await log.close()
        disk.capacityBytes = nil
        let again = try await disk.open(Self.configuration())
        try await again.append(Event(type: "T"), to: "another")
        #expect(!again.statistics.isShortOfSpace)
        #expect(again.statistics.reserveBytes == 4 * Self.segmentBytes)
        await again.close()
    }

    @Test("a repeated append is answered on a full disk as it was answered before")
    func repeated() async throws {
        let disk = SimulatedDisk(capacityBytes: 12 * Self.segmentBytes)
        let log = try await disk.open(Self.configuration())
        var event = Event(type: "T", payload: [1, 2, 3])
        event.id = EventID(low: 1, high: 2)
        let first = try await log.append(event, to: "twice", expecting: .noStream)
        _ = await Self.fill(log)
        disk.capacityBytes = disk.usedBytes
        for number in 0..<10 { try await log.delete(StreamID(stringLiteral: "s\(number)")) }
        let again = try await log.append(event, to: "twice", expecting: .noStream)
        #expect(again.positions == first.positions && again.wasStoredBefore)
        await log.close()
    }

    @Test("above its quota a store takes no events, says by how much, and removals bring it below")
    func quota() async throws {
        let disk = SimulatedDisk()
        let limit = 10 * Self.segmentBytes
        let log = try await disk.open(Self.configuration { $0.storeBytesMax = limit })
        let (count, error) = await Self.fill(log)
        guard case .tooLarge(.storeBytes, limit, let value) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(value > limit)
        // Segments that were ready may still be used.
        #expect(value <= limit + 3 * Self.segmentBytes)
        try Self.expectEvents(0..<count, in: log)
        for number in 0..<count - 2 { try await log.delete(StreamID(stringLiteral: "s\(number)")) }
        try await log.seal(all: true)
        try await log.merge()
        let statistics = log.statistics
        #expect(statistics.storeBytes <= limit)
        let (next, _) = await Self.fill(log, from: count)
        #expect(next > count)
        try Self.expectEvents(count - 2..<next, in: log)
        // Removals open segments for themselves, and not for events.
        let full = log.statistics.storeBytes
        for number in count - 2..<next {
            try await log.delete(StreamID(stringLiteral: "s\(number)"))
            _ = try? await log.append(
                Event(type: "T", payload: Self.noise(number)),
                to: StreamID(stringLiteral: "late\(number)"))
        }
        #expect(log.statistics.storeBytes <= full + 2 * Self.segmentBytes)
        await log.close()
    }
}

extension EventLog {
    /// A snapshot is an event like others here: it may be refused, and then nothing is stored.
    fileprivate func saveNothing() async throws {
        do throws(LogError) {
            try await saveSnapshot([1], of: "s9", at: 1)
        } catch .noSpace {
            #expect(try newestSnapshot(of: "s9") == nil)
        }
    }
}
