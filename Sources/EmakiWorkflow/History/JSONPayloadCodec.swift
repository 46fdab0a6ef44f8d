import FoundationEssentials

/// JSON with sorted keys; bytes (`[UInt8]`) and `Nothing` pass as they are.
public struct JSONPayloadCodec: PayloadCodec {
    /// Said in a payload's metadata where it is not JSON.
    static let encodingKey = "encoding"
    static let bytesEncoding = "bytes"

    private let encoder: JSONEncoder
    private let decoder: JSONDecoder

    /// A codec; it keeps no state.
    public init() {
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        decoder = JSONDecoder()
    }

    /// Encodes a value.
    public func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        if Value.self == [UInt8].self, let bytes = value as? [UInt8] {
            return Payload(bytes, metadata: [Self.encodingKey: Self.bytesEncoding])
        }
        if Value.self == Nothing.self { return .empty }
        return Payload([UInt8](try encoder.encode(value)))
    }

    /// Decodes a value.
    public func decode<Value: Decodable & Sendable>(
        _ type: Value.Type, from payload: Payload
    ) throws -> Value {
        if let foreign = payload.foreignMark { throw ForeignPayload(mark: foreign) }
        if Value.self == [UInt8].self, payload.isBytes, let bytes = payload.bytes as? Value {
            return bytes
        }
        if Value.self == Nothing.self, let nothing = Nothing() as? Value { return nothing }
        // What is optional here, or an array of other things that was empty where it came from.
        if payload.isBytes, let value = payload.bytes as? Value { return value }
        if payload == .empty, let nothing = Nothing() as? Value { return nothing }
        return try decoder.decode(type, from: Data(payload.bytes))
    }
}

/// A payload of another codec: that one is needed to read it.
public struct ForeignPayload: UnreadablePayload, CustomStringConvertible {
    /// What the payload's metadata say of it.
    public let mark: String
    /// Says what to do.
    public var description: String {
        "it is of another codec, which says “\(mark)” of it: give the engine that codec"
    }
}

extension Payload {
    /// As `EmakiEncryption` and `EmakiOffload` have them.
    private static let foreignMarks = ["encryption", "offload"]

    /// Of what is encrypted, or kept elsewhere.
    fileprivate var foreignMark: String? {
        Self.foreignMarks.first { metadata[$0] != nil }
    }

    fileprivate var isBytes: Bool {
        metadata[JSONPayloadCodec.encodingKey] == JSONPayloadCodec.bytesEncoding
    }
}

/// Bytes only: `[UInt8]` and `Nothing` pass as they are, and everything else is refused. For those
/// who encode by themselves.
public struct BytesPayloadCodec: PayloadCodec {
    /// What it throws for a value that is no bytes.
    public struct NotBytes: Error, Sendable, CustomStringConvertible {
        /// The type of the value.
        public let type: String
        /// Says what to do.
        public var description: String {
            "\(type) is not [UInt8]: encode it first, or give the engine another codec"
        }
    }

    /// A codec; it keeps no state.
    public init() {}

    /// Takes the bytes.
    public func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        if Value.self == [UInt8].self, let bytes = value as? [UInt8] { return Payload(bytes) }
        if Value.self == Nothing.self { return .empty }
        if let bytes = value as? [UInt8] { return Payload(bytes) }
        if value is Nothing { return .empty }
        throw NotBytes(type: "\(Value.self)")
    }

    /// Gives the bytes back.
    public func decode<Value: Decodable & Sendable>(
        _ type: Value.Type, from payload: Payload
    ) throws -> Value {
        if Value.self == [UInt8].self, let bytes = payload.bytes as? Value { return bytes }
        if Value.self == Nothing.self, let nothing = Nothing() as? Value { return nothing }
        if let bytes = payload.bytes as? Value { return bytes }
        if let nothing = Nothing() as? Value { return nothing }
        throw NotBytes(type: "\(Value.self)")
    }
}
