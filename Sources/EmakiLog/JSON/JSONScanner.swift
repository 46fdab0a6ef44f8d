/// The grammar behind `JSONSlices`: a place in the bytes that only moves forwards.
struct JSONScanner {
    let bytes: [UInt8]
    var offset: Int

    typealias Fault = JSONSlices.Fault
    typealias Slice = JSONSlices.Slice

    /// What may come next inside a container.
    private enum Wanted { case value, firstValueOrEnd, name, firstNameOrEnd, commaOrEnd }

    init(bytes: [UInt8], offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0a, 0x0d, 0x09: offset += 1
            default: return
            }
        }
    }

    mutating func skipSpaceAndComma() {
        skipSpace()
        guard next == UInt8(ascii: ",") else { return }
        offset += 1
        skipSpace()
    }

    /// Checks one value, however deep, and moves behind it.
    mutating func value() throws(Fault) -> Slice {
        let start = offset
        guard let first = next else { throw fault() }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else {
            let kind = try scalar()
            return Slice(kind: kind, range: start..<offset)
        }
        try container()
        return Slice(
            kind: first == UInt8(ascii: "{") ? .object : .array, range: start..<offset)
    }

    private func fault() -> Fault {
        Fault(
            reason: offset < bytes.count ? .unexpectedByte : .unexpectedEnd, offset: offset)
    }

    // MARK: Containers

    /// The open containers are a list and not a recursion.
    private mutating func container() throws(Fault) {
        var isObject: [Bool] = []
        var wanted = Wanted.value
        repeat {
            skipSpace()
            guard let byte = next else { throw fault() }
            switch wanted {
            case .commaOrEnd:
                guard let inObject = isObject.last else { throw fault() }
                if byte == UInt8(ascii: ",") {
                    offset += 1
                    wanted = inObject ? .name : .value
                } else {
                    try close(byte, &isObject)
                }
            case .name, .firstNameOrEnd:
                if wanted == .firstNameOrEnd, byte == UInt8(ascii: "}") {
                    try close(byte, &isObject)
                    wanted = .commaOrEnd
                } else {
                    try name(byte)
                    wanted = .value
                }
            case .value, .firstValueOrEnd:
                if wanted == .firstValueOrEnd, byte == UInt8(ascii: "]") {
                    try close(byte, &isObject)
                    wanted = .commaOrEnd
                } else {
                    wanted = try valueOrOpening(byte, &isObject)
                }
            }
        } while !isObject.isEmpty
    }

    private mutating func valueOrOpening(
        _ byte: UInt8, _ isObject: inout [Bool]
    ) throws(Fault) -> Wanted {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard isObject.count < JSONSlices.depthMax else {
                throw Fault(reason: .tooDeep, offset: offset)
            }
            offset += 1
            isObject.append(byte == UInt8(ascii: "{"))
            return byte == UInt8(ascii: "{") ? .firstNameOrEnd : .firstValueOrEnd
        default:
            _ = try scalar()
            return .commaOrEnd
        }
    }

    private mutating func close(_ byte: UInt8, _ isObject: inout [Bool]) throws(Fault) {
        guard let inObject = isObject.last, byte == UInt8(ascii: inObject ? "}" : "]") else {
            throw fault()
        }
        isObject.removeLast()
        offset += 1
    }

    private mutating func name(_ byte: UInt8) throws(Fault) {
        guard byte == UInt8(ascii: "\"") else { throw fault() }
        try string()
        skipSpace()
        guard next == UInt8(ascii: ":") else { throw fault() }
        offset += 1
    }

    // MARK: Scalars

    private mutating func scalar() throws(Fault) -> Slice.Kind {
        guard let first = next else { throw fault() }
        switch first {
        case UInt8(ascii: "\""):
            try string()
            return .string
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default:
            try number()
            return .number
        }
        return .bool
    }

    private mutating func word(_ text: String) throws(Fault) {
        for byte in text.utf8 {
            guard next == byte else { throw fault() }
            offset += 1
        }
    }

    private mutating func string() throws(Fault) {
        offset += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw fault()
            default: offset += 1
            }
        }
        throw fault()
    }

    private mutating func escape() throws(Fault) {
        offset += 1
        guard let byte = next else { throw fault() }
        switch byte {
        case UInt8(ascii: "u"):
            offset += 1
            for _ in 0..<4 {
                guard let digit = next, Self.isHexDigit(digit) else { throw fault() }
                offset += 1
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            offset += 1
        default: throw fault()
        }
    }

    private mutating func number() throws(Fault) {
        if next == UInt8(ascii: "-") { offset += 1 }
        if next == UInt8(ascii: "0") { offset += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            offset += 1
            try digits()
        }
        guard next == UInt8(ascii: "e") || next == UInt8(ascii: "E") else { return }
        offset += 1
        if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
        try digits()
    }

    private mutating func digits() throws(Fault) {
        guard let digit = next, Self.isDigit(digit) else { throw fault() }
        while let digit = next, Self.isDigit(digit) { offset += 1 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
