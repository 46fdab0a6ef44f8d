import EmakiPlatform
import Testing

@testable import EmakiLog

/// Every field of a sealed file altered, and its checksums and parity made good again: what passes
/// the check reads as before, and nothing traps.
@Suite("Sealed files: fields that are altered, under checksums that hold")
struct ForgedFileTests {
    typealias Section = SealedFooter.Section

    /// All that a file answers.
    struct Answers: Equatable {
        var streams: [[SealedSample.Event]?] = []
        /// The end of each stream, asked for from each version.
        var parts: [[UInt64]] = []
        var positions: [SealedSample.Event?] = []
        var instants: [Int64?] = []
        var absent: [Int?] = []

        init(_ file: SealedFile) throws {
            for (id, events) in ForgedFile.streams + [("", []), ("aa", []), ("z", [])] {
                let hash = id.withUTF8Span { StableHash.hash($0) }
                let found = try id.withUTF8Span { (bytes: RawSpan) throws(LogError) in
                    try file.find(bytes, hash: hash)
                }
                guard let stream = found else {
                    streams.append(nil)
                    continue
                }
                streams.append(try Self.events(of: stream, from: .first, in: file))
                for event in events {
                    let part = try Self.events(
                        of: stream, from: StreamVersion(event.version), in: file)
                    parts.append(part.map(\.version))
                }
            }
            for place in 0..<ForgedFile.positions.count {
                let position = ForgedFile.positions.lowerBound.advanced(by: place)
                positions.append(
                    try file.event(at: position) { _, event in SealedSample.Event(event) })
                instants.append(try file.commitInstant(of: position))
            }
        }

        static func events(
            of stream: SealedFile.Stream, from version: StreamVersion, in file: SealedFile
        ) throws -> [SealedSample.Event] {
            var events: [SealedSample.Event] = []
            try file.visit(stream, from: version) {
                events.append(SealedSample.Event($0))
                return true
            }
            return events
        }
    }

    /// Values that a field is given, besides those of its neighbours.
    private static func values(_ old: UInt64, byteCount: Int) -> Set<UInt64> {
        let max = byteCount == 8 ? UInt64.max : 1 << UInt64(8 * byteCount) - 1
        let top: UInt64 = 1 << UInt64(8 * byteCount - 1)
        let all: Set = [0, 1, 2, old &+ 1, old &- 1, max, max - 1, old ^ top, top, top - 1]
        return Set(all.map { $0 & max }).subtracting([old])
    }

    private static let sound = Result { try ForgedFile() }
    private static let answers = Result { try Answers(sound.get().open()) }

    /// - Returns: whether the file was refused.
    private static func tryOut(_ forged: ForgedFile, _ name: String) throws -> Bool {
        let file: SealedFile
        do { file = try forged.open() } catch LogError.corrupt { return true }
        do { _ = try file.check() } catch LogError.corrupt {
            // Who did not check gets answers or errors, and no trap.
            do { _ = try Answers(file) } catch LogError.corrupt {}
            return true
        }
        #expect(try Answers(file) == answers.get(), "\(name)")
        return false
    }

    /// Fields of a section: how long its entries are, and each field's offset and bytes.
    struct Fields: CustomTestStringConvertible {
        var section: Section
        var entryBytes: Int
        var fields: [(offset: Int, byteCount: Int)]
        var testDescription: String { "\(section)" }
    }

    @Test(
        "each field of the tables, with each of many values",
        arguments: [
            Fields(
                section: .chunkTable, entryBytes: 24, fields: [(0, 8), (8, 4), (12, 4), (16, 4)]),
            Fields(
                section: .streams, entryBytes: 28,
                fields: [(0, 4), (4, 4), (8, 4), (12, 8), (20, 8)]),
            Fields(section: .ids, entryBytes: 1, fields: [(0, 1)]),
            Fields(section: .table, entryBytes: 4, fields: [(0, 4)]),
            Fields(section: .filter, entryBytes: 8, fields: [(0, 8)]),
            Fields(section: .order, entryBytes: 1, fields: [(0, 1)]),
            // The instants are whatever they are: nothing else in the file knows them.
            Fields(section: .groups, entryBytes: 12, fields: [(0, 4)]),
        ])
    func tables(_ table: Fields) throws {
        let sound = try Self.sound.get()
        let count = sound[table.section].count / table.entryBytes
        var refusedCount = 0
        for entry in 0..<count {
            for (offset, byteCount) in table.fields {
                let place = entry * table.entryBytes + offset
                let old = sound.number(of: byteCount, in: table.section, at: place)
                var values = Self.values(old, byteCount: byteCount)
                for other in [entry - 1, entry + 1] where (0..<count).contains(other) {
                    values.insert(
                        sound.number(
                            of: byteCount, in: table.section, at: other * table.entryBytes + offset)
                    )
                }
                for value in values where value != old {
                    var forged = sound
                    forged.put(value, of: byteCount, in: table.section, at: place)
                    forged.mendChunkChecksums()
                    let name = "\(table.section) \(entry), \(offset): \(old) is \(value)"
                    // Of commits only the order is known.
                    if table.section == .groups {
                        _ = try? forged.open().check()
                        _ = try? Answers(forged.open())
                        continue
                    }
                    if try Self.tryOut(forged, name) { refusedCount += 1 }
                }
            }
        }
        #expect(refusedCount > 0 || table.section == .groups)
    }

    @Test("each field of the footer, with each of many values")
    func footer() throws {
        let sound = try Self.sound.get()
        let fields =
            [(40, 8), (48, 8), (56, 8), (64, 8), (72, 4), (76, 4), (216, 4)]
            + (0..<16).map { (88 + 8 * $0, 8) }
        let memory = try PageMemory(byteCount: SealedFooter.byteCount)
        let file = try sound.open()
        file.footer.encode(into: memory, at: 0)
        for (offset, byteCount) in fields {
            let old =
                byteCount == 8
                ? memory.loadUInt64(at: offset) : UInt64(memory.loadUInt32(at: offset))
            for value in Self.values(old, byteCount: byteCount) {
                var forged = sound
                forged.putInFooter(value, of: byteCount, at: offset)
                _ = try Self.tryOut(forged, "footer \(offset): \(old) is \(value)")
            }
        }
    }

    @Test("each byte of the chunks, with other values")
    func chunks() throws {
        let sound = try Self.sound.get()
        var acceptedCount = 0
        for (offset, old) in sound[.chunks].enumerated() {
            for value in [old &+ 1, old ^ 0x80] {
                var forged = sound
                forged.put(UInt64(value), of: 1, in: .chunks, at: offset)
                forged.mendChunkChecksums()
                if try !Self.tryOut(forged, "chunks \(offset): \(old) is \(value)") {
                    acceptedCount += 1
                }
            }
        }
        #expect(acceptedCount == 0)
    }

    @Test("a number in a chunk may be written with more bytes than it needs: it is the same")
    func longNumbers() throws {
        var forged = try Self.sound.get()
        var chunks = forged.chunks
        // The stream of the first run.
        #expect(chunks[0][0] == 0)
        chunks[0].replaceSubrange(0..<1, with: [0x80, 0])
        forged.setChunks(chunks)
        #expect(try !Self.tryOut(forged, "a long zero"))
    }
}
