import Foundation

/// Links of the documentation lead somewhere: files exist, and so do the headings in them.
enum LinkRules {
    static func check(_ file: ProjectFile) -> [Violation] {
        Markdown(file.text).prose.flatMap { line in
            line.text.replacing(/`[^`]*`/, with: "").matches(of: /\]\(([^)\s]+)[^)]*\)/)
                .compactMap { match in
                    guard let reason = fault(of: String(match.1), in: file) else { return nil }
                    return Violation(path: file.path, line: line.number, reason: reason)
                }
        }
    }

    private static func fault(of link: String, in file: ProjectFile) -> String? {
        if link.contains(/^(?:https?|mailto):/) { return nil }
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].isEmpty ? file.path : resolve(String(parts[0]), from: file.path)
        guard Project.exists(path) else { return "\(link) leads nowhere" }
        guard parts.count == 2, path.hasSuffix(".md") else { return nil }
        let target = parts[0].isEmpty ? file : try? Project.file(path)
        let anchors = Markdown(target?.text ?? "").sections.map { anchor(of: $0.title) }
        return anchors.contains(String(parts[1])) ? nil : "\(path) has no heading #\(parts[1])"
    }

    private static func resolve(_ link: String, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in link.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
        }
        return parts.joined(separator: "/")
    }

    /// As the usual Markdown renderers name a heading.
    private static func anchor(of title: String) -> String {
        title.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
            .replacing(" ", with: "-")
    }
}
