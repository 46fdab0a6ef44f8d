import EmakiPlatform

/// The name of a stream: 1 to 255 bytes of UTF-8, compared byte by byte.
///
/// Its hash is computed once, here, so that an append does not compute it under the log's lock.
public struct StreamID: Sendable {
    /// The name as text.
    public let text: String
    let hash: UInt64

    /// Makes an id from text.
    /// - Throws: `LogError.invalid(.emptyStreamID)`, `.invalid(.reservedStreamID)` if it starts
    ///   with a zero byte, or `.tooLarge` beyond `Limits.streamIDBytesMax` bytes of UTF-8.
    public init(_ text: String) throws(LogError) {
        var native = text
        native.makeContiguousUTF8()
        let byteCount = native.utf8.count
        guard byteCount > 0 else { throw .invalid(.emptyStreamID) }
        guard native.utf8.first != SnapshotStream.marker else { throw .invalid(.reservedStreamID) }
        guard byteCount <= Limits.streamIDBytesMax else {
            throw .tooLarge(.streamIDBytes, limit: Limits.streamIDBytesMax, value: byteCount)
        }
        self.init(checked: native)
    }

    /// Makes an id from bytes that somebody else wrote.
    /// - Throws: as `init(_:)`, and `LogError.invalid(.notUTF8)`.
    public init(utf8 bytes: [UInt8]) throws(LogError) {
        guard let text = bytes.withRawSpan({ String(validating: $0) }) else {
            throw .invalid(.notUTF8)
        }
        try self.init(text)
    }

    /// Only for text that passed the limits, for instance when it was recorded.
    init(checked text: String) {
        self.text = text
        hash = text.withUTF8Span { StableHash.hash($0) }
    }
}

extension StreamID: Hashable {
    /// Equal when the bytes of the names are equal; canonical equivalence does not count.
    public static func == (left: StreamID, right: StreamID) -> Bool {
        left.hash == right.hash && left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Feeds the hash that was computed when the id was made.
    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension StreamID: Comparable {
    /// Order of the bytes of the names, the order of `EventLog.streams`.
    public static func < (left: StreamID, right: StreamID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension StreamID: ExpressibleByStringLiteral {
    /// For literals in source code.
    /// - Precondition: the literal is a valid id; anything else is a programming error.
    public init(stringLiteral text: String) {
        let byteCount = text.utf8.count
        precondition(text.utf8.first != SnapshotStream.marker, "a stream id starts with no zero")
        precondition(
            byteCount > 0 && byteCount <= Limits.streamIDBytesMax,
            "a stream id has 1 to \(Limits.streamIDBytesMax) bytes of UTF-8, not \(byteCount)")
        self.init(checked: text)
    }
}

extension StreamID: CustomStringConvertible {
    /// The name.
    public var description: String { text }
}

/// How many events a stream has had. The first event makes it 1; a stream never written is at 0.
///
/// Of an event: the stream's version once that event was in.
public struct StreamVersion: Hashable, Comparable, Sendable, Codable {
    /// The count itself.
    public var rawValue: UInt64

    /// Wraps a count.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// A stream that has never been written.
    public static let none = StreamVersion(0)
    /// The version of a stream's first event.
    public static let first = StreamVersion(1)

    /// Fewer events come first.
    public static func < (left: StreamVersion, right: StreamVersion) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension StreamVersion {
    /// Reads the bare number.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(UInt64.self))
    }

    /// Writes the bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension StreamVersion: ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// For literals in source code.
    public init(integerLiteral value: UInt64) { rawValue = value }
    /// The number in decimal.
    public var description: String { String(rawValue) }
}

/// An event's ordinal in the whole log, from 0, in commit order: dense when given, never reused.
public struct Position: Hashable, Comparable, Sendable, Codable {
    /// The ordinal itself.
    public var rawValue: UInt64

    /// Wraps an ordinal.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The first event of a log.
    public static let start = Position(0)

    /// Commit order.
    public static func < (left: Position, right: Position) -> Bool {
        left.rawValue < right.rawValue
    }

    func advanced(by count: Int) -> Position { Position(rawValue + UInt64(count)) }
}

extension Position {
    /// Reads the bare number.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(UInt64.self))
    }

    /// Writes the bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension Position: ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// For literals in source code.
    public init(integerLiteral value: UInt64) { rawValue = value }
    /// The number in decimal.
    public var description: String { String(rawValue) }
}

/// 128 bits that name an event for ever, chosen by the caller, so that a repeated append is known.
public struct EventID: Hashable, Sendable {
    /// The first eight bytes, as a little-endian number.
    public var low: UInt64
    /// The last eight bytes, as a little-endian number.
    public var high: UInt64

    /// An id from its two halves.
    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

extension EventID: CustomStringConvertible {
    /// 32 hexadecimal digits, `high` first.
    public var description: String {
        func hex(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return hex(high) + hex(low)
    }

    /// Reads what `description` writes; dashes are skipped, so that a UUID's text is accepted.
    public init?(_ text: String) {
        let digits = text.filter { $0 != "-" }
        guard digits.utf8.count == 32,
            let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.init(low: low, high: high)
    }
}
