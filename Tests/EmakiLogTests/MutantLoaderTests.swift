import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Which file is which segment, what its header's other life means, and what is read again.
@Suite struct MutantLoaderTests {
    private static func refusal(
        _ files: any FileSystem, _ configuration: Configuration = Configuration()
    ) -> Corruption? {
        do {
            let core = try LogCore.open(
                in: files, configuration: configuration, entropy: SeededEntropy(seed: 3))
            core.closeFiles()
            return nil
        } catch {
            guard case .corrupt(let corruption) = error else {
                Issue.record("\(error)")
                return nil
            }
            return corruption
        }
    }

    /// The bytes of a segment that has nothing but its headers.
    private static func segment(
        _ identity: SegmentIdentity, _ layout: SegmentLayout, beyond: Int = 0
    ) throws -> [UInt8] {
        let image = try PageMemory(byteCount: layout.segmentBytes)
        for offset in [0, layout.headerTwinOffset] {
            SegmentHeader.encode(identity, layout: layout, into: image, at: offset)
        }
        let bytes = image.withBytes(in: 0..<layout.segmentBytes) { $0.copyToArray() }
        return beyond < 0 ? bytes.dropLast(-beyond) : bytes + [UInt8](repeating: 0, count: beyond)
    }

    @Test("only a file of a segment's size says that MANIFEST is old")
    func sizes() throws {
        let files = try DamagedStore(.closed).files
        let core = try openCore(files.clone())
        let (layout, manifest) = (core.layout, core.manifest)
        core.closeFiles()
        let identity = SegmentIdentity(
            storeID: manifest.storeID, number: manifest.nextSegmentNumber + 1,
            incarnation: Bits128(low: 3, high: 3))
        for beyond in [-512, 0, 512] {
            let changed = files.clone()
            changed["wal/00000099"] = try Self.segment(identity, layout, beyond: beyond)
            let corruption = Self.refusal(changed)
            #expect(corruption?.reason == (beyond == 0 ? .outdated : nil), "\(beyond)")
            #expect(changed.openFileCount == 0)
        }
    }

    @Test(
        "a header of another segment is of a later MANIFEST, an earlier life, or another store"
    )
    func otherHeaders() throws {
        let files = try DamagedStore(.closed).files
        let core = try openCore(files.clone())
        let (layout, manifest) = (core.layout, core.manifest)
        let path = core.segments[0].path
        core.closeFiles()
        let other = Bits128(low: 1, high: 1)
        let next = manifest.nextSegmentNumber
        for (storeID, number, reason) in [
            (manifest.storeID, next, .outdated), (manifest.storeID, next - 1, .badHeader),
            (other, next, .foreignStore), (other, next - 1, .foreignStore),
        ] as [(Bits128, UInt64, Corruption.Reason)] {
            let identity = SegmentIdentity(
                storeID: storeID, number: number, incarnation: Bits128(low: 3, high: 3))
            let bytes = try Self.segment(identity, layout)
            for offset in [0, layout.headerTwinOffset] {
                let changed = files.clone()
                changed.edit(path) {
                    $0.replaceSubrange(offset..<offset + 512, with: bytes[offset..<offset + 512])
                }
                let corruption = Self.refusal(changed)
                #expect(corruption?.reason == reason, "\(number)")
                #expect(corruption?.file == (reason == .outdated ? Manifest.twin.name : path))
                #expect(changed.openFileCount == 0)
            }
        }
    }

    @Test("a repair keeps one copy of a segment, however much of it is damaged")
    func oneCopy() throws {
        let store = try DamagedStore(.closed)
        let path = store.frames[0].path
        let mine = store.frames.filter { $0.path == path }.map(\.range)
        try #require(mine.count > 3)
        store.files.edit(path) { bytes in
            // Both copies of the header, and two frames that do not follow one another.
            for offset in [0, store.layout.headerTwinOffset] { bytes[offset + 20] ^= 1 }
            for range in [mine[0], mine[2]] { bytes[range.lowerBound + 60] ^= 1 }
        }
        let before = store.files[path]
        var repair = Repair(files: store.files)
        let report = try repair.run()
        #expect(report.damages.count == 3)
        #expect(report.copies == ["damaged/segment-1"])
        #expect(store.files["damaged/segment-1"] == before)
        #expect(store.files.openFileCount == 0)
        _ = try openCore(store.files)
    }

    @Test("a segment of the wrong size is opened once more, and all that was opened is closed")
    func wrongSizes() throws {
        for change in [-512, 512] {
            let store = try DamagedStore(.closed)
            store.files.edit(store.frames[0].path) { bytes in
                if change < 0 {
                    bytes.removeLast(-change)
                } else {
                    bytes += [UInt8](repeating: 0, count: change)
                }
            }
            #expect(Self.refusal(store.files.clone())?.reason == .wrongSize)
            let core = try openCore(store.files, .readOnly(toleratingDamage: true))
            #expect(core.receipt.damages.first?.reason == .wrongSize)
            core.closeFiles()
            #expect(store.files.openFileCount == 0)
        }
    }

    @Test("a folder of segments, or the store's own, that cannot be synced ends the opening")
    func folders() throws {
        let files = try DamagedStore(.closed).files
        for number in 1...2 {
            for code in [EIO, ENOENT] {
                let failing = files.clone()
                failing.fault = .init(kind: .syncFolder, number: number, code: code)
                let answer = Result { () throws(LogError) in try openCore(failing) }
                #expect(failing.didFail)
                if code == EIO {
                    guard case .disk(_, _, EIO) = answer.error else {
                        Issue.record("\(answer)")
                        continue
                    }
                    #expect(failing.openFileCount == 0)
                } else {
                    // What is missing is reported by those that look for it.
                    try answer.get().closeFiles()
                }
            }
        }
    }

    /// A disk that fails the first few reads of one block.
    private final class StutteringFileSystem: ForwardingFileSystem, @unchecked Sendable {
        let base: MemoryFileSystem
        let path: String
        let offset: Int
        var failuresLeft: Int

        init(_ base: MemoryFileSystem, _ path: String, at offset: Int, failures: Int) {
            self.base = base
            self.path = path
            self.offset = offset
            failuresLeft = failures
        }

        func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
            let file = try base.open(path, mode)
            return path == self.path ? StutteringFile(file, self) : file
        }

        private final class StutteringFile: ForwardingFile, @unchecked Sendable {
            let base: any File
            let owner: StutteringFileSystem

            init(_ base: any File, _ owner: StutteringFileSystem) {
                self.base = base
                self.owner = owner
            }

            func read(
                into bytes: inout MutableRawSpan, at fileOffset: Int
            ) throws(DiskError) -> Int {
                let range = fileOffset..<fileOffset + bytes.byteCount
                if range.contains(owner.offset), owner.failuresLeft > 0 {
                    owner.failuresLeft -= 1
                    throw DiskError(.read, EIO)
                }
                return try base.read(into: &bytes, at: fileOffset)
            }
        }
    }

    @Test("an opening reads a bad block once more by itself, a repair twice")
    func stutter() throws {
        let store = try DamagedStore(.closed)
        let (path, range) = store.frames[1]
        // At first with its neighbours.
        for failures in 1...3 {
            func disk() -> StutteringFileSystem {
                StutteringFileSystem(
                    store.files.clone(), path, at: range.lowerBound, failures: failures)
            }
            let corruption = Self.refusal(disk())
            #expect((corruption == nil) == (failures < 2), "\(failures)")
            var repair = Repair(files: disk())
            let report = try repair.run()
            #expect(report.damages.isEmpty == (failures < 3), "\(failures)")
        }
    }
}
