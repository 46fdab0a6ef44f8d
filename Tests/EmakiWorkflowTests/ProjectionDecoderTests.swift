import Testing

@testable import EmakiWorkflow

/// Files of a projection made by hand: their checksums hold, and what they say makes no sense. Each
/// is refused for the reason that is its own.
@Suite struct ProjectionDecoderTests {
    private typealias Kind = ProjectionFile.Kind

    private static let fileNumber: UInt32 = 77
    private static let head = ProjectionHead(
        storeID: "a store", end: 9, witness: 1, lossDigest: 2, removalDigest: 3)

    /// The content of the first piece of a file with so many runs.
    private func head(runs: Int, ended: Int = 0) throws -> [UInt8] {
        var projection = Projection()
        for number in 0..<ended {
            "e\(number)".withUTF8Span { projection.ended.ended($0, EndedRun(), labels: []) }
        }
        for number in 0..<runs {
            let inserted = "w\(number)".withUTF8Span { id in
                "r".withUTF8Span { projection.runs.insert(id, $0, OpenRun()) }
            }
            #expect(inserted == number)
        }
        var encoder = ProjectionEncoder(projection, Self.head, fileNumber: Self.fileNumber)
        let first = encoder.next()
        return Array(try #require(first).dropFirst(ProjectionPiece.headBytes))
    }

    private func piece(_ kind: Kind, _ fill: (inout [UInt8]) -> Void = { _ in }) -> [UInt8] {
        var content = [kind.rawValue]
        fill(&content)
        return content
    }

    private func types(_ names: String...) -> [UInt8] {
        piece(.types) { content in for name in names { content.append(text: name) } }
    }

    private func ending(_ type: UInt64, _ outcome: UInt64, _ count: Int64) -> [UInt8] {
        piece(.endings) { content in
            content.append(varint: type)
            content.append(varint: outcome)
            content.append(zigzag: count)
        }
    }

    /// The start of a run, up to its type.
    private func run(
        _ id: String, _ runID: String, flags: UInt64 = 0, type: UInt64 = 0,
        _ more: [UInt64] = []
    ) -> [UInt8] {
        piece(.runs) { content in
            content.append(varint: flags)
            content += [UInt8(id.utf8.count), UInt8(runID.utf8.count)]
            content += Array(id.utf8) + Array(runID.utf8)
            content.append(zigzag: 5)
            for number in [1, 2, type] + more { content.append(varint: number) }
        }
    }

    /// Workflows that have ended, without the last bytes.
    private func ended(
        _ ids: String..., type: UInt64 = 0, labels: [UInt8] = [0], without count: Int = 0
    ) -> [UInt8] {
        let piece = piece(.ended) { content in
            for id in ids {
                content.append(UInt8(id.utf8.count))
                content += Array(id.utf8)
                content.append(varint: 2)
                content.append(number: 7 as UInt64)
                content.append(varint: type)
                content += [1] + labels
            }
        }
        return piece.dropLast(count)
    }

    private func end(_ pieceCount: Int) -> [UInt8] {
        piece(.end) { $0.append(number: UInt32(pieceCount)) }
    }

    private func sealed(_ content: [UInt8], _ index: Int) -> [UInt8] {
        var piece: [UInt8] = []
        piece.append(number: UInt32(content.count))
        piece.append(
            number: ProjectionPiece.checksum(
                content, piece: UInt32(index), file: index == 0 ? 0 : Self.fileNumber))
        return piece + content
    }

    private func bytes(_ pieces: [[UInt8]]) -> [UInt8] {
        pieces.enumerated().flatMap { sealed($1, $0) }
    }

    private func decoded(_ bytes: [UInt8], left: Int? = nil) throws -> Projection? {
        var decoder = ProjectionDecoder(HandMadeFile(bytes, left: left))
        return try decoder.decode { $0 == Self.head }
    }

    private func expectDamage(
        _ reason: String, _ bytes: [UInt8], left: Int? = nil,
        at place: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: ProjectionDecoder.Damage(reason), sourceLocation: place) {
            try decoded(bytes, left: left)
        }
    }

    /// A piece between the head and the end, of a file that is well made otherwise.
    private func expectDamage(
        _ reason: String, within piece: [UInt8], runs: Int = 0,
        at place: SourceLocation = #_sourceLocation
    ) throws {
        let pieces = [try head(runs: runs), types("T", "U"), piece, end(3)]
        expectDamage(reason, bytes(pieces), at: place)
    }

    // MARK: The file

    @Test("a file that is made by hand as it must be is read")
    func whole() throws {
        let ids = (1...3).map { "w\($0)" }
        let pieces =
            [try head(runs: 3), types("T", "U"), ending(1, 255, 1 << 47)]
            + ids.map { run($0, "", type: 1) } + [end(6)]
        let read = try #require(try decoded(bytes(pieces)))
        #expect(read.types == ["T", "U"] && read.runs.count == 3 && read.end == Self.head.end)
        #expect(read.endings == [.init(type: 1, outcome: 255): 1 << 47])
        for id in ids { #expect(id.withUTF8Span { read.runs.find($0) { _ in true } } != nil) }
    }

    @Test("a file of no piece, without a head, without an end, or with more behind it is refused")
    func pieces() throws {
        let (first, last) = (try head(runs: 0), end(1))
        expectDamage("it is empty", [])
        expectDamage("it is of another version", bytes([types("T"), end(1)]))
        var other = first
        other[1] += 1
        expectDamage("it is of another version", bytes([other, last]))
        expectDamage("it is cut short", bytes([first]))
        expectDamage("its end does not fit", bytes([first, end(0)]))
        expectDamage("its end does not fit", bytes([first, end(2)]))
        expectDamage("its end does not fit", bytes([first, last + [0]]))
        expectDamage("its end does not fit", bytes([first, last]) + [0])
        expectDamage("its end does not fit", bytes([try head(runs: 1), last]))
        let more = bytes([first, types("T"), run("w", "r"), end(3)])
        expectDamage("its end does not fit", more)
        expectDamage("a piece ends early", bytes([first, end(1).dropLast()]))
        expectDamage("a piece ends early", bytes([Array(first.prefix(20)), last]))
        try expectDamage("a piece of a kind that is none", within: first)
        for kind: UInt8 in [0, 100, 255] {
            try expectDamage("a piece of a kind that is none", within: [kind])
        }
    }

    @Test("what nobody wants is not read any further")
    func unwanted() throws {
        var decoder = ProjectionDecoder(
            HandMadeFile(bytes([try head(runs: 0), types("T", "T")])))
        #expect(try decoder.decode { _ in false } == nil)
    }

    @Test("a piece of no bytes, of more than there are, or of more than a piece has is refused")
    func lengths() throws {
        let first = sealed(try head(runs: 0), 0)
        expectDamage("a length", first + sealed([], 1))
        expectDamage("a length", first + sealed(end(1), 1).dropLast())
        // Whoever says that there is so much has none of it.
        for (byteCount, reason) in [
            (ProjectionFile.pieceBytesMax, "a checksum"),
            (ProjectionFile.pieceBytesMax + 1, "a length"),
        ] {
            var start = first
            start.append(number: UInt32(byteCount))
            start.append(number: 0 as UInt32)
            expectDamage(reason, start, left: 1 << 40)
        }
        // Its checksum is that of what there is, which is less than it says.
        let content = end(1)
        var short = first
        short.append(number: UInt32(content.count + 1))
        short.append(
            number: ProjectionPiece.checksum(content, piece: 1, file: Self.fileNumber))
        expectDamage("a checksum", short + content, left: 1 << 40)
        var flipped = first + sealed(content, 1)
        flipped[flipped.count - 1] ^= 1
        expectDamage("a checksum", flipped)
    }

    // MARK: Contents

    @Test("types that are there twice, and endings that nobody can have counted, are refused")
    func smallPieces() throws {
        try expectDamage("a type is there twice", within: types("V", "U"))
        try expectDamage("an ending", within: ending(2, 1, 1))
        try expectDamage("an ending", within: ending(0, 256, 1))
        try expectDamage("an ending", within: ending(0, 1, 1 << 48))
        try expectDamage("an ending", within: ending(0, 1, -(1 << 48)))
        for kind in [Kind.debts, .doubtful, .types] {
            try expectDamage("no text", within: piece(kind) { $0 += [1, 0xFF] })
            try expectDamage("a length in a piece", within: piece(kind) { $0 += [2, 0x41] })
            try expectDamage("a number", within: piece(kind) { $0 += [0x80] })
        }
        for (kind, names) in [(Kind.debts, ["a/b", "c/d"]), (.doubtful, ["a", "c"])] {
            let texts = piece(kind) { content in for name in names { content.append(text: name) } }
            let read = try #require(try decoded(bytes([try head(runs: 0), texts, end(2)])))
            #expect((kind == .debts ? read.debts : read.doubtful) == Set(names))
        }
    }

    @Test("runs of flags, types, pauses, names, and with timers that are none are refused")
    func runs() throws {
        let (pause, timers): (UInt64, UInt64) = (128, 512)
        func refuse(
            _ reason: String, _ run: [UInt8], at place: SourceLocation = #_sourceLocation
        ) throws { try expectDamage(reason, within: run, runs: 1, at: place) }
        try refuse("flags of a run", run("w", "r", flags: 4_096))
        try refuse("the type of a run", run("w", "r", type: 2))
        try refuse("a number is too large", run("w", "r", type: 1 << 32))
        for reason: UInt64 in [3, 255, 256] {
            try refuse("a reason to pause", run("w", "r", flags: pause, [reason]))
        }
        try refuse("the name of a run", run("", "r"))
        try refuse("a timer is there twice", run("w", "r", flags: timers, [2, 7, 1, 7, 1]))
        try refuse("a length in a piece", run("w", "r", flags: timers, [5, 7, 1]))
        try refuse("a piece ends early", piece(.runs) { $0 += [0, 1] })
        try refuse("a piece ends early", piece(.runs) { $0 += [0, 2, 0, 0x41] })
        // A number that is needed and not there.
        try refuse("a number", run("w", "r", flags: pause))
    }

    @Test("workflows that have ended, of no name, no type, or in other numbers, are refused")
    func endedRuns() throws {
        func decoded(_ piece: [UInt8], _ count: Int) throws -> Projection? {
            try self.decoded(
                bytes([try head(runs: 0, ended: count), types("T", "U"), piece, end(3)]))
        }
        let both = ended("v", "w", labels: [2, 1, 0, 0, 0, 2, 0, 0, 0])
        let read = try #require(try decoded(both, 2))
        #expect(read.knowsEnded && read.endedCounts(.ended) == [.completed: 2])
        #expect(read.ended.table.labels(0) == [1, 2].map { RunLabel(rawValue: $0) })
        let many = try #require(try decoded(ended("v", labels: [255]), 1))
        #expect(many.ended.table.labels(0) == nil)
        for (piece, count, reason) in [
            (ended(""), 1, "a workflow that has ended"),
            (ended("v", type: 2), 1, "a workflow that has ended"),
            (ended("v", type: 1 << 32), 1, "a number is too large"),
            (ended("v", "v"), 2, "its end does not fit"),
            (ended("v"), 2, "its end does not fit"),
            (ended("v", "w"), 1, "its end does not fit"),
            (ended("v", labels: [2, 1, 0, 0, 0]), 1, "a piece ends early"),
            (ended("v", without: 1), 1, "a piece ends early"),
            (ended("v", without: 9), 1, "a piece ends early"),
        ] {
            #expect(throws: ProjectionDecoder.Damage(reason)) { try decoded(piece, count) }
        }
    }

    @Test("what is little goes together: a piece of each kind, and each item once")
    func together() throws {
        var projection = Projection()
        for name in ["T", "U"] { _ = projection.type(name) }
        projection.endings = [.init(type: 0, outcome: 1): 1, .init(type: 1, outcome: 1): 2]
        projection.debts = ["a/b", "c/d"]
        projection.doubtful = ["a", "c"]
        for id in ["v", "w"] {
            let number = id.withUTF8Span { id in
                "r".withUTF8Span { projection.runs.insert(id, $0, OpenRun()) }
            }
            #expect(number != nil)
            id.withUTF8Span { projection.ended.ended($0, EndedRun(), labels: []) }
        }
        var encoder = ProjectionEncoder(projection, Self.head, fileNumber: Self.fileNumber)
        var kinds: [Kind?] = []
        while let piece = encoder.next() {
            kinds.append(Kind(rawValue: piece[ProjectionPiece.headBytes]))
        }
        let expected: [Kind] = [
            .head, .types, .endings, .debts, .doubtful, .runs, .ended, .end,
        ]
        #expect(kinds == expected)
        #expect(encoder.next() == nil)
    }
}

/// A file that may say that it has more than it has.
private struct HandMadeFile: CheckpointReading {
    private var rest: ArraySlice<UInt8>
    private let claimed: Int?

    init(_ bytes: [UInt8], left: Int? = nil) {
        rest = bytes[...]
        claimed = left
    }

    var left: Int { claimed ?? rest.count }

    mutating func next(_ byteCount: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(byteCount) }
        return Array(rest.prefix(byteCount))
    }
}
