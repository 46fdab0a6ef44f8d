import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Foundation
import Testing

@testable import EmakiWorkflow

/// An event log as a journal: what is shown, and the file beside it.
@Suite struct HistoryJournalTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private var store: URL { folder.url.appending(path: "store") }
    private var file: URL { store.appending(path: ProjectionFile.name) }
    private var newFile: URL { store.appending(path: ProjectionFile.name + ".new") }

    private func open() async throws -> EventLog {
        try await EventLog.open(
            at: store.path, .creating(StoreOptions(segmentBytes: 1 << 20)))
    }

    private func bytes(of url: URL) -> [UInt8]? {
        FileManager.default.contents(atPath: url.path).map { Array($0) }
    }

    private func read(_ place: any CheckpointPlace) throws -> [UInt8]? {
        guard var input = try place.read() else { return nil }
        var bytes: [UInt8] = []
        while true {
            let next = try input.next(3)
            if next.isEmpty { break }
            bytes += next
        }
        #expect(input.left == 0)
        #expect(try input.next(1).isEmpty)
        return bytes
    }

    private func replace(_ place: any CheckpointPlace, by pieces: [[UInt8]]) throws {
        var rest = pieces[...]
        try place.replace { rest.popFirst() }
    }

    // MARK: Events

    /// Counts what it is shown, and may not go on.
    private final class Shown: JournalScanner {
        var count = 0
        let isStopped: Bool
        init(isStopped: Bool) { self.isStopped = isStopped }
        func begin(_ stream: RawSpan) -> Bool { true }
        func take(version: UInt64, _ metadata: RawSpan) { count += 1 }
        func goesOn() -> Bool { !isStopped }
    }

    @Test("whoever stops a scan is not told that all was shown")
    func stopped() async throws {
        let log = try await open()
        let store = EventLogStore(log)
        let epoch = try await store.claim()
        // He is asked after some thousands.
        for number in 0..<10 as Range<UInt64> {
            let events = (0..<1_000 as Range<UInt64>).map {
                HistoryCommit.NewEvent(
                    id: (number, $0), type: "T", metadata: [1], payload: [])
            }
            let commit = HistoryCommit(
                partition: 0, epoch: epoch,
                parts: [.init(stream: "s\(number)", expecting: nil, events: events)])
            guard case .committed = await store.append(commit) else {
                Issue.record("not recorded")
                return
            }
        }
        let end = try store.journal.end()
        let whole = Shown(isStopped: false)
        #expect(try store.journal.scan(0..<end, into: whole) == end)
        #expect(whole.count >= 10_000)
        let part = Shown(isStopped: true)
        #expect(throws: ScanStopped.self) { try store.journal.scan(0..<end, into: part) }
        #expect(part.count < whole.count)
        await log.close()
    }

    // MARK: The file

    @Test("a file is there as a whole, whatever was there before, and nothing else is one")
    func files() async throws {
        let log = try await open()
        let place = try #require(EventLogStore(log).journal.checkpoints)
        #expect(place.isWritable)
        #expect(try read(place) == nil)
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
        #expect(try read(place) == nil)
        try FileManager.default.removeItem(at: file)
        let contents: [[[UInt8]]] = [
            [[1, 2, 3, 4], [5], [6, 7, 8]], [[9]], [], [[1, 2, 3, 4, 5, 6]],
        ]
        for pieces in contents {
            try replace(place, by: pieces)
            #expect(try read(place) == pieces.flatMap(\.self))
            #expect(bytes(of: file) == pieces.flatMap(\.self) && bytes(of: newFile) == nil)
        }
        // What breaks off leaves what there is.
        #expect(throws: ScriptedJournal.Fault.self) {
            var count = 0
            try place.replace {
                count += 1
                if count == 3 { throw ScriptedJournal.Fault() }
                return [7]
            }
        }
        #expect(try read(place) == contents.last?.flatMap(\.self))
        // Nothing of that is in the next one.
        try replace(place, by: [[8]])
        #expect(bytes(of: file) == [8])
        await log.close()
    }

    @Test("once the log is closed nothing is written, for the store may be another's")
    func closed() async throws {
        let log = try await open()
        let place = try #require(EventLogStore(log).journal.checkpoints)
        try replace(place, by: [[1, 2], [3]])
        await log.close()
        for pieces in [[], [[4, 5, 6]]] as [[[UInt8]]] {
            #expect(throws: LogError.self) { try replace(place, by: pieces) }
            #expect(bytes(of: file) == [1, 2, 3])
            #expect(bytes(of: newFile) ?? [] == [])
        }
    }
}
