/// A JSON object that is written in the order in which its members were added.
///
/// The encoders of Foundation sort or shuffle members, and cannot put a stored text in unchanged.
package struct JSONObject: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package var name: String
        /// The value, as JSON.
        package var json: String

        package init(name: String, json: String) {
            self.name = name
            self.json = json
        }
    }

    package private(set) var members: [Member] = []

    package init() {}

    package mutating func add(_ name: String, _ text: String) {
        add(name, json: Self.quoted(text))
    }

    package mutating func add(_ name: String, _ number: some BinaryInteger) {
        add(name, json: String(number))
    }

    package mutating func add(_ name: String, _ claim: Bool) {
        add(name, json: claim ? "true" : "false")
    }

    package mutating func add(_ name: String, _ object: JSONObject) {
        add(name, json: object.text)
    }

    package mutating func add(_ name: String, _ objects: [JSONObject]) {
        add(name, json: "[" + objects.map(\.text).joined(separator: ",") + "]")
    }

    package mutating func add(_ name: String, _ texts: [String]) {
        add(name, json: "[" + texts.map(Self.quoted).joined(separator: ",") + "]")
    }

    /// A value that is JSON already.
    package mutating func add(_ name: String, json: String) {
        members.append(Member(name: name, json: json))
    }

    /// A value that knows how to encode itself.
    package mutating func add(_ name: String, encoding value: some Encodable) throws {
        add(name, json: try JSONEncoding.text(of: value))
    }

    package var text: String {
        var text = "{"
        for (index, member) in members.enumerated() {
            if index > 0 { text += "," }
            text += Self.quoted(member.name) + ":" + member.json
        }
        return text + "}"
    }

    package static func encoded(_ value: some Encodable) throws -> String {
        try JSONEncoding.text(of: value)
    }

    /// A text as a JSON string: only what must be escaped is.
    package static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = [0x22]
        bytes.reserveCapacity(text.utf8.count + 2)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c: bytes += [0x5c, byte]
            case 0x0a: bytes += [0x5c, 0x6e]
            case 0x0d: bytes += [0x5c, 0x72]
            case 0x09: bytes += [0x5c, 0x74]
            case 0..<0x20:
                bytes += Array("\\u00".utf8) + [hexDigit(byte >> 4), hexDigit(byte & 15)]
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x57 + value
    }
}
