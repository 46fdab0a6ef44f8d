/// Every numbered promise of `Docs/durability.md` names a test that exists.
///
/// A promise is a section `### 3. What is promised`; the numbers are dense, from 1. It has one or
/// more lines `` Test: `name` ``, where a name is a test's sentence or the name of its function.
/// Several names stand in one line, separated by commas.
enum PromiseRules {
    static func check(_ markdown: ProjectFile, tests: Set<String>) -> [Violation] {
        var violations: [Violation] = []
        var count = 0
        for section in Markdown(markdown.text).sections {
            guard let title = section.title.firstMatch(of: /^(\d+)\.\s/) else { continue }
            count += 1
            func fault(_ reason: String, line: Int? = nil) {
                violations.append(
                    Violation(path: markdown.path, line: line ?? section.line, reason: reason))
            }
            if Int(title.1) != count { fault("promise \(title.1) stands where \(count) should") }
            let lines = section.prose.filter { $0.text.hasPrefix("Test: ") }
            let names = lines.flatMap { line in
                line.text.matches(of: /`([^`]+)`/).map { (String($0.1), line.number) }
            }
            if names.isEmpty { fault("promise \(count) names no test") }
            for (name, line) in names where !tests.contains(name) {
                fault("there is no test `\(name)`", line: line)
            }
        }
        if count == 0 { violations.append(Violation(path: markdown.path, reason: "no promises")) }
        return violations
    }

    /// The sentences and the function names of every test.
    static func names(ofTestsIn files: [ProjectFile]) -> Set<String> {
        var names: Set<String> = []
        for file in files {
            for match in file.text.matches(
                of: /@Test(?:\(\s*"((?:[^"\\]|\\.)*)")?(?:[^{]*?)\sfunc\s+(?:`([^`]+)`|(\w+))/)
            {
                for name in [match.1, match.2, match.3] {
                    if let name { names.insert(String(name)) }
                }
            }
        }
        return names
    }
}
