import Foundation

/// Words that must not be written, and where.
///
/// `\b` is not used: in Swift `Task.sleep` is one word.
enum WordRules {
    /// A line with none of these breaks no rule here: found faster than any pattern.
    private static let suspects = [
        "try!", "fatalError", "print", "Print", "dump", "sleep", "nsafe", "lush", "TODO", "FIXME",
    ]

    static func check(_ file: ProjectFile) -> [Violation] {
        let text = file.swift
        let suspects = suspects.filter { file.text.range(of: $0) != nil }
        guard !suspects.isEmpty else { return [] }
        var violations: [Violation] = []
        for (index, (code, line)) in zip(text.code, file.lines).enumerated() {
            guard suspects.contains(where: { line.range(of: $0) != nil }) else { continue }
            func forbid(_ word: String) {
                violations.append(Violation(path: file.path, line: index + 1, reason: word))
            }
            for reason in codeReasons(code, in: file) { forbid(reason) }
            if text.comments[index].contains(/(?:TODO|FIXME)(?!\(#\d+\))/) {
                forbid("a TODO without its issue: write TODO(#12)")
            }
            if file.path.hasPrefix("Sources/"),
                hasFlush(code: code) || hasFlush(prose: text.comments[index])
                    || hasFlush(prose: text.strings[index])
            {
                forbid("“flush” is ambiguous: say write, sync or commit")
            }
        }
        return violations
    }

    private static func codeReasons(_ code: String, in file: ProjectFile) -> [String] {
        var reasons: [String] = []
        if code.contains(/(?:^|\W)try[!]/) { reasons.append("try! traps on an error: handle it") }
        if code.contains(/(?:^|\W)fatalError\s*\(/) {
            reasons.append("fatalError: wrong calls trap by precondition, wrong bytes throw")
        }
        if file.isLibrary && code.contains(/(?:^|[^.\w])(?:print|debugPrint|dump)\s*\(/)
            && !code.contains(/func\s+(?:print|dump)\s*\(/)
        {
            reasons.append("a library prints nothing")
        }
        let code = code.replacing("context.sleep(", with: "")  // a workflow's timer, by its clock
        if file.isTest && code.contains(/(?:^|\W)(?:sleep|usleep|nanosleep|clock_nanosleep)\s*\(/) {
            reasons.append("a test waits for an event, not for time")
        }
        if file.path.hasPrefix("Sources/") && file.target != "EmakiPlatform"
            && code.contains(/(?:^|\W)unsafe(?:\W|[A-Z]|$)|Unsafe/)
        {
            reasons.append("unsafe code stays in EmakiPlatform")
        }
        return reasons
    }

    /// Looks outside of code; what stands in backticks or quotes names someone else's word.
    static func checkMarkdown(_ file: ProjectFile) -> [Violation] {
        Markdown(file.text).prose.compactMap { line in
            guard hasFlush(prose: line.text) else { return nil }
            return Violation(
                path: file.path, line: line.number,
                reason: "“flush” is ambiguous: say write, sync or commit")
        }
    }

    /// `fflush` and `stream.flush(` belong to others.
    private static func hasFlush(code: String) -> Bool {
        code.contains(/(?:^|[^.fA-Za-z])[Ff]lush|[a-z_]Flush/)
    }

    private static func hasFlush(prose: String) -> Bool {
        let own = prose.replacing(/`[^`]*`|"[^"]*"|“[^”]*”/, with: "")
        return own.contains(/(?:^|\W)[Ff]lush(?:e[sd]|ing)?(?:\W|$)/)
    }
}
