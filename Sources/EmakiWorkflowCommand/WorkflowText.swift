import EmakiCommandSupport
import EmakiLog
import Foundation

/// What is known of workflows, in lines for people.
enum WorkflowText {
    /// Of `describe`.
    static func description(of answer: OwnerAnswer) throws -> [String] {
        var lines: [String] = []
        let lists = ["waitsFor", "wouldUndo"]
        for (name, value) in try answer.members() where !lists.contains(name) {
            let label = name.padding(toLength: 12, withPad: " ", startingAt: 0)
            lines.append("\(label)  \(value)")
        }
        return lines + (try stack(of: answer))
    }

    /// What an open run waits for, or why it rests.
    static func standing(of answer: OwnerAnswer) throws -> String? {
        let state = try answer.value("state", as: String.self)
        guard state == "open" || state == "paused" else { return nil }
        return try answer.value("explanation", as: String.self).map { "now: \($0)" }
    }

    /// What would be undone, the first to be undone first; what could not be; what was not.
    static func stack(of answer: OwnerAnswer) throws -> [String] {
        func keys(_ name: String) throws -> [String] {
            try answer.value(name, as: [String].self) ?? []
        }
        let next = try keys("wouldUndo")
        let gaveUp = try keys("gaveUp")
        var lines: [String] = []
        if !next.isEmpty {
            lines.append("if it failed now, these would be undone, in this order:")
            for (index, key) in next.enumerated() {
                let note = gaveUp.contains(key) ? "  (gave up; see below)" : ""
                lines.append("  \(index + 1). \(key)\(note)")
            }
        }
        for key in gaveUp {
            lines.append(
                "undoing \(key) gave up: `resume` with --retry-compensation \(key), or with "
                    + "--skip-compensation \(key) --reason TEXT")
        }
        let left = try keys("notUndone")
        if !left.isEmpty { lines.append("these were not undone: " + left.joined(separator: ", ")) }
        return lines
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
