/// A value as the log keeps it: bytes that the engine never looks into, and what its codec wants to
/// know about them later.
public struct Payload: Sendable, Hashable {
    /// The encoded value.
    public var bytes: [UInt8]
    /// What the codec adds, for instance the encoding or the id of a key. Mostly empty.
    public var metadata: [String: String]

    /// Bytes, with what is to be known about them.
    public init(_ bytes: [UInt8] = [], metadata: [String: String] = [:]) {
        self.bytes = bytes
        self.metadata = metadata
    }

    /// The UTF-8 of a text.
    public init(text: String) { self.init(Array(text.utf8)) }

    /// No bytes: what nothing encodes to.
    public static let empty = Payload()
}

/// Turns inputs and results into payloads and back.
///
/// What it encodes is compared by its bytes when a run is replayed with `compare: .input`, so equal
/// values should give equal bytes: sorted keys, no dates of today.
public protocol PayloadCodec: Sendable {
    /// - Throws: whatever the value's own encoding throws; it fails the task, not the process.
    func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload
    /// - Throws: whatever decoding throws, for instance for a payload of an older type.
    func decode<Value: Decodable & Sendable>(_ type: Value.Type, from payload: Payload) throws
        -> Value
}

/// A value without content: the input of what needs none, the result of what gives none.
public struct Nothing: Sendable, Hashable, Codable {
    /// The one value.
    public init() {}
}
