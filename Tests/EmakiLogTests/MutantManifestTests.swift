import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Each check of MANIFEST, STORE and what both are wrapped in, alone.
@Suite struct MutantManifestTests {
    /// Two usable segments and one in preparation.
    private var manifest: Manifest {
        var manifest = Manifest(storeID: Bits128(low: 1, high: 2))
        manifest.anchorSegment = 4
        manifest.nextFileIndex = 3
        manifest.nextSegmentNumber = 7
        manifest.segments = [
            .init(number: 5, incarnation: Bits128(low: 1, high: 0), fileIndex: 2),
            .init(number: 6, incarnation: Bits128(low: 2, high: 0), fileIndex: 0),
            .init(number: 0, incarnation: .zero, fileIndex: 1),
        ]
        return manifest
    }

    private func isConsistent(_ change: (inout Manifest) -> Void) -> Bool {
        var manifest = manifest
        change(&manifest)
        return manifest.isConsistent
    }

    @Test("segments in a MANIFEST are dense, each in a life and a file of its own")
    func segments() {
        #expect(manifest.isConsistent)
        #expect(!isConsistent { $0.segments[1].number = 7 }, "a number is missing")
        #expect(!isConsistent { $0.segments[0].incarnation = .zero }, "no life")
        #expect(
            !isConsistent {
                $0.segments.swapAt(1, 2)
                $0.nextSegmentNumber = 6
            }, "one in preparation comes before a usable one")
        #expect(!isConsistent { $0.segments[2].fileIndex = 0 }, "a file is listed twice")
        #expect(!isConsistent { $0.segments[0].fileIndex = 3 }, "a file that was not made yet")
        #expect(!isConsistent { $0.nextSegmentNumber = 8 }, "a number would be left out")
    }

    @Test("numbers in a MANIFEST stay below their limits") func limits() {
        let beyond = FrameHeader.positionMax + 1
        #expect(!isConsistent { $0.generation = FrameHeader.positionMax })
        #expect(!isConsistent { $0.nextFileIndex = 1 << 31 })
        #expect(!isConsistent { $0.anchor.lastGroup = beyond })
        #expect(!isConsistent { $0.anchor.nextPosition = Position(beyond) })
        #expect(
            !isConsistent {
                $0.anchorSegment = 1 << 32
                $0.nextSegmentNumber = (1 << 32) + 3
                $0.segments[0].number = (1 << 32) + 1
                $0.segments[1].number = (1 << 32) + 2
            })
    }

    // MARK: As bytes

    /// A file's bytes changed in both copies, with true checksums.
    private func forged(
        _ path: String, in files: MemoryFileSystem, _ body: (PageMemory, Int) -> Void
    ) throws {
        let memory = try PageMemory(byteCount: files[path].count)
        files[path].withRawSpan { memory.copy($0, at: 0) }
        for half in [0, memory.byteCount / 2] {
            body(memory, half)
            let length = Int(memory.loadUInt32(at: half + 16))
            guard length >= 12, length <= memory.byteCount / 2 else { continue }
            memory.store(memory.checksum(half + 12..<half + length), at: half + 8)
        }
        files[path] = memory.withBytes(in: 0..<memory.byteCount) { $0.copyToArray() }
    }

    /// Reason and evidence of the refusal; nil if the store opens.
    private func refusal(_ files: MemoryFileSystem) -> String? {
        do {
            _ = try openCore(files)
            return nil
        } catch {
            guard case .corrupt(let corruption) = error else { return "\(error)" }
            return "\(corruption.file) \(corruption.reason): \(corruption.evidence)"
        }
    }

    @Test("a MANIFEST whose contents have another length than it says is refused")
    func lengths() throws {
        let files = try DamagedStore(.closed).files
        for change: (PageMemory, Int) -> Void in [
            // Contents that are too short for the fixed fields.
            { $0.store(UInt32(TwinFile.headerBytes + 64), at: $1 + 16) },
            // One entry less than it counts.
            { $0.store($0.loadUInt32(at: $1 + 16) - 32, at: $1 + 16) },
            { $0.store(UInt32(Limits.segmentCountMax + 1), at: $1 + TwinFile.headerBytes + 64) },
        ] {
            let damaged = files.clone()
            try forged("MANIFEST", in: damaged, change)
            #expect(
                refusal(damaged) == "MANIFEST badHeader: counts or numbers outside their limits")
        }
    }

    @Test("a MANIFEST of another store is refused by that reason") func foreign() throws {
        let files = try DamagedStore(.closed).files
        try forged("MANIFEST", in: files) { memory, half in
            memory.store(UInt64(1), at: half + TwinFile.headerBytes)
        }
        #expect(refusal(files)?.hasPrefix("MANIFEST foreignStore: it names store") == true)
    }

    @Test("a copy is good with its magic, a length within its half, and its checksum only")
    func copies() throws {
        let files = try DamagedStore(.closed).files
        for (offset, value) in [(0, UInt64(1)), (16, 23), (16, 4097), (8, 1)] {
            let damaged = files.clone()
            let memory = try PageMemory(byteCount: damaged["STORE"].count)
            damaged["STORE"].withRawSpan { memory.copy($0, at: 0) }
            for half in [0, 4096] {
                if offset == 0 {
                    memory.store(value, at: half)
                } else {
                    memory.store(UInt32(value), at: half + offset)
                }
                if offset == 16 {
                    let end = min(half + Int(value), memory.byteCount)
                    memory.store(memory.checksum(half + 12..<end), at: half + 8)
                }
            }
            damaged["STORE"] = memory.withBytes(in: 0..<memory.byteCount) { $0.copyToArray() }
            #expect(
                refusal(damaged)
                    == "STORE badHeader: neither of its two copies passes its checksum",
                "\(value) at \(offset)")
        }
    }

    @Test("two good copies that differ are refused, whatever differs") func differingCopies() throws
    {
        let files = try DamagedStore(.closed).files
        for isShorter in [false, true] {
            let damaged = files.clone()
            var isFirst = true
            try forged("MANIFEST", in: damaged) { memory, half in
                defer { isFirst = false }
                guard isFirst else { return }
                if isShorter {
                    memory.store(memory.loadUInt32(at: half + 16) - 32, at: half + 16)
                } else {
                    memory.store(UInt64(77), at: half + TwinFile.headerBytes + 16)
                }
            }
            #expect(
                refusal(damaged)
                    == "MANIFEST badHeader: its two copies pass their checksums and differ",
                "shorter: \(isShorter)")
        }
    }

    @Test("STORE is refused unless its sizes are possible and its method is known")
    func stores() throws {
        let files = try DamagedStore(.closed).files
        let start = TwinFile.headerBytes
        let changes: [(String, (PageMemory, Int) -> Void)] = [
            ("segments of 2^63", { $0.store(UInt64(1) << 63, at: $1 + start + 16) }),
            ("segments of 2^31", { $0.store(UInt64(1) << 31, at: $1 + start + 16) }),
            ("no power of two", { $0.store(UInt64(200 << 10), at: $1 + start + 16) }),
            ("segments of 64 KiB", { $0.store(UInt64(64 << 10), at: $1 + start + 16) }),
            ("blocks of 513", { $0.store(UInt32(513), at: $1 + start + 32) }),
            ("blocks of 256", { $0.store(UInt32(256), at: $1 + start + 32) }),
            ("4 blocks a segment", { $0.store(UInt32(32 << 10), at: $1 + start + 32) }),
            ("method 0", { $0.store(UInt8(0), at: $1 + start + 36) }),
            ("batches beyond a segment", { $0.store(UInt64(128 << 10), at: $1 + start + 24) }),
        ]
        for (name, change) in changes {
            let damaged = files.clone()
            try forged("STORE", in: damaged, change)
            #expect(
                refusal(damaged) == "STORE badHeader: sizes or sync method outside their limits",
                "\(name)")
        }
        try forged("STORE", in: files) { memory, half in
            memory.store(memory.loadUInt32(at: half + 16) - 8, at: half + 16)
        }
        #expect(refusal(files) == "STORE wrongSize: 48 bytes of contents")
    }

    @Test("a file of an impossible length is refused for its length") func fileLengths() throws {
        let files = try DamagedStore(.closed).files
        for length in [0, 4096, 8191, 16_384] {
            let damaged = files.clone()
            damaged["STORE"] = [UInt8](repeating: 0, count: length)
            #expect(refusal(damaged) == "STORE wrongSize: \(length) bytes long")
        }
    }

    @Test("what an interrupted replacement left does not stop the next one") func leftovers() throws
    {
        let harness = try CoreHarness()
        harness.files["MANIFEST.new"] = [1, 2, 3]
        try harness.core.prepareSegments()
        #expect(!harness.files.filePaths.contains("MANIFEST.new"))
        try harness.reopen()
        #expect(harness.core.segments.count == 3)
    }

    @Test("a random identity is never zero, which stands for none") func identities() {
        final class Words: Entropy, @unchecked Sendable {
            var left: [UInt64]
            init(_ words: [UInt64]) { left = words }
            func next() -> UInt64 { left.removeFirst() }
        }
        // Two zeros are drawn again; one zero half is as good as any.
        #expect(Bits128(random: Words([0, 0, 5, 6])) == Bits128(low: 5, high: 6))
        #expect(Bits128(random: Words([0, 5])) == Bits128(low: 0, high: 5))
        #expect(Bits128(random: Words([5, 0])) == Bits128(low: 5, high: 0))
    }

    @Test("a MANIFEST that lists more sealed files than there may be is refused")
    func sealedFileCount() throws {
        for (count, isRead) in [
            (Limits.sealedFileCountMax, true), (Limits.sealedFileCountMax + 1, false),
        ] {
            var manifest = Manifest(storeID: Bits128(low: 1, high: 2))
            manifest.nextFileIndex = 1
            manifest.nextSegmentNumber = 2
            manifest.segments = [
                .init(number: 1, incarnation: Bits128(low: 1, high: 0), fileIndex: 0)
            ]
            manifest.anchor.nextPosition = Position(UInt64(count))
            manifest.nextSealedNumber = UInt64(count) + 1
            manifest.sealedFiles = (0..<count).map {
                SealedEntry(
                    number: UInt64($0) + 1,
                    positions: Position(UInt64($0))..<Position(UInt64($0) + 1),
                    footerChecksum: 1)
            }
            let files = MemoryFileSystem()
            try manifest.write(in: files)
            let found = try? Manifest.read(in: files, storeID: manifest.storeID)
            #expect((found != nil) == isRead, "\(count)")
        }
    }

    @Test("a file that is sound is read at once, by parts if a part is unreadable, else not at all")
    func reads() throws {
        let manifest = Manifest(storeID: Bits128(low: 1, high: 2))
        for (code, readCount) in [(nil, 1), (EIO, 3), (ENXIO, 1)] as [(Int32?, Int)] {
            let files = MemoryFileSystem()
            try manifest.write(in: files)
            files.resetCounts()
            if let code { files.fault = .init(kind: .read, number: 1, code: code) }
            let answer = Result { () throws(LogError) in try Manifest.twin.read(in: files) }
            #expect((answer.error == nil) == (code != ENXIO))
            #expect(files.counts[.read] == readCount)
            #expect(files.openFileCount == 0)
        }
    }
}
