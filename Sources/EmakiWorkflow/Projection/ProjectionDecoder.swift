import EmakiPlatform

/// Reads the file of a projection, whatever its bytes are: it takes no more memory than a few times
/// the file, and gives a projection or the reason why there is none.
struct ProjectionDecoder {
    /// A file that is no projection of this version.
    struct Damage: Error, Equatable {
        var reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// No run takes fewer bytes: flags, two lengths, an id, and four numbers.
    private static let runBytesMin = 8
    /// More workflows have not ended anywhere.
    private static let endingsMax: UInt64 = 1 << 48

    private var input: any CheckpointReading
    private var fileNumber: UInt32 = 0
    private var pieceCount: UInt32 = 0
    private var runCount: UInt64 = 0
    private var endedCount: UInt64 = 0
    private var projection: Projection
    /// No workflow that has ended is there, and more may be kept now than could be then.
    private(set) var isBrief = false

    /// - Parameter endedMost: more workflows that have ended are not kept.
    init(_ input: any CheckpointReading, endedMost: Int = Projection.remembered) {
        self.input = input
        projection = Projection(endedMost: endedMost)
    }

    /// - Parameter isWanted: is asked before all the rest is read.
    /// - Returns: nil if it is not wanted.
    /// - Throws: `Damage`, or what reading throws.
    mutating func decode(
        if isWanted: (ProjectionHead) throws -> Bool
    ) throws -> Projection? {
        guard let first = try piece() else { throw Damage("it is empty") }
        let head = try readHead(first)
        guard try isWanted(head) else { return nil }
        projection.runs.reserve(Int(min(runCount, UInt64(input.left / Self.runBytesMin))))
        projection.ended.reserve(
            Int(min(endedCount, UInt64(input.left / EndedRuns.runBytesMin))))
        projection.end = head.end
        while let content = try piece() {
            var fields = PieceReader(content)
            switch ProjectionFile.Kind(rawValue: try fields.byte()) {
            case .types: try readTypes(&fields)
            case .endings: try readEndings(&fields)
            case .debts: try readTexts(&fields) { projection.debts.insert($0) }
            case .doubtful: try readTexts(&fields) { projection.doubtful.insert($0) }
            case .runs: try projection.decodeRuns(&fields)
            case .ended:
                try projection.ended.decodeRuns(&fields, typeCount: projection.types.count)
            case .end:
                guard try fields.number32() == pieceCount - 1, fields.isAtEnd, input.left == 0,
                    UInt64(projection.runs.count) == runCount,
                    projection.ended.isOff
                        || UInt64(projection.ended.table.count) == endedCount
                else { throw Damage("its end does not fit") }
                return projection
            case .head, nil: throw Damage("a piece of a kind that is none")
            }
        }
        throw Damage("it is cut short")
    }

    private mutating func piece() throws -> [UInt8]? {
        let start = try input.next(ProjectionPiece.headBytes)
        if start.isEmpty { return nil }
        var fields = PieceReader(start)
        let byteCount = Int(try fields.number32())
        let checksum = try fields.number32()
        guard byteCount > 0, byteCount <= min(input.left, ProjectionFile.pieceBytesMax) else {
            throw Damage("a length")
        }
        let content = try input.next(byteCount)
        guard content.count == byteCount,
            checksum
                == ProjectionPiece.checksum(
                    content, piece: pieceCount, file: pieceCount == 0 ? 0 : fileNumber)
        else { throw Damage("a checksum") }
        pieceCount += 1
        return content
    }

    private mutating func readHead(_ content: [UInt8]) throws -> ProjectionHead {
        var fields = PieceReader(content)
        guard try fields.byte() == ProjectionFile.Kind.head.rawValue,
            try fields.number32() == ProjectionFile.version
        else { throw Damage("it is of another version") }
        fileNumber = try fields.number32()
        let end = try fields.number64()
        let witness = try fields.number64()
        let lossDigest = try fields.number64()
        let removalDigest = try fields.number64()
        projection.newestTime = Int64(bitPattern: try fields.number64())
        let flags = try fields.byte()
        projection.hasUnknownEndings = flags & ProjectionFile.hasUnknownEndings != 0
        projection.hasOldEndings = flags & ProjectionFile.hasOldEndings != 0
        runCount = try fields.number64()
        endedCount = try fields.number64()
        let endedMost = try fields.number64()
        if flags & ProjectionFile.hasNoEnded != 0 {
            isBrief = endedMost < UInt64(projection.ended.most)
            projection.ended.turnOff()
        }
        let storeID = try fields.text(fields.left)
        return ProjectionHead(
            storeID: storeID, end: end, witness: witness, lossDigest: lossDigest,
            removalDigest: removalDigest)
    }

    private mutating func readTypes(_ fields: inout PieceReader) throws {
        while !fields.isAtEnd {
            let count = projection.types.count
            let name = try fields.text(fields.count())
            guard projection.type(name) == count else { throw Damage("a type is there twice") }
        }
    }

    private mutating func readEndings(_ fields: inout PieceReader) throws {
        while !fields.isAtEnd {
            let type = try fields.varint()
            let outcome = try fields.varint()
            let count = try fields.zigzag()
            guard type < UInt64(projection.types.count), count.magnitude < Self.endingsMax,
                let outcome = UInt8(exactly: outcome)
            else { throw Damage("an ending") }
            projection.endings[.init(type: UInt32(type), outcome: outcome)] = Int(count)
        }
    }

    private func readTexts(_ fields: inout PieceReader, _ body: (String) -> Void) throws {
        while !fields.isAtEnd { body(try fields.text(fields.count())) }
    }
}

/// Reads the content of a piece. Never past its end.
struct PieceReader {
    private let content: [UInt8]
    private var offset = 0

    init(_ content: [UInt8]) { self.content = content }

    var left: Int { content.count - offset }
    var isAtEnd: Bool { left == 0 }

    mutating func byte() throws -> UInt8 {
        guard left > 0 else { throw ProjectionDecoder.Damage("a piece ends early") }
        defer { offset += 1 }
        return content[offset]
    }

    mutating func number32() throws -> UInt32 { UInt32(try number(4)) }
    mutating func number64() throws -> UInt64 { try number(8) }

    private mutating func number(_ byteCount: Int) throws -> UInt64 {
        guard left >= byteCount else { throw ProjectionDecoder.Damage("a piece ends early") }
        var number: UInt64 = 0
        for place in 0..<byteCount {
            number |= UInt64(content[offset + place]) << UInt64(8 * place)
        }
        offset += byteCount
        return number
    }

    mutating func varint() throws -> UInt64 {
        do throws(HistoryError) {
            return try FieldReader.varint(content, &offset)
        } catch {
            throw ProjectionDecoder.Damage("a number")
        }
    }

    mutating func varint32() throws -> UInt32 {
        guard let number = UInt32(exactly: try varint()) else {
            throw ProjectionDecoder.Damage("a number is too large")
        }
        return number
    }

    mutating func zigzag() throws -> Int64 {
        let number = try varint()
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }

    /// A number of bytes that are left.
    mutating func count() throws -> Int {
        guard let count = Int(exactly: try varint()), count <= left else {
            throw ProjectionDecoder.Damage("a length in a piece")
        }
        return count
    }

    /// Where the next bytes are.
    mutating func bytes(_ count: Int) throws -> Range<Int> {
        guard count <= left else { throw ProjectionDecoder.Damage("a piece ends early") }
        defer { offset += count }
        return offset..<offset + count
    }

    func withBytes<R>(_ range: Range<Int>, _ body: (RawSpan) throws -> R) rethrows -> R {
        try content.withRawSpan { try body($0.extracting(range)) }
    }

    mutating func text(_ count: Int) throws -> String {
        let range = try bytes(count)
        guard let text = String(validating: content[range], as: UTF8.self) else {
            throw ProjectionDecoder.Damage("no text")
        }
        return text
    }
}

extension [UInt8] {
    mutating func append(number: UInt32) { append(UInt64(number), byteCount: 4) }
    mutating func append(number: UInt64) { append(number, byteCount: 8) }

    private mutating func append(_ number: UInt64, byteCount: Int) {
        for place in 0..<byteCount {
            append(UInt8(truncatingIfNeeded: number >> UInt64(8 * place)))
        }
    }

    mutating func append(varint number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    mutating func append(zigzag number: Int64) {
        append(varint: UInt64(bitPattern: number << 1 ^ number >> 63))
    }

    mutating func append(text: String) {
        append(varint: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }
}
