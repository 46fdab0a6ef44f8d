#if Lint
    import EmakiLint
    import Foundation
    import Testing

    /// The package keeps to its own rules.
    @Suite struct OwnCodeTests {
        private static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

        @Test(
            "workflows of the package break no rule, or say why",
            arguments: [
                "Sources/Examples", "Sources/EmakiSchedules", "Sources/EmakiCommand/Bench",
                "Tests/EmakiWorkflowTests",
            ])
        func clean(folder: String) throws {
            let path = Self.root.appending(path: folder).path
            let texts = try SourceFiles.paths(in: [path]).map { try SourceFiles.read($0) }
            #expect(texts.count > 3)
            for finding in Linter.lint(texts) { Issue.record("\(finding.line)") }
        }

        @Test("the table in Docs/determinism.md says what the linter says")
        func documented() throws {
            let path = Self.root.appending(path: "Docs/determinism.md").path
            let lines = try SourceFiles.read(path).text.split(separator: "\n")
            let rows = lines.filter { $0.hasPrefix("| WF") }.map(String.init)
            #expect(
                rows == Rule.all.map { "| \($0.id) | \($0.title) | \($0.reason) | \($0.fix) |" })
        }

        @Test("workflows are found where there are some")
        func scope() throws {
            let path = Self.root.appending(path: "Sources/Examples/Order/Order.swift").path
            let text = try SourceFiles.read(path)
            let mark = "let id = context.info.workflowID"
            #expect(text.text.contains(mark))
            let worse = text.text.replacing(mark, with: "let id = UUID()")
            #expect(Linter.lint([SourceText(path: path, text: worse)]).map(\.ruleID) == ["WF010"])
        }
    }
#endif
