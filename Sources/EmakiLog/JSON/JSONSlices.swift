/// Finds the places of values in a JSON text without decoding or changing a byte of it, so that a
/// history's events are stored exactly as they were spelled.
///
/// Checks the whole grammar of RFC 8259 but for UTF-8 (see `JSONSlices.isUTF8`). Nesting is counted
/// and not recursed into, so no input can exhaust the stack; beyond `depthMax` it is refused.
package struct JSONSlices: Sendable {
    package let bytes: [UInt8]

    /// Deeper than any history, and small enough for every reader of what we export.
    package static let depthMax = 512

    /// A value's place: its first byte to behind its last, without the space around it.
    package struct Slice: Equatable, Sendable {
        package enum Kind: Sendable { case object, array, string, number, bool, null }
        package var kind: Kind
        package var range: Range<Int>
    }

    package struct Member: Sendable {
        package var name: Slice
        package var value: Slice
    }

    /// Why a text is no JSON.
    package struct Fault: Error, Equatable {
        package enum Reason: Sendable { case unexpectedByte, unexpectedEnd, tooDeep, notUTF8 }
        package var reason: Reason
        package var offset: Int

        package init(reason: Reason, offset: Int) {
            self.reason = reason
            self.offset = offset
        }
    }

    package init(bytes: [UInt8]) { self.bytes = bytes }

    // MARK: Places

    /// The one value that the bytes are, with space around it.
    package func whole() throws(Fault) -> Slice {
        let (slice, end) = try value(from: 0)
        guard end == bytes.count else { throw Fault(reason: .unexpectedByte, offset: end) }
        return slice
    }

    /// The next value at or behind an offset.
    /// - Returns: also where the next one may start: behind the value and the space after it.
    package func value(from offset: Int) throws(Fault) -> (Slice, end: Int) {
        var scanner = JSONScanner(bytes: bytes, offset: offset)
        scanner.skipSpace()
        let slice = try scanner.value()
        scanner.skipSpace()
        return (slice, scanner.offset)
    }

    /// Members of an object in their order; none if the value is no object.
    package func members(of object: Slice) throws(Fault) -> [Member] {
        guard object.kind == .object else { return [] }
        var scanner = JSONScanner(bytes: bytes, offset: object.range.lowerBound + 1)
        var members: [Member] = []
        scanner.skipSpace()
        while scanner.offset < object.range.upperBound - 1 {
            let name = try scanner.value()
            scanner.skipSpace()
            // The colon; the object was checked when its slice was made.
            scanner.offset += 1
            scanner.skipSpace()
            members.append(Member(name: name, value: try scanner.value()))
            scanner.skipSpaceAndComma()
        }
        return members
    }

    /// Elements of an array in their order; none if the value is no array.
    package func elements(of array: Slice) throws(Fault) -> [Slice] {
        guard array.kind == .array else { return [] }
        var scanner = JSONScanner(bytes: bytes, offset: array.range.lowerBound + 1)
        var elements: [Slice] = []
        scanner.skipSpace()
        while scanner.offset < array.range.upperBound - 1 {
            elements.append(try scanner.value())
            scanner.skipSpaceAndComma()
        }
        return elements
    }

    /// The value of an object's first member of that name.
    package func member(_ name: String, of object: Slice) throws(Fault) -> Slice? {
        try members(of: object).first { text(of: $0.name) == name }?.value
    }
}

/// Tells the lines of bytes of one text, in their order: each byte is looked at once, however many
/// places are asked for.
package struct JSONLineCount {
    private var line: Int
    private var offset = 0

    /// - Parameter line: the line where the text starts.
    package init(from line: Int = 1) {
        self.line = line
    }

    /// The line of a byte, which is not before the byte that was asked for last.
    package mutating func line(at place: Int, in slices: JSONSlices) -> Int {
        let end = min(place, slices.bytes.count)
        guard end > offset else { return line }
        line += slices.bytes[offset..<end].count { $0 == 0x0a }
        offset = end
        return line
    }
}

extension JSONSlices.Fault: CustomStringConvertible {
    package var description: String {
        switch reason {
        case .unexpectedByte: "unexpected byte at byte \(offset)"
        case .unexpectedEnd: "it ends too early, at byte \(offset)"
        case .tooDeep: "nested deeper than \(JSONSlices.depthMax) at byte \(offset)"
        case .notUTF8: "not UTF-8"
        }
    }
}
