import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Each step of a sealing that may go wrong, alone; and a few numbers of MANIFEST.
@Suite struct MutantSealingTests {
    /// A store with a full segment that has a small event.
    private static func harness(_ payload: UInt8 = 1) throws -> CoreHarness {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[payload]])
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
        return harness
    }

    private static func entry(_ core: LogCore) -> SealedEntry {
        SealedEntry(number: core.manifest.nextSealedNumber, positions: 0..<1, footerChecksum: 0)
    }

    @Test("nothing is sealed before what earlier stops left is gone, nor beyond the limit of files")
    func noPlan() throws {
        let core = try Self.harness().core
        core.isCleaning = true
        #expect(core.planSealing() == nil)
        core.isCleaning = false
        let listed = core.manifest.sealedFiles
        core.manifest.sealedFiles = (0..<Limits.sealedFileCountMax).map {
            SealedEntry(number: UInt64($0), positions: 0..<1, footerChecksum: 0)
        }
        #expect(core.planSealing() == nil)
        let count = Limits.sealedFileCountMax
        #expect(
            core.sealedFileRefusal == .tooLarge(.sealedFiles, limit: count, value: count + 1))
        core.manifest.sealedFiles.removeLast()
        #expect(core.sealedFileRefusal == nil)
        core.manifest.sealedFiles = listed
        #expect(core.planSealing() != nil)
    }

    @Test(
        "a segment that ends on the device within its frames is noticed, though zeros are missing")
    func cutSegment() throws {
        let harness = try Self.harness()
        let layout = harness.core.layout
        let end = layout.framesOffset + layout.blockBytes
        // Behind the event its frame is zeros.
        harness.files.readEnd = (harness.core.segments[0].path, end - 100)
        #expect(try harness.core.seal())
        #expect(harness.core.counters.sealingDifferences == 1)
    }

    @Test("a segment that cannot be read is noticed; a device that fails ends the sealing")
    func unreadableSegment() throws {
        for (code, isUnreadable) in [(EIO, true), (ENXIO, false)] {
            let harness = try Self.harness()
            let openBefore = harness.files.openFileCount
            harness.files.resetCounts()
            harness.files.fault = .init(kind: .read, number: 1, code: code)
            if isUnreadable {
                #expect(try harness.core.seal())
                #expect(harness.core.counters.sealingDifferences == 1)
            } else {
                let error = #expect(throws: LogError.self) { try harness.core.seal() }
                guard case .disk = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(harness.files.openFileCount == openBefore)
                #expect(harness.core.sealed.files.isEmpty)
            }
        }
    }

    @Test("what an earlier sealing left under the temporary name is replaced")
    func leftover() throws {
        let harness = try Self.harness()
        try harness.files.makeFolderIfMissing(StoreFolder.sealed)
        harness.files[Self.entry(harness.core).temporaryPath] = [1, 2, 3]
        #expect(try harness.core.seal())
        #expect(!harness.files.filePaths.contains { $0.hasSuffix(SealedEntry.temporarySuffix) })
        #expect(try harness.core.content() == harness.model)
    }

    @Test("a sealing that is told to stop, at any time, leaves nothing behind")
    func stopped() throws {
        for count in 0..<3 {
            let harness = try Self.harness()
            let before = harness.files.contents
            guard let sealing = harness.core.planSealing() else { throw HarnessError.repeated }
            var left = count
            do throws(LogError) {
                _ = try sealing.run(in: harness.files) {
                    left -= 1
                    return left < 0
                }
                // It was asked no more than this.
                #expect(count == 2)
            } catch {
                #expect(error == .closed)
                #expect(harness.files.contents == before)
            }
        }
    }

    @Test("one that is to stop at once opens no file")
    func stoppedAtOnce() throws {
        let harness = try Self.harness()
        let sealing = try #require(harness.core.planSealing())
        harness.files.resetCounts()
        #expect(throws: LogError.closed) { try sealing.run(in: harness.files) { true } }
        #expect(harness.files.callCount == 0)
    }

    @Test(
        "segments are read past the page cache, the name is durable, and what was opened is closed")
    func calls() throws {
        let harness = try Self.harness()
        let sealing = try #require(harness.core.planSealing())
        let path = SealedEntry.path(ofNumber: sealing.number)
        let segment = harness.core.segments[0].path
        let openCount = harness.files.openFileCount
        harness.files.keepsLog = true
        let made = try sealing.run(in: harness.files)
        #expect(harness.files.openFileCount == openCount + 1, "the new file")
        made.file?.pages.close()
        #expect(harness.files.openFileCount == openCount)
        let log = harness.files.log
        #expect(log.prefix(3) == ["open \(segment)", "dropCache \(segment)", "read \(segment)"])
        let named = try #require(log.firstIndex(of: "rename \(path).new \(path)"))
        #expect(log[named...].contains("syncFolder \(StoreFolder.sealed)"))
    }

    @Test("what streams have lost is written again only if it is in another file by now")
    func renewals() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        for isRemoving in [false, true] {
            if isRemoving {
                guard case .staged = try harness.core.offerRemoval(of: "a", through: 1) else {
                    throw HarnessError.repeated
                }
                try harness.core.commit(at: 1)
            } else {
                try harness.append(to: "b", [[2]])
            }
            try harness.core.prepareSegments()
            #expect(harness.core.leaveSegment(harness.core.activeNumber))
            let sealing = try #require(harness.core.planSealing())
            var made = try sealing.run(in: harness.files)
            for before in [sealing.removalsBefore, RemovalFile(number: 999)] {
                let isOther = before?.number == 999
                if isOther {
                    try RemovalFile(number: 999).make(
                        [:], storeID: harness.core.store.storeID, in: harness.files)
                }
                harness.files.resetCounts()
                try sealing.renewRemovals(&made, before: before, in: harness.files)
                #expect((harness.files.changeCount > 0) == (isRemoving && isOther))
            }
            made.file?.pages.close()
            harness.core.fail(sealing, with: .closed)
        }
    }

    @Test("another sound file in the place of the new one gets no name")
    func swapped() throws {
        let other = try Self.harness(2)
        #expect(try other.core.seal())
        let harness = try Self.harness()
        let path = Self.entry(harness.core).path
        let bytes = other.files[path]
        try #require(!bytes.isEmpty)
        let base = harness.files
        let before = base.contents
        let files = SwappingFileSystem(base) { opened, mode in
            guard opened == path + SealedEntry.temporarySuffix, mode.existence == .mustExist
            else { return }
            base[opened] = bytes
        }
        guard let sealing = harness.core.planSealing() else { throw HarnessError.repeated }
        let error = #expect(throws: LogError.self) { try sealing.run(in: files) }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.file == path)
        #expect(base.contents == before)
    }

    @Test("a MANIFEST whose next number of a sealed file is too high is refused")
    func sealedNumber() throws {
        for (next, isRead) in [
            (FrameHeader.positionMax / 2 - 1, true), (FrameHeader.positionMax / 2, false),
        ] {
            let harness = try Self.harness()
            var manifest = harness.core.manifest
            manifest.generation += 1
            manifest.nextSealedNumber = next
            let files = MemoryFileSystem()
            try manifest.write(in: files)
            let found = try? Manifest.read(in: files, storeID: manifest.storeID)
            #expect((found != nil) == isRead)
        }
    }

    @Test("what is beside the segments and no file is not opened")
    func folderBesideSegments() throws {
        let harness = try Self.harness()
        try harness.close()
        let folder = StoreFolder.wal + "/99999999"
        try harness.files.makeFolder(folder)
        harness.files.keepsLog = true
        try harness.reopen()
        #expect(!harness.files.log.contains("open \(folder)"))
    }
}

extension MemoryFileSystem {
    fileprivate func makeFolderIfMissing(_ path: String) throws {
        if try kind(of: path) == nil { try makeFolder(path) }
    }
}
