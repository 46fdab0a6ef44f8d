#if Lint
    import Foundation

    /// What `PROGRAM workflow check STORE --json` said: the runs that the program's code does not
    /// follow, a line each, and a line with numbers at the end. Of it come the findings of WF083.
    package struct GateReport {
        /// Runs that part from the code in one way.
        private struct Part {
            var row: Row
            var workflows: [String]
            /// In the report, from 1 on.
            var line: Int
        }

        fileprivate struct Row: Decodable {
            struct Verdict: Decodable {
                struct Place: Decodable {
                    var file: String
                    var line: Int
                }

                var kind: String
                var recorded: String?
                var found: String?
                var place: Place?
                var lastEqualPlace: Place?
                var suggestedPatch: String?
            }

            var workflow: String
            var type: String
            var open: Bool
            var verdict: Verdict
        }

        /// The last line.
        private struct Sum: Decodable {
            var problems: Int
        }

        private static let namedMax = 5

        private let path: String
        private var parts: [Part] = []

        /// - Throws: `SourceFiles.Unreadable` for anything but the whole output of a check.
        package init(_ source: SourceText) throws {
            path = source.path
            let decoder = JSONDecoder()
            var hasEnded = false
            for (index, line) in source.text.split(separator: "\n").enumerated() {
                let bytes = Data(line.utf8)
                let row = try? decoder.decode(Row.self, from: bytes)
                let isSum = row == nil && (try? decoder.decode(Sum.self, from: bytes)) != nil
                guard !hasEnded, row != nil || isSum else {
                    throw SourceFiles.Unreadable(
                        path: path, reason: "line \(index + 1) is not of `workflow check --json`")
                }
                hasEnded = isSum
                // What has ended needs no code; what traps or fails is no change of calls.
                if let row, row.open, row.verdict.kind == "diverges" { add(row, index + 1) }
            }
            guard hasEnded else {
                throw SourceFiles.Unreadable(
                    path: path, reason: "the check's last line is missing: it was interrupted")
            }
        }

        private mutating func add(_ row: Row, _ line: Int) {
            if let index = parts.firstIndex(where: { $0.row.parts(like: row) }) {
                parts[index].workflows.append(row.workflow)
            } else {
                parts.append(Part(row: row, workflows: [row.workflow], line: line))
            }
        }

        /// A finding for each way to part, at the call in the code where that is known, and else in
        /// the report.
        package func findings(in texts: [SourceText]) -> [Finding] {
            parts.map { part in
                let found = part.row.place.flatMap { place(of: $0, in: texts) }
                let rule = Rule.named("WF083")
                let fix = part.row.verdict.suggestedPatch.map { patch in
                    "`if context.patched(\"\(patch)\") { … as now } else { … as it was }`"
                }
                return Finding(
                    ruleID: "WF083", severity: rule?.severity ?? .error,
                    place: found ?? Place(path: path, line: part.line),
                    message: message(of: part, isInCode: found != nil),
                    fix: fix
                        ?? "keep the call of `patched`, its answer unused, until they have ended",
                    path: [])
            }
        }

        private func message(of part: Part, isInCode: Bool) -> String {
            let more = part.workflows.count - Self.namedMax
            let names =
                part.workflows.prefix(Self.namedMax).joined(separator: ", ")
                + (more > 0 ? " and \(more) more" : "")
            let count = part.workflows.count
            let runs = count == 1 ? "1 open run" : "\(count) open runs"
            let verdict = part.row.verdict
            let missing = isInCode ? "" : part.row.place.map { " at \($0.file):\($0.line)" } ?? ""
            return "\(runs) of \(part.row.type) (\(names)) "
                + "\(count == 1 ? "has" : "have") \(verdict.recorded ?? "nothing more"), and the "
                + "code\(missing) asks for \(verdict.found ?? "nothing more")"
        }

        /// `Module/File.swift:12` among the files: the only one of that name or, of several, the
        /// only one in a folder of the module's name.
        private func place(of place: Row.Verdict.Place, in texts: [SourceText]) -> Place? {
            let parts = place.file.split(separator: "/")
            guard let name = parts.last else { return nil }
            let named = texts.filter { $0.path.split(separator: "/").last == name }
            let inModule = named.filter { text in
                text.path.split(separator: "/").dropLast().contains {
                    Self.moduleName(of: $0) == parts[0]
                }
            }
            let chosen = named.count == 1 ? named : inModule
            guard chosen.count == 1, let text = chosen.first else { return nil }
            return Place(of: place.line, in: text)
        }

        /// Of a target, as the package manager makes it.
        private static func moduleName(of target: Substring) -> String {
            String(target.map { $0.isLetter || $0.isNumber ? $0 : "_" })
        }
    }

    extension GateReport.Row {
        fileprivate func parts(like other: Self) -> Bool {
            type == other.type && verdict.recorded == other.verdict.recorded
                && verdict.found == other.verdict.found && place?.file == other.place?.file
                && place?.line == other.place?.line
        }

        /// Where the code asks for something else or, where it asks for nothing, what it asked for
        /// last.
        fileprivate var place: Verdict.Place? { verdict.place ?? verdict.lastEqualPlace }
    }

    extension Place {
        /// Somewhere in a line.
        fileprivate init(path: String, line: Int) {
            self.init(path: path, line: line, column: 1, endLine: line, endColumn: 2)
            scalarColumns = 1..<2
        }

        /// What a line has, without the space before it. Nil: the file is shorter.
        fileprivate init?(of line: Int, in text: SourceText) {
            let lines = text.text.split(separator: "\n", omittingEmptySubsequences: false)
            guard (1...lines.count).contains(line) else { return nil }
            let content = lines[line - 1]
            let space = content.prefix { $0 == " " || $0 == "\t" }
            self.init(
                path: text.path, line: line, column: space.utf8.count + 1, endLine: line,
                endColumn: content.utf8.count + 1)
            let first = space.unicodeScalars.count + 1
            scalarColumns = first..<max(first + 1, content.unicodeScalars.count + 1)
        }
    }
#endif
