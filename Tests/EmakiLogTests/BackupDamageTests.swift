import EmakiPlatform
import Testing

@testable import EmakiLog

/// Damage in a backup is found, and mended where there is parity; damage in a store is not copied.
@Suite("Backup: damage") struct BackupDamageTests {
    /// A place in each page of each file of a folder with one backup.
    private static func places(_ disk: MemoryFileSystem) -> [(path: String, offset: Int)] {
        disk.filePaths.flatMap { path in
            // Of small files: header, checksum and contents of each of the two copies.
            let offsets =
                path.contains("/")
                ? Array(stride(from: 0, to: disk[path].count, by: 4096)).map { $0 + 100 }
                : [0, 9, 40].flatMap { [$0, disk[path].count / 2 + $0] }
            return offsets.map { (path, $0) }
        }
    }

    @Test("a flipped bit anywhere in a backup is found by a check, which mends it")
    func flips() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let whole = sample.backups
        let wanted = whole.contents
        let places = Self.places(whole)
        #expect(places.count > 50)
        for (path, offset) in places {
            let disk = whole.clone()
            sample.backups = disk
            disk.edit(path) { $0[offset] ^= 4 }
            let report = try sample.check()
            #expect(report.isSound && report.repairedPages == 1, "\(path):\(offset): \(report)")
            #expect(disk.contents == wanted, "\(path):\(offset)")
        }
    }

    @Test("a backup with a flipped bit anywhere is restored whole, and left as it is")
    func restoresMended() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let whole = sample.backups
        for (path, offset) in Self.places(whole) {
            let disk = whole.clone()
            sample.backups = disk
            disk.edit(path) { $0[offset] ^= 4 }
            let before = disk.contents
            let (files, report) = try sample.restore()
            #expect(
                try BackupSample.content(of: files) == sample.harness.model, "\(path):\(offset)")
            // Manifests are there twice, and parity itself is not needed.
            #expect(report.repairedPages == (path.contains("/") ? 1 : 0), "\(path):\(offset)")
            #expect(disk.contents == before)
        }
    }

    @Test(
        "damage beyond the parity, or a file that is gone, is found and named; nothing is restored")
    func beyondParity() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        try sample.append(2)
        try sample.backUp()
        let whole = sample.backups
        for path in whole.filePaths where path.contains("/") {
            for harm in 0..<4 {
                let disk = whole.clone()
                sample.backups = disk
                switch harm {
                case 0: disk.forget(path)
                case 1: disk.edit(path) { $0.removeLast(4096) }
                case 2: disk.edit(path) { $0 = $0.map { _ in 0 } }
                default:
                    // All but the footers.
                    disk.edit(path) { for at in 4096..<$0.count - 4096 { $0[at] ^= 1 } }
                }
                let report = try sample.check()
                let isShared = path.hasPrefix("sealed/")
                #expect(report.damages.map(\.file) == [path], "\(path), \(harm)")
                let damaged: [UInt64] = isShared ? [1, 2] : path.hasSuffix("1") ? [1] : [2]
                #expect(report.damaged == damaged && !report.isSound, "\(path), \(harm)")
                #expect(report.sound.count == 2 - damaged.count)
                guard damaged.contains(2) else { continue }
                let target = MemoryFileSystem()
                let error = #expect(throws: LogError.self) { try sample.restore(to: target) }
                guard case .corrupt(let corruption) = error else {
                    Issue.record("\(path), \(harm): \(String(describing: error))")
                    continue
                }
                #expect(corruption.file == path)
                #expect(!target.filePaths.contains(StoreFile.twin.name))
            }
        }
    }

    @Test("a manifest of which both copies are bad is damage, and no other backup suffers")
    func badManifest() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let model = sample.harness.model
        try sample.append(2)
        try sample.backUp()
        sample.backups.edit("backup-00000002") { bytes in
            for at in [40, bytes.count / 2 + 40] { bytes[at] ^= 1 }
        }
        let report = try sample.check()
        #expect(report.damaged == [2] && report.sound.map(\.number) == [1])
        #expect(try sample.restoredContent(at: UInt64(model.events.count)) == model)
        // Under another name it is another backup's.
        sample.backups["backup-00000007"] = sample.backups["backup-00000001"]
        #expect(try sample.check().damaged == [2, 7])
    }

    @Test("a file that is another one than the manifest lists is found, though it is whole")
    func otherFile() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let other = try BackupSample.typical(seed: 1)
        try other.append(1)
        try other.backUp()
        // The tail of a longer life of the same store.
        sample.backups["tails/00000001"] = other.backups["tails/00000001"]
        let report = try sample.check()
        #expect(report.damages.map(\.reason) == [.outdated] && report.damaged == [1])
    }

    @Test("a damaged page of the store is whole in the backup, and counted")
    func sourceDamage() throws {
        let sample = try BackupSample.typical()
        let path = try #require(sample.harness.files.filePaths.first { $0.hasPrefix("sealed/") })
        let size = sample.harness.files[path].count
        for offset in stride(from: 4096 + 7, to: size - 4096, by: 4096) {
            sample.backups = MemoryFileSystem()
            sample.harness.files.edit(path) { $0[offset] ^= 1 }
            let report = try sample.backUp()
            let footer = sample.harness.core.sealed.files[0].footer
            let isParity = offset / 4096 > footer.coveredPageCount
            #expect(report.repairedPages == (isParity ? 0 : 1), "\(offset)")
            #expect(try sample.restoredContent() == sample.harness.model, "\(offset)")
            sample.harness.files.edit(path) { $0[offset] ^= 1 }
        }
        // Beyond the parity there is no backup, and the error names the store's file.
        sample.harness.files.edit(path) { for at in 4096..<size - 4096 { $0[at] ^= 1 } }
        sample.backups = MemoryFileSystem()
        let error = #expect(throws: LogError.self) { try sample.backUp() }
        guard case .corrupt(let corruption) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(corruption.file == path)
        #expect(try sample.folder.listing().backups.isEmpty)
        #expect(!sample.backups.filePaths.contains { $0.hasSuffix(".new") })
    }

    @Test("a frame that rots in memory is never backed up")
    func memoryDamage() throws {
        let sample = try BackupSample.typical()
        let segment = sample.harness.core.active
        // In the payload of the last frame.
        let offset = sample.harness.core.gathering.start - 4096 + FrameHeader.byteCount + 30
        let byte = segment.image.loadUInt8(at: offset)
        segment.image.store(byte ^ 1, at: offset)
        let error = #expect(throws: LogError.self) { try sample.backUp() }
        guard case .corrupt = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        segment.image.store(byte, at: offset)
        #expect(try sample.backUp().backup?.number == 1)
    }

    @Test("a manifest of any bytes is refused, or makes sense")
    func forgedManifests() throws {
        let sample = try BackupSample.typical()
        try sample.backUp()
        let whole = sample.backups["backup-00000001"]
        let half = whole.count / 2
        let contentEnd =
            TwinFile.headerBytes + BackupManifest.headerBytes
            + 2 * BackupManifest.entryBytes
        for offset in TwinFile.headerBytes..<contentEnd {
            for value: UInt8 in [0, 1, 0x7f, 0xff] where whole[offset] != value {
                var forged = whole
                for start in [0, half] {
                    forged[start + offset] = value
                    let sum = Array(forged[start + 12..<start + contentEnd]).withRawSpan {
                        Checksum.crc32c($0)
                    }
                    for byte in 0..<4 {
                        forged[start + 8 + byte] = UInt8(truncatingIfNeeded: sum >> (8 * byte))
                    }
                }
                let disk = sample.backups.clone()
                disk["backup-00000001"] = forged
                let folder = BackupFolder(files: disk, path: "backups")
                guard let manifest = try folder.listing().backups.first else { continue }
                #expect(manifest.restored.isConsistent && manifest.restored.hasRoom)
            }
        }
    }
}
