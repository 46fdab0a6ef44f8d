import Foundation

/// What a run found out, for people and for programs.
struct Report {
    struct Row: Codable {
        var id: String
        var file: String
        var line: Int
        var kind: String
        var excerpt: String
        /// killed, trapped, hung, survived, unreached, skipped, or untried.
        var outcome: String
        /// The test that killed it, or the reason why it was skipped.
        var by: String?
        var seconds: Double?
    }

    let rows: [Row]

    init(_ points: [MutationPoint], _ state: RunState) {
        rows = points.map { point in
            let result = state.results[point.id]
            return Row(
                id: point.id, file: point.file, line: point.line, kind: point.kind.rawValue,
                excerpt: point.excerpt,
                outcome: point.skipReason != nil
                    ? "skipped" : result?.outcome.rawValue ?? "untried",
                by: point.skipReason ?? result?.by, seconds: result?.seconds)
        }
    }

    var survivors: [Row] { rows.filter { $0.outcome == "survived" || $0.outcome == "unreached" } }
    /// Hand-written mutants whose place is gone: the list must follow the code.
    var lost: [Row] { rows.filter { $0.outcome == "skipped" && $0.kind == "named" } }

    /// Each mutant with the test that killed it.
    var list: String {
        rows.map { row in
            "\(row.outcome)\t\(row.file):\(row.line)\t\(row.id)\t\(row.excerpt)"
                + (row.by.map { "\t\($0)" } ?? "")
        }.joined(separator: "\n")
    }

    /// Counts by file, as a table for `Docs/testing.md`.
    var table: String {
        var lines = [
            "| file | mutants | killed | of these by a trap or a time-out | survived | untried"
                + " | skipped |",
            "|---|---|---|---|---|---|---|",
        ]
        let files = Dictionary(grouping: rows, by: \.file).sorted { $0.key < $1.key }
        for (file, rows) in files + [("all", rows)] {
            func count(_ outcomes: String...) -> Int {
                rows.count { outcomes.contains($0.outcome) }
            }
            let name = file.replacing("Sources/EmakiLog/", with: "")
                .replacing("Sources/EmakiWorkflow/", with: "")
            lines.append(
                "| \(file == "all" ? name : "`\(name)`") | \(rows.count - count("skipped"))"
                    + " | \(count("killed", "trapped", "hung")) | \(count("trapped", "hung"))"
                    + " | \(count("survived", "unreached")) | \(count("untried"))"
                    + " | \(count("skipped")) |")
        }
        let reasons = Dictionary(grouping: rows.filter { $0.outcome == "skipped" }) {
            $0.by ?? ""
        }
        let skipped = reasons.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
            .map { "\($0.value.count) because \($0.key)" }
        lines += ["", "Skipped: \(skipped.joined(separator: "; "))."]
        return lines.joined(separator: "\n")
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(rows), as: UTF8.self)
    }
}
