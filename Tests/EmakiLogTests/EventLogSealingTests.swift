import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// Sealing and merging in the background, beside appends, reads and followers.
@Suite struct EventLogSealingTests {
    private static func tune(_ configuration: inout Configuration, background: Bool = true) {
        configuration.sealsInBackground = background
        configuration.mergesInBackground = background
        configuration.filesPerMerge = 2
        configuration.cachedHeadsMax = 4
        configuration.unsealedSegmentsMax = 2
    }

    /// Changes a file behind the log's back.
    private static func edit(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
        let place = URL(fileURLWithPath: path)
        var bytes = Array(try Data(contentsOf: place))
        body(&bytes)
        try Data(bytes).write(to: place)
    }

    private static func event(_ number: Int) -> EmakiLog.Event {
        Event(
            type: "T", payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 3_000),
            id: EventID(low: UInt64(number), high: 5))
    }

    @Test("tasks and threads append to many streams while segments are sealed and merged")
    func appendsGoOn() async throws {
        let store = try ShellStore()
        let log = try store.open { Self.tune(&$0) }
        let streams = try (0..<24).map { try StreamID("s\($0)") }
        let perStream = 20
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, stream) in streams.enumerated() {
                group.addTask {
                    // Each expectation needs the head of a stream that is hardly ever in memory.
                    for version in 0..<perStream {
                        let expected: ExpectedVersion =
                            version == 0 ? .noStream : .version(StreamVersion(UInt64(version)))
                        try await log.append(
                            Self.event(index * 1_000 + version), to: stream, expecting: expected)
                    }
                }
            }
            try await group.waitForAll()
        }
        // All of it, so that nothing of any stream is in memory when the store is opened again.
        try await log.seal(all: true)
        try await log.merge()
        let statistics = log.statistics
        #expect(statistics.sealedSegments >= 8 && statistics.sealingFailure == nil)
        #expect(statistics.merges >= 1 && statistics.mergingFailure == nil)
        #expect(statistics.sealedFiles == 1 && statistics.sealingDifferences == 0)
        try Self.check(log, streams, perStream)
        // A repetition of what was sealed long ago, from a task and from a thread.
        let again = try await log.append(Self.event(3_000), to: streams[3], expecting: .noStream)
        #expect(again.wasStoredBefore && again.version == 1)
        let blocking = await onThread { () throws(LogError) in
            try log.blocking.append(Self.event(5_000), to: streams[5], expecting: .noStream)
        }
        #expect(try blocking.get().wasStoredBefore)
        await log.close()

        let reopened = try store.open { Self.tune(&$0, background: false) }
        try Self.check(reopened, streams, perStream)
        #expect(throws: LogError.needsLookup(stream: streams[0])) {
            try reopened.reserve(Self.event(1), to: streams[0])
        }
        let conflict = await #expect(throws: LogError.self) {
            try await reopened.append(Self.event(9), to: streams[0], expecting: .noStream)
        }
        #expect(conflict == .versionConflict(stream: streams[0], actual: 20))
        // Now its head is in memory.
        #expect(throws: Never.self) { try reopened.reserve(Self.event(1), to: streams[0]) }
        await reopened.close()
    }

    private static func check(_ log: EventLog, _ streams: [StreamID], _ perStream: Int) throws {
        for (index, stream) in streams.enumerated() {
            let wanted = (0..<perStream).map { UInt8(truncatingIfNeeded: index * 1_000 + $0) }
            #expect(try log.events(in: stream).map { $0.payload[0] } == wanted)
            let back = try log.events(in: stream, limit: 7, direction: .backwards)
            #expect(back.map { $0.payload[0] } == Array(wanted.reversed().prefix(7)))
            #expect(back.allSatisfy { $0.commitInstant > 0 && $0.stream == stream })
            #expect(try log.events(in: stream, from: 0, limit: 2).map(\.version) == [1, 2])
            #expect(try log.events(in: stream, from: 99).isEmpty)
            let middle = try log.events(in: stream, from: 5, limit: 3)
            #expect(middle.map(\.version) == [5, 6, 7])
            #expect(try log.version(of: stream).rawValue == UInt64(perStream))
        }
        let all = try log.events()
        #expect(all.map(\.position.rawValue) == (0..<UInt64(all.count)).map { $0 })
        #expect(all.count == streams.count * perStream)
        let listed = try log.streams(withPrefix: "s1", after: "s12", limit: 4)
        #expect(listed.map(\.stream) == ["s13", "s14", "s15", "s16"])
        #expect(listed.allSatisfy { $0.version.rawValue == UInt64(perStream) })
    }

    @Test("a follower sees every event once, in order, while they move into sealed files")
    func followers() async throws {
        let store = try ShellStore()
        let log = try store.open { Self.tune(&$0) }
        let count = 400
        let seen = Task {
            var positions: [UInt64] = []
            for try await followed in log.follow() {
                guard case .event(let event) = followed else { return positions }
                positions.append(event.position.rawValue)
                if positions.count == count { break }
            }
            return positions
        }
        for number in 0..<count {
            try await log.append(Self.event(number), to: number % 2 == 0 ? "even" : "odd")
        }
        #expect(try await seen.value == (0..<UInt64(count)).map { $0 })
        try await log.seal()
        // One who comes late reads them from the files.
        var late: [UInt64] = []
        for try await case .event(let event) in log.follow(from: 3, in: .stream("odd")) {
            late.append(event.position.rawValue)
            if late.count == count / 2 - 1 { break }
        }
        #expect(late == stride(from: 3, to: UInt64(count), by: 2).map { $0 })
        #expect(log.statistics.eventsInSealedFiles > count / 2)
        await log.close()
    }

    @Test("a follower on the loop has what is sealed read elsewhere, and goes on in memory")
    func followerOnTheLoop() async throws {
        let store = try ShellStore()
        let log = try store.open { Self.tune(&$0, background: false) }
        let count = 100
        for number in 0..<count {
            try await log.append(Self.event(number), to: number % 2 == 0 ? "even" : "odd")
        }
        try await log.seal(all: true)
        #expect(log.statistics.eventsInSealedFiles == count)
        store.disk.resetCounts()
        let seen = Task(executorPreference: log.loop) {
            var positions: [UInt64] = []
            for try await case .event(let event) in log.follow(from: 5, in: .stream("odd")) {
                positions.append(event.position.rawValue)
                if positions.count == count / 2 { break }
            }
            return positions
        }
        for number in count..<count + 4 { try await log.append(Self.event(number), to: "odd") }
        let sealed = stride(from: 5, to: UInt64(count), by: 2).map { $0 }
        let added = (UInt64(count)..<UInt64(count) + 4).prefix(count / 2 - sealed.count)
        #expect(try await seen.value == sealed + added)
        #expect(store.disk.counts.otherCallsOnLoop == [])
        await log.close()
    }

    @Test("appends wait where sealing is behind, and go on when it is not any more")
    func backPressure() async throws {
        let store = try ShellStore()
        let log = try store.open { configuration in
            Self.tune(&configuration)
            configuration.unsealedSegmentsMax = 1
            configuration.readySegmentCount = 1
        }
        for number in 0..<300 { try await log.append(Self.event(number), to: "a") }
        #expect(log.statistics.fullSegments <= 2)
        #expect(log.statistics.sealedSegments > 3)
        await log.close()
    }

    @Test("a scrub reads everything, mends a damaged page, and names what it cannot mend")
    func scrubbing() async throws {
        let store = try ShellStore()
        let log = try store.open { Self.tune(&$0, background: false) }
        for number in 0..<100 { try await log.append(Self.event(number), to: "a") }
        try await log.seal()
        await log.close()
        let path = store.path + "/sealed/00000001"
        try Self.edit(path) { $0[5_000] ^= 1 }
        let reopened = try store.open { Self.tune(&$0, background: false) }
        let report = try await reopened.scrub()
        #expect(report.files == 1 && report.repairedPages == 1 && report.damages.isEmpty)
        #expect(report.events == reopened.statistics.eventsInSealedFiles)
        #expect(reopened.statistics.repairedPages == 1)
        #expect(try await reopened.scrub().repairedPages == 0)
        let footer = reopened.committer.core.sealed.files[0].footer
        await reopened.close()
        // The first page of events, and all parity.
        try Self.edit(path) { bytes in
            for offset in 4_096..<8_192 { bytes[offset] = 0 }
            let end = bytes.count - 4_096
            for offset in end - footer.parityPageCount * 4_096..<end { bytes[offset] = 0 }
        }
        let damaged = try store.open { Self.tune(&$0, background: false) }
        let found = try await damaged.scrub()
        #expect(found.damages.map(\.file) == ["sealed/00000001"])
        // The rest of the store is readable.
        #expect(throws: LogError.self) { try damaged.events(in: "a", limit: 1) }
        try await damaged.append(Self.event(1), to: "b", expecting: .anything)
        await damaged.close()
    }
}
