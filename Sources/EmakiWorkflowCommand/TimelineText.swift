import EmakiCommandSupport
import Foundation

/// A line of `show`.
struct TimelineRow: Decodable {
    /// A part of it that was spent in one way.
    struct Span: Decodable {
        var kind: String
        /// Microseconds since the run began.
        var offset: Int64
        /// Nil: it goes on.
        var microseconds: Int64?
    }

    var kind: String
    var name: String
    var from: String
    /// Microseconds since the run began.
    var offset: Int64
    /// Nil: it goes on.
    var microseconds: Int64?
    var state: String
    var note: String?
    var spans: [Span]?

    /// When its last part ended, in microseconds since the run began, as far as it has.
    fileprivate var end: Int64 {
        let last = spans?.last.map { $0.offset + ($0.microseconds ?? 0) } ?? 0
        return max(offset + (microseconds ?? 0), last)
    }
}

/// What happened in a run, drawn for people.
enum TimelineText {
    private static let barWidth = 24
    private static let nameWidthMax = 48
    /// How a part of a line is drawn and called, by its kind.
    private static let signs: [(kind: String, sign: Character, words: String)] = [
        ("running", "#", "running"), ("queue", ":", "in a queue"),
        ("sleeping", "-", "sleeping"), ("outside", "o", "outside"),
        ("commit", "^", "commit wait"),
    ]

    static func lines(of rows: [TimelineRow]) -> [String] {
        guard let first = rows.first else { return [] }
        let end = max(rows.map(\.end).max() ?? 0, 1)
        let width = rows.map { $0.kind.count + 1 + $0.name.count }.max() ?? 0
        return ["\(first.name), begun at \(first.from)"]
            + rows.map { row in
                let label = "\(row.kind) \(row.name)".padding(
                    toLength: min(width, nameWidthMax), withPad: " ", startingAt: 0)
                let took = row.microseconds.map { time(Double($0) / 1e6) } ?? "goes on"
                let note = row.note.map { "  \($0)" } ?? ""
                return "\(right("+" + time(Double(row.offset) / 1e6), 11))  \(bar(row, end))  "
                    + "\(label)  \(right(took, 9))  \(row.state)\(parts(of: row))\(note)"
            }
    }

    /// What all of it took, with the signs that it was drawn with.
    static func sums(of answer: OwnerAnswer) throws -> [String] {
        let spent = try answer.value("spent", as: [String: Int64].self) ?? [:]
        let parts = signs.compactMap { kind, sign, words in
            spent[kind].map { "\(words) (\(sign)) \(time(Double($0) / 1e6))" }
        }
        return parts.isEmpty ? [] : ["in all: " + parts.joined(separator: ", ")]
    }

    /// What a line's time was spent with, where that is more than one thing.
    private static func parts(of row: TimelineRow) -> String {
        let spans = row.spans ?? []
        guard Set(spans.map(\.kind)).count > 1 else { return "" }
        let texts = signs.compactMap { kind, _, words -> String? in
            let own = spans.filter { $0.kind == kind }
            guard !own.isEmpty else { return nil }
            let sum = own.reduce(0) { $0 + ($1.microseconds ?? 0) }
            let isOpen = own.contains { $0.microseconds == nil }
            if isOpen, sum == 0 { return "\(words), and on" }
            return "\(words) \(time(Double(sum) / 1e6))\(isOpen ? " and on" : "")"
        }
        return " (\(texts.joined(separator: ", ")))"
    }

    private static func bar(_ row: TimelineRow, _ end: Int64) -> String {
        let cell = Double(end) / Double(barWidth)
        let rowEnd = row.microseconds == nil ? end : row.end
        let first = min(barWidth - 1, Int(Double(row.offset) / cell))
        let last = max(first, min(barWidth, Int((Double(rowEnd) / cell).rounded(.up))) - 1)
        return String(
            (0..<barWidth).map { index -> Character in
                guard (first...last).contains(index) else { return "." }
                return sign(of: row, from: Double(index) * cell, to: Double(index + 1) * cell, end)
            })
    }

    /// That of what took most of the time between two instants.
    private static func sign(
        of row: TimelineRow, from: Double, to: Double, _ end: Int64
    ) -> Character {
        if row.microseconds == 0 { return "|" }
        guard let spans = row.spans, !spans.isEmpty else {
            return row.microseconds == nil ? "~" : "="
        }
        var overlaps: [String: Double] = [:]
        for span in spans {
            let spanEnd = span.microseconds.map { span.offset + $0 } ?? end
            overlaps[span.kind, default: 0] += max(
                0, min(to, Double(spanEnd)) - max(from, Double(span.offset)))
        }
        let most = signs.max { overlaps[$0.kind] ?? 0 < overlaps[$1.kind] ?? 0 }
        return most?.sign ?? "="
    }

    /// With three digits or so.
    static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<0.001: "\(Int((seconds * 1e6).rounded())) us"
        case ..<1: String(format: "%.1f ms", seconds * 1e3)
        case ..<120: String(format: "%.2f s", seconds)
        case ..<7_200: String(format: "%.1f min", seconds / 60)
        case ..<172_800: String(format: "%.1f h", seconds / 3_600)
        default: String(format: "%.1f days", seconds / 86_400)
        }
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
