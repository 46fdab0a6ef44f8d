import EmakiPlatform
import Testing

@testable import EmakiLog

/// Each check of the file of removals, alone: one field is false, all checksums hold.
@Suite struct MutantRemovalFileTests {
    private static let storeID = Bits128(low: 1, high: 2)
    private static let file = RemovalFile(number: 7)
    /// Of the only entry, from the start of the contents.
    private static let entry = 32

    private static var extents: [StreamID: Removals.Extent] {
        [
            "abc": Removals.Extent(
                through: 5, deletedAt: 4, expiry: .init(instant: 100, through: 9))
        ]
    }

    private static func written(
        _ extents: [StreamID: Removals.Extent] = extents
    ) throws -> MemoryFileSystem {
        let files = MemoryFileSystem()
        try files.makeFolder(StoreFolder.sealed)
        try file.write(extents, storeID: storeID, in: files)
        return files
    }

    /// - Parameters:
    ///   - isFirstBad: only the second copy is good, at the end of what is in memory.
    ///   - change: gets a copy and where its contents start.
    private static func read(
        of extents: [StreamID: Removals.Extent] = extents, isFirstBad: Bool = false,
        _ change: (PageMemory, Int) -> Void
    ) throws -> [StreamID: Removals.Extent] {
        let files = try written(extents)
        let memory = try PageMemory(byteCount: files[file.path].count)
        files[file.path].withRawSpan { memory.copy($0, at: 0) }
        for half in [0, memory.byteCount / 2] {
            change(memory, half + TwinFile.headerBytes)
            let length = Int(memory.loadUInt32(at: half + 16))
            guard length >= 12, length <= memory.byteCount / 2 else { continue }
            memory.store(memory.checksum(half + 12..<half + length), at: half + 8)
        }
        if isFirstBad { memory.store(0 as UInt64, at: 0) }
        files[file.path] = memory.withBytes(in: 0..<memory.byteCount) { $0.copyToArray() }
        return try file.read(in: files, storeID: storeID).extents
    }

    private static func isRefused(
        of extents: [StreamID: Removals.Extent] = extents, isFirstBad: Bool = false,
        _ change: (PageMemory, Int) -> Void
    ) -> Bool {
        do {
            _ = try read(of: extents, isFirstBad: isFirstBad, change)
            return false
        } catch {
            guard case .corrupt(let corruption)? = error as? LogError else { return false }
            return corruption.reason == .badHeader
        }
    }

    @Test("what was written is read; another store, number or count is refused")
    func contents() throws {
        #expect(try Self.read { _, _ in } == Self.extents)
        #expect(Self.isRefused { $0.store(UInt64(9), at: $1) })
        #expect(Self.isRefused { $0.store(UInt64(8), at: $1 + 16) })
        #expect(Self.isRefused { $0.store(UInt64(2), at: $1 + 24) })
        #expect(Self.isRefused { $0.store(UInt64(0), at: $1 + 24) })
    }

    @Test("an entry loses or will lose something, none twice, by versions that there may be")
    func entries() throws {
        let beyond = FrameHeader.positionMax + 1
        func field(_ offset: Int, _ value: UInt64) -> (PageMemory, Int) -> Void {
            { $0.store(value, at: $1 + Self.entry + offset) }
        }
        #expect(Self.isRefused(field(0, beyond)))
        #expect(Self.isRefused(field(8, 6)), "deleted behind what is removed")
        #expect(Self.isRefused(field(24, beyond)))
        #expect(Self.isRefused(field(24, 5)), "what is to expire is removed")
        #expect(try Self.read(field(24, 6)) != Self.extents)
        #expect(try Self.read(field(24, 0))["abc"]?.expiry == nil)
        #expect(
            Self.isRefused { memory, start in
                for offset in [0, 8, 24] { field(offset, 0)(memory, start) }
            }, "nothing is lost")
    }

    @Test("an id has a byte at least, is UTF-8, and ends within the contents")
    func ids() throws {
        #expect(Self.isRefused { $0.store(UInt8(0), at: $1 + Self.entry + 32) })
        // Also where the contents end right behind it.
        #expect(
            Self.isRefused { memory, start in
                memory.store(UInt8(0), at: start + Self.entry + 32)
                let place = start - TwinFile.headerBytes + 16
                memory.store(memory.loadUInt32(at: place) - 8, at: place)
            })
        #expect(Self.isRefused { $0.store(UInt8(9), at: $1 + Self.entry + 32) })
        #expect(Self.isRefused { $0.store(UInt8(255), at: $1 + Self.entry + 32) })
        #expect(Self.isRefused { $0.store(UInt8(0xff), at: $1 + Self.entry + 40) })
        #expect(try Self.read { $0.store(UInt8(2), at: $1 + Self.entry + 32) }.keys.first == "ab")
    }

    @Test("contents that end within their fields, or within an entry, are refused")
    func lengths() {
        let length = TwinFile.headerBytes + Self.entry + 48
        for cut in [length - 8, TwinFile.headerBytes + Self.entry + 8, TwinFile.headerBytes + 24] {
            #expect(
                Self.isRefused { memory, start in
                    memory.store(UInt32(cut), at: start - TwinFile.headerBytes + 16)
                }, "\(cut)")
        }
    }

    @Test("an id without a byte is refused, also before another entry that is sound")
    func emptyID() throws {
        var extents = Self.extents
        extents["bcd"] = Removals.Extent(through: 3)
        #expect(try Self.read(of: extents) { _, _ in } == extents)
        // The other entry follows right behind the fields of the first.
        #expect(
            Self.isRefused(of: extents) { memory, start in
                let first = start + Self.entry
                memory.store(UInt8(0), at: first + 32)
                for offset in stride(from: 40, to: 88, by: 8) {
                    memory.store(memory.loadUInt64(at: first + offset + 8), at: first + offset)
                }
                let place = start - TwinFile.headerBytes + 16
                memory.store(memory.loadUInt32(at: place) - 8, at: place)
            })
    }

    @Test("what is removed ends at a version that there may be, whether or not more is to expire")
    func removedBeyond() throws {
        func through(_ version: UInt64) -> (PageMemory, Int) -> Void {
            { memory, start in
                memory.store(version, at: start + Self.entry)
                memory.store(UInt64(0), at: start + Self.entry + 24)
            }
        }
        let last = FrameHeader.positionMax
        #expect(try Self.read(through(last))["abc"]?.through == StreamVersion(last))
        #expect(Self.isRefused(through(last + 1)))
    }

    @Test("contents too short for the number of streams are refused, though what follows says 0")
    func shortHeader() {
        #expect(
            Self.isRefused { memory, start in
                memory.store(UInt64(0), at: start + 24)
                memory.store(
                    UInt32(TwinFile.headerBytes + 24), at: start - TwinFile.headerBytes + 16)
            })
    }

    @Test("nothing is read behind the contents, where the file may end")
    func atTheEnd() throws {
        // Thirteen entries, and one that goes up to the end of the copy, or nearly.
        func extents(lastIDBytes: Int) throws -> [StreamID: Removals.Extent] {
            var ids = (10..<23).map { String(repeating: "a", count: 253) + "\($0)" }
            ids.append(String(repeating: "z", count: lastIDBytes))
            return Dictionary(
                uniqueKeysWithValues: try ids.map {
                    (try StreamID($0), Removals.Extent(through: 3))
                })
        }
        let last = Self.entry + 13 * 296
        let full = try extents(lastIDBytes: 152)
        #expect(try Self.read(of: full, isFirstBad: true) { _, _ in } == full)
        #expect(
            Self.isRefused(of: full, isFirstBad: true) { $0.store(UInt8(255), at: $1 + last + 32) })
        // Eight bytes of one more entry.
        #expect(
            Self.isRefused(of: try extents(lastIDBytes: 144), isFirstBad: true) { memory, start in
                memory.store(UInt32(TwinFile.unit), at: start - TwinFile.headerBytes + 16)
            })
    }

    @Test("a file is written again if one of its copies is bad, and only then")
    func mending() throws {
        let files = try Self.written()
        let bytes = files[Self.file.path]
        files.resetCounts()
        #expect(try Self.file.mend(in: files, storeID: Self.storeID) == false)
        #expect(files.changeCount == 0)
        files.edit(Self.file.path) { $0[9] ^= 1 }
        #expect(try Self.file.mend(in: files, storeID: Self.storeID) == true)
        #expect(files[Self.file.path] == bytes)
    }

    // MARK: Leftovers

    @Test("a leftover has a number below the next, in its usual form, or no name yet")
    func leftovers() throws {
        let files = MemoryFileSystem()
        var manifest = Manifest(storeID: Self.storeID)
        func find() throws -> [String] {
            try SealedLeftovers.find(in: files, notIn: manifest, before: 5).sorted()
        }
        #expect(try find().isEmpty, "there is no folder")
        try files.makeFolder(StoreFolder.sealed)
        let names = [
            "00000001", "00000002.removals", "00000005", "00000006.removals", "3", "x",
            "4.removals", "00000009.new", "00000004",
        ]
        for name in names {
            _ = try files.open(StoreFolder.sealed + "/" + name, OpenMode(.mustBeNew))
        }
        manifest.sealedFiles = [SealedEntry(number: 4, positions: 0..<1, footerChecksum: 0)]
        manifest.nextSealedNumber = 5
        #expect(
            try find() == ["sealed/00000001", "sealed/00000002.removals", "sealed/00000009.new"])
    }
}
