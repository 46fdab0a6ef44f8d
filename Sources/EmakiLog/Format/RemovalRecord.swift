import EmakiPlatform

/// What a stream loses: a batch of its own kind, behind the header of `BatchFormat`. It takes one
/// position, which holds no event, so that durability, order and followers treat it like one.
///
///     offset  bytes   (from the start of the batch)
///        8      1   what happens: 1 = truncate, 2 = delete, 3 = expire
///        9      1   stream id bytes
///       10      6   zero
///       16      8   the events up to and including this version are removed
///       24          expire: from when on, in nanoseconds since 1970 UTC (8) · stream id · zeros up
///                   to 8
struct RemovalRecord: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        /// The oldest events go.
        case truncate = 1
        /// All events go, and the next append must expect this very version.
        case delete = 2
        /// The events up to the version are to go at an instant. What removes them then is a
        /// truncation of its own.
        case expire = 3
    }

    var kind: Kind
    var stream: StreamID
    var through: StreamVersion
    /// Of an expiry; 0 else.
    var instant: Int64 = 0

    private static let headerBytes = 24
    private static let instantBytes = 8

    static func byteCount(streamIDBytes: Int, _ kind: Kind) -> Int {
        idOffset(kind) + (streamIDBytes + 7) & ~7
    }

    private static func idOffset(_ kind: Kind) -> Int {
        headerBytes + (kind == .expire ? instantBytes : 0)
    }

    /// Writes the whole batch.
    func encode(into image: PageMemory, at offset: Int) {
        let idBytes = stream.text.utf8.count
        let byteCount = Self.byteCount(streamIDBytes: idBytes, kind)
        image.zero(offset..<offset + byteCount)
        BatchFormat.encodeHeader(
            byteCount: byteCount, sectionCount: 0, kind: .removal, into: image, at: offset)
        image.store(kind.rawValue, at: offset + 8)
        image.store(UInt8(idBytes), at: offset + 9)
        image.store(through.rawValue, at: offset + 16)
        if kind == .expire { image.store(UInt64(bitPattern: instant), at: offset + 24) }
        stream.text.withUTF8Span { image.copy($0, at: offset + Self.idOffset(kind)) }
    }

    /// Reads the batch in `range`, of which the length was checked.
    /// - Returns: nil if it makes no sense.
    init?(from image: PageMemory, batch range: Range<Int>) {
        guard range.count > Self.headerBytes, image.loadUInt16(at: range.lowerBound + 4) == 0,
            let kind = Kind(rawValue: image.loadUInt8(at: range.lowerBound + 8))
        else { return nil }
        let idBytes = Int(image.loadUInt8(at: range.lowerBound + 9))
        let start = range.lowerBound + Self.idOffset(kind)
        let version = image.loadUInt64(at: range.lowerBound + 16)
        guard idBytes > 0, range.count == Self.byteCount(streamIDBytes: idBytes, kind),
            version > 0, version <= FrameHeader.positionMax,
            let text = image.withBytes(in: start..<start + idBytes, { String(validating: $0) })
        else { return nil }
        self.kind = kind
        stream = StreamID(checked: text)
        through = StreamVersion(version)
        if kind == .expire {
            instant = Int64(bitPattern: image.loadUInt64(at: range.lowerBound + 24))
        }
    }

    init(_ kind: Kind, of stream: StreamID, through: StreamVersion, at instant: Int64 = 0) {
        self.instant = instant
        self.kind = kind
        self.stream = stream
        self.through = through
    }
}
