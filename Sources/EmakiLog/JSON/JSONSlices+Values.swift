import EmakiPlatform

/// Decoding the few values that have to be understood.
extension JSONSlices {
    /// A text of JSON whose bytes are UTF-8: the other half of the grammar.
    package init(validating bytes: [UInt8]) throws(Fault) {
        guard Self.isUTF8(bytes) else { throw Fault(reason: .notUTF8, offset: 0) }
        self.init(bytes: bytes)
    }

    package static func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.withRawSpan { String(validating: $0) != nil }
    }

    /// What a string spells; nil for another kind of value, or an escape that spells nothing.
    package func text(of slice: Slice) -> String? {
        guard slice.kind == .string else { return nil }
        let inside = bytes[slice.range.lowerBound + 1..<slice.range.upperBound - 1]
        guard inside.contains(UInt8(ascii: "\\")) else {
            return String(decoding: inside, as: UTF8.self)
        }
        return unescaped(inside)
    }

    /// A whole number that is not negative.
    package func number(of slice: Slice) -> UInt64? {
        guard slice.kind == .number else { return nil }
        return UInt64(String(decoding: bytes[slice.range], as: UTF8.self))
    }

    package func claim(of slice: Slice) -> Bool? {
        slice.kind == .bool ? bytes[slice.range.lowerBound] == UInt8(ascii: "t") : nil
    }

    /// The exact bytes of a value.
    package func source(of slice: Slice) -> [UInt8] { Array(bytes[slice.range]) }

    /// The grammar was checked: a backslash has something behind it, and `u` four digits.
    private func unescaped(_ inside: ArraySlice<UInt8>) -> String? {
        var spelled: [UInt8] = []
        spelled.reserveCapacity(inside.count)
        var rest = inside
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() else {
                spelled.append(byte)
                continue
            }
            switch escaped {
            case UInt8(ascii: "b"): spelled.append(0x08)
            case UInt8(ascii: "f"): spelled.append(0x0c)
            case UInt8(ascii: "n"): spelled.append(0x0a)
            case UInt8(ascii: "r"): spelled.append(0x0d)
            case UInt8(ascii: "t"): spelled.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = Self.scalar(&rest) else { return nil }
                spelled += Array(String(Character(scalar)).utf8)
            default: spelled.append(escaped)
            }
        }
        return String(decoding: spelled, as: UTF8.self)
    }

    /// Takes four digits, and those of the second half of a pair.
    private static func scalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let first = unit(&rest) else { return nil }
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
        guard rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) else { return nil }
        rest = rest.dropFirst(2)
        guard let second = unit(&rest), (0xdc00..<0xe000).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private static func unit(_ rest: inout ArraySlice<UInt8>) -> UInt32? {
        let digits = rest.prefix(4)
        rest = rest.dropFirst(4)
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
