import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Backups and restores that are refused by the disk or lose power, at every call.
@Suite("Backup and restore: what goes wrong") struct BackupFaultTests {
    /// A log with one backup, and so much more in it that the next one writes something of each
    /// kind and removes something, too.
    private final class Subject {
        let sample: BackupSample
        let firstModel: LogContent
        let firstPosition: UInt64
        /// The folder before the backup that goes wrong.
        let before: MemoryFileSystem

        init() throws {
            sample = try BackupSample.typical()
            try sample.backUp()
            firstModel = sample.harness.model
            firstPosition = UInt64(firstModel.events.count)
            // What a backup that was interrupted left.
            sample.backups["sealed/00000009-00000001"] = [1]
            sample.backups["sealed/00000009-00000002.new"] = [1]
            sample.backups["tails/00000002"] = [1]
            sample.backups["backup-00000002.new"] = [1]
            try sample.harness.core.seal()
            try sample.append(3)
            before = sample.backups
        }

        /// The earlier backup is good, the log unharmed, and the next backup works.
        func check(_ disk: MemoryFileSystem, _ attempt: String) throws {
            sample.backups = disk
            let listing = try sample.folder.listing()
            let numbers = listing.backups.map(\.number)
            #expect(numbers == [1] || numbers == [1, 2], "\(attempt): \(numbers)")
            #expect(listing.damages.isEmpty && listing.halfBad.isEmpty, "\(attempt)")
            let content = try sample.restoredContent(at: firstPosition)
            #expect(content == firstModel, "\(attempt): the earlier backup")
            if numbers.last == 2 {
                let content = try sample.restoredContent()
                #expect(content == sample.harness.model, "\(attempt): the backup")
            }
            let report = try sample.backUp()
            #expect(report.backup?.number == UInt64(numbers.count) + 1, "\(attempt)")
            #expect(try sample.restoredContent() == sample.harness.model, "\(attempt): the next")
            #expect(try sample.check().isSound, "\(attempt): the next")
            let inFolders = disk.filePaths.filter { $0.contains("/") || $0.hasSuffix(".new") }
            let listed = try sample.folder.listing().listedPaths
            #expect(Set(inFolders) == listed, "\(attempt): leftovers")
        }
    }

    @Test(
        "any call of a backup may fail: earlier backups and the log stay good, the next one works",
        arguments: MemoryFileSystem.Call.allCases, [false, true])
    func failingBackup(_ kind: MemoryFileSystem.Call, _ takesEffect: Bool) throws {
        let subject = try Subject()
        var failureCount = 0
        for number in 1... {
            let disk = subject.before.clone()
            subject.sample.backups = disk
            disk.fault = .init(kind: kind, number: number, takesEffect: takesEffect)
            do throws(LogError) {
                _ = try subject.sample.backUp { $0.keeps = 5 }
                guard disk.didFail else { break }
            } catch {
                #expect(error != .closed)
                failureCount += 1
            }
            disk.fault = nil
            try subject.check(disk, "\(kind) \(number), effect \(takesEffect)")
        }
        // A read that fails is made again, page by page.
        let isMade = ![.writeDurably, .resize, .makeFolder, .read].contains(kind)
        // What only looks has no effect.
        let hasEffect = ![.byteCount, .read, .dropCache, .list, .kind].contains(kind)
        let isPossible = isMade && (hasEffect || !takesEffect)
        #expect((failureCount > 0) == isPossible, "\(kind): \(failureCount) failures")
    }

    @Test("any read of the log's files may fail, too", arguments: [EIO, ENXIO])
    func failingSource(_ code: Int32) throws {
        let subject = try Subject()
        let files = subject.sample.harness.files
        let contents = files.contents
        var failureCount = 0
        for number in 1... {
            let disk = subject.before.clone()
            subject.sample.backups = disk
            files.resetCounts()
            files.fault = .init(kind: .read, number: number, code: code)
            do throws(LogError) {
                _ = try subject.sample.backUp()
                guard files.didFail else { break }
            } catch {
                failureCount += 1
            }
            files.fault = nil
            #expect(files.contents == contents)
            try subject.check(disk, "read \(number)")
        }
        files.fault = nil
        // What the device does not give once is read again, page by page.
        #expect(code == EIO ? failureCount == 0 : failureCount > 0)
    }

    @Test(
        "power may go at any call of a backup: what is left is the backup, or no trace that counts",
        arguments: [false, true])
    func powerLoss(takesEffect: Bool) throws {
        let subject = try Subject()
        var cutCount = 0
        for number in 1... {
            let disk = subject.before.clone()
            subject.sample.backups = disk
            disk.fault = .init(number: number, takesEffect: takesEffect, changesUntilStop: 0)
            do throws(LogError) {
                _ = try subject.sample.backUp { $0.keeps = 5 }
                guard disk.didFail else { break }
            } catch {}
            cutCount += 1
            for (entries, bytes) in [(true, true), (true, false), (false, true), (false, false)] {
                let left = disk.afterPowerLoss(keepingEntries: entries, keepingBytes: bytes)
                try subject.check(
                    left, "change \(number), effect \(takesEffect), \(entries), \(bytes)")
            }
        }
        #expect(cutCount > 20)
    }

    @Test("power may go while the folder is made, and while old backups are removed")
    func powerLossAround() throws {
        let sample = try BackupSample.typical()
        for number in 1... {
            let disk = MemoryFileSystem()
            sample.backups = disk
            disk.fault = .init(number: number, changesUntilStop: 0)
            do throws(LogError) {
                _ = try sample.backUp()
                guard disk.didFail else { break }
            } catch {}
            for (entries, bytes) in [(true, true), (true, false), (false, true), (false, false)] {
                sample.backups = disk.afterPowerLoss(keepingEntries: entries, keepingBytes: bytes)
                try sample.backUp()
                #expect(try sample.restoredContent() == sample.harness.model, "change \(number)")
            }
        }
        sample.backups = MemoryFileSystem()
        try sample.backUp()
        try sample.append(3)
        try sample.harness.core.seal()
        try sample.backUp()
        let before = sample.backups
        for number in 1... {
            let disk = before.clone()
            sample.backups = disk
            disk.fault = .init(number: number, changesUntilStop: 0)
            do throws(LogError) {
                _ = try sample.folder.prune(keeping: 1)
                guard disk.didFail else { break }
            } catch {}
            for (entries, bytes) in [(true, true), (true, false), (false, true), (false, false)] {
                sample.backups = disk.afterPowerLoss(keepingEntries: entries, keepingBytes: bytes)
                #expect(try sample.check().isSound, "change \(number), \(entries), \(bytes)")
                #expect(try sample.restoredContent() == sample.harness.model, "change \(number)")
                _ = try sample.folder.prune(keeping: 1)
                #expect(sample.backups.filePaths.filter { $0.contains("/") }.count == 3)
            }
        }
    }

    // MARK: Restoring

    @Test(
        "any call of a restore may fail: there is no store, or all of it, and it can be repeated",
        arguments: MemoryFileSystem.Call.allCases, [false, true])
    func failingRestore(_ kind: MemoryFileSystem.Call, _ takesEffect: Bool) throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        for number in 1... {
            let disk = MemoryFileSystem()
            disk.fault = .init(kind: kind, number: number, takesEffect: takesEffect)
            do throws(LogError) {
                _ = try sample.restore(to: disk)
                guard disk.didFail else { break }
            } catch {}
            disk.fault = nil
            try Self.checkRestored(disk, sample, "\(kind) \(number)")
        }
    }

    @Test(
        "power may go at any call of a restore: there is no store, or all of it",
        arguments: [false, true])
    func powerLossRestoring(takesEffect: Bool) throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        var cutCount = 0
        for number in 1... {
            let disk = MemoryFileSystem()
            disk.fault = .init(number: number, takesEffect: takesEffect, changesUntilStop: 0)
            do throws(LogError) {
                _ = try sample.restore(to: disk)
                guard disk.didFail else { break }
            } catch {}
            cutCount += 1
            for (entries, bytes) in [(true, true), (true, false), (false, true), (false, false)] {
                let left = disk.afterPowerLoss(keepingEntries: entries, keepingBytes: bytes)
                try Self.checkRestored(left, sample, "change \(number), \(entries), \(bytes)")
            }
        }
        #expect(cutCount > 20)
    }

    /// A store that is whole, or none and a folder that takes one.
    private static func checkRestored(
        _ disk: MemoryFileSystem, _ sample: BackupSample, _ attempt: String
    ) throws {
        let isStore = disk.filePaths.contains(StoreFile.twin.name)
        if !isStore { _ = try sample.restore(to: disk) }
        let core = try openCore(disk)
        #expect(try core.content() == sample.harness.model, "\(attempt)")
        #expect(core.receipt.strangers.isEmpty, "\(attempt): \(core.receipt.strangers)")
        core.closeFiles()
    }

    @Test("a restore that is ended early leaves no store, and can be repeated")
    func endedEarly() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        for limit in 0..<20 {
            let disk = MemoryFileSystem()
            var calls = 0
            let (_, report) = try sample.restore(
                to: disk,
                progress: { _, _ in
                    calls += 1
                    return calls <= limit
                })
            guard report.isCutShort else { break }
            #expect(report.backup == nil && !disk.filePaths.contains(StoreFile.twin.name))
            try Self.checkRestored(disk, sample, "ended after \(limit)")
        }
    }
}
