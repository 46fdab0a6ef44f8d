import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// What says that MANIFEST is old, that it leaves no room, or that it could not be mended; and what
/// makes a folder somebody else's.
@Suite struct MutantEvidenceTests {
    @Test("what a MANIFEST counts is held to half of what may be written, each number for itself")
    func room() throws {
        let half = FrameHeader.positionMax / 2
        let fields: [(limit: UInt64, set: (inout Manifest, UInt64) -> Void)] = [
            (half, { $0.generation = $1 }),
            (half, { $0.anchor.lastGroup = $1 }),
            (half, { $0.anchor.nextPosition = Position($1) }),
            (1 << 31, { $0.setFirst(after: $1) }),
            (1 << 30, { $0.nextFileIndex = UInt32($1) }),
        ]
        for (field, (limit, set)) in fields.enumerated() {
            for value in [limit - 1, limit] {
                var manifest = Manifest(storeID: Bits128(low: 1, high: 2))
                manifest.nextFileIndex = 1
                manifest.setFirst(after: 0)
                set(&manifest, value)
                let files = MemoryFileSystem()
                try manifest.write(in: files)
                let isRead = (try? Manifest.read(in: files, storeID: manifest.storeID)) != nil
                #expect(isRead == (value < limit), "field \(field), \(value)")
            }
        }
    }

    @Test("a copy that cannot be written again for lack of room or permission is a warning only")
    func mending() throws {
        for code in [ENOSPC, EROFS, EACCES] {
            let warning = try Manifest.twin.mend { () throws(DiskError) in
                throw DiskError(.write, code)
            }
            #expect(warning?.hasPrefix("one of the two copies of MANIFEST is damaged") == true)
        }
        let done = try Manifest.twin.mend {}
        #expect(done == nil)
        #expect(throws: LogError.disk(file: "MANIFEST", operation: "write", code: EIO)) {
            _ = try Manifest.twin.mend { () throws(DiskError) in throw DiskError(.write, EIO) }
        }
    }

    @Test("one header of a later segment says that MANIFEST is old; one of another store does not")
    func oneHeader() throws {
        let files = try DamagedStore(.closed).files
        let core = try openCore(files.clone())
        let (layout, manifest) = (core.layout, core.manifest)
        core.closeFiles()
        for offset in [0, layout.headerTwinOffset] {
            for storeID in [manifest.storeID, Bits128(low: 1, high: 1)] {
                let image = try PageMemory(byteCount: layout.segmentBytes)
                let identity = SegmentIdentity(
                    storeID: storeID, number: manifest.nextSegmentNumber + 1,
                    incarnation: Bits128(low: 3, high: 3))
                SegmentHeader.encode(identity, layout: layout, into: image, at: offset)
                let changed = files.clone()
                changed["wal/00000099"] = image.withBytes(in: 0..<layout.segmentBytes) {
                    $0.copyToArray()
                }
                do throws(LogError) {
                    let core = try openCore(changed)
                    #expect(storeID != manifest.storeID, "header at \(offset)")
                    #expect(core.receipt.strangers == ["wal/00000099"])
                    core.closeFiles()
                } catch {
                    guard case .corrupt(let corruption) = error else {
                        Issue.record("\(error)")
                        continue
                    }
                    #expect(storeID == manifest.storeID)
                    #expect(corruption.reason == .outdated)
                }
            }
        }
    }

    @Test(
        "what a creation leaves, in another place, of another kind or too large, is not its"
    )
    func almostOwn() throws {
        let zeros = [UInt8](repeating: 0, count: 4096)
        let tooLarge = [UInt8](repeating: 0, count: Manifest.twin.byteCountMax + 1)
        let cases: [(path: String, bytes: [UInt8]?)] = [
            ("wal/00000001", zeros), ("wal/00000000", nil), ("MANIFEST", nil), ("STORE", [1]),
            ("STORE.new", nil), ("MANIFEST", tooLarge), ("MANIFEST.new", tooLarge),
        ]
        for (path, bytes) in cases {
            let files = MemoryFileSystem()
            try files.makeFolder("wal")
            if let bytes { files[path] = bytes } else { try files.makeFolder(path) }
            let error = #expect(throws: LogError.self) {
                try StoreLeftovers.expectOwn(in: files, path: "memory")
            }
            #expect(error == .alreadyExists(path: "memory/" + path), "\(path)")
        }
    }
}

extension Manifest {
    /// One usable segment, the first behind those that were given back.
    fileprivate mutating func setFirst(after number: UInt64) {
        anchorSegment = number
        nextSegmentNumber = number + 2
        segments = [
            .init(number: number + 1, incarnation: Bits128(low: 1, high: 0), fileIndex: 0)
        ]
    }
}
