import EmakiPlatform

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
    /// - Throws: whatever the value's own encoding throws; it fails the task, not the process. An
    ///   `UnreadablePayload` if it is not the value's fault.
    func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload
    /// - Throws: whatever decoding throws, for instance for a payload of an older type; an
    ///   `UnreadablePayload` if it is not the value's fault.
    func decode<Value: Decodable & Sendable>(_ type: Value.Type, from payload: Payload) throws
        -> Value
    /// Encodes the input of an activity, with a number that replays are compared by: the same for
    /// equal inputs, whatever else the codec puts into the bytes. By default it is a hash of the
    /// bytes. It is stored beside the payload, as it is.
    func encodeInput<Value: Encodable & Sendable>(
        _ value: Value
    ) throws -> (payload: Payload, hash: UInt64)
}

extension PayloadCodec {
    /// Encodes, and hashes the bytes.
    public func encodeInput<Value: Encodable & Sendable>(
        _ value: Value
    ) throws -> (payload: Payload, hash: UInt64) {
        let payload = try encode(value)
        return (payload, payload.bytes.withRawSpan { StableHash.hash($0) })
    }
}

/// Thrown by a codec that cannot read a payload now, whatever type is asked for: a key is missing,
/// or the bytes are damaged; or that cannot make one, because what it needs for that is missing or
/// full. A run that comes upon it does not take a message for one that is not for its code, and
/// its code does not see it: its task fails, is tried again, and rests after five times until
/// somebody resumes it.
public protocol UnreadablePayload: Error {}

extension PayloadCodec {
    /// Encodes what an attempt gave. If it cannot be encoded the attempt fails, but what it was
    /// about has happened, or may have.
    func encodeResult<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        do {
            return try encode(value)
        } catch {
            var failure = Failure(describing: error)
            failure.mayHaveHappened = true
            throw failure
        }
    }
}

/// A value without content: the input of what needs none, the result of what gives none.
public struct Nothing: Sendable, Hashable, Codable {
    /// The one value.
    public init() {}
}
