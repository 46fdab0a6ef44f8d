import Foundation

/// Numbers as people read them.
package enum NumberText {
    /// Three digits that count: 1.24, 12.4, 124; thousands with commas.
    package static func short(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        switch value.magnitude {
        case 0: return "0"
        case ..<10: return String(format: "%.2f", value)
        case ..<100: return String(format: "%.1f", value)
        default: return grouped(Int(value.rounded()))
        }
    }

    package static func whole(_ value: Double) -> String {
        value.isFinite ? grouped(Int(value.rounded())) : "–"
    }

    private static func grouped(_ number: Int) -> String {
        var text = String(number.magnitude)
        var place = text.count - 3
        while place > 0 {
            text.insert(",", at: text.index(text.startIndex, offsetBy: place))
            place -= 3
        }
        return number < 0 ? "-" + text : text
    }

    /// For an axis: 1, 50, 1 k, 100 k.
    package static func axis(_ value: Double) -> String {
        if value >= 1e6 { return trimmed(value / 1e6) + " M" }
        if value >= 1e3 { return trimmed(value / 1e3) + " k" }
        return trimmed(value)
    }

    private static func trimmed(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(format: "%g", value)
    }
}
