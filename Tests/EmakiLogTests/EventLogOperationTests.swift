import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// What each public operation does when all is well.
@Suite struct EventLogOperationTests {
    @Test("a store is created with its options, opened, and says what it is")
    func creating() async throws {
        let place = Place()
        let made = try await EventLog.create(at: place.path, StoreOptions(segmentBytes: 128 << 10))
        #expect(made.segmentBytes == 128 << 10 && made.blockBytes >= 4096)
        #expect(made.rawLatencyNanoseconds > 0)
        let log = try await EventLog.open(at: place.path)
        #expect(log.store.storeID == made.storeID && log.store.syncMethod == made.syncMethod)
        #expect(log.durablePosition == .start)
        #expect(try log.events().isEmpty && log.streams().isEmpty)
        await log.close()
        let again = try EventLog.openBlocking(at: place.path, .creating())
        #expect(again.store.storeID == made.storeID)
        try again.closeBlocking()
    }

    @Test("one event, several, and several streams at once, from tasks and from threads")
    func appending() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let one = try await log.append(event(0), to: "a", expecting: .noStream)
        #expect(one.positions == Position(0)..<Position(1) && one.version == 1)
        #expect(!one.wasStoredBefore)
        let two = try await log.append([event(1), event(2)], to: "a", expecting: .version(1))
        #expect(two.positions == Position(1)..<Position(3) && two.version == 3)
        let both = try await log.append([
            StreamAppend(to: "b", [event(3)], expecting: .noStream),
            StreamAppend(to: "a", [event(4), event(5)], expecting: .version(3)),
        ])
        #expect(both.positions == Position(3)..<Position(6) && both.versions == [1, 5])
        let fromThread = await onThread { () throws(LogError) in
            let blocking = log.blocking
            let one = try blocking.append(event(6), to: "c")
            let two = try blocking.append([event(7), event(8)], to: "c", expecting: .version(1))
            let both = try blocking.append([
                StreamAppend(to: "c", [event(9)]), StreamAppend(to: "d", [event(10)]),
            ])
            let reserved = try log.reserve([event(11), event(12)], to: "d")
            try blocking.durable(Position(12))
            return [one, two, try blocking.durable(reserved)].map(\.version) + both.versions
        }
        #expect(try fromThread.get() == [1, 3, 3, 4, 1])
        #expect(
            try log.events().map { String(decoding: $0.payload, as: UTF8.self) }
                == (0...12).map(String.init))
        await log.close()
    }

    @Test("events come back with everything that was given")
    func roundTrip() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let given = Event(
            type: "Größe", payload: [1, 2, 3, 0], metadata: [9, 8], id: EventID(low: 1, high: 2))
        try await log.append(given, to: "naïve/流")
        let back = try #require(try log.events(in: "naïve/流").first)
        #expect(back.type == given.type && back.payload == given.payload)
        #expect(back.metadata == given.metadata && back.id == given.id)
        #expect(back.stream == "naïve/流" && back.version == 1 && back.position == .start)
        #expect(back.payloadBytes == 4 && back.commitInstant > 0)
        #expect(back.withPayload { $0.byteCount } == 4 && back.withMetadata { $0.byteCount } == 2)
        await log.close()
        // An event that is held stays readable.
        #expect(back.payload == given.payload && back.type == given.type)
    }

    @Test("a stream is read from any version, in either direction, with a limit")
    func readingStreams() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let count = 2 * Limits.readBatchEventsMax + 3
        for start in stride(from: 0, to: count, by: 100) {
            let events = (start..<min(count, start + 100)).map { event($0) }
            try await log.append(events, to: "a")
            try await log.append(event(start), to: "noise")
        }
        let all = Array(1...UInt64(count))
        func versions(
            _ from: StreamVersion?, _ limit: Int = .max, _ direction: ReadDirection = .forwards
        ) throws -> [UInt64] {
            try log.events(in: "a", from: from, limit: limit, direction: direction)
                .map(\.version.rawValue)
        }
        #expect(try versions(nil) == all && versions(0) == all && versions(1) == all)
        #expect(try versions(nil, .max, .backwards) == all.reversed())
        #expect(try versions(nil, 0) == [] && versions(nil, -1) == [])
        #expect(try versions(5, 3) == [5, 6, 7] && versions(5, 3, .backwards) == [5, 4, 3])
        #expect(try versions(StreamVersion(UInt64(count)), 9) == [UInt64(count)])
        #expect(try versions(StreamVersion(UInt64(count + 1))) == [])
        #expect(try versions(2, 9, .backwards) == [2, 1])
        #expect(try versions(StreamVersion(UInt64(count + 9)), 1, .backwards) == [UInt64(count)])
        #expect(try log.events(in: "nobody").isEmpty && log.version(of: "nobody") == .none)
        #expect(try log.version(of: "a") == StreamVersion(UInt64(count)))
        let positions = try log.events(from: 98, limit: 5).map(\.position)
        #expect(positions == [98, 99, 100, 101, 102])
        #expect(try log.events(from: log.durablePosition).isEmpty)
        await log.close()
    }

    @Test("streams are listed by prefix, in pages, in the order of their bytes")
    func listing() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let names = ["b", "a/2", "a/10", "a", "ä", "a/1", "A"]
        for name in names { try await log.append(event(), to: StreamID(stringLiteral: name)) }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try log.streams().map(\.stream.text) == sorted)
        #expect(try log.streams(withPrefix: "a/").map(\.stream.text) == ["a/1", "a/10", "a/2"])
        #expect(try log.streams(limit: 2).map(\.stream.text) == ["A", "a"])
        #expect(try log.streams(after: "a/1", limit: 2).map(\.stream.text) == ["a/10", "a/2"])
        #expect(try log.streams(withPrefix: "zz").isEmpty && log.streams(limit: 0).isEmpty)
        await log.close()
    }

    @Test("a follower catches up and goes on, in each scope, without a gap or a repeat")
    func following() async throws {
        let store = try ShellStore()
        let log = try store.open()
        for number in 0..<600 {
            try await log.append(event(number), to: number % 3 == 0 ? "x/1" : "x/2")
        }
        func follow(_ scope: FollowScope, from start: Position, _ count: Int) -> Task<
            [UInt64], any Error
        > {
            Task {
                var seen: [UInt64] = []
                for try await case .event(let event) in log.follow(from: start, in: scope) {
                    seen.append(event.position.rawValue)
                    if seen.count == count { break }
                }
                return seen
            }
        }
        let all = follow(.everything, from: 590, 15)
        let stream = follow(.stream("x/1"), from: 0, 203)
        let prefix = follow(.prefix("x/"), from: 300, 303)
        let other = follow(.prefix("y"), from: 0, 1)
        await passed { log.peek { $0.waiters.count } == 4 }
        #expect(log.statistics.followers == 4)
        for number in 600..<606 {
            try await log.append(event(number), to: number % 2 == 0 ? "x/1" : "y")
        }
        #expect(try await all.value == Array(590..<605))
        #expect(try await stream.value == Array(stride(from: 0, to: 600, by: 3)) + [600, 602, 604])
        #expect(try await prefix.value == Array(300..<600) + [600, 602, 604])
        #expect(try await other.value == [601])
        await log.close()
    }

    @Test("statistics count what happened")
    func statistics() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append(event(0, id: 1), to: "a", expecting: .noStream)
        try await log.append(event(0, id: 1), to: "a", expecting: .noStream)
        _ = await outcome { () async throws(LogError) in
            try await log.append(event(0, id: 2), to: "a", expecting: .noStream)
        }
        // The time of a wake is counted behind it.
        await log.resting()
        let statistics = log.statistics
        #expect(statistics.durablePosition == 1 && statistics.events == 1)
        #expect(statistics.batches == 1 && statistics.groups == 1 && statistics.repeats == 1)
        #expect(statistics.conflicts == 1 && statistics.pendingEvents == 0)
        #expect(statistics.streamsInMemory == 1 && statistics.eventsInMemory == 1)
        #expect(statistics.writeNanosecondsMax > 0 && !statistics.isPoisoned)
        #expect(statistics.gatherNanosecondsMax > 0 && statistics.wakeNanosecondsMax > 0)
        #expect(statistics.gatherNanosecondsMean <= statistics.gatherNanosecondsMax)
        #expect(statistics.description.contains("durable position  1"))
        await log.close()
    }

    @Test("statistics name the longest that jobs held the loop")
    func loopStretch() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let gate = Gate()
        let spinner = log.loop.occupy(until: gate)
        await gate.reached()
        let started = SystemClock.monotonicNanoseconds()
        await passed { SystemClock.monotonicNanoseconds() - started > 2_000_000 }
        gate.open()
        await spinner.value
        try await log.append(event(0), to: "a")
        #expect(log.statistics.loopStretchNanosecondsMax > 2_000_000)
        await log.close()
    }

    @Test("a read-only log reads, follows, refuses appends and changes no byte")
    func readOnly() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append(event(0), to: "a")
        await log.close()
        let before = try store.contents()
        let reader = try await EventLog.open(at: store.path, .readOnly())
        #expect(try reader.events(in: "a").count == 1 && reader.receipt.isReadOnly)
        var iterator = reader.follow().makeAsyncIterator()
        guard case .event? = try await iterator.next() else {
            Issue.record("a follower reads what there is")
            return
        }
        await #expect(throws: LogError.readOnly) { try await reader.append(event(1), to: "a") }
        #expect(throws: LogError.readOnly) { try reader.reserve(event(1), to: "a") }
        let blocking = await onThread { () throws(LogError) in
            try reader.blocking.append(event(1), to: "a")
        }
        #expect(blocking.error == .readOnly)
        await reader.close()
        #expect(try store.contents() == before)
    }

    @Test("probe measures again and repair finds nothing to do on a whole store")
    func maintenance() async throws {
        let place = Place()
        try await EventLog.create(at: place.path, StoreOptions(segmentBytes: 128 << 10))
        let report = try await EventLog.probe(at: place.path)
        #expect(report.rawLatencyNanoseconds > 0 && !report.methods.isEmpty)
        let repair = try await EventLog.repair(at: place.path)
        #expect(repair.damages.isEmpty && "\(repair)" == "nothing to repair")
        let log = try await EventLog.open(at: place.path)
        #expect(log.store.rawLatencyNanoseconds == report.rawLatencyNanoseconds)
        await log.close()
    }
}

/// A path where nothing is yet; what comes there is gone when the test is.
final class Place: Sendable {
    let path = NSTemporaryDirectory() + "emaki-place-\(UUID().uuidString)"

    deinit {
        guard FileManager.default.fileExists(atPath: path) else { return }
        do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path): \(error)") }
    }
}

extension ShellStore {
    /// Every file below the store's folder with its bytes, but for LOCK, which every command
    /// writes.
    func contents() throws -> [String: Data] {
        try contentsOfFolder(path).filter { $0.key != "LOCK" }
    }
}

func contentsOfFolder(_ path: String) throws -> [String: Data] {
    var contents: [String: Data] = [:]
    let files = PosixFileSystem(root: path)
    for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
        let isFile = try files.kind(of: name) == .file
        contents[name] = isFile ? try Data(contentsOf: URL(filePath: path + "/" + name)) : Data()
    }
    return contents
}
