import EmakiPlatform
import Testing

@testable import EmakiLog

/// Snapshots of streams: the newest is found wherever it lies, nobody else sees any, and one is not
/// used once what it stands for is gone.
@Suite struct EventLogSnapshotTests {
    @Test("the newest snapshot and the events behind it are a stream's state, wherever they lie")
    func state() async throws {
        let store = try ShellStore()
        var log = try store.open(StreamSample.tune)
        #expect(try log.state(of: "a").snapshot == nil)
        try await StreamSample.append(6, to: "a", log)
        #expect(try await log.saveSnapshot([1], of: "a", at: 2))
        #expect(try await log.saveSnapshot([2, 2], of: "a", at: 4))
        // An older one, and the same again, change nothing.
        #expect(try await log.saveSnapshot([3], of: "a", at: 3) == false)
        #expect(try await log.saveSnapshot([3], of: "a", at: 4) == false)
        let beyond = await #expect(throws: LogError.self) {
            try await log.saveSnapshot([4], of: "a", at: 7)
        }
        #expect(beyond == .versionConflict(stream: "a", actual: 6))
        func check(_ log: EventLog, _ place: Comment) throws {
            let state = try log.state(of: "a")
            #expect(state.snapshot?.version == 4, place)
            #expect(state.snapshot?.payload == [2, 2], place)
            #expect(state.events.map(\.version) == [5, 6], place)
            #expect((state.snapshot?.commitInstant ?? 0) > 0, place)
            // Nothing else shows it.
            #expect(try log.events().allSatisfy { $0.type == "T" }, place)
            #expect(try log.streams().allSatisfy { $0.stream == "a" || $0.stream == "f" }, place)
            #expect(try log.events(in: "a").count == 6, place)
        }
        try check(log, "in memory")
        await log.close()
        log = try store.open(StreamSample.tune)
        try check(log, "recovered")
        for _ in 0..<2 {
            try await StreamSample.append(80, to: "f", log)
            try await log.seal()
        }
        try check(log, "sealed")
        let before = log.statistics.droppedEvents
        try await log.merge()
        try check(log, "merged")
        // The first one was superseded.
        #expect(log.statistics.droppedEvents == before + 1)
        await log.close()
        log = try store.open(StreamSample.tune)
        try check(log, "merged and reopened")
        #expect(try await log.saveSnapshot([5], of: "a", at: 6))
        #expect(try log.state(of: "a").events.isEmpty)
        await log.close()
    }

    @Test("a snapshot is used while the events behind it are there, and its stream lives")
    func removed() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        try await StreamSample.append(9, to: "a", log)
        try await log.saveSnapshot([4], of: "a", at: 4)
        try await log.truncate("a", before: 5)
        #expect(try log.state(of: "a").snapshot?.version == 4)
        #expect(try log.state(of: "a").events.map(\.version) == [5, 6, 7, 8, 9])
        // Version 5 is gone, which the snapshot does not know of.
        try await log.truncate("a", before: 6)
        #expect(try log.newestSnapshot(of: "a") == nil)
        #expect(try await log.saveSnapshot([4], of: "a", at: 4) == false)
        #expect(try await log.saveSnapshot([9], of: "a", at: 9))
        try await log.delete("a")
        #expect(try log.newestSnapshot(of: "a") == nil)
        #expect(try log.state(of: "a").events.isEmpty)
        #expect(try await log.saveSnapshot([9], of: "a", at: 9) == false)
        // Merges take what cannot be used any more, and a new life has snapshots of its own.
        for _ in 0..<2 {
            try await StreamSample.append(80, to: "f", log)
            try await log.seal()
        }
        try await log.merge()
        #expect(log.statistics.droppedEvents == 11)
        try await log.append(StreamSample.event(1), to: "a", expecting: .version(9))
        #expect(try log.newestSnapshot(of: "a") == nil)
        #expect(try await log.saveSnapshot([10], of: "a", at: 10))
        #expect(try log.newestSnapshot(of: "a")?.payload == [10])
        await log.close()
        let again = try store.open(StreamSample.tune)
        #expect(try again.newestSnapshot(of: "a")?.payload == [10])
        await again.close()
    }

    @Test("followers pass snapshots as skipped positions, and nobody can name their stream")
    func hidden() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        try await StreamSample.append(1, to: "a", log)
        try await log.saveSnapshot([1], of: "a", at: 1)
        try await StreamSample.append(1, to: "a", log)
        var seen: [String] = []
        for try await followed in log.follow(in: .prefix("")) {
            switch followed {
            case .event(let event): seen.append("\(event.position)")
            case .skipped(let range): seen.append("\(range)")
            }
            if seen.count == 3 { break }
        }
        #expect(seen == ["0", "1..<2", "2"])
        let reserved = "\0a"
        #expect(throws: LogError.invalid(.reservedStreamID)) { try StreamID(reserved) }
        await log.close()
    }

    @Test("ids of 255 bytes have snapshots, and never each other's")
    func longIDs() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        let start = String(repeating: "x", count: 253)
        let (one, other) = (try StreamID(start + "ü"), try StreamID(start + "ö"))
        for stream in [one, other] { try await log.append(StreamSample.event(1), to: stream) }
        try await log.saveSnapshot([1], of: one, at: 1)
        #expect(try log.newestSnapshot(of: one)?.payload == [1])
        #expect(try log.newestSnapshot(of: other) == nil)
        try await log.saveSnapshot([2], of: other, at: 1)
        #expect(try log.newestSnapshot(of: other)?.payload == [2])
        #expect(try log.newestSnapshot(of: one) == nil)
        await log.close()
    }

    @Test("of many who store snapshots of a stream at once, the newest version wins")
    func race() async throws {
        let store = try ShellStore()
        let log = try store.open(StreamSample.tune)
        try await StreamSample.append(20, to: "a", log)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for version in 1...20 {
                group.addTask {
                    try await log.saveSnapshot(
                        [UInt8(version)], of: "a", at: StreamVersion(UInt64(version)))
                }
            }
            try await group.waitForAll()
        }
        #expect(try log.newestSnapshot(of: "a")?.payload == [20])
        await log.close()
    }

    @Test("bytes that are no owner of a snapshot name none")
    func owners() {
        let event = SnapshotStream.event(of: "stream", at: 513, [7])
        let owner = event.metadata.withRawSpan { SnapshotStream.owner($0) }
        #expect(owner?.stream == "stream" && owner?.version == 513)
        for bytes in [
            [], [1, 2, 3], [UInt8](repeating: 1, count: 8), [0, 0, 0, 0, 0, 0, 0, 0, 0xff],
        ] {
            #expect(bytes.withRawSpan { SnapshotStream.owner($0) } == nil)
        }
    }
}
