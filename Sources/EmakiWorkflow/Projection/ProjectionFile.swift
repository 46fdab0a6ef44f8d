import EmakiLog
import EmakiPlatform

/// The file of a projection: what it was at a position, to go on from there.
///
/// Pieces, one after the other, to the end. The first is a head, the last an end that says how many
/// pieces there are; between them types come before endings and runs. A file of which anything is
/// not as it must be is of no use as a whole, and the table is made anew.
///
/// What follows a piece's kind, numbers as varints where nothing else is said:
///
///     types    byte count · name
///     endings  type · outcome · count (zigzag)
///     debts, doubtful workflows
///              byte count · text
///     runs     see `OpenRunCoding.swift`
///     ended    id bytes (1) · id · version · hash of the run id (8) · type · outcome (1)
///              labels (1; 255: too many to be here) · each (4)
///     end      pieces before this one (4)
enum ProjectionFile {
    static let name = ProjectionCheckpoint.fileName
    static let version: UInt32 = 3
    /// A piece is ended once it has so many.
    static let pieceBytes = 256 << 10
    /// A run with very many timers may make a piece larger.
    static let pieceBytesMax = 64 << 20
    /// A run with more timers is written as one in doubt, and its history read instead.
    static let timersMax = 1 << 20
    static let hasUnknownEndings: UInt8 = 1
    static let hasOldEndings: UInt8 = 2
    static let hasNoEnded: UInt8 = 4

    enum Kind: UInt8 {
        case head = 1
        case types = 2
        case endings = 3
        case debts = 4
        case doubtful = 5
        case runs = 6
        case end = 7
        case ended = 8
    }
}

/// A piece of the file of a projection.
///
///     offset  bytes
///          0      4  bytes of the content, at most 64 MiB
///          4      4  checksum of the piece's number from 0 on (4 bytes), of the file's own number
///                    (4 bytes; 0 for the first piece), and of the content
///          8         content: its kind, one byte, and what that kind has
enum ProjectionPiece {
    static let headBytes = 8

    static func checksum(_ content: [UInt8], piece: UInt32, file: UInt32) -> UInt32 {
        var start: [UInt8] = []
        start.append(number: piece)
        start.append(number: file)
        let seed = start.withRawSpan { Checksum.crc32c($0) }
        return content.withRawSpan { Checksum.crc32c($0, seed: seed) }
    }
}

/// Whose a file of a projection is, and whether it still is true: the content of its first piece.
///
///     offset  bytes
///          0      1  kind 1
///          1      4  version, 3
///          5      4  the file's own number, random: pieces of two files never go together
///          9      8  position: all events before it are in
///         17      8  witness: a number made of the event before that position
///         25      8  loss digest: a number made of losses that repairs recorded
///         33      8  removal digest: the same of what the engine's streams have lost to removals
///         41      8  time of the newest event, in nanoseconds since 1970 UTC
///         49      1  flags: 1 = ids were used again without a word of how their runs before ended;
///                    2 = ended runs were removed that are still counted; 4 = more workflows have
///                    ended than are kept, so none is
///         50      8  open runs in the file
///         58      8  workflows in the file that have ended
///         66      8  as many of them are kept at most
///         74         store id, 32 hexadecimal digits
struct ProjectionHead: Equatable, Sendable {
    var storeID: String
    /// All events before this position are in.
    var end: UInt64
    /// Of the event before that.
    var witness: UInt64
    var lossDigest: UInt64
    var removalDigest: UInt64
}

/// What others know of the file.
package enum ProjectionCheckpoint {
    /// In the store's folder.
    package static let fileName = DerivedFiles.projection
}

/// A projection as pieces of a file, one at a time.
struct ProjectionEncoder {
    private let projection: Projection
    private let head: ProjectionHead
    /// How often streams had been forgotten before.
    let forgottenCount: UInt64
    private let fileNumber: UInt32
    private var pieceCount: UInt32 = 0
    private var pending: [[UInt8]] = []
    private var nextChunk = 0
    private var stage = Stage.small

    private enum Stage { case small, runs, ended, end, done }

    init(
        _ projection: Projection, _ head: ProjectionHead, forgottenCount: UInt64 = 0,
        fileNumber: UInt32
    ) {
        self.projection = projection
        self.forgottenCount = forgottenCount
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
                stage = .ended
                nextChunk = 0
                return
            }
            pending = projection.encodeRuns(ofChunk: nextChunk)
            nextChunk += 1
        case .ended:
            guard nextChunk < projection.ended.table.chunks.count else {
                stage = .end
                return
            }
            pending = projection.ended.encodeRuns(ofChunk: nextChunk)
            nextChunk += 1
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
        piece.reserveCapacity(ProjectionPiece.headBytes + content.count)
        piece.append(number: UInt32(content.count))
        piece.append(
            number: ProjectionPiece.checksum(
                content, piece: pieceCount, file: pieceCount == 0 ? 0 : fileNumber))
        piece += content
        pieceCount += 1
        return piece
    }

    private func smallPieces() -> [[UInt8]] {
        var first = [ProjectionFile.Kind.head.rawValue]
        first.append(number: ProjectionFile.version)
        first.append(number: fileNumber)
        for number in [head.end, head.witness, head.lossDigest, head.removalDigest] {
            first.append(number: number)
        }
        first.append(number: UInt64(bitPattern: projection.newestTime))
        first.append(
            (projection.hasUnknownEndings ? ProjectionFile.hasUnknownEndings : 0)
                | (projection.hasOldEndings ? ProjectionFile.hasOldEndings : 0)
                | (projection.ended.isOff ? ProjectionFile.hasNoEnded : 0))
        first.append(number: UInt64(projection.runs.count))
        first.append(number: UInt64(projection.ended.table.count))
        first.append(number: UInt64(projection.ended.most))
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
