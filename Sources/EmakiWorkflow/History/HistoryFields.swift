import EmakiPlatform

/// Fields of a record: a number and a value each, so that a newer version may add some and an older
/// one skips what it does not know.
///
/// A field starts with a varint: twice its number, plus 1 if it is text or bytes. A number follows
/// as a varint; text and bytes as a varint with their length, and themselves. Fields stand in
/// ascending order of their numbers; one that may repeat stands as often as it has values.
struct FieldWriter {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(48) }

    mutating func put(_ field: UInt64, _ number: UInt64) {
        varint(field << 1)
        varint(number)
    }

    mutating func put(_ field: UInt64, _ text: String) {
        varint(field << 1 | 1)
        varint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func put(_ field: UInt64, _ content: [UInt8]) {
        varint(field << 1 | 1)
        varint(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    mutating func put(_ field: UInt64, signed number: Int64) {
        put(field, UInt64(bitPattern: number << 1 ^ number >> 63))
    }

    mutating func put(_ field: UInt64, ifTrue claim: Bool) { if claim { put(field, 1) } }
    mutating func put(_ field: UInt64, _ text: String?) { if let text { put(field, text) } }
    mutating func put(_ field: UInt64, notEmpty text: String) {
        if !text.isEmpty { put(field, text) }
    }

    mutating func put(_ field: UInt64, _ map: [String: String]) {
        for (key, value) in map.sorted(by: { $0.key < $1.key }) {
            put(field, Self.entry(key, value))
        }
    }

    /// An entry of a map, as the content of a field.
    static func entry(_ key: String, _ value: String) -> [UInt8] {
        var entry = FieldWriter()
        entry.put(1, key)
        entry.put(2, value)
        return entry.bytes
    }

    mutating func raw(_ content: [UInt8]) { bytes.append(contentsOf: content) }

    mutating func varint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// Reads what `FieldWriter` wrote. Never past the end, whatever the bytes are.
struct FieldReader {
    private struct Field {
        let number: UInt64
        let value: UInt64
        let range: Range<Int>?
    }

    /// Of one record; more are damage.
    private static let fieldsMax = 4_096

    private let bytes: [UInt8]
    private var fields: [Field] = []

    init(_ bytes: [UInt8]) throws(HistoryError) {
        self.bytes = bytes
        fields.reserveCapacity(8)
        var offset = 0
        while offset < bytes.count {
            let head = try Self.varint(bytes, &offset)
            let value = try Self.varint(bytes, &offset)
            guard head & 1 == 1 else {
                fields.append(Field(number: head >> 1, value: value, range: nil))
                continue
            }
            guard value <= UInt64(bytes.count - offset) else { throw .malformed("a length") }
            fields.append(
                Field(
                    number: head >> 1, value: value, range: offset..<offset + Int(value)))
            offset += Int(value)
            guard fields.count <= Self.fieldsMax else { throw .malformed("too many fields") }
        }
    }

    func number(_ field: UInt64) -> UInt64? {
        for candidate in fields where candidate.number == field && candidate.range == nil {
            return candidate.value
        }
        return nil
    }

    func signed(_ field: UInt64) -> Int64? {
        number(field).map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    /// An instant from 1970 to the year 2116.
    func instant(_ field: UInt64) -> Int64? {
        signed(field).flatMap { (0...Int64.max / 2).contains($0) ? $0 : nil }
    }

    func flag(_ field: UInt64) -> Bool { number(field) == 1 }

    /// A count, a number of an event or an attempt.
    func int(_ field: UInt64) -> Int? { number(field).flatMap { Int32(exactly: $0) }.map(Int.init) }

    func content(_ field: UInt64) -> [UInt8]? { range(of: field).map { Array(bytes[$0]) } }

    /// Where a text or bytes are.
    private func range(of field: UInt64) -> Range<Int>? {
        for candidate in fields where candidate.number == field {
            if let range = candidate.range { return range }
        }
        return nil
    }

    func contents(_ field: UInt64) -> [[UInt8]] {
        fields.compactMap { candidate in
            candidate.number == field ? candidate.range.map { Array(bytes[$0]) } : nil
        }
    }

    func text(_ field: UInt64) throws(HistoryError) -> String? {
        guard let range = range(of: field) else { return nil }
        guard let text = bytes.withRawSpan({ String(validating: $0.extracting(range)) }) else {
            throw .malformed("field \(field) is no text")
        }
        return text
    }

    func map(_ field: UInt64) throws(HistoryError) -> [String: String] {
        var map: [String: String] = [:]
        for content in contents(field) {
            let entry = try FieldReader(content)
            guard let key = try entry.text(1), let value = try entry.text(2) else {
                throw .malformed("an entry of field \(field)")
            }
            map[key] = value
        }
        return map
    }

    func need<Value>(_ value: Value?, _ name: String) throws(HistoryError) -> Value {
        guard let value else { throw .malformed("\(name) is missing") }
        return value
    }

    static func varint(
        _ bytes: [UInt8], _ offset: inout Int
    ) throws(HistoryError) -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.count, shift < 64 {
            let byte = bytes[offset]
            offset += 1
            number |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return number }
            shift += 7
        }
        throw .malformed("a number")
    }
}

/// A recorded event that this version cannot use.
public enum HistoryError: Error, Sendable, Equatable {
    /// The bytes of an event make no sense.
    case malformed(String)
    /// An event of a kind that this version does not know: use a newer one.
    case unknownKind(UInt64)
    /// Events that do not follow one another.
    case disordered(expected: Int, found: Int)
}
