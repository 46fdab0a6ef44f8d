import Testing

/// What `Docs` says is what the code does.
@Suite struct DocsTests {
    @Test("links in the documentation lead somewhere")
    func links() throws { expectNone(try Project.markdownFiles().flatMap(LinkRules.check)) }

    @Test("documentation says write, sync or commit")
    func words() throws { expectNone(try Project.markdownFiles().flatMap(WordRules.checkMarkdown)) }

    @Test(
        "the examples of the guides are the text of compiled ones",
        arguments: [
            ("EmakiLog", ReadmeRules.examplePath),
            ("EmakiWorkflow", "Tests/EmakiWorkflowTests/GettingStartedExample.swift"),
        ])
    func guides(module: String, example: String) throws {
        let path = "Sources/\(module)/\(module).docc/GettingStarted.md"
        expectNone(
            ReadmeRules.checkExample(
                try Project.file(path), compiled: try Project.file(example)))
    }

    @Test("every layout table in the code is in Docs/on-disk-format.md, row for row")
    func layouts() throws {
        let markdown = Markdown(try Project.file("Docs/on-disk-format.md").text)
        for file in try Project.swiftFiles() where file.isLibrary {
            for table in LayoutTable.tables(inSwift: file.text) {
                let documented = LayoutTable.table(of: table.type, inMarkdown: markdown)
                #expect(documented?.rows == table.rows, "`\(table.type)` of \(file.path)")
            }
        }
    }

    @Test("constants in Docs/on-disk-format.md have the values of the code")
    func constants() throws {
        let sources = try Project.swiftFiles().filter(\.isLibrary)
        expectNone(
            DocumentedConstants.check(
                try Project.file("Docs/on-disk-format.md"), against: sources))
    }

    @Test("every test that Docs/bugs-of-others.md names exists")
    func bugsOfOthers() throws {
        let tests = PromiseRules.names(ofTestsIn: try Project.swiftFiles().filter(\.isTest))
        let named = try Project.file("Docs/bugs-of-others.md").text
            .matches(of: /`([^`]+)`/).map { String($0.1) }
        #expect(named.count > 30)
        for name in named { #expect(tests.contains(name), "there is no test `\(name)`") }
    }

    @Test(
        "every promise names a test that exists",
        arguments: [
            "Docs/durability.md", "Docs/workflows.md", "Docs/observability.md",
            "Docs/encryption.md", "Docs/determinism.md",
        ])
    func promises(document: String) throws {
        let tests = try Project.swiftFiles().filter(\.isTest)
        expectNone(
            PromiseRules.check(
                try Project.file(document), tests: PromiseRules.names(ofTestsIn: tests)))
    }
}
