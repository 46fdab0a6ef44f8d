import EmakiPlatform
import Testing

@testable import EmakiLog

/// Truncating and deleting streams: what readers, writers and followers see of it, in memory, in
/// sealed files, and once merges have left the events out.
@Suite struct EventLogRemovalTests {
    /// Each state that a removal passes through: in memory, recovered, sealed, merged.
    private static func inEveryPlace(
        _ store: ShellStore, _ log: EventLog, _ check: (EventLog, String) async throws -> Void
    ) async throws {
        try await check(log, "in memory")
        await log.close()
        let recovered = try store.open(StreamSample.tune)
        try await check(recovered, "recovered")
        try await StreamSample.append(80, to: "filler", recovered)
        try await recovered.seal()
        #expect(recovered.statistics.sealedFiles > 0)
        try await check(recovered, "sealed")
        try await StreamSample.append(80, to: "filler", recovered)
        try await recovered.seal()
        try await recovered.merge()
        #expect(recovered.statistics.sealedFiles == 1 && recovered.statistics.mergingFailure == nil)
        try await check(recovered, "merged")
        await recovered.close()
        let reopened = try store.open(StreamSample.tune)
        try await check(reopened, "merged and reopened")
        await reopened.close()
    }

    @Test("a truncated stream has its newest events, its version, and no others")
    func truncates() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        try await StreamSample.append(10, to: "a", log)
        try await StreamSample.append(3, to: "b", log)
        #expect(try await log.truncate("a", before: 4) == 10)
        try await Self.inEveryPlace(store, log) {
            (log: EventLog, place: String) async throws -> Void in
            let comment = Comment(rawValue: place)
            let kept = try log.events(in: "a")
            #expect(kept.map(\.version) == [4, 5, 6, 7, 8, 9, 10], comment)
            #expect(kept.map { $0.payload[0] } == [3, 4, 5, 6, 7, 8, 9], comment)
            let back = try log.events(in: "a", direction: .backwards)
            #expect(back.map(\.version) == [10, 9, 8, 7, 6, 5, 4], comment)
            #expect(try log.events(in: "a", from: 2, limit: 2).map(\.version) == [4, 5], comment)
            let old = try log.events(in: "a", from: 3, direction: .backwards)
            #expect(old.isEmpty, comment)
            #expect(try log.version(of: "a") == 10, comment)
            #expect(try log.events(in: "b").count == 3, comment)
            let positions = try log.events(limit: 10).map(\.position.rawValue)
            #expect(positions == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12], comment)
        }
    }

    @Test("a deleted stream is gone, keeps its version, and keeps out who does not know of it")
    func deletes() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        try await StreamSample.append(5, to: "a", log)
        #expect(try await log.delete("a", expecting: .version(5)) == 5)
        try await Self.inEveryPlace(store, log) {
            (log: EventLog, place: String) async throws -> Void in
            let comment = Comment(rawValue: place)
            #expect(try log.events(in: "a").isEmpty, comment)
            #expect(try log.events(in: "a", direction: .backwards).isEmpty, comment)
            #expect(try log.version(of: "a") == 5, comment)
            #expect(try log.streams().map(\.stream).contains("a") == false, comment)
            #expect(try log.events(limit: 1).first?.stream != "a", comment)
            for expecting: ExpectedVersion in [.anything, .noStream, .version(4), .version(6)] {
                let refusal = await #expect(throws: LogError.self, comment) {
                    try await log.append(StreamSample.event(99), to: "a", expecting: expecting)
                }
                #expect(refusal == .streamDeleted(stream: "a", version: 5), comment)
            }
            // Deleting it again changes nothing.
            let end = log.durablePosition
            #expect(try await log.delete("a") == 5, comment)
            #expect(log.durablePosition == end, comment)
        }
        let again = try store.open(StreamSample.tune)
        let result = try await again.append(StreamSample.event(6), to: "a", expecting: .version(5))
        #expect(result.version == 6)
        #expect(try await again.append(StreamSample.event(7), to: "a").version == 7)
        #expect(try again.events(in: "a").map(\.version) == [6, 7])
        #expect(try again.streams(withPrefix: "a").map(\.version) == [7])
        await again.close()
    }

    @Test("what cannot be removed is refused, and what is removed already changes nothing")
    func answers() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        try await StreamSample.append(4, to: "a", log)
        let beyond = await #expect(throws: LogError.self) {
            try await log.truncate("a", before: 6)
        }
        #expect(beyond == .versionConflict(stream: "a", actual: 4))
        let elsewhere = await #expect(throws: LogError.self) {
            try await log.delete("a", expecting: .version(3))
        }
        #expect(elsewhere == .versionConflict(stream: "a", actual: 4))
        #expect(try await log.delete("never written") == .none)
        #expect(try await log.truncate("never written", before: 1) == .none)
        #expect(try await log.truncate("a", before: 1) == 4)
        #expect(log.durablePosition == 4)
        // All of it, and then less.
        #expect(try await log.truncate("a", before: 5) == 4)
        #expect(try await log.truncate("a", before: 2) == 4)
        #expect(log.durablePosition == 5)
        #expect(try log.events(in: "a").isEmpty)
        // It was not deleted, so anybody may go on.
        #expect(try await log.append(StreamSample.event(8), to: "a").version == 5)
        let threads = await onThread { () throws(LogError) in
            (try log.blocking.truncate("a", before: 6), try log.blocking.delete("a"))
        }
        #expect(try threads.get() == (5, 5))
        await log.close()
        let closed = await #expect(throws: LogError.self) { try await log.delete("a") }
        #expect(closed == .closed)
        let readOnly = try store.open { $0.isReadOnly = true }
        let refused = await #expect(throws: LogError.self) { try await readOnly.delete("b") }
        #expect(refused == .readOnly)
        #expect(try readOnly.version(of: "a") == 5 && readOnly.events().isEmpty)
        await readOnly.close()
    }

    @Test("a repetition of what was removed is a conflict, and never a second append")
    func repetitions() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        try await log.append(StreamSample.event(0), to: "a", expecting: .noStream)
        try await log.append(StreamSample.event(1), to: "a", expecting: .version(1))
        let known = try await log.append(StreamSample.event(1), to: "a", expecting: .version(1))
        #expect(known.wasStoredBefore)
        try await log.truncate("a", before: 3)
        try await Self.inEveryPlace(store, log) {
            (log: EventLog, place: String) async throws -> Void in
            let refusal = await #expect(throws: LogError.self, Comment(rawValue: place)) {
                try await log.append(StreamSample.event(1), to: "a", expecting: .version(1))
            }
            #expect(
                refusal == .versionConflict(stream: "a", actual: 2), Comment(rawValue: place))
        }
    }

    @Test("a follower passes removed events and removals as skipped positions, without a gap")
    func followers() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        try await StreamSample.append(3, to: "a", log)
        try await log.delete("a")
        try await StreamSample.append(2, to: "b", log)
        var seen: [String] = []
        for try await followed in log.follow() {
            switch followed {
            case .event(let event): seen.append("\(event.position)")
            case .skipped(let range): seen.append("\(range)")
            }
            if case .event(let event) = followed, event.position == 5 { break }
        }
        #expect(seen == ["0..<4", "4", "5"])
        await log.close()
    }
}
