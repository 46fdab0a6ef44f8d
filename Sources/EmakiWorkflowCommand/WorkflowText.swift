import EmakiCommandSupport
import EmakiLog
import Foundation

/// What is known of workflows, in lines for people.
enum WorkflowText {
    /// Of `describe`.
    static func description(of answer: OwnerAnswer) throws -> [String] {
        var lines: [String] = []
        for (name, value) in try answer.members() where !["waitsFor", "wouldUndo"].contains(name) {
            let label = name.padding(toLength: 12, withPad: " ", startingAt: 0)
            lines.append("\(label)  \(value)")
        }
        return lines + (try stack(of: answer))
    }

    /// What would be undone, the first to be undone first.
    static func stack(of answer: OwnerAnswer) throws -> [String] {
        let keys = try answer.value("wouldUndo", as: [String].self) ?? []
        guard !keys.isEmpty else { return [] }
        return ["if it failed now, these would be undone, in this order:"]
            + keys.enumerated().map { "  \($0 + 1). \($1)" }
    }

    /// Of `history`: number, time, type, and the rest as it is.
    static func event(_ line: [UInt8]) throws -> String {
        let slices = try JSONSlices(validating: line)
        var parts: [String] = []
        for member in try slices.members(of: try slices.whole()) {
            guard let name = slices.text(of: member.name) else { continue }
            let source = String(decoding: slices.source(of: member.value), as: UTF8.self)
            let value = slices.text(of: member.value) ?? source
            parts.append(["event", "time", "type"].contains(name) ? value : "\(name)=\(source)")
        }
        return TerminalText.preview(Array(parts.joined(separator: "  ").utf8))
    }
}

extension OwnerAnswer {
    /// The whole, as JSON.
    var text: String { String(decoding: slices.source(of: result), as: UTF8.self) }

    /// Its members in order: texts as they are, the rest as JSON.
    func members() throws -> [(name: String, value: String)] {
        try slices.members(of: result).compactMap { member in
            slices.text(of: member.name).map { name in
                let source = String(decoding: slices.source(of: member.value), as: UTF8.self)
                return (name, slices.text(of: member.value) ?? source)
            }
        }
    }
}

/// A line of `show`.
struct TimelineRow: Decodable {
    var kind: String
    var name: String
    var from: String
    /// Microseconds since the run began.
    var offset: Int64
    /// Nil: it goes on.
    var microseconds: Int64?
    var state: String
    var note: String?

    var start: Double { Double(offset) / 1e6 }
    var length: Double { Double(microseconds ?? 0) / 1e6 }
}

enum TimelineText {
    private static let barWidth = 24

    static func lines(of rows: [TimelineRow]) -> [String] {
        guard let first = rows.first else { return [] }
        let span = max(rows.map { $0.start + $0.length }.max() ?? 0, 0.001)
        let width = rows.map { $0.kind.count + 1 + $0.name.count }.max() ?? 0
        return ["\(first.name), begun at \(first.from)"]
            + rows.map { row in
                let label = "\(row.kind) \(row.name)".padding(
                    toLength: min(width, 48), withPad: " ", startingAt: 0)
                let took = row.microseconds.map { time(Double($0) / 1e6) } ?? "goes on"
                let note = row.note.map { "  \($0)" } ?? ""
                return "\(right("+" + time(row.start), 11))  \(bar(row, span))  \(label)  "
                    + "\(right(took, 9))  \(row.state)\(note)"
            }
    }

    private static func bar(_ row: TimelineRow, _ span: Double) -> String {
        let from = min(barWidth - 1, Int(row.start / span * Double(barWidth)))
        let to =
            row.microseconds == nil
            ? barWidth : Int(((row.start + row.length) / span * Double(barWidth)).rounded(.up))
        let count = max(1, min(barWidth, to) - from)
        let sign = row.microseconds == 0 ? "|" : row.microseconds == nil ? "~" : "#"
        return String(repeating: ".", count: from) + String(repeating: sign, count: count)
            + String(repeating: ".", count: barWidth - from - count)
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
