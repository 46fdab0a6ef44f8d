/// Values that know how to encode themselves, as JSON: members sorted by their names, nothing
/// escaped that need not be. Libraries here do without Foundation, and its encoder.
///
/// For what this package encodes: numbers, texts, claims, enums of texts, and structs, arrays and
/// options of them.
package enum JSONEncoding {
    package static func text(of value: some Encodable) throws -> String {
        let place = Place()
        try value.encode(to: Coder(place: place, codingPath: []))
        return place.text
    }

    /// Where one value goes; what it is turns out as it is encoded.
    fileprivate final class Place {
        var scalar: String?
        var members: [String: Place] = [:]
        var elements: [Place] = []
        var isArray = false

        func member(_ name: String) -> Place {
            let place = Place()
            members[name] = place
            return place
        }

        func element() -> Place {
            let place = Place()
            elements.append(place)
            return place
        }

        var text: String {
            if let scalar { return scalar }
            if isArray { return "[" + elements.map(\.text).joined(separator: ",") + "]" }
            let sorted = members.sorted { $0.key < $1.key }
            return "{"
                + sorted.map { JSONObject.quoted($0.key) + ":" + $0.value.text }
                .joined(separator: ",") + "}"
        }

        func encode(_ value: some Encodable, _ path: [any CodingKey]) throws {
            try value.encode(to: Coder(place: self, codingPath: path))
        }
    }

    fileprivate struct Coder: Encoder {
        let place: Place
        let codingPath: [any CodingKey]
        let userInfo: [CodingUserInfoKey: Any] = [:]

        func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
            KeyedEncodingContainer(Members(place: place, codingPath: codingPath))
        }

        func unkeyedContainer() -> any UnkeyedEncodingContainer {
            place.isArray = true
            return Elements(place: place, codingPath: codingPath)
        }

        func singleValueContainer() -> any SingleValueEncodingContainer {
            Scalar(place: place, codingPath: codingPath)
        }
    }
}

extension JSONEncoding {
    fileprivate struct Scalar: SingleValueEncodingContainer {
        let place: Place
        let codingPath: [any CodingKey]

        func encodeNil() { place.scalar = "null" }
        func encode(_ value: Bool) { place.scalar = value ? "true" : "false" }
        func encode(_ value: String) { place.scalar = JSONObject.quoted(value) }
        func encode(_ value: Int) { number(value) }
        func encode(_ value: Int8) { number(value) }
        func encode(_ value: Int16) { number(value) }
        func encode(_ value: Int32) { number(value) }
        func encode(_ value: Int64) { number(value) }
        func encode(_ value: UInt) { number(value) }
        func encode(_ value: UInt8) { number(value) }
        func encode(_ value: UInt16) { number(value) }
        func encode(_ value: UInt32) { number(value) }
        func encode(_ value: UInt64) { number(value) }
        func encode(_ value: Float) throws { try encode(Double(value)) }

        func encode(_ value: Double) throws {
            guard value.isFinite else {
                throw EncodingError.invalidValue(
                    value,
                    .init(codingPath: codingPath, debugDescription: "JSON has no such number"))
            }
            place.scalar = "\(value)"
        }

        func encode(_ value: some Encodable) throws { try place.encode(value, codingPath) }

        private func number(_ value: some BinaryInteger) { place.scalar = String(value) }
    }

    fileprivate struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let place: Place
        let codingPath: [any CodingKey]

        func encodeNil(forKey key: Key) { place.member(key.stringValue).scalar = "null" }

        func encode(_ value: some Encodable, forKey key: Key) throws {
            try place.member(key.stringValue).encode(value, codingPath + [key])
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy: Nested.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Nested> {
            KeyedEncodingContainer(
                Members<Nested>(
                    place: place.member(key.stringValue), codingPath: codingPath + [key]))
        }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            let nested = place.member(key.stringValue)
            nested.isArray = true
            return Elements(place: nested, codingPath: codingPath + [key])
        }

        func superEncoder() -> any Encoder {
            Coder(place: place.member("super"), codingPath: codingPath)
        }

        func superEncoder(forKey key: Key) -> any Encoder {
            Coder(place: place.member(key.stringValue), codingPath: codingPath + [key])
        }
    }

    fileprivate struct Elements: UnkeyedEncodingContainer {
        let place: Place
        let codingPath: [any CodingKey]
        var count: Int { place.elements.count }

        func encodeNil() { place.element().scalar = "null" }

        func encode(_ value: some Encodable) throws {
            try place.element().encode(value, codingPath)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy: Nested.Type
        ) -> KeyedEncodingContainer<Nested> {
            KeyedEncodingContainer(
                Members<Nested>(place: place.element(), codingPath: codingPath))
        }

        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            let nested = place.element()
            nested.isArray = true
            return Elements(place: nested, codingPath: codingPath)
        }

        func superEncoder() -> any Encoder {
            Coder(place: place.element(), codingPath: codingPath)
        }
    }
}
