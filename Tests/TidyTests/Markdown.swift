/// The parts of a Markdown file that the rules look at.
struct Markdown {
    struct Line: Equatable {
        /// From 1.
        let number: Int
        let text: String
    }

    struct CodeBlock: Equatable {
        let language: String
        let lines: [String]
        var text: String { lines.joined(separator: "\n") + "\n" }
    }

    /// What stands under one heading, up to the next heading of any level.
    struct Section {
        let title: String
        let level: Int
        let line: Int
        var prose: [Line] = []
        var codeBlocks: [CodeBlock] = []
    }

    /// The first one has no title: it holds what stands before the first heading.
    private(set) var sections: [Section] = [Section(title: "", level: 0, line: 1)]
    var prose: [Line] { sections.flatMap(\.prose) }

    init(_ text: String) {
        var block: (language: String, lines: [String])?
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") {
                if let done = block {
                    sections[sections.count - 1].codeBlocks.append(
                        CodeBlock(language: done.language, lines: done.lines))
                    block = nil
                } else {
                    block = (String(line.dropFirst(3)), [])
                }
            } else if block != nil {
                block?.lines.append(String(line))
            } else if let heading = line.wholeMatch(of: /(#{1,6}) +(.*?)\s*/) {
                sections.append(
                    Section(
                        title: String(heading.2), level: heading.1.count, line: index + 1))
            } else {
                sections[sections.count - 1].prose.append(
                    Line(number: index + 1, text: String(line)))
            }
        }
    }

    func section(_ title: String) -> Section? { sections.first { $0.title == title } }
}

extension Markdown.Section {
    /// Rows of the first table whose first column has this name, without header and ruler.
    func rows(ofTableWith firstColumn: String) -> [[String]]? {
        let tables = prose.split { !$0.text.hasPrefix("|") }
        for table in tables {
            let rows = table.map { Self.cells(of: $0.text) }
            if rows.first?.first == firstColumn { return Array(rows.dropFirst(2)) }
        }
        return nil
    }

    /// The cells of a row; `\|` is a bar inside one.
    private static func cells(of row: String) -> [String] {
        let hidden = row.replacing("\\|", with: "\u{0}")
        return hidden.split(separator: "|", omittingEmptySubsequences: false)
            .dropFirst().dropLast()
            .map { cell in
                let text = cell.replacing("\u{0}", with: "|")
                return String(text.trimmingPrefix(/\s+/).replacing(/\s+$/, with: ""))
            }
    }
}
