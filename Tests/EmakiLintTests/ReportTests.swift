#if Lint
    import EmakiLint
    import Foundation
    import Testing

    /// What the command says, and what it ends with.
    @Suite struct ReportTests {
        private static let bad = """
            enum Order: Workflow {
                static func run(context: WorkflowContext<Self>, input: Int) async throws {
                    print("ü", Date())
                    _ = Int.random(in: 0...1)
                }
            }

            """

        /// A folder of its own, with these files, that is removed afterwards.
        private func withFolder<R>(
            _ files: [String: String], _ body: (String) throws -> R
        ) throws -> R {
            let folder = FileManager.default.temporaryDirectory
                .appending(path: "emaki-lint-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            for (name, text) in files {
                let url = folder.appending(path: name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
            return try body(folder.path)
        }

        private func run(_ arguments: String...) -> (status: Int32, output: String, errors: String)
        {
            var output = ""
            var errors = ""
            let status = LintCommand.run(
                arguments, output: { output += $0 }, complaints: { errors += $0 })
            return (status, output, errors)
        }

        private func text(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }

        @Test("a finding is a line that editors understand")
        func line() {
            let found = findings(in: Self.bad)
            #expect(
                found.first?.line
                    == "Sources/Shop/A.swift:3:21: error: [WF001] `Date()` reads the wall clock; "
                    + "fix: `context.now`, engine time in nanoseconds since 1970")
        }

        @Test("0 where nothing is found, 1 where something is, 2 for what cannot be read or asked")
        func statuses() throws {
            try withFolder(["good.swift": "func f() {}", "bad/bad.swift": Self.bad]) { folder in
                #expect(run("\(folder)/good.swift").status == 0)
                let bad = run(folder)
                #expect(bad.status == 1)
                #expect(bad.output.split(separator: "\n").count == 2)
                #expect(bad.errors.hasPrefix("emaki-lint: names: by syntax only ("))
                #expect(bad.errors.hasSuffix("\nemaki-lint: 2 files: 2 errors, 0 warnings\n"))
                #expect(run("--quiet", "\(folder)/good.swift").errors == "")
                let missing = run("\(folder)/missing")
                #expect(missing.status == 2)
                #expect(missing.errors.contains("there is no such file or folder"))
            }
            #expect(run("--wrong").status == 2)
            #expect(run("--format", "other").status == 2)
            #expect(run("--explain", "WF999").status == 2)
            #expect(run("--help").status == 0)
            try withFolder(["a.swift": ""]) { folder in
                try Data([0xff, 0xfe, 0x00]).write(to: URL(filePath: folder + "/a.swift"))
                #expect(run(folder).status == 2)
            }
        }

        @Test("rules are listed and explained")
        func rules() {
            let listed = run("--rules").output.split(separator: "\n")
            #expect(listed.count == Rule.all.count)
            #expect(run("--rules").output.contains("over histories, with --gate"))
            let explained = run("--explain", "wf020")
            #expect(explained.status == 0)
            #expect(explained.output.contains("wf:allow(WF020)"))
            #expect(run("--help").output.contains("emaki-lint --fix Sources/Shop"))
        }

        @Test("JSON has every finding, with its place and what mends it")
        func json() throws {
            try withFolder(["bad.swift": Self.bad]) { folder in
                let output = run("--json", folder).output
                let root = try #require(
                    try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
                let findings = try #require(root["findings"] as? [[String: Any]])
                #expect(root["files"] as? Int == 1)
                #expect(findings.map { $0["rule"] as? String } == ["WF001", "WF011"])
                #expect(findings[0]["line"] as? Int == 3)
                #expect(findings[0]["column"] as? Int == 21)
                #expect((findings[0]["path"] as? String)?.hasSuffix("/bad.swift") == true)
                #expect(findings[0]["edit"] != nil)
                #expect(findings[1]["edit"] == nil)
            }
        }

        @Test("SARIF 2.1.0 has a tool, its rules, and a result for each finding")
        func sarif() throws {
            try withFolder(["bad.swift": Self.bad]) { folder in
                let file = folder + "/out.sarif"
                #expect(run("--sarif", file, folder).status == 1)
                let bytes = try Data(contentsOf: URL(filePath: file))
                #expect(
                    String(decoding: bytes, as: UTF8.self)
                        == run("--format", "sarif", folder).output)
                let root = try #require(
                    try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
                #expect(root["version"] as? String == "2.1.0")
                let runs = try #require(root["runs"] as? [[String: Any]])
                let tool = try #require(runs.first?["tool"] as? [String: Any])
                let driver = try #require(tool["driver"] as? [String: Any])
                #expect(driver["name"] as? String == "emaki-lint")
                let rules = try #require(driver["rules"] as? [[String: Any]])
                let results = try #require(runs.first?["results"] as? [[String: Any]])
                #expect(results.count == 2)
                // The letter before takes two bytes.
                #expect(text(bytes).contains("\"startColumn\":20,"))
                for result in results {
                    let index = try #require(result["ruleIndex"] as? Int)
                    #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
                    #expect(["error", "warning"].contains(result["level"] as? String))
                    let locations = try #require(result["locations"] as? [[String: Any]])
                    let place = try #require(
                        locations.first?["physicalLocation"] as? [String: Any])
                    let region = try #require(place["region"] as? [String: Int])
                    #expect(region["startLine", default: 0] >= 1)
                    #expect(region["endColumn", default: 0] > region["startColumn", default: 0])
                    let artifact = try #require(place["artifactLocation"] as? [String: String])
                    #expect(artifact["uri"]?.hasPrefix("file:///") == true)
                }
            }
        }

        @Test("--fix writes what it mends, reports the rest, and changes nothing the second time")
        func fix() throws {
            try withFolder(["bad.swift": Self.bad, "good.swift": "func f() { _ = Date() }"]) {
                folder in
                let first = run("--fix", folder)
                #expect(first.status == 1)
                #expect(first.errors.contains("1 mended"))
                #expect(!first.output.contains("WF001"))
                let text = try String(contentsOfFile: folder + "/bad.swift", encoding: .utf8)
                #expect(text.contains("Double(context.now)"))
                #expect(run("--fix", folder).errors.contains("0 mended"))
                #expect(try String(contentsOfFile: folder + "/bad.swift", encoding: .utf8) == text)
                let other = try String(contentsOfFile: folder + "/good.swift", encoding: .utf8)
                #expect(other == "func f() { _ = Date() }")
            }
        }

        @Test("what builds put into a folder is left out")
        func folders() throws {
            try withFolder([
                ".build/a.swift": Self.bad, "checkouts/a.swift": Self.bad, "a.txt": Self.bad,
            ]) { folder in
                #expect(run(folder).status == 0)
                #expect(run(folder + "/.build").status == 1)
            }
        }
    }
#endif
