/// A report as Markdown: what the pictures show stands in the tables, too.
package enum MarkdownWriter {
    package static func text(_ report: Report) -> String {
        var text = "# \(report.title)\n\n"
        text += report.facts.joined(separator: "\n") + "\n"
        for section in report.sections {
            text += "\n## \(section.title)\n\n"
            if !section.lead.isEmpty { text += section.lead + "\n" }
            for table in section.tables { text += "\n" + self.text(table) }
        }
        return text
    }

    static func text(_ table: Report.Table) -> String {
        var lines: [String] = table.caption.isEmpty ? [] : ["**\(table.caption)**", ""]
        lines.append(row(table.columns))
        lines.append("|" + table.columns.map { _ in "---|" }.joined())
        lines += table.rows.map(row)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
}
