import EmakiPlatform
import Testing

@testable import EmakiLog

/// Events that go when their time has come. Instants are far in the past or far in the future, so
/// that no test waits for one.
@Suite("Expiry")
struct ExpiryTests {
    private static let past: Int64 = 1_000
    private static let future: Int64 = 1 << 62

    private static func fill(_ log: EventLog, _ stream: StreamID, _ count: Int) async throws {
        for number in 0..<count {
            try await log.append(Event(type: "T", payload: [UInt8(number)]), to: stream)
        }
    }

    /// Nothing is removed but when it is asked for: what opening a log starts may come late.
    private static func open(_ store: ShellStore) throws -> EventLog {
        try store.open { $0.sealsInBackground = false }
    }

    private static func versions(_ log: EventLog, _ stream: StreamID) throws -> [UInt64] {
        try log.events(in: stream).map(\.version.rawValue)
    }

    @Test("events go when their time has come, what came later stays, and so do other streams")
    func due() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        for stream in ["a", "b", "c"] as [StreamID] { try await Self.fill(log, stream, 3) }
        #expect(try await log.expire("a", at: Self.past) == 3)
        #expect(try await log.expire("b", at: Self.future) == 3)
        try await Self.fill(log, "a", 2)
        #expect(try Self.versions(log, "a") == [1, 2, 3, 4, 5])
        #expect(try await log.removeExpired() == 1)
        #expect(try Self.versions(log, "a") == [4, 5])
        #expect(try Self.versions(log, "b") == [1, 2, 3])
        #expect(try Self.versions(log, "c") == [1, 2, 3])
        // A second time there is nothing to do.
        #expect(try await log.removeExpired() == 0)
        // It is no deletion: nobody is kept out.
        #expect(try await log.append(Event(type: "T"), to: "a").version == 6)
        await log.close()
        let again = try store.open()
        #expect(try Self.versions(again, "a") == [4, 5, 6])
        #expect(again.statistics.expiries == 1)
        await again.close()
    }

    @Test("the expiry that was set last counts, and one of what is removed is none")
    func replaced() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        try await Self.fill(log, "a", 3)
        try await log.expire("a", at: Self.past)
        try await log.expire("a", at: Self.future)
        #expect(try await log.removeExpired() == 0)
        try await log.expire("a", at: Self.past)
        // It is due twice in the queue, and lost once.
        try await Self.fill(log, "b", 1)
        try await log.expire("b", at: Self.past)
        try await log.expire("b", at: Self.future)
        try await log.expire("b", at: Self.past)
        try await log.truncate("a", before: 4)
        #expect(try await log.removeExpired() == 1)
        try await Self.fill(log, "a", 1)
        try await log.expire("a", at: Self.past)
        // The same again takes no position.
        let end = log.durablePosition
        #expect(try await log.expire("a", at: Self.past) == 4)
        #expect(log.durablePosition == end)
        try await log.truncate("a", before: 5)
        #expect(try await log.removeExpired() == 0)
        #expect(log.durablePosition == end.advanced(by: 1))
        #expect(try await log.expire("never", at: Self.past) == 0)
        await #expect(throws: LogError.versionConflict(stream: "a", actual: 4)) {
            try await log.expire("a", at: Self.past, expecting: .version(2))
        }
        await log.close()
    }

    @Test("expiries are known after sealing, opening and a restore, and merges leave out what went")
    func sealed() async throws {
        let store = try ShellStore()
        let log = try store.open {
            $0.sealsInBackground = false
            $0.mergesInBackground = false
        }
        try await Self.fill(log, "a", 3)
        try await Self.fill(log, "b", 3)
        try await log.expire("a", at: Self.future)
        try await log.expire("b", at: Self.future)
        try await log.seal(all: true)
        #expect(log.statistics.eventsInMemory == 0)
        await log.close()
        let again = try store.open {
            $0.sealsInBackground = false
            $0.mergesInBackground = false
        }
        #expect(again.statistics.expiries == 2)
        #expect(try Self.versions(again, "a") == [1, 2, 3])
        try await again.expire("a", at: Self.past)
        #expect(try await again.removeExpired() == 1)
        #expect(try Self.versions(again, "a").isEmpty)
        #expect(try again.version(of: "a") == 3)
        try await again.seal(all: true)
        try await again.merge()
        #expect(again.statistics.droppedEvents == 3)
        #expect(try Self.versions(again, "b") == [1, 2, 3])
        await again.close()
    }

    @Test("what is due when a log is opened goes by itself once a segment is full")
    func background() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.sealsInBackground = false }
        try await Self.fill(log, "a", 3)
        try await log.expire("a", at: Self.past)
        await log.close()
        let again = try store.open()
        for number in 0... {
            try await again.append(
                Event(type: "T", payload: [UInt8](repeating: 1, count: 20_000)), to: "large")
            if try Self.versions(again, "a").isEmpty { break }
            try #require(number < 10_000, "it never went")
        }
        await again.close()
    }

    @Test("a clock that is far ahead of the newest commit removes nothing, unless it is trusted")
    func leap() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await Self.fill(log, "a", 3)
        try await log.expire("a", at: Self.past)
        let now = SystemClock.wallNanoseconds()
        let committer = log.committer
        // As if the newest commit had been made two days ago.
        let early = now - 2 * Committer.leapMax
        #expect(
            throws: LogError.clockLeap(now: now, latest: early + 5 + Committer.leapMax)
        ) {
            try Committer.believed(
                now: now, newest: early, openFor: 5, trustingClock: false)
        }
        #expect(
            try Committer.believed(now: now, newest: early, openFor: 5, trustingClock: true) == now)
        #expect(
            try Committer.believed(
                now: now, newest: early, openFor: Committer.leapMax, trustingClock: false) == now)
        #expect(try committer.believedInstant(trustingClock: false) >= now)
        await log.close()
    }

    @Test("the queue hands out the soonest first")
    func queue() {
        var queue = ExpiryQueue()
        var state: UInt64 = 1
        var instants: [Int64] = []
        for _ in 0..<200 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            instants.append(Int64(state >> 58))
            queue.push(.init(instant: instants[instants.count - 1], stream: "s"))
        }
        var taken: [Int64] = []
        while let entry = queue.pop() { taken.append(entry.instant) }
        #expect(taken == instants.sorted())
        #expect(queue.isEmpty)
    }
}
