import EmakiPlatform
import Foundation

/// Decoding the few values that the command has to understand.
extension JSONSlices {
    /// A text of JSON whose bytes are UTF-8: the other half of the grammar.
    init(validating bytes: [UInt8]) throws(Fault) {
        guard Self.isUTF8(bytes) else { throw Fault(reason: .notUTF8, offset: 0) }
        self.init(bytes: bytes)
    }

    static func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.withRawSpan { String(validating: $0) != nil }
    }

    /// What a string spells; nil for another kind of value, or an escape that spells nothing.
    func text(of slice: Slice) -> String? {
        guard slice.kind == .string else { return nil }
        let inside = bytes[slice.range.lowerBound + 1..<slice.range.upperBound - 1]
        guard inside.contains(UInt8(ascii: "\\")) else {
            return String(decoding: inside, as: UTF8.self)
        }
        return try? JSONDecoder().decode(String.self, from: Data(bytes[slice.range]))
    }

    /// A whole number that is not negative.
    func number(of slice: Slice) -> UInt64? {
        guard slice.kind == .number else { return nil }
        return UInt64(String(decoding: bytes[slice.range], as: UTF8.self))
    }

    /// The exact bytes of a value.
    func source(of slice: Slice) -> [UInt8] { Array(bytes[slice.range]) }

    /// The bytes that `{"base64":"…"}` stands for; nil for any other value.
    /// - Throws: if the text in it is no base64.
    func base64(of slice: Slice) throws -> [UInt8]? {
        let members = try members(of: slice)
        guard members.count == 1, let member = members.first, text(of: member.name) == "base64",
            let text = text(of: member.value)
        else { return nil }
        guard let decoded = Data(base64Encoded: text) else {
            throw CommandFailure(
                .partlyDone, code: "malformed", "the text of `base64` is no base64")
        }
        return Array(decoded)
    }
}
