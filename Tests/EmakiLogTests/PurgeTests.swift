import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// Erasure is proven by looking for the bytes in the files as they are.
@Suite("Purge")
struct PurgeTests {
    /// Nothing shortens it, and it is nowhere by chance.
    private static let marker = Array("Zq7#vK2!pX9$wL4%tB6&nM1*".utf8)

    private static func payload(_ number: Int, marked: Bool) -> [UInt8] {
        var bytes = Array("\(number) ".utf8)
        var state = UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes.append(UInt8(truncatingIfNeeded: state >> 56))
        }
        return bytes + (marked ? marker : [])
    }

    /// Nothing happens in the background but what is asked for, so that files stay while they are
    /// looked at.
    private static func open(_ store: ShellStore) throws -> EventLog {
        try store.open {
            $0.sealsInBackground = false
            $0.mergesInBackground = false
        }
    }

    /// Files of the store that hold the marker.
    private static func holders(_ store: ShellStore) throws -> [String] {
        let root = URL(fileURLWithPath: store.path)
        let names = try FileManager.default.subpathsOfDirectory(atPath: store.path)
        return names.sorted().filter { name in
            let url = root.appendingPathComponent(name)
            let isFolder = try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory
            guard isFolder == false else { return false }
            // MANIFEST may be replaced meanwhile.
            guard let bytes = try? Data(contentsOf: url) else { return name.hasPrefix("wal/") }
            return bytes.range(of: Data(marker)) != nil
        }
    }

    /// Appends to a secret stream and others, in turn.
    private static func fill(_ log: EventLog, _ numbers: Range<Int>) async throws {
        for number in numbers {
            try await log.append(
                Event(type: "T", payload: payload(number, marked: true)), to: "secret")
            let other = StreamID(stringLiteral: "other-\(number % 5)")
            try await log.append(
                Event(type: "T", payload: payload(number, marked: false)), to: other)
        }
    }

    private static func expectOthers(_ count: Int, in log: EventLog) throws {
        for stream in 0..<5 {
            let events = try log.events(in: StreamID(stringLiteral: "other-\(stream)"))
            let wanted = (0..<count).filter { $0 % 5 == stream }
            #expect(events.map(\.payload) == wanted.map { payload($0, marked: false) })
        }
    }

    @Test("no file holds a byte of a purged stream, whatever segments went through before")
    func erased() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        // Segments are sealed, merged, and used again meanwhile.
        try await Self.fill(log, 0..<100)
        try await log.seal()
        try await Self.fill(log, 100..<200)
        try await log.seal()
        try await log.merge()
        try await Self.fill(log, 200..<300)
        #expect(try await log.saveSnapshot(Self.marker, of: "secret", at: 7))
        let before = try Self.holders(store)
        #expect(before.contains { $0.hasPrefix("wal/") })
        #expect(before.contains { $0.hasPrefix("sealed/") })
        let report = try await log.purge("secret")
        #expect(try Self.holders(store) == [])
        #expect(report.version == 300)
        #expect(report.rewrittenFiles > 0 && report.cleanedSegments > 0)
        #expect(report.position == log.durablePosition)
        #expect(try log.events(in: "secret").isEmpty)
        #expect(try log.newestSnapshot(of: "secret") == nil)
        try Self.expectOthers(300, in: log)
        // A backup that was made before the purge ends before its position.
        #expect(report.position > Position(601))
        // A second time there is nothing to write again.
        #expect(try await log.purge("secret").rewrittenFiles == 0)
        await log.close()
        let again = try store.open()
        #expect(try again.version(of: "secret") == 300)
        try Self.expectOthers(300, in: again)
        await #expect(throws: LogError.streamDeleted(stream: "secret", version: 300)) {
            try await again.append(Event(type: "T"), to: "secret")
        }
        await again.close()
        #expect(try Self.holders(store) == [])
    }

    @Test("a stream that starts again while it is purged keeps what is new")
    func startedAgain() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await Self.fill(log, 0..<100)
        try await log.delete("secret")
        try await log.append(
            Event(type: "T", payload: [1]), to: "secret", expecting: .version(100))
        // It is deleted with what is new: erasure is about the stream.
        let report = try await log.purge("secret")
        #expect(report.version == 101)
        try await log.append(
            Event(type: "T", payload: [2]), to: "secret", expecting: .version(101))
        #expect(try await log.purge("never written").rewrittenFiles == 0)
        #expect(try log.events(in: "secret").map(\.payload) == [[2]])
        await log.close()
        #expect(try Self.holders(store) == [])
    }

    @Test("a purge finds what is in segments that were ready before the log was opened")
    func afterOpening() async throws {
        let store = try ShellStore()
        for round in 0..<3 {
            let log = try Self.open(store)
            try await Self.fill(log, round * 100..<(round + 1) * 100)
            // The segments are used again, with what was in them, and the active one is empty.
            try await log.seal(all: true)
            await log.close()
        }
        let log = try Self.open(store)
        try await log.delete("secret")
        try await log.seal(all: true)
        #expect(try !Self.holders(store).isEmpty)
        try await log.purge("secret")
        #expect(try Self.holders(store) == [])
        try Self.expectOthers(300, in: log)
        await log.close()
    }

    @Test("a segment with a write that is out is waited for")
    func writeIsOut() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        try await Self.fill(log, 0..<60)
        // Somebody appends all the time, so that there nearly always is a write that is out.
        let stop = Lock()
        let isDone = Guarded(false)
        let busy = (0..<3).map { number in
            Task {
                var count = 0
                // Not without an end: on a busy machine they would leave nothing to the purge.
                while count < 1_500, !stop.withLock({ isDone.value }) {
                    try await log.append(Event(type: "T"), to: StreamID("busy-\(number)"))
                    count += 1
                }
                return count
            }
        }
        for _ in 0..<3 {
            try await log.append(
                Event(type: "T", payload: Self.marker), to: "secret", expecting: .anything)
            try await log.purge("secret")
            #expect(try Self.holders(store) == [])
            let version = try log.version(of: "secret")
            try await log.append(Event(type: "T"), to: "secret", expecting: .version(version))
        }
        stop.withLock { isDone.value = true }
        for task in busy { #expect(try await task.value > 0) }
        try Self.expectOthers(60, in: log)
        await log.close()
    }

    @Test("appends go on while a stream is purged")
    func meanwhile() async throws {
        let store = try ShellStore()
        let log = try Self.open(store)
        try await Self.fill(log, 0..<200)
        async let report = log.purge("secret")
        for number in 200..<400 {
            let other = StreamID(stringLiteral: "other-\(number % 5)")
            try await log.append(
                Event(type: "T", payload: Self.payload(number, marked: false)), to: other)
        }
        #expect(try await report.version == 200)
        #expect(try Self.holders(store) == [])
        try Self.expectOthers(400, in: log)
        await log.close()
    }

    @Test("a purge that cannot write says so, and can be repeated")
    func failure() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await Self.fill(log, 0..<100)
        store.disk.failSegments(code: EIO)
        await #expect(throws: LogError.self) { try await log.purge("secret") }
        store.disk.failSegments(code: nil)
        try await log.purge("secret")
        #expect(try Self.holders(store) == [])
        try Self.expectOthers(100, in: log)
        await log.close()
    }
}
