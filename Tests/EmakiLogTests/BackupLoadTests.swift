import EmakiPlatform
import Foundation
import Synchronization
import Testing

@testable import EmakiLog

/// Backups of a log that is in use, on a real disk.
@Suite("Backup of a log in use") struct BackupLoadTests {
    private static func tune(_ configuration: inout Configuration) {
        configuration.filesPerMerge = 2
        configuration.unsealedSegmentsMax = 2
        configuration.cachedHeadsMax = 8
    }

    private static func event(_ number: Int) -> EmakiLog.Event {
        Event(
            type: "T\(number % 5)",
            payload: bytes(1_000 + number % 3_000, seed: number % 250),
            metadata: number % 3 == 0 ? [1, 2, 3] : [], id: EventID(low: UInt64(number), high: 9))
    }

    /// What a reader sees of an event, all of it.
    private struct Seen: Equatable {
        var event: ModelEvent
        var instant: Int64

        init(_ event: RecordedEvent) {
            self.event = ModelEvent(event)
            instant = event.commitInstant
        }
    }

    /// What the tasks that append share with the one that backs up.
    private final class Load: Sendable {
        let isDone = Atomic(false)
        let appended = Atomic(0)
    }

    @Test("a backup that is made under load holds exactly the events below its position")
    func underLoad() async throws {
        let store = try ShellStore()
        let folder = TemporaryPaths()
        let log = try store.open { Self.tune(&$0) }
        let load = Load()
        var positions: [UInt64] = []
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<6 {
                group.addTask {
                    for number in 0..<5_000 where !load.isDone.load(ordering: .relaxed) {
                        let stream = try StreamID("s\(task)-\(number % 9)")
                        try await log.append(Self.event(task * 10_000 + number), to: stream)
                        load.appended.add(1, ordering: .relaxed)
                    }
                }
            }
            for round in 0..<4 {
                // Between two backups something happens.
                let target = load.appended.load(ordering: .relaxed) + 60
                while load.appended.load(ordering: .relaxed) < target { await Task.yield() }
                let before = log.durablePosition
                let report = try await log.backup(to: folder["backups"])
                let position = try #require(report.backup?.position)
                #expect(position >= before.rawValue && report.backup?.number == UInt64(round + 1))
                positions.append(position)
            }
            load.isDone.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        try await log.seal()
        #expect(log.statistics.sealingDifferences == 0 && log.statistics.sealedSegments > 2)
        let all = try log.events().map { Seen($0) }
        await log.close()
        let check = try await EventLog.checkBackups(at: folder["backups"])
        #expect(check.isSound && check.sound.map(\.position) == positions, "\(check)")
        for (index, position) in positions.enumerated() {
            let path = folder["restored\(index)"]
            let report = try await EventLog.restore(
                from: folder["backups"], at: Position(position), to: path)
            #expect(report.backup?.position == position)
            let restored = try await EventLog.open(at: path)
            let events = try restored.events().map { Seen($0) }
            #expect(events.count == Int(position) && events == Array(all.prefix(events.count)))
            let stream: StreamID = "s0-0"
            let next = try await restored.append(Self.event(77), to: stream)
            #expect(next.positions.lowerBound.rawValue == position)
            await restored.close()
        }
    }

    /// A log with 100 events, sealed, in which nothing happens but what is asked for.
    private static func openQuietly(_ folder: TemporaryPaths) async throws -> EventLog {
        var configuration = Configuration.creating(StoreOptions(segmentBytes: 128 << 10))
        configuration.idleMarkDelay = .seconds(3600)
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        let log = try await EventLog.open(at: folder["store"], configuration)
        for number in 0..<100 { try await log.append(event(number), to: "a") }
        try await log.seal()
        return log
    }

    @Test(
        "a checkpoint of links takes no bytes but those that are not sealed, and outlives a merge")
    func links() async throws {
        let folder = TemporaryPaths()
        let log = try await Self.openQuietly(folder)
        for number in 100..<300 { try await log.append(Self.event(number), to: "a") }
        try await log.seal()
        try await log.append(Self.event(300), to: "a")
        var options = BackupOptions()
        options.links = true
        let sealedCount = log.statistics.sealedFiles
        let report = try await log.backup(to: folder["links"], options)
        #expect(report.linkedFiles == sealedCount && report.copiedFiles == 1 && sealedCount > 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder["links/sealed"])
        #expect(names.count == sealedCount)
        for name in names {
            let facts = try FileManager.default.attributesOfItem(
                atPath: folder["links/sealed/" + name])
            #expect(facts[.referenceCount] as? Int == 2)
        }
        let again = try await log.backup(to: folder["links"], options)
        #expect(again.reusedFiles == sealedCount + 1 && again.linkedFiles == 0)
        // What is pinned and loses its name before it is linked is copied.
        let pin = log.peek { $0.core.pinBackup() }
        let next = try await log.append(Self.event(301), to: "a")
        #expect(next.positions.lowerBound == 301)
        for number in 302..<400 { try await log.append(Self.event(number), to: "a") }
        try await log.seal()
        try await log.merge()
        // One of the names is another file's now.
        let merged = log.peek { $0.core.sealed.files[0].pages.path }
        try FileManager.default.copyItem(
            atPath: folder["store/" + merged],
            toPath: folder["store/" + pin.manifest.sealedFiles[0].path])
        let files = PosixFileSystem(root: folder["late"])
        try files.makeFolder("")
        var run = BackupRun(
            pin, of: log.committer.core.files,
            to: BackupFolder(files: files, path: folder["late"]), options, now: 1)
        let late = try run.run { _, _ in true }
        #expect(late.linkedFiles == 0 && late.copiedFiles == sealedCount + 1)
        let events = try log.events().prefix(301).map { Seen($0) }
        await log.close()
        for name in ["links", "late"] {
            #expect(try await EventLog.checkBackups(at: folder[name]).isSound)
            _ = try await EventLog.restore(from: folder[name], to: folder[name + "-restored"])
            let restored = try await EventLog.open(at: folder[name + "-restored"], .readOnly())
            #expect(try restored.events().map { Seen($0) } == events)
            await restored.close()
        }
    }

    @Test("what waits for a backup is counted, while it waits and no longer")
    func lag() async throws {
        let folder = TemporaryPaths()
        let log = try await Self.openQuietly(folder)
        for number in 100..<200 { try await log.append(Self.event(number), to: "a") }
        try await log.seal()
        for number in 200..<300 { try await log.append(Self.event(number), to: "a") }
        #expect(log.statistics.runningBackups == 0 && log.statistics.heldByBackups == 0)
        var pin: BackupPin? = log.peek { $0.core.pinBackup() }
        let full = log.statistics.fullSegments
        let (files, bytes) = (log.statistics.sealedFiles, log.statistics.sealedFileBytes)
        #expect(full > 0 && files > 1)
        #expect(log.statistics.runningBackups == 1 && log.statistics.heldByBackups == 0)
        try await log.seal()
        await passed { log.statistics.fullSegments == 0 }
        #expect(log.statistics.heldByBackups == full)
        #expect(log.statistics.bytesHeldByBackups == full * 128 << 10)
        try await log.merge()
        #expect(log.statistics.heldByBackups == full + files)
        #expect(log.statistics.bytesHeldByBackups == full * 128 << 10 + bytes)
        pin?.letGoOfSegments()
        #expect(log.statistics.heldByBackups == files)
        pin = nil
        #expect(log.statistics.runningBackups == 0 && log.statistics.bytesHeldByBackups == 0)
        await log.close()
    }

    @Test("one at a time works in a folder of backups, and a closed log is not backed up")
    func locked() async throws {
        let folder = TemporaryPaths()
        let log = try await EventLog.open(
            at: folder["store"],
            .creating(
                StoreOptions(segmentBytes: 128 << 10)))
        try await log.append(Self.event(1), to: "a")
        #expect(try await log.backup(to: folder["backups"]).backup?.position == 1)
        let lockFile = try PosixFileSystem(root: folder["backups"]).lock(BackupFolder.lock)
        for call in 0..<4 {
            let error = await #expect(throws: LogError.self) {
                switch call {
                case 0: _ = try await log.backup(to: folder["backups"])
                case 1: _ = try await EventLog.checkBackups(at: folder["backups"])
                case 2: _ = try await EventLog.pruneBackups(at: folder["backups"], keeping: 1)
                default:
                    _ = try await EventLog.restore(from: folder["backups"], to: folder["new"])
                }
            }
            guard case .locked = error else {
                Issue.record("\(call): \(String(describing: error))")
                continue
            }
        }
        lockFile.unlock()
        #expect(try await EventLog.backups(at: folder["backups"]).map(\.position) == [1])
        await log.close()
        await #expect(throws: LogError.closed) { try await log.backup(to: folder["backups"]) }
        // A folder that is none of backups is not touched.
        let error = await #expect(throws: LogError.self) {
            try await EventLog.checkBackups(at: folder["store"])
        }
        guard case .notAStore = error else { return #expect(Bool(false), "no backups there") }
    }
}

/// A folder for a test, gone when it is.
private final class TemporaryPaths: Sendable {
    private let root = NSTemporaryDirectory() + "emaki-backup-\(UUID().uuidString)"

    init() {
        do {
            try FileManager.default.createDirectory(
                atPath: root, withIntermediateDirectories: true)
        } catch {
            Issue.record("\(root): \(error)")
        }
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { print("\(root): \(error)") }
    }

    subscript(name: String) -> String { root + "/" + name }
}
