import EmakiPlatform
import EmakiWorkflow

/// Puts large payloads elsewhere; histories keep a reference.
///
///     let storage = try FolderPayloadStorage(at: "bank.payloads")
///     options.offload(with: OffloadingCodec(in: storage))
///
/// Of a payload that another codec made, and that is larger than a threshold, the history has no
/// bytes, and as metadata those of the other codec and `offload` (`offload:` and the key),
/// `offloadBytes` and `offloadHash`. What is put is durable before `encode` returns, so an event
/// that is acknowledged never points at nothing; what is put before a commit that never comes is
/// an orphan, see `FolderPayloadStorage.removeUnreferenced`.
///
/// With encryption: `OffloadingCodec(EncryptingCodec(…), in: storage)`, so that what is put is
/// encrypted. `Docs/workflows.md` says what is promised.
public struct OffloadingCodec: PayloadCodec {
    /// Larger payloads are put elsewhere, unless told otherwise: 64 KiB.
    public static let thresholdBytes = 64 << 10

    static let keyName = "offload"
    static let bytesName = "offloadBytes"
    static let hashName = "offloadHash"
    /// Before a key, so that it can be found in whatever it is part of.
    static let keyPrefix = "offload:"
    static let keyBytesMax = 200

    private let base: any PayloadCodec
    private let storage: any PayloadStorage
    private let thresholdBytes: Int

    /// - Parameters:
    ///   - base: encodes values.
    ///   - storage: where large payloads go.
    ///   - thresholdBytes: payloads of more bytes go there. It may change at any time.
    public init(
        _ base: any PayloadCodec = JSONPayloadCodec(), in storage: any PayloadStorage,
        above thresholdBytes: Int = OffloadingCodec.thresholdBytes
    ) {
        precondition(thresholdBytes >= 0, "a payload has 0 bytes or more")
        self.base = base
        self.storage = storage
        self.thresholdBytes = thresholdBytes
    }

    // MARK: Values

    /// Encodes, and puts what is large elsewhere; durable there on return.
    /// - Throws: what the other codec and the storage throw.
    public func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        if value is OffloadProbe { return Self.reference(to: OffloadProbe.key, Payload()) }
        return try put(try base.encode(value))
    }

    /// Brings back what is elsewhere, and decodes.
    /// - Throws: `OffloadError`; what the other codec throws.
    public func decode<Value: Decodable & Sendable>(
        _ type: Value.Type, from payload: Payload
    ) throws -> Value {
        try base.decode(type, from: try fetch(payload))
    }

    /// As `encode(_:)`. The hash is the other codec's: of the clear form, wherever that is kept.
    public func encodeInput<Value: Encodable & Sendable>(
        _ value: Value
    ) throws -> (payload: Payload, hash: UInt64) {
        let (payload, hash) = try base.encodeInput(value)
        return (try put(payload), hash)
    }
    // MARK: Payloads

    /// Puts a payload elsewhere if it is large; durable there on return.
    /// - Returns: the reference, or the payload as it was.
    /// - Throws: what the storage throws.
    public func put(_ payload: Payload) throws -> Payload {
        guard payload.bytes.count > thresholdBytes else { return payload }
        let key = try Self.reporting { try storage.put(payload.bytes) }
        guard Self.isKey(key) else {
            throw OffloadError.storage("the storage made the key “\(key)”, which is none")
        }
        return Self.reference(to: key, payload)
    }

    /// Whatever a storage throws is nobody's value's fault.
    private static func reporting<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let error as any UnreadablePayload {
            throw error
        } catch {
            throw OffloadError.storage("\(error)")
        }
    }

    private static func reference(to key: String, _ payload: Payload) -> Payload {
        var metadata = payload.metadata
        metadata[keyName] = keyPrefix + key
        metadata[bytesName] = String(payload.bytes.count)
        metadata[hashName] = String(hash(payload.bytes), radix: 16)
        return Payload([], metadata: metadata)
    }

    private static func hash(_ bytes: [UInt8]) -> UInt64 {
        bytes.withRawSpan { StableHash.hash($0) }
    }

    /// The payload that a reference is of; any other as it is.
    /// - Throws: `OffloadError`; what the storage throws.
    public func fetch(_ payload: Payload) throws -> Payload {
        guard let text = payload.metadata[Self.keyName] else { return payload }
        guard let key = Self.key(of: text),
            let byteCount = payload.metadata[Self.bytesName].flatMap({ Int($0) }),
            let hash = payload.metadata[Self.hashName].flatMap({ UInt64($0, radix: 16) })
        else { throw OffloadError.unusableReference }
        let bytes = try Self.reporting { try storage.get(key) }
        guard bytes.count == byteCount, Self.hash(bytes) == hash else {
            throw OffloadError.damaged(key: key)
        }
        var metadata = payload.metadata
        for name in [Self.keyName, Self.bytesName, Self.hashName] { metadata[name] = nil }
        return Payload(bytes, metadata: metadata)
    }

    /// What operators are shown of a payload that is elsewhere.
    func summary(of payload: Payload) -> Payload? {
        guard let key = Self.key(of: payload.metadata[Self.keyName] ?? "") else { return nil }
        let byteCount = payload.metadata[Self.bytesName].flatMap { Int($0) } ?? 0
        return Payload(text: #"{"bytes":\#(byteCount),"offloaded":"\#(key)"}"#)
    }

    // MARK: Keys

    private static func key(of text: String) -> String? {
        guard text.hasPrefix(keyPrefix) else { return nil }
        let key = String(text.dropFirst(keyPrefix.count))
        return isKey(key) ? key : nil
    }

    private static func isKey(_ text: String) -> Bool {
        (1...keyBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy(isOfKey)
    }

    static func isOfKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// The key of a payload that is itself elsewhere, and all that its metadata name.
    static func keys(in payload: Payload) -> Set<String> {
        payload.metadata.values.reduce(into: []) { $0.formUnion(PayloadReferences.keys(in: $1)) }
    }

    /// What a payload of the other codec refers to, inside of its value.
    /// - Throws: if it cannot be read now.
    func references(in payload: Payload) throws -> PayloadReferences {
        do {
            return try base.decode(PayloadReferences.self, from: payload)
        } catch let error as any UnreadablePayload {
            throw error
        } catch {
            // Bytes, or what else has no names and values: there are no payloads in it.
            return PayloadReferences()
        }
    }
}

extension EngineOptions {
    /// Puts large payloads of an engine elsewhere.
    ///
    /// With encryption: first `encrypt(with:)`, then this, with a codec around that one.
    /// - Parameter showsOperators: `emaki workflow` shows what is elsewhere, while this process has
    ///   the store. Otherwise it shows key and size.
    public mutating func offload(
        with codec: OffloadingCodec, showsOperators: Bool = false
    ) {
        self.codec = codec
        let decodes = decodesForOperators
        decodesForOperators = { payload in
            if !showsOperators, let summary = codec.summary(of: payload) { return summary }
            do {
                let whole = try codec.fetch(payload)
                return decodes.map { $0(whole) } ?? whole
            } catch {
                return nil
            }
        }
    }
}
