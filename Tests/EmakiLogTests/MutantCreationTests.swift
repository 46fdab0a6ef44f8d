import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Where a store may be made, with which sizes, and what is durable when it is.
@Suite struct MutantCreationTests {
    private func creation(
        segmentBytes: Int = 128 << 10, blockBytes: Int? = nil
    ) -> StoreCreation {
        StoreCreation(
            path: "memory",
            options: StoreOptions(segmentBytes: segmentBytes, blockBytes: blockBytes))
    }

    private func lay(
        _ files: MemoryFileSystem, segmentBytes: Int = 128 << 10, blockBytes: Int = 4096
    ) throws(LogError) -> StoreFile {
        try StoreCreation.lay(
            StoreOptions(segmentBytes: segmentBytes), blockBytes: blockBytes, method: .direct,
            rawLatency: 1, in: files, path: "memory", entropy: SeededEntropy(seed: 1), now: 1
        ).store
    }

    // MARK: The folder

    @Test("a new folder is made, and its entry is durable") func newFolder() throws {
        let files = MemoryFileSystem()
        files.rootKind = nil
        files.keepsLog = true
        try creation().makeRoot(files)
        #expect(files.log == ["kind ", "makeFolder ", "syncFolder .."])
    }

    @Test("a folder that was there is made durable, too, unless its parent belongs to others")
    func oldFolder() throws {
        let files = MemoryFileSystem()
        files.keepsLog = true
        try creation().makeRoot(files)
        #expect(files.log.last == "syncFolder ..")
        for (code, isAccepted) in [(EACCES, true), (EPERM, true), (EROFS, true), (EIO, false)] {
            let files = MemoryFileSystem()
            files.fault = .init(kind: .syncFolder, number: 1, code: code)
            var isRefused = false
            do { try creation().makeRoot(files) } catch { isRefused = true }
            #expect(isRefused != isAccepted, "\(code)")
            #expect(files.didFail)
        }
    }

    @Test("a place that is taken is not made a store") func takenPlaces() throws {
        let file = MemoryFileSystem()
        file.rootKind = .file
        let foreign = MemoryFileSystem()
        foreign["letter.txt"] = [1]
        let store = MemoryFileSystem()
        _ = try lay(store)
        for files in [file, foreign, store] {
            let before = files.contents
            #expect(throws: LogError.self) { try creation().makeRoot(files) }
            #expect(files.contents == before)
        }
    }

    @Test("what an interrupted creation left is gone when the next one is done")
    func leftovers() throws {
        let files = MemoryFileSystem()
        try files.makeFolder("wal")
        for path in ["MANIFEST.new", "STORE.new"] { files[path] = [1, 2, 3] }
        files["MANIFEST"] = [UInt8](repeating: 0, count: 4096)
        // A header of which the power cut left three bytes.
        files["wal/00000000"] = Array("EMA".utf8) + [UInt8](repeating: 0, count: 4096)
        files[SyncProbe.fileName] = [1, 2, 3]
        _ = try lay(files)
        #expect(files.filePaths == ["MANIFEST", "STORE", "wal/00000000"])
        let core = try openCore(files)
        #expect(core.receipt.strangers.isEmpty)
    }

    @Test(
        "what no creation leaves is somebody's: it stays, and the folder is not made a store",
        arguments: [
            "wal/000000010000000000000001", "wal/00000001", "wal/00000000", "sealed/a", "damaged/a",
            "MANIFEST", "wal",
        ])
    func foreignFiles(_ path: String) throws {
        let files = MemoryFileSystem()
        for folder in ["wal", "sealed", "damaged"] where path.hasPrefix(folder + "/") {
            try files.makeFolder(folder)
        }
        files[path] = Array("somebody's".utf8)
        let before = files.contents
        let error = #expect(throws: LogError.self) { try lay(files) }
        #expect(error == .alreadyExists(path: "memory/" + path))
        #expect(files.contents == before)
    }

    @Test("a lock that cannot be taken for another reason is not called taken") func locks() {
        let path = "/proc/no-such-folder"
        do {
            _ = try StoreCreation.lock(PosixFileSystem(root: path), path: path)
            Issue.record("there is no folder")
        } catch {
            if case .locked = error { Issue.record("nobody has it") }
        }
    }

    // MARK: Sizes

    @Test("a size that is impossible is named, whatever it is") func sizes() throws {
        func name(_ segmentBytes: Int, _ blockBytes: Int = 4096) -> String {
            do {
                _ = try lay(
                    MemoryFileSystem(), segmentBytes: segmentBytes, blockBytes: blockBytes)
                return "possible"
            } catch {
                switch error {
                case .tooLarge(let limit, _, _): return "\(limit)"
                case .invalid(.option(let name, _)): return name
                default: return "\(error)"
                }
            }
        }
        #expect(name(128 << 10) == "possible")
        #expect(name(2 << 30) == "segmentBytes")
        for impossible in [0, -1, .min, 64 << 10, 200 << 10] {
            #expect(name(impossible) == "segmentBytes", "\(impossible)")
        }
        for impossible in [0, 256, 513, 32 << 10, 128 << 10] {
            #expect(name(128 << 10, impossible) == "segmentBytes", "\(impossible)")
        }
        do {
            _ = try lay(MemoryFileSystem(), segmentBytes: 2 << 30)
            Issue.record("larger than the largest")
        } catch {
            guard case .tooLarge(.segmentBytes, let limit, let value) = error else { throw error }
            #expect((limit, value) == (1 << 30, 2 << 30))
        }
        #expect(Limits.segmentBytes.lowerBound >= 2 * SegmentLayout.twinDistance)
    }

    @Test("a block is what the device writes at once, or what was asked for and is possible there")
    func blocks() throws {
        var traits = MemoryFileSystem().device
        #expect(try creation().blockBytes(traits) == 4096)
        #expect(try creation(blockBytes: 512).blockBytes(traits) == 512)
        #expect(try creation(blockBytes: 64 << 10).blockBytes(traits) == 64 << 10)
        #expect(throws: LogError.self) { try creation(blockBytes: 256).blockBytes(traits) }
        do {
            _ = try creation(blockBytes: 128 << 10).blockBytes(traits)
            Issue.record("larger than the largest")
        } catch {
            guard case .tooLarge(.blockBytes, let limit, let value) = error else { throw error }
            #expect((limit, value) == (64 << 10, 128 << 10))
        }
        traits.physicalBlockBytes = 4096
        #expect(throws: LogError.self) { try creation(blockBytes: 512).blockBytes(traits) }
        traits.physicalBlockBytes = 8192
        #expect(try creation().blockBytes(traits) == 8192)
        traits.physicalBlockBytes = 512
        traits.supportsDirect = false
        traits.fileSystemBlockBytes = 16_384
        #expect(try creation().blockBytes(traits) == 16_384)
        #expect(throws: LogError.self) { try creation(blockBytes: 512).blockBytes(traits) }
    }

    @Test("a method is tried only where it can keep its promise") func methods() {
        var traits = MemoryFileSystem().device
        #expect(StoreCreation.methods(traits, blockBytes: 4096) == [.direct, .dataSync])
        #expect(StoreCreation.methods(traits, blockBytes: 512) == [.direct])
        traits.fileSystemBlockBytes = 8192
        #expect(StoreCreation.methods(traits, blockBytes: 4096) == [.direct])
        traits.logicalBlockBytes = 8192
        #expect(StoreCreation.methods(traits, blockBytes: 4096) == [.dataSync])
        traits.logicalBlockBytes = 512
        traits.supportsDirect = false
        #expect(StoreCreation.methods(traits, blockBytes: 4096) == [.dataSync])
    }

    private static func lay(_ files: any FileSystem) throws(LogError) {
        _ = try StoreCreation.lay(
            StoreOptions(segmentBytes: 128 << 10), blockBytes: 4096, method: .direct,
            rawLatency: 1, in: files, path: "memory", entropy: SeededEntropy(seed: 1), now: 1)
    }

    @Test("where a file has a frame a store was, wherever the frame is, and nothing is laid out")
    func frames() throws {
        let magic = (0..<4).map { UInt8(truncatingIfNeeded: FrameHeader.magic >> ($0 * 8)) }
        for offset in [0, 512, (1 << 20) - 512, 1 << 20, (1 << 20) + 1024] {
            let files = MemoryFileSystem()
            try files.makeFolder(StoreFolder.wal)
            var bytes = [UInt8](repeating: 0, count: (2 << 20) + 100)
            bytes.replaceSubrange(offset..<offset + 4, with: magic)
            files[Manifest.path(ofFile: 0)] = bytes
            let error = #expect(throws: LogError.self) { try Self.lay(files) }
            guard case .corrupt(let corruption) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(corruption.reason == .missingFile)
            #expect(files.contents == [Manifest.path(ofFile: 0): bytes])
            #expect(files.openFileCount == 0)
        }
    }

    @Test("a folder among the segments is not opened, and is somebody else's")
    func folderAmongSegments() throws {
        let files = MemoryFileSystem()
        try files.makeFolder(StoreFolder.wal)
        try files.makeFolder(StoreFolder.wal + "/x")
        #expect(throws: LogError.alreadyExists(path: "memory/wal/x")) { try Self.lay(files) }
    }

    @Test("what a creation left is removed before another one makes anything")
    func removals() throws {
        let files = MemoryFileSystem()
        try files.makeFolder(StoreFolder.wal)
        let left = [
            Manifest.path(ofFile: 0), Manifest.twin.name, Manifest.twin.temporaryName,
            StoreFile.twin.temporaryName, SyncProbe.fileName,
        ]
        for path in left { files[path] = [0, 0] }
        files.keepsLog = true
        try Self.lay(files)
        let made = try #require(files.log.firstIndex { $0.hasPrefix("makeFolder") })
        for path in left {
            let removed = try #require(files.log.firstIndex(of: "remove \(path)"))
            #expect(removed < made)
        }
        #expect(!files.filePaths.contains(SyncProbe.fileName))
        _ = try openCore(files)
    }

    /// A disk with a file that says it is larger than it is.
    private final class BloatedFileSystem: ForwardingFileSystem, @unchecked Sendable {
        let base: MemoryFileSystem
        let path: String
        let byteCount: Int

        init(_ base: MemoryFileSystem, _ path: String, byteCount: Int) {
            self.base = base
            self.path = path
            self.byteCount = byteCount
        }

        func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
            let file = try base.open(path, mode)
            return path == self.path ? BloatedFile(file, byteCount) : file
        }

        private final class BloatedFile: ForwardingFile, @unchecked Sendable {
            let base: any File
            let count: Int

            init(_ base: any File, _ count: Int) {
                self.base = base
                self.count = count
            }

            func byteCount() throws(DiskError) -> Int { count }
        }
    }

    @Test("a file that is larger than any segment is not what a creation left")
    func largerThanSegments() throws {
        let files = MemoryFileSystem()
        try files.makeFolder(StoreFolder.wal)
        let path = Manifest.path(ofFile: 0)
        files[path] = [UInt8](repeating: 0, count: 4096)
        let most = Limits.segmentBytes.upperBound
        for (byteCount, isOwn) in [(most, true), (most + 1, false)] {
            let disk = BloatedFileSystem(files, path, byteCount: byteCount)
            let answer = Result { () throws(LogError) in
                try StoreLeftovers.expectOwn(in: disk, path: "memory")
            }
            #expect((answer.error == nil) == isOwn)
        }
    }
}
