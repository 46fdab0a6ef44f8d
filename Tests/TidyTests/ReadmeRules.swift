/// The commands and the example of the README are what is built and run.
enum ReadmeRules {
    static let examplePath = "Tests/EmakiLogTests/ReadmeExample.swift"

    /// Under `## Try it`: two blocks of one line each, the first for the demo, the second for the
    /// tests. The CI script takes them from there.
    static func checkCommands(_ readme: ProjectFile) -> [Violation] {
        func fault(_ reason: String) -> [Violation] {
            [Violation(path: readme.path, reason: reason)]
        }
        guard let section = Markdown(readme.text).section("Try it") else {
            return fault("no section “Try it”")
        }
        guard section.codeBlocks.count == 2 else {
            return fault("\(section.codeBlocks.count) commands under “Try it”; there are two")
        }
        for (block, word) in zip(section.codeBlocks, ["emaki demo", "swift test"]) {
            guard block.lines.count == 1, block.lines[0].hasSuffix(word) else {
                return fault("“\(block.text)” is not one line that ends in “\(word)”")
            }
        }
        return []
    }

    /// The first Swift block is, character for character, a file of the tests.
    static func checkExample(_ readme: ProjectFile, compiled: ProjectFile) -> [Violation] {
        let blocks = Markdown(readme.text).sections.flatMap(\.codeBlocks)
        guard let example = blocks.first(where: { $0.language == "swift" }) else {
            return [Violation(path: readme.path, reason: "no example")]
        }
        guard example.text == compiled.text else {
            return [
                Violation(path: readme.path, reason: "the example differs from \(compiled.path)")
            ]
        }
        return []
    }
}
