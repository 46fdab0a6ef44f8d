import Foundation

/// The byte layout of a structure, as its doc comment in the code and the documentation say.
///
/// In the code: a table in the doc comment, whose header is `offset  bytes`, in rows of offset,
/// bytes and meaning. Offsets are right-aligned. A row that is indented further belongs to one of
/// many entries, and its offset counts from the entry. A size that varies is left out.
///
/// In `Docs/on-disk-format.md`: under a heading that is the type's name in backticks, a table with
/// the columns `offset | bytes | meaning`, and the same rows in the same order. An offset within
/// an entry is written `+8`, and a size that varies `…`.
struct LayoutTable: Equatable {
    struct Row: Equatable, CustomStringConvertible {
        /// `40`, or `+8` within an entry.
        let offset: String
        let bytes: Int?

        var description: String { "| \(offset) | \(bytes.map(String.init) ?? "…") |" }
    }

    let type: String
    let rows: [Row]
}

extension LayoutTable {
    /// The tables of a source file, each with the type whose doc comment it is in.
    static func tables(inSwift text: String) -> [LayoutTable] {
        // Found faster than by the pattern.
        guard text.range(of: "offset  bytes") != nil else { return [] }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.indices.compactMap { index in
            guard lines[index].contains(/^\/\/\/\s+offset\s+bytes(?:\s|$)/) else { return nil }
            let table = lines[(index + 1)...].prefix { $0.contains(/^\/\/\/ +\S/) }
            let declaration = lines[(index + 1)...].first { !$0.hasPrefix("///") } ?? ""
            let name = declaration.firstMatch(of: /(?:^|\s)(?:struct|enum|class)\s+(\w+)/)
            return LayoutTable(
                type: name.map { String($0.1) } ?? "?", rows: rows(ofComment: Array(table)))
        }
    }

    private static func rows(ofComment lines: [Substring]) -> [Row] {
        var rows: [Row] = []
        var offsetColumn: Int?
        for line in lines {
            guard let match = line.firstMatch(of: /^\/\/\/( +\d+)(?: {1,6}(\d+))?  +\S/) else {
                continue  // a meaning that goes on
            }
            let column = match.1.count
            offsetColumn = offsetColumn ?? column
            let digits = match.1.replacing(" ", with: "")
            let isWithinEntry = column > offsetColumn ?? column
            rows.append(
                Row(
                    offset: (isWithinEntry ? "+" : "") + String(digits),
                    bytes: match.2.flatMap { Int($0) }))
        }
        return rows
    }

    /// What the documentation says about a type; nil if it has no such heading or no table there.
    static func table(of type: String, inMarkdown markdown: Markdown) -> LayoutTable? {
        guard let section = markdown.section("`\(type)`"),
            let rows = section.rows(ofTableWith: "offset")
        else { return nil }
        return LayoutTable(
            type: type, rows: rows.map { Row(offset: $0[0], bytes: Int($0[1])) })
    }

    /// Rows follow one another without a gap, and nothing follows a size that varies.
    var gaps: [String] {
        var expected: [Bool: Int] = [:]
        return rows.compactMap { row in
            let isWithinEntry = row.offset.hasPrefix("+")
            guard let offset = Int(row.offset.drop { $0 == "+" }) else {
                return "\(type): \(row.offset) is no offset"
            }
            defer { expected[isWithinEntry] = offset + (row.bytes ?? 0) }
            guard let end = expected[isWithinEntry], end != offset else { return nil }
            return "\(type): offset \(offset) follows byte \(end)"
        }
    }
}

/// Constants that the documentation repeats: rows of a table with the columns `constant | value`,
/// where a constant is `` `Type.name` `` and its value a number or the expression in the code.
enum DocumentedConstants {
    static func check(_ markdown: ProjectFile, against sources: [ProjectFile]) -> [Violation] {
        Markdown(markdown.text).sections.flatMap { section in
            (section.rows(ofTableWith: "constant") ?? []).compactMap { row in
                fault(of: row, in: sources).map {
                    Violation(path: markdown.path, line: section.line, reason: $0)
                }
            }
        }
    }

    private static func fault(of row: [String], in sources: [ProjectFile]) -> String? {
        guard row.count >= 2,
            let name = row[0].wholeMatch(of: /`(\w+)\.(\w+)`/)
        else { return "\(row) names no constant as `Type.name`" }
        guard let code = expression(type: String(name.1), name: String(name.2), in: sources) else {
            return "\(row[0]) is no constant in the code"
        }
        let said = plain(row[1])
        if said == plain(code) { return nil }
        if let value = value(of: said), value == Self.value(of: plain(code)) { return nil }
        return "\(row[0]) is \(code) in the code"
    }

    private static func expression(
        type: String, name: String, in sources: [ProjectFile]
    ) -> String? {
        // Found faster than any pattern.
        for file in sources where file.text.range(of: "static let \(name)") != nil {
            var depth = 0
            /// The types that enclose a line, with the depth outside of their braces.
            var enclosing: [(name: Substring, depth: Int)] = []
            for (line, code) in zip(file.lines, file.swift.code) {
                if enclosing.last?.name ?? "" == type,
                    let found = line.firstMatch(of: /static let (\w+)(?:: \w+)? = (.+)$/),
                    found.1 == name
                {
                    return String(found.2)
                }
                let opened = code.firstMatch(
                    of: /^\s*(?:\w+\s+)*(?:struct|enum|class|extension)\s+(\w+)[^{]*\{/)
                if let opened { enclosing.append((opened.1, depth)) }
                depth += code.count { $0 == "{" } - code.count { $0 == "}" }
                while let last = enclosing.last, depth <= last.depth { enclosing.removeLast() }
            }
        }
        return nil
    }

    private static func plain(_ text: String) -> String {
        text.replacing(/[`_,]|\s+$/, with: "")
    }

    /// Of a number, or of numbers shifted: `32 << 20`.
    private static func value(of text: String) -> UInt64? {
        let parts = text.replacing(/[()]/, with: "").split(separator: " << ").map(String.init)
        guard let first = parts.first, var value = number(first) else { return nil }
        for part in parts.dropFirst() {
            guard let shift = Int(part) else { return nil }
            value <<= shift
        }
        return value
    }

    private static func number(_ text: String) -> UInt64? {
        let isHexadecimal = text.hasPrefix("0x")
        return UInt64(isHexadecimal ? text.dropFirst(2) : text[...], radix: isHexadecimal ? 16 : 10)
    }
}
