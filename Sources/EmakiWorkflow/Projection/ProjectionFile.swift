import EmakiPlatform

/// The file of a projection: what it was at a position, to go on from there.
///
///     file     pieces, one after the other, to the end
///     piece    content bytes (4) · CRC32C (4) · content
///              the CRC is that of the piece's number (4), the file's own number (4; 0 for the
///              first piece) and the content
///     content  a kind (1), and records of that kind to its end
///
/// Numbers are little-endian, or varints where so said. The first piece is a head, the last an end
/// that says how many pieces there are; between them types come before endings and runs. A file of
/// which anything is not as it must be is of no use as a whole, and the table is made anew.
///
///     head     version (4) · file number (4) · position (8) · witness (8) · loss digest (8)
///              newest time (8) · flags (1): 1 = ids were used again without a word of how their
///              runs before had ended · runs (8) · store id (the rest)
///     types    byte count (varint) · name
///     endings  type (varint) · outcome (varint) · count (varint, zigzag)
///     debts, doubtful workflows
///              byte count (varint) · text
///     runs     see `OpenRunCoding.swift`
///     end      pieces before this one (4)
enum ProjectionFile {
    /// In the store's folder.
    static let name = "workflow-projection"
    static let version: UInt32 = 1
    static let pieceHeadBytes = 8
    /// A piece is ended once it has so many.
    static let pieceBytes = 256 << 10
    /// A run with very many timers may make a piece larger.
    static let pieceBytesMax = 64 << 20
    static let hasUnknownEndings: UInt8 = 1

    enum Kind: UInt8 {
        case head = 1
        case types = 2
        case endings = 3
        case debts = 4
        case doubtful = 5
        case runs = 6
        case end = 7
    }

    /// Whose a file is, and whether it still is true.
    struct Head: Equatable, Sendable {
        var storeID: String
        /// All events before this position are in.
        var end: UInt64
        /// Of the event before that.
        var witness: UInt64
        var lossDigest: UInt64
    }

    static func checksum(_ content: [UInt8], piece: UInt32, file: UInt32) -> UInt32 {
        var start: [UInt8] = []
        start.append(number: piece)
        start.append(number: file)
        let seed = start.withRawSpan { Checksum.crc32c($0) }
        return content.withRawSpan { Checksum.crc32c($0, seed: seed) }
    }
}

/// A projection as pieces of a file, one at a time.
struct ProjectionEncoder {
    private let projection: Projection
    private let head: ProjectionFile.Head
    private let fileNumber: UInt32
    private var pieceCount: UInt32 = 0
    private var pending: [[UInt8]] = []
    private var nextChunk = 0
    private var stage = Stage.small

    private enum Stage { case small, runs, end, done }

    init(_ projection: Projection, _ head: ProjectionFile.Head, fileNumber: UInt32) {
        self.projection = projection
        self.head = head
        self.fileNumber = fileNumber
    }

    /// The next piece; nil: that was all.
    mutating func next() -> [UInt8]? {
        while pending.isEmpty, stage != .done { advance() }
        guard !pending.isEmpty else { return nil }
        return sealed(pending.removeFirst())
    }

    private mutating func advance() {
        switch stage {
        case .small:
            pending = smallPieces()
            stage = .runs
        case .runs:
            guard nextChunk < projection.runs.chunks.count else {
                stage = .end
                return
            }
            var content = [ProjectionFile.Kind.runs.rawValue]
            projection.encodeRuns(ofChunk: nextChunk, into: &content)
            nextChunk += 1
            if content.count > 1 { pending = [content] }
        case .end:
            var content = [ProjectionFile.Kind.end.rawValue]
            content.append(number: pieceCount)
            pending = [content]
            stage = .done
        case .done: break
        }
    }

    private mutating func sealed(_ content: [UInt8]) -> [UInt8] {
        var piece: [UInt8] = []
        piece.reserveCapacity(ProjectionFile.pieceHeadBytes + content.count)
        piece.append(number: UInt32(content.count))
        piece.append(
            number: ProjectionFile.checksum(
                content, piece: pieceCount, file: pieceCount == 0 ? 0 : fileNumber))
        piece += content
        pieceCount += 1
        return piece
    }

    private func smallPieces() -> [[UInt8]] {
        var first = [ProjectionFile.Kind.head.rawValue]
        first.append(number: ProjectionFile.version)
        first.append(number: fileNumber)
        for number in [head.end, head.witness, head.lossDigest] { first.append(number: number) }
        first.append(number: UInt64(bitPattern: projection.newestTime))
        first.append(projection.hasUnknownEndings ? ProjectionFile.hasUnknownEndings : 0)
        first.append(number: UInt64(projection.runs.count))
        first += Array(head.storeID.utf8)
        return [first]
            + pieces(.types, projection.types) { $0.append(text: $1) }
            + pieces(.endings, projection.endings.map { ($0.key, $0.value) }) { content, entry in
                content.append(varint: UInt64(entry.0.type))
                content.append(varint: UInt64(entry.0.outcome))
                content.append(zigzag: Int64(entry.1))
            } + pieces(.debts, projection.debts) { $0.append(text: $1) }
            + pieces(.doubtful, projection.doubtful) { $0.append(text: $1) }
    }

    private func pieces<Items: Sequence>(
        _ kind: ProjectionFile.Kind, _ items: Items,
        _ encode: (inout [UInt8], Items.Element) -> Void
    ) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var content = [kind.rawValue]
        for item in items {
            encode(&content, item)
            guard content.count >= ProjectionFile.pieceBytes else { continue }
            pieces.append(content)
            content = [kind.rawValue]
        }
        if content.count > 1 { pieces.append(content) }
        return pieces
    }
}
