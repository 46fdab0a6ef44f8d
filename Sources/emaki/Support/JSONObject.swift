import EmakiLog
import Foundation

/// A JSON object that is written in the order in which its members were added.
///
/// The encoders of Foundation sort or shuffle members, and cannot put a stored text in unchanged.
struct JSONObject: Sendable {
    private(set) var members: [CommandFailure.Detail] = []

    mutating func add(_ name: String, _ text: String) {
        add(name, json: Self.quoted(text))
    }

    mutating func add(_ name: String, _ number: some BinaryInteger) {
        add(name, json: String(number))
    }

    mutating func add(_ name: String, _ claim: Bool) {
        add(name, json: claim ? "true" : "false")
    }

    mutating func add(_ name: String, _ object: JSONObject) {
        add(name, json: object.text)
    }

    mutating func add(_ name: String, _ objects: [JSONObject]) {
        add(name, json: "[" + objects.map(\.text).joined(separator: ",") + "]")
    }

    mutating func add(_ name: String, _ texts: [String]) {
        add(name, json: "[" + texts.map(Self.quoted).joined(separator: ",") + "]")
    }

    /// A value that is JSON already.
    mutating func add(_ name: String, json: String) {
        members.append(.init(name: name, json: json))
    }

    /// A value that knows how to encode itself.
    mutating func add(_ name: String, encoding value: some Encodable) throws {
        add(name, json: try Self.encoded(value))
    }

    var text: String {
        var text = "{"
        for (index, member) in members.enumerated() {
            if index > 0 { text += "," }
            text += Self.quoted(member.name) + ":" + member.json
        }
        return text + "}"
    }

    static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// A text as a JSON string: only what must be escaped is.
    static func quoted(_ text: String) -> String {
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
