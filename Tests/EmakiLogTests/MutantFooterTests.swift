import EmakiPlatform
import Testing

@testable import EmakiLog

/// A footer of a sealed file that proves itself, and of which a number makes no sense.
@Suite struct MutantFooterTests {
    /// A footer as the writer would make it, for files that need not be there.
    private static func footer(
        positions: Range<Position>, events: Int, streams: Int, chunks: Int
    ) -> SealedFooter {
        var footer = SealedFooter(
            storeID: ForgedFile.storeID, number: 3, positions: positions)
        footer.eventCount = events
        footer.streamCount = streams
        footer.chunkCount = chunks
        fit(&footer)
        return footer
    }

    /// Gives the sections the places and the sizes that the counts ask for.
    private static func fit(
        _ footer: inout SealedFooter,
        _ change: (inout [SealedFooter.Section: Int]) -> Void = { _ in }
    ) {
        var sizes: [SealedFooter.Section: Int] = [
            .chunks: 5_000, .chunkTable: footer.chunkCount * 24,
            .streams: footer.streamCount * 28, .ids: footer.streamCount * 3,
            .table: StreamTable.byteCount(streams: footer.streamCount),
            .filter: StreamFilter.byteCount(streams: footer.streamCount),
            .order: footer.order.byteCount(of: footer.positions.count), .groups: 24,
        ]
        change(&sizes)
        var page = 1
        for section in SealedFooter.Section.allCases {
            footer[section] = .init(firstPage: page, byteCount: sizes[section] ?? 0)
            page += footer[section].pageCount
        }
    }

    /// What a copy of it is read as, some bytes of which are others; its checksum holds.
    private static func read(
        _ footer: SealedFooter, mendsChecksum: Bool = true,
        _ change: (PageMemory) -> Void = { _ in }
    ) throws -> SealedFooter? {
        let memory = try PageMemory(byteCount: SealedFooter.byteCount)
        footer.encode(into: memory, at: 0)
        change(memory)
        if mendsChecksum { memory.store(memory.checksum(12..<SealedFooter.byteCount), at: 8) }
        return SealedFooter(from: memory, at: 0)
    }

    private static let sound = footer(
        positions: 1_000..<1_030, events: 20, streams: 3, chunks: 5)

    @Test("a copy that proves itself is read as what was written")
    func roundTrip() throws {
        var footer = Self.sound
        footer.dictionary = [UInt8](repeating: 5, count: SealedFooter.dictionaryBytesMax)
        #expect(try Self.read(footer) == footer)
        #expect(try Self.read(Self.sound, mendsChecksum: false) == Self.sound)
    }

    @Test("other magic, another version, another checksum: it is none")
    func head() throws {
        #expect(try Self.read(Self.sound) { $0.store(SealedFooter.magic ^ 1, at: 0) } == nil)
        #expect(
            try Self.read(Self.sound) { $0.store(SealedFooter.formatVersion + 1, at: 12) } == nil)
        for offset in [8, 11, 12, 80, 219, 220, 256, 4_095] {
            #expect(
                try Self.read(Self.sound, mendsChecksum: false) {
                    $0.store($0.loadUInt8(at: offset) ^ 1, at: offset)
                } == nil, "byte \(offset)")
        }
    }

    @Test(
        "numbers of 8 bytes that no file has",
        arguments: [
            ("the end of the positions is their start", 48, 1_000),
            ("the end of the positions is before their start", 48, 999),
            ("more events than positions", 56, 31),
            ("more events than anything has", 56, .max),
            ("no event", 56, 0),
            ("fewer events than streams", 56, 2),
            ("a section that is not where the one before ends", 104, 4),
            ("the first section is not behind the footer", 88, 0),
            ("a section that starts where no file is", 104, .max),
            ("a section without end", 96, .max),
            ("a section larger than a file can be", 96, (1 << 40) + 1),
            ("a commit that is cut", 208, 23),
            ("commits that are one byte longer", 208, 25),
        ] as [(String, Int, UInt64)])
    func numbers(_ name: String, _ offset: Int, _ number: UInt64) throws {
        #expect(try Self.read(Self.sound) { $0.store(number, at: offset) } == nil, "\(name)")
    }

    @Test("a dictionary that is longer than its room")
    func dictionary() throws {
        for byteCount in [SealedFooter.dictionaryBytesMax + 1, Int(UInt32.max)] {
            #expect(try Self.read(Self.sound) { $0.store(UInt32(byteCount), at: 216) } == nil)
        }
    }

    @Test(
        "counts that no file has, though all its sections fit them",
        arguments: [
            ForgedCase("no event") { $0.eventCount = 0 },
            ForgedCase("no stream") { $0.streamCount = 0 },
            ForgedCase("more streams than events") { $0.streamCount = 21 },
            ForgedCase("no chunk") { $0.chunkCount = 0 },
            ForgedCase("more chunks than events") { $0.chunkCount = 21 },
        ] as [ForgedCase<SealedFooter>])
    func counts(_ row: ForgedCase<SealedFooter>) throws {
        var footer = Self.sound
        row.change(&footer)
        Self.fit(&footer)
        #expect(try Self.read(footer) == nil, "\(row)")
    }

    @Test("as many streams and chunks as events, and as many events as positions, are possible")
    func fullCounts() throws {
        let footer = Self.footer(positions: 5..<25, events: 20, streams: 20, chunks: 20)
        #expect(try Self.read(footer) == footer)
    }

    @Test("sections that follow one another and have another size than the counts ask for")
    func sizes() throws {
        for section in SealedFooter.Section.allCases where section != .chunks && section != .ids {
            for difference in [-1, 1] {
                var footer = Self.sound
                Self.fit(&footer) { $0[section, default: 0] += difference }
                #expect(try Self.read(footer) == nil, "\(section) by \(difference)")
            }
        }
    }

    @Test("positions on the limit are read, those beyond it are not")
    func positions() throws {
        let max = FrameHeader.positionMax
        let last = Self.footer(
            positions: Position(max - 30)..<Position(max), events: 20, streams: 3, chunks: 5)
        #expect(try Self.read(last) == last)
        let behind = Self.footer(
            positions: Position(max - 29)..<Position(max + 1), events: 20, streams: 3, chunks: 5)
        #expect(try Self.read(behind) == nil)
        let count = UInt64(Int32.max)
        let most = Self.footer(positions: 0..<Position(count), events: 20, streams: 3, chunks: 5)
        #expect(try Self.read(most) == most)
        let more = Self.footer(
            positions: 0..<Position(count + 1), events: 20, streams: 3, chunks: 5)
        #expect(try Self.read(more) == nil)
    }

    @Test("a file of more pages than one can have")
    func pages() throws {
        var footer = Self.sound
        let most = SealedFooter.pageCountMax
        let others = footer.sectionPageCount - footer[.chunks].pageCount - footer[.ids].pageCount
        // All but one of the pages, the first footer's among them.
        Self.fit(&footer) {
            $0[.chunks] = (most - others - 2) * 4_096
            $0[.ids] = 4_096
        }
        #expect(try Self.read(footer) == footer)
        Self.fit(&footer) {
            $0[.chunks] = (most - others - 2) * 4_096
            $0[.ids] = 4_097
        }
        #expect(try Self.read(footer) == nil)
    }
}
