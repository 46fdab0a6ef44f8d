import EmakiWorkflow

/// The keys that a value names, wherever in it: in the metadata of a payload that is part of it.
///
/// Any codec that decodes by `Decodable` finds them, as if it were asked for the value itself.
struct PayloadReferences: Decodable, Sendable {
    private(set) var keys: Set<String> = []
    /// Those that are the metadata of a payload in it, as such a payload.
    private(set) var payloads: [Payload] = []

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        if let object = Self.orNil({ try decoder.container(keyedBy: Name.self) }) {
            var texts: [String: String] = [:]
            for name in object.allKeys {
                keys.formUnion(Self.keys(in: name.stringValue))
                add(try object.decode(PayloadReferences.self, forKey: name))
                let text = Self.orNil { try object.decode(String.self, forKey: name) }
                texts[name.stringValue] = text
            }
            if texts[OffloadingCodec.keyName]?.hasPrefix(OffloadingCodec.keyPrefix) == true {
                payloads.append(Payload([], metadata: texts))
            }
        } else if var list = Self.orNil({ try decoder.unkeyedContainer() }) {
            while !list.isAtEnd { add(try list.decode(PayloadReferences.self)) }
        } else if let text = Self.orNil({ try decoder.singleValueContainer().decode(String.self) })
        {
            keys = Self.keys(in: text)
        }
    }

    init() {}

    private mutating func add(_ other: PayloadReferences) {
        keys.formUnion(other.keys)
        payloads += other.payloads
    }

    /// A value that is of another kind.
    private static func orNil<Value>(_ body: () throws -> Value) -> Value? {
        do { return try body() } catch { return nil }
    }

    /// Every key that a text names, though the text be a value that was encoded itself.
    static func keys(in text: String) -> Set<String> {
        let bytes = Array(text.utf8)
        let prefix = Array(OffloadingCodec.keyPrefix.utf8)
        var keys: Set<String> = []
        var start = 0
        while start + prefix.count < bytes.count {
            guard bytes[start...].starts(with: prefix) else {
                start += 1
                continue
            }
            let key = bytes[(start + prefix.count)...].prefix(while: OffloadingCodec.isOfKey)
            if !key.isEmpty { keys.insert(String(decoding: key, as: UTF8.self)) }
            start += prefix.count
        }
        return keys
    }
}

/// Shows whether references can be seen in what a codec makes: it is a reference, to nothing.
struct OffloadProbe: Encodable, Sendable {
    static let key = "probe"
}
