#if Lint
    /// JSON as text. Members keep their order.
    enum JSONText {
        case string(String)
        case number(Int)
        case list([JSONText])
        case object([(String, JSONText)])

        var text: String {
            switch self {
            case .string(let text): Self.quoted(text)
            case .number(let number): String(number)
            case .list(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
            case .object(let members):
                "{"
                    + members.map { "\(Self.quoted($0.0)):\($0.1.text)" }.joined(separator: ",")
                    + "}"
            }
        }

        private static func quoted(_ text: String) -> String {
            var result = "\""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\t": result += "\\t"
                case "\r": result += "\\r"
                case let control where control.value < 0x20:
                    let digits = String(control.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result + "\""
        }
    }
#endif
