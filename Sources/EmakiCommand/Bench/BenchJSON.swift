/// One JSON object in the order in which its fields were added. The benchmark's own, because
/// Foundation's start-up time would be part of `--op recover`.
struct BenchJSON: Sendable {
    private var fields: [String] = []

    var text: String { "{" + fields.joined(separator: ",") + "}" }

    mutating func add(_ name: String, _ value: Int?) {
        put(name, value.map { String($0) })
    }

    mutating func add(_ name: String, _ value: Bool) {
        put(name, value ? "true" : "false")
    }

    mutating func add(_ name: String, _ value: Double?, digits: Int) {
        put(name, value.flatMap { $0.isFinite ? $0.fixed(digits) : nil })
    }

    mutating func add(_ name: String, _ value: BenchJSON?) {
        put(name, value?.text)
    }

    /// JSON that somebody made already.
    struct Verbatim: Sendable {
        let text: String
    }

    mutating func add(_ name: String, _ value: Verbatim?) {
        put(name, value?.text)
    }

    mutating func add(_ name: String, _ value: String?) {
        put(name, value.map { Self.quoted($0) })
    }

    private mutating func put(_ name: String, _ value: String?) {
        fields.append("\"\(name)\":\(value ?? "null")")
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension Double {
    /// Decimal digits after the point, rounded.
    func fixed(_ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (magnitude * scale).rounded()
        guard scaled.isFinite, scaled < 9e18 else { return "\(self)" }
        let whole = String(Int64(scaled))
        let padding = max(0, digits + 1 - whole.count)
        let padded = String(repeating: "0", count: padding) + whole
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard digits > 0 else { return sign + padded }
        return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
    }
}
