import Testing

/// The rules themselves: each finds what it forbids, and nothing else.
@Suite struct RuleTests {
    func library(_ text: String) -> ProjectFile {
        ProjectFile(path: "Sources/EmakiLog/Some.swift", text: text)
    }

    func test(_ text: String) -> ProjectFile {
        ProjectFile(path: "Tests/EmakiLogTests/Some.swift", text: text)
    }

    func markdown(_ text: String) -> ProjectFile { ProjectFile(path: "Docs/a.md", text: text) }

    @Test("code, comments and strings are told apart")
    func swiftText() {
        let text = SwiftText(#"let a = "b\(c("d"))" // e"#)
        #expect(text.code == [#"let a = " \(c(" "))"     "#])
        #expect(text.comments == [#"                     // e"#])
        #expect(text.strings == [#"         b     d         "#])
    }

    @Test(
        "lines are at most 100 characters, functions 70 lines, files 500 and tests 700",
        arguments: [0, 1])
    func sizes(over: Int) {
        let line = String(repeating: "a", count: 100 + over)
        #expect(SizeRules.check(library(line)).count == over)
        let body = String(repeating: "    work()\n", count: 68 + over)
        #expect(SizeRules.check(library("func a(b: (C) -> D = { $0 }) {\n\(body)}")).count == over)
        #expect(SizeRules.check(library("protocol P {\n    init()\n\(body)}")).isEmpty)
        let lines = String(repeating: "\n", count: 500 + over)
        #expect(SizeRules.check(library(lines)).count == over)
        #expect(SizeRules.check(test(lines)).isEmpty)
        #expect(SizeRules.check(test(lines + String(repeating: "\n", count: 200))).count == over)
    }

    @Test(
        "imports that point up or aside are found",
        arguments: [
            "import Foundation", "package import CEmaki", "@testable import EmakiLog",
            "import Glibc",
            "import struct Foundation.Date", "public import FoundationEssentials",
        ])
    func imports(line: String) { #expect(ImportRules.check(library(line)).count == 1) }

    @Test("programs import and print what they like, but no C; libraries do not")
    func programs() {
        func count(_ path: String, _ text: String) -> Int {
            let file = ProjectFile(path: path, text: text)
            return ImportRules.check(file).count + WordRules.check(file).count
        }
        let text = "import Foundation\nprint(1)"
        for target in ["emaki", "Examples/Order", "EmakiMacroPlugin"] {
            #expect(count("Sources/\(target)/Some.swift", text) == 0)
            #expect(count("Sources/\(target)/Some.swift", "import CEmaki") == 1)
            #expect(count("Sources/\(target)/Some.swift", "import CEmakiIndexStore") == 1)
        }
        #expect(count("Sources/emaki-lint/Some.swift", "import CEmakiIndexStore") == 0)
        #expect(count("Sources/emaki-lint/Some.swift", "import CEmaki") == 1)
        #expect(count("Sources/EmakiLint/Some.swift", "import CEmakiIndexStore") == 1)
        for target in ["EmakiLog", "EmakiWorkflowMacros"] {
            #expect(count("Sources/\(target)/Some.swift", text) == 2)
        }
    }

    @Test(
        "banned words are found in code",
        arguments: [
            "try! a()", "fatalError(a)", "print(1)", "{ print(1) }", "// TODO: later", "// FIXME",
            "nonisolated(unsafe) var a", "a.withUnsafeBytes { }", "unsafeBitCast(a)",
            "/// Flushes it.", "func flush() {}", "let error = \"flush failed\"", "a(); flushAll()",
        ])
    func words(line: String) { #expect(WordRules.check(library(line)).count == 1, "\(line)") }

    @Test(
        "words that only look banned are not found",
        arguments: [
            "/// `try!` traps. print(1), unsafe.", "a.print(1)", "let b = \"fatalError(\"",
            "try a()",
            "// TODO(#12): later", "fflush(stdout)", "output.flush()", "/// As `flush` of zlib.",
        ])
    func otherWords(line: String) { #expect(WordRules.check(library(line)).isEmpty, "\(line)") }

    @Test("a test that waits for time is found")
    func sleeps() {
        #expect(WordRules.check(test("usleep(1)")).count == 1)
        #expect(WordRules.check(test("try await Task.sleep(for: .zero)")).count == 1)
        #expect(WordRules.check(library("word.sleep(until: 1)")).isEmpty)
        #expect(WordRules.check(test("try await context.sleep(for: .zero)")).isEmpty)
    }

    @Test("public declarations without a doc comment are found")
    func documentation() {
        let text = """
            /// Said.
            @discardableResult
            public static func a() {}
            public var b: Int { 1 }
            /// Said.
            public enum C {
                case d
                /// Said.
                case e
                func f() { switch self { case .d: g() } }
            }
            enum H { case i }
            """
        #expect(DocumentationRules.check(library(text)).map(\.line) == [4, 7])
    }

    @Test("links that lead nowhere are found")
    func links() {
        let text = "[a](../README.md) [b](../README.md#try-it) [c](../NONE.md) [d](#none) `[e](f)`"
        #expect(LinkRules.check(markdown(text)).count == 2)
    }

    let comment = """
        /// A thing.
        ///
        ///     offset  bytes   (from its start)
        ///        0     16   id
        ///                   of the store
        ///       16     32   per entry:
        ///                     0   8   number
        ///                     8  24   zero
        ///      128          the rest
        ///
        /// 12  14  is no row.
        struct Thing {
            enum Kind { case one }
            enum Other {
                static let bytes = 1
            }
            static let bytes = 4 << 10
        }
        """

    @Test("a layout table is read from code and found in the documentation")
    func layouts() throws {
        let table = try #require(LayoutTable.tables(inSwift: comment).first)
        #expect(table.type == "Thing")
        let rows = ["| 0 | 16 |", "| 16 | 32 |", "| +0 | 8 |", "| +8 | 24 |", "| 128 | … |"]
        #expect(table.rows.map(\.description) == rows)
        #expect(table.gaps == ["Thing: offset 128 follows byte 48"])
        let text =
            "### `Thing`\n\n| offset | bytes | meaning |\n|---|---|---|\n"
            + rows.map { $0 + " x |\n" }.joined()
        #expect(LayoutTable.table(of: "Thing", inMarkdown: Markdown(text)) == table)
        let other = text.replacing("| 32 |", with: "| 31 |")
        #expect(LayoutTable.table(of: "Thing", inMarkdown: Markdown(other)) != table)
        #expect(LayoutTable.table(of: "Other", inMarkdown: Markdown(text)) == nil)
    }

    @Test(
        "a constant that the documentation has wrong is found",
        arguments: [
            ("`Thing.bytes`", "4,096", 0), ("`Thing.bytes`", "`4 << 10`", 0),
            ("`Thing.bytes`", "4095", 1), ("`Thing.none`", "1", 1), ("bytes", "4096", 1),
        ])
    func constants(name: String, value: String, count: Int) {
        let text = "| constant | value |\n|---|---|\n| \(name) | \(value) |\n"
        let found = DocumentedConstants.check(markdown(text), against: [library(comment)])
        #expect(found.count == count)
    }

    @Test("promises without a test that exists are found")
    func promises() {
        let names = PromiseRules.names(ofTestsIn: [
            test(
                "@Test(\"it holds\", arguments: [1])\nfunc holds(a: Int) {}\n@Test func other() {}")
        ])
        #expect(names == ["it holds", "holds", "other"])
        func count(_ text: String) -> Int {
            PromiseRules.check(markdown(text), tests: names).count
        }
        #expect(count("### 1. A\n\nTest: `it holds`, `other`\n### 2. B\nTest: `holds`") == 0)
        #expect(count("### 1. A\nNo test.\n") == 1)
        #expect(count("### 1. A\nTest: `it does not hold`\n") == 1)
        #expect(count("### 2. A\nTest: `holds`\n") == 1)
        #expect(count("# Nothing\n") == 1)
    }

    @Test("a README with other commands is found")
    func readme() {
        let good = "## Try it\n```\na && emaki demo\n```\n```\nb && swift test\n```\n"
        #expect(ReadmeRules.checkCommands(markdown(good)).isEmpty)
        #expect(ReadmeRules.checkCommands(markdown(good + "```\nc\n```\n")).count == 1)
        let twoLines = good.replacing("a && ", with: "a\n")
        #expect(ReadmeRules.checkCommands(markdown(twoLines)).count == 1)
    }
}
