import EmakiPlatform
import Testing

@testable import EmakiLog

/// Backups and what is restored from them, by one thread on disks in memory.
@Suite("Backup and restore") struct BackupTests {
    @Test("a restored store holds every event up to the stated position", arguments: 0..<6)
    func roundTrip(seed: UInt64) throws {
        let sample = try BackupSample(seed: seed, blockBytes: seed % 2 == 0 ? 512 : 4096)
        let random = SeededEntropy(seed: seed)
        for _ in 0..<4 {
            switch random.below(4) {
            case 0: try sample.append(random.below(20))
            case 1:
                try sample.fill(1 + random.below(2))
                try sample.harness.core.seal()
            case 2: try sample.fill(2)
            default:
                try sample.harness.mark()
                try sample.harness.reopen()
            }
            let report = try sample.backUp()
            #expect(report.backup?.position == sample.harness.core.durableEnd.rawValue)
            #expect(try sample.restoredContent() == sample.harness.model)
            #expect(try sample.harness.core.content() == sample.harness.model)
        }
        let check = try sample.check()
        #expect(check.isSound && check.sound.map(\.number) == [1, 2, 3, 4], "\(check)")
        // Each of them, also after all the others.
        for backup in check.sound {
            let content = try sample.restoredContent(at: backup.position)
            #expect(
                content.events == Array(sample.harness.model.events.prefix(content.events.count)))
            #expect(content.events.count == Int(backup.position))
        }
    }

    @Test("a store without an event can be backed up and restored")
    func empty() throws {
        let sample = try BackupSample()
        let report = try sample.backUp()
        #expect(report.backup?.position == 0 && report.backup?.files == 0)
        #expect(try sample.restoredContent() == LogContent())
        #expect(try sample.check().isSound)
    }

    @Test("a group that is being written is not in the backup, and not looked at")
    func writeThatIsOut() throws {
        let sample = try BackupSample.typical()
        let durable = sample.harness.model
        try sample.harness.stage([StreamAppend(to: "late", [Event(type: "T", text: "1")])])
        let write = sample.harness.core.beginGroup(at: 5)
        try sample.harness.stage([StreamAppend(to: "later", [Event(type: "T", text: "2")])])
        let pin = sample.harness.core.pinBackup()
        #expect(sample.harness.core.end.lastGroup == pin.end.lastGroup + 1)
        #expect(try sample.backUp(pin).backup?.position == UInt64(durable.events.count))
        #expect(try sample.restoredContent() == durable)
        // Once it came back it is.
        try write.perform()
        sample.harness.core.finish(write)
        #expect(sample.harness.core.pinBackup().end == write.end)
        #expect(try sample.backUp().backup?.position == UInt64(durable.events.count) + 1)
    }

    @Test("a pinned log is backed up as it was, whatever happened to it meanwhile")
    func pinned() throws {
        let sample = try BackupSample.typical()
        try sample.fill(1)
        let then = sample.harness.model
        let pin = sample.harness.core.pinBackup()
        try sample.fill(2)
        try sample.harness.core.seal()
        #expect(try sample.harness.core.merge(all: true))
        try sample.harness.core.prepareSegments()
        try sample.fill(2)
        #expect(sample.harness.files.filePaths.filter { $0.hasPrefix("sealed/") }.count == 1)
        let report = try sample.backUp(pin)
        #expect(report.copiedFiles == 2 && report.backup?.position == UInt64(then.events.count))
        #expect(try sample.restoredContent() == then)
        #expect(try sample.harness.core.content() == sample.harness.model)
    }

    @Test("segments whose events are leaving the index are in the sealed file, and not twice")
    func betweenSwitchAndDrop() throws {
        let sample = try BackupSample.typical()
        let core = sample.harness.core
        guard let sealing = core.planSealing() else { return #expect(Bool(false), "a full one") }
        let made = try sealing.run(in: sample.harness.files)
        let step = core.beginSwitch(sealing, to: made)
        try step.perform(in: sample.harness.files)
        core.finish(step, of: sealing, to: made)
        #expect(!core.dropSealed(sealing, limit: 1))
        let pin = core.pinBackup()
        #expect(pin.sealed.files.count == 2 && pin.segments.count < core.activeIndex + 1)
        #expect(pin.segments.allSatisfy { $0.number > core.manifest.anchorSegment })
        #expect(try sample.backUp().backup != nil)
        #expect(try sample.restoredContent() == sample.harness.model)
        #expect(core.dropSealed(sealing))
    }

    // MARK: Incremental

    @Test("what an earlier backup brought is not written again")
    func incremental() throws {
        let sample = try BackupSample.typical()
        let first = try sample.backUp()
        #expect(first.copiedFiles == 2 && first.reusedFiles == 0)
        // Nothing happened: nothing is written but the manifest.
        let before = sample.backups.contents
        let second = try sample.backUp()
        #expect(second.copiedFiles == 0 && second.reusedFiles == 2 && second.writtenBytes == 0)
        let added = Set(sample.backups.contents.keys).subtracting(before.keys)
        #expect(added == ["backup-00000002"])
        #expect(before.allSatisfy { sample.backups.contents[$0.key] == $0.value })
        // What was sealed since is written, and so is what was not.
        try sample.fill(1)
        try sample.harness.core.seal()
        let third = try sample.backUp()
        #expect(third.copiedFiles == 2 && third.reusedFiles == 1)
        // A merge makes all files new.
        try sample.harness.core.merge(all: true)
        let fourth = try sample.backUp()
        #expect(fourth.copiedFiles == 2 && fourth.reusedFiles == 0)
        #expect(try sample.restoredContent() == sample.harness.model)
        let check = try sample.check()
        #expect(check.sound.map(\.number) == [1, 2, 3, 4] && check.isSound)
        // Each file once: two of the first, of the third and of the fourth backup.
        #expect(check.files == 6)
    }

    @Test("a damaged file of an earlier backup is not reused but replaced")
    func damagedEarlier() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let path = try #require(sample.backups.filePaths.first { $0.hasPrefix("sealed/") })
        sample.backups.edit(path) { bytes in
            for index in bytes.indices { bytes[index] = 0 }
        }
        #expect(try sample.check().damaged == [1])
        #expect(try sample.backUp().copiedFiles == 1)
        #expect(try sample.check().sound.map(\.number) == [1, 2])
    }

    @Test("only the newest backups stay, and what only the others had goes")
    func pruning() throws {
        let sample = try BackupSample.typical()
        for _ in 0..<4 {
            try sample.append(5)
            try sample.backUp()
        }
        try sample.fill(1)
        try sample.harness.core.seal()
        try sample.harness.core.merge(all: true)
        let report = try sample.backUp { $0.keeps = 2 }
        #expect(report.removedBackups == 3)
        #expect(try sample.folder.listing().backups.map(\.number) == [4, 5])
        let inFolders = sample.backups.filePaths.filter { $0.contains("/") }
        #expect(Set(inFolders) == (try sample.folder.listing().listedPaths))
        #expect(try sample.check().isSound)
        #expect(try sample.folder.prune(keeping: 1) == 1)
        #expect(try sample.folder.prune(keeping: 1) == 0)
        #expect(try sample.restoredContent() == sample.harness.model)
        #expect(
            throws: LogError.invalid(.option(name: "keep", reason: "is 0; at least one is kept"))
        ) { try sample.folder.prune(keeping: 0) }
        #expect(throws: LogError.self) { try sample.backUp { $0.keeps = 0 } }
    }

    @Test("a backup that is ended early changes no other, and what it copied serves the next")
    func endedEarly() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        try sample.fill(2)
        try sample.harness.core.seal()
        try sample.append(14)
        let listed = try sample.folder.listed
        let before = sample.backups.contents
        var wholeAt: Int?
        for limit in 0..<200 {
            sample.backups = sample.backups.clone()
            var calls = 0
            let report = try sample.backUp(progress: { _, _ in
                calls += 1
                return calls <= limit
            })
            guard report.isCutShort else {
                wholeAt = limit
                break
            }
            #expect(report.backup == nil && !sample.backups.filePaths.contains("backup-00000002"))
            #expect(!sample.backups.filePaths.contains { $0.hasSuffix(".new") })
            for path in listed { #expect(sample.backups[path] == before[path] ?? []) }
        }
        // Asked for each stream of what is not sealed, and for each piece of the files.
        #expect(wholeAt ?? 0 > 7)
        #expect(try sample.restoredContent() == sample.harness.model)
    }

    // MARK: Folders

    @Test("backups go into a folder of their own store's backups, or an empty one")
    func folders() throws {
        let sample = try BackupSample.typical()
        sample.backups["notes.txt"] = [1]
        #expect(throws: LogError.alreadyExists(path: "backups/notes.txt")) { try sample.backUp() }
        #expect(sample.backups.filePaths == ["notes.txt"])
        sample.backups = MemoryFileSystem()
        #expect(throws: LogError.notAStore(path: "backups", reason: "there is no BACKUP file")) {
            try sample.check()
        }
        let other = try BackupSample.typical(seed: 2)
        try other.backUp()
        sample.backups = other.backups
        let before = other.backups.contents
        guard
            case .invalid(.option("folder", _)) = #expect(
                throws: LogError.self,
                performing: {
                    try sample.backUp()
                })
        else { return #expect(Bool(false), "another store's") }
        #expect(other.backups.contents == before)
    }

    @Test("a restore goes into an empty folder, and leaves any other as it is")
    func occupied() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let taken = MemoryFileSystem()
        taken["notes.txt"] = [1]
        #expect(throws: LogError.alreadyExists(path: "restored/notes.txt")) {
            try sample.restore(to: taken)
        }
        #expect(taken.contents == ["notes.txt": [1]])
        let store = try sample.restore().0
        let before = store.contents
        #expect(throws: LogError.self) { try sample.restore(to: store) }
        #expect(store.contents == before)
    }

    @Test("a backup is chosen by its position, and there must be one")
    func choosing() throws {
        let sample = try BackupSample.typical()
        let first = try sample.backUp().backup
        try sample.append(5)
        let second = try sample.backUp().backup
        let position = try #require(first?.position)
        #expect(try sample.folder.backup(at: Position(position)).number == 1)
        #expect(try sample.folder.backup(at: nil).number == second?.number)
        #expect(throws: LogError.self) {
            try sample.folder.backup(at: Position(position + 1))
        }
        // With the newest damaged, an older one is restored only to whom asks for it.
        sample.backups.edit("backup-00000002") { $0 = $0.map { _ in 0 } }
        #expect(throws: LogError.self) { try sample.folder.backup(at: nil) }
        #expect(try sample.folder.backup(at: Position(position)).number == 1)
        #expect(try sample.check().damaged == [2])
        // What it may list stays.
        let paths = sample.backups.filePaths.filter { $0.contains("/") }
        try sample.append(1)
        let third = try sample.backUp { $0.keeps = 2 }
        #expect(third.backup?.number == 3)
        #expect(paths.allSatisfy { sample.backups.filePaths.contains($0) })
        #expect(try sample.backUp { $0.keeps = 1 }.removedBackups == 3)
        #expect(try sample.check().sound.map(\.number) == [4])
    }

    // MARK: Stores that are not as they should be

    @Test("a log that was opened for reading is backed up, one with damage stepped over is not")
    func readingOnly() throws {
        let sample = try BackupSample.typical()
        try sample.harness.mark()
        try sample.harness.reopen(.readOnly())
        let before = sample.harness.files.contents
        try sample.backUp()
        #expect(sample.harness.files.contents == before)
        #expect(try sample.restoredContent() == sample.harness.model)
        sample.harness.core.closeFiles()
        let sealed = try #require(sample.harness.files.filePaths.first { $0.hasPrefix("sealed/") })
        sample.harness.files.forget(sealed)
        try sample.harness.reopen(.readOnly(toleratingDamage: true))
        let error = #expect(throws: LogError.self) { try sample.backUp() }
        guard case .corrupt(let corruption) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(corruption.file == sealed && corruption.reason == .missingFile)
        #expect(try sample.folder.listing().backups.count == 1)
    }

    @Test("what a repair declared lost is lost in the restored store, too, and nothing else")
    func losses() throws {
        let sample = try BackupSample.typical()
        try sample.append(6)
        // A frame in the middle of what is not sealed.
        let segment = sample.harness.core.active
        let path = segment.path
        let start = sample.harness.core.gathering.start
        sample.harness.files.edit(path) { $0[start - 3 * 4096 + 40] ^= 1 }
        sample.harness.core.closeFiles()
        var repair = Repair(files: sample.harness.files)
        #expect(try repair.run().losses.count == 1)
        try sample.harness.reopen()
        let content = try sample.harness.core.content()
        #expect(content.events.count { $0 == nil } == 1)
        try sample.backUp()
        #expect(try sample.restoredContent() == content)
        #expect(try sample.check().isSound)
    }

    // MARK: The restored store

    @Test("a restored store goes on where the backup ends, with a life of its own")
    func goesOn() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let (files, report) = try sample.restore(method: .dataSync)
        #expect(report.events == sample.harness.model.events.count && report.backup?.number == 1)
        #expect(!files.filePaths.contains(StoreFolder.restoring))
        let core = try openCore(files)
        #expect(core.receipt.strangers.isEmpty && core.syncMethod == .dataSync)
        let old = Set(sample.harness.core.segments.map(\.identity.incarnation))
        #expect(core.segments.allSatisfy { !old.contains($0.identity.incarnation) })
        #expect(core.segments[0].number == sample.harness.core.active.number + 1)
        #expect(core.store.storeID == sample.harness.core.store.storeID)
        let stream = StreamID("s3")
        let head = try core.durableVersion(of: stream)
        let end = core.durableEnd
        let next = Event(type: "T", text: "next")
        func offer(_ expected: ExpectedVersion) throws -> OfferedBatch {
            try core.offer([StreamAppend(to: stream, [next], expecting: expected)])
        }
        guard case .refused(.versionConflict(stream, head), _) = try offer(.noStream) else {
            return #expect(Bool(false), "the stream is there")
        }
        guard case .staged(let positions, let versions) = try offer(.version(head)) else {
            return #expect(Bool(false), "the next version")
        }
        #expect(positions.lowerBound == end && versions == [StreamVersion(head.rawValue + 1)])
        try core.commit(at: 9)
        core.closeFiles()
        let again = try openCore(files)
        #expect(try again.durableVersion(of: stream).rawValue == head.rawValue + 1)
        #expect(again.durableEnd == end.advanced(by: 1))
        again.closeFiles()
    }

    @Test("original and restored store are backed up into one folder, each for itself")
    func twoLives() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let (files, _) = try sample.restore()
        // Both go on, differently, and seal a file of the same number.
        try sample.fill(1)
        try sample.harness.core.seal()
        try sample.backUp()
        let original = sample.harness.model
        let core = try openCore(files)
        try core.prepareSegments()
        for number in 0..<20 {
            let event = Event(type: "U", payload: bytes(9_000, seed: number))
            _ = try core.offer([StreamAppend(to: "other", [event])])
            try core.commit(at: 7)
            try core.prepareSegments()
        }
        #expect(try core.seal())
        var run = BackupRun(
            core.pinBackup(), of: files, to: sample.folder, BackupOptions(), now: 3)
        #expect(try run.run { _, _ in true }.backup?.number == 3)
        let second = try sample.folder.listing().backups[1].end.nextPosition
        #expect(try sample.restoredContent() == core.content())
        #expect(try sample.restoredContent(at: second.rawValue) == original)
        #expect(try sample.check().sound.count == 3)
        core.closeFiles()
    }
}
