import Testing

/// The style guide as tests: what a machine can check about this package's files.
@Suite struct TidyTests {
    let swiftFiles: [ProjectFile]

    init() throws { swiftFiles = try Project.swiftFiles() }

    @Test("files, functions and lines keep to their sizes")
    func sizes() { expectNone(swiftFiles.flatMap(SizeRules.check)) }

    @Test("imports point down, and libraries import no Foundation")
    func imports() { expectNone(swiftFiles.flatMap(ImportRules.check)) }

    @Test("banned words are not written, and unsafe code stays in EmakiPlatform")
    func words() { expectNone(swiftFiles.flatMap(WordRules.check)) }

    @Test("every public declaration has a doc comment")
    func documentation() { expectNone(swiftFiles.flatMap(DocumentationRules.check)) }

    @Test("the README has two commands, each one line")
    func readmeCommands() throws {
        expectNone(ReadmeRules.checkCommands(try Project.file("README.md")))
    }

    @Test("the README's example is the text of a compiled one")
    func readmeExample() throws {
        expectNone(
            ReadmeRules.checkExample(
                try Project.file("README.md"),
                compiled: try Project.file(ReadmeRules.examplePath)))
    }

    @Test("layout tables in doc comments have no gaps")
    func layoutTables() throws {
        let tables = swiftFiles.filter(\.isLibrary).flatMap { LayoutTable.tables(inSwift: $0.text) }
        #expect(Set(tables.map(\.type)).isSuperset(of: ["FrameHeader", "Manifest", "LossRecord"]))
        #expect(tables.flatMap(\.gaps) == [])
    }
}

/// Reports each violation as a failure of its own.
func expectNone(
    _ violations: [Violation], sourceLocation: SourceLocation = #_sourceLocation
) {
    for violation in violations {
        Issue.record("\(violation)", sourceLocation: sourceLocation)
    }
}
