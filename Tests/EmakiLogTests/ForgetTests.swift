import EmakiPlatform
import Testing

@testable import EmakiLog

/// A deleted stream that is forgotten is as if it had never been written.
@Suite("Forget")
struct ForgetTests {
    private static func open(_ store: ShellStore) throws -> EventLog {
        try store.open {
            $0.sealsInBackground = false
            $0.mergesInBackground = false
        }
    }

    private static func fill(_ log: EventLog, _ stream: StreamID, _ count: Int) async throws {
        for number in 0..<count {
            try await log.append(Event(type: "T", payload: [UInt8(number)]), to: stream)
        }
    }

    private static func expectNever(_ stream: StreamID, in log: EventLog) throws {
        #expect(try log.version(of: stream) == 0)
        #expect(try log.events(in: stream).isEmpty)
        #expect(try log.newestSnapshot(of: stream) == nil)
        #expect(try !log.streams().contains { $0.stream == stream })
        #expect(try log.events(from: .start).allSatisfy { $0.stream != stream })
    }

    @Test("a forgotten stream is not there, takes no memory, and starts anew at version 1")
    func startsAnew() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        try await Self.fill(log, "a", 5)
        try await Self.fill(log, "b", 3)
        #expect(try await log.saveSnapshot([1, 2, 3], of: "a", at: 4))
        try await log.delete("a")
        try await log.truncate("b", before: 2)
        #expect(log.statistics.removedStreams == 2)
        #expect(try await log.forget("a"))
        #expect(log.statistics.removedStreams == 1)
        try Self.expectNever("a", in: log)
        #expect(try log.events(in: "b").map(\.version) == [2, 3])
        // A second time there is nothing.
        #expect(try await !log.forget("a"))
        await log.close()
        let again = try Self.open(store)
        try Self.expectNever("a", in: again)
        #expect(again.statistics.removedStreams == 1)
        let result = try await again.append(
            Event(type: "T", payload: [9]), to: "a", expecting: .noStream)
        #expect(result.version == 1)
        #expect(try again.events(in: "a").map(\.payload) == [[9]])
        await again.close()
        // What is new is read again, from segments and from sealed files.
        let third = try Self.open(store)
        #expect(try third.events(in: "a").map(\.version) == [1])
        try await third.seal(all: true)
        try await third.merge()
        #expect(try third.events(in: "a").map(\.payload) == [[9]])
        #expect(try third.version(of: "a") == 1)
        await third.close()
    }

    @Test("what was made of the events goes before a stream is forgotten")
    func derivedFiles() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        try await Self.fill(log, "a", 2)
        try await log.delete("a")
        let files = PosixFileSystem(root: store.path)
        try files.open(DerivedFiles.projection, OpenMode(.createIfMissing)).close()
        #expect(try await log.forget("a"))
        #expect(try files.kind(of: DerivedFiles.projection) == nil)
        await log.close()
    }

    @Test("only a deleted stream is forgotten; one that was never written is passed over")
    func notDeleted() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        try await Self.fill(log, "a", 2)
        try await Self.fill(log, "b", 1)
        await #expect(throws: LogError.notDeleted(stream: "a", version: 2)) {
            try await log.forget("a")
        }
        try await log.truncate("a", before: 3)
        await #expect(throws: LogError.notDeleted(stream: "a", version: 2)) {
            try await log.forget("a")
        }
        #expect(try await !log.forget("never"))
        // One that started again after it was deleted is not deleted.
        try await log.delete("b")
        try await log.append(Event(type: "T"), to: "b", expecting: .version(1))
        await #expect(throws: LogError.notDeleted(stream: "b", version: 2)) {
            try await log.forget(["b", "a"])
        }
        try await log.delete("b")
        try await log.delete("a")
        #expect(try await log.forget(["a", "b", "never", "a"]) == 2)
        #expect(log.statistics.removedStreams == 0)
        await log.close()
    }

    @Test("many streams are forgotten at once, wherever what they had lies")
    func many() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        let streams = (0..<60).map { StreamID(stringLiteral: "s\($0)") }
        for (number, stream) in streams.enumerated() {
            let payload = [UInt8](repeating: UInt8(number), count: 9000)
            try await log.append(Event(type: "T", payload: payload), to: stream)
            if number % 20 == 19 { try await log.seal(all: true) }
        }
        for stream in streams.prefix(50) { try await log.delete(stream) }
        #expect(log.statistics.sealedFiles > 1)
        #expect(try await log.forget(Array(streams.prefix(50))) == 50)
        #expect(log.statistics.removedStreams == 0)
        #expect(try log.streams().map(\.stream).count == 10)
        for stream in streams.prefix(50) { try Self.expectNever(stream, in: log) }
        await log.close()
        let again = try Self.open(store)
        #expect(try again.streams().count == 10)
        #expect(again.statistics.removedStreams == 0)
        await again.close()
    }

    @Test("a purge of a stream that was forgotten meanwhile records nothing of it")
    func purgedToo() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        try await Self.fill(log, "a", 3)
        let report = try await log.purge("a")
        #expect(report.version == 3)
        #expect(try await log.forget("a"))
        let end = log.durablePosition
        let again = RemovalSource(
            stream: "a", expected: .anything, request: .again(through: 3, ending: true))
        _ = try await log.committer.commit(MeasuredBatch(removal: again)) { _, _ in }
        #expect(log.durablePosition == end)
        try await Self.fill(log, "a", 2)
        await log.close()
        let next = try Self.open(store)
        #expect(try next.events(in: "a").map(\.version) == [1, 2])
        await next.close()
    }

    @Test(
        "a snapshot of a stream that was deleted or forgotten before it was stored is of no life")
    func snapshotOfBefore() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        try await Self.fill(log, "a", 5)
        // What `saveSnapshot` reads before it appends.
        let count = try log.committer.reading { $0.removals.forgettingCount }
        let beside = SnapshotStream.id(beside: "a")
        let late = SnapshotSource(
            event: SnapshotStream.event(of: "a", at: 4, [7]), beside: beside,
            expected: .version(try log.version(of: beside)),
            snapshotBasis: SnapshotBasis(stream: "a", version: 4, forgettingCount: count))
        try await log.delete("a")
        // Between the two it would lie behind what a forgetting looks through.
        let early = try MeasuredBatch(late, batchBytesMax: 1 << 16)
        await #expect(throws: LogError.versionConflict(stream: beside, actual: .none)) {
            try await log.committer.commit(early) { _, _ in }
        }
        #expect(try await log.saveSnapshot([7], of: "a", at: 4) == false)
        #expect(try await log.forget("a"))
        let batch = try MeasuredBatch(late, batchBytesMax: 1 << 16)
        await #expect(throws: LogError.versionConflict(stream: beside, actual: .none)) {
            try await log.committer.commit(batch) { _, _ in }
        }
        try Self.expectNever("a", in: log)
        // It looks again, and there is no such version any more.
        await #expect(throws: LogError.versionConflict(stream: "a", actual: .none)) {
            try await log.saveSnapshot([7], of: "a", at: 4)
        }
        try await Self.fill(log, "a", 5)
        #expect(try log.newestSnapshot(of: "a") == nil)
        #expect(try await log.saveSnapshot([8], of: "a", at: 5))
        #expect(try log.newestSnapshot(of: "a")?.payload == [8])
        await log.close()
    }

    @Test("while streams are deleted and forgotten, a reader of the log sees nothing of them again")
    func readers() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.mergesInBackground = false }
        for round in 0..<6 {
            try await Self.fill(log, "gone", 4)
            try await Self.fill(log, "stays", 1)
            try await log.delete("gone")
            async let isForgotten = log.forget("gone")
            for _ in 0..<20 {
                let seen = try log.events(from: .start)
                #expect(seen.allSatisfy { $0.stream == "stays" })
                #expect(seen.count == round + 1)
                #expect(try log.streams().map(\.stream) == ["stays"])
                await Task.yield()
            }
            #expect(try await isForgotten)
        }
        await log.close()
    }
}
