#if Lint
    import EmakiLint
    import Testing

    /// WF083: what `workflow check --json` found, at the calls in the code.
    @Suite struct GateTests {
        /// Line 3 is the call that is new.
        private static let code = """
            enum Order: Workflow {
                static func run(context: WorkflowContext<Self>, input: Int) async throws {
                    _ = try await context.step("new") { _ in 1 }
                }
            }

            """
        private static let sum = #"{"open":2,"closed":0,"problems":2,"types":{}}"#

        private func row(
            _ workflow: String, _ place: String?, kind: String = "diverges", open: Bool = true,
            found: String? = "StepScheduled new (new)", patch: String? = "new"
        ) -> String {
            var members = [#""kind":"\#(kind)""#, #""recorded":"StepScheduled old (old)""#]
            if let found { members.append(#""found":"\#(found)""#) }
            if let patch { members.append(#""suggestedPatch":"\#(patch)""#) }
            if let place { members.append(place) }
            return #"{"workflow":"\#(workflow)","type":"Order","run":"r","open":\#(open),"#
                + #""verdict":{"message":"…",\#(members.joined(separator: ","))}}"#
        }

        private func at(_ file: String, _ line: Int, _ name: String = "place") -> String {
            #""\#(name)":{"file":"\#(file)","line":\#(line)}"#
        }

        private func lint(
            _ lines: String..., texts: [String: String] = ["Sources/Shop/A.swift": code]
        ) throws -> [Finding] {
            let report = SourceText(
                path: "gate.jsonl", text: lines.map { $0 + "\n" }.joined() + Self.sum + "\n")
            return Linter.lint(
                texts.sorted { $0.key < $1.key }.map { SourceText(path: $0.key, text: $0.value) },
                gate: try GateReport(report))
        }

        @Test("a change that open runs cannot follow is found at its call, once for all of them")
        func call() throws {
            let place = at("Shop/A.swift", 3)
            let found = try lint(row("ana", place), row("bob", place))
            #expect(
                found.map(\.line) == [
                    "Sources/Shop/A.swift:3:9: error: [WF083] 2 open runs of Order (ana, bob) have "
                        + "StepScheduled old (old), and the code asks for StepScheduled new (new); "
                        + "fix: `if context.patched(\"new\") { … as now } else { … as it was }`"
                ])
            #expect(found.first?.place.endColumn == 53)
        }

        @Test("only runs that are open count, and only calls that differ")
        func others() throws {
            let place = at("Shop/A.swift", 3)
            #expect(try lint(row("ana", place, open: false)).isEmpty)
            #expect(try lint(row("ana", place, kind: "traps")).isEmpty)
            #expect(try lint().isEmpty)
        }

        @Test("where the code asks for nothing it is found at what it asked for last")
        func last() throws {
            let last = at("Shop/A.swift", 3, "lastEqualPlace")
            let found = try lint(row("ana", last, found: nil, patch: nil))
            #expect(found.first?.place.line == 3)
            #expect(found.first?.message.hasSuffix("the code asks for nothing more") == true)
            #expect(found.first?.fix.hasPrefix("keep the call of `patched`") == true)
        }

        @Test("of files of one name it is the one in the module's folder, and none is guessed")
        func files() throws {
            func path(_ file: String, _ paths: String...) throws -> String? {
                let texts = Dictionary(uniqueKeysWithValues: paths.map { ($0, Self.code) })
                return try lint(row("ana", at(file, 3)), texts: texts).first?.place.path
            }
            #expect(try path("my_shop/A.swift", "Sources/Other/A.swift") == "Sources/Other/A.swift")
            #expect(
                try path("my_shop/A.swift", "Sources/my-shop/x/A.swift", "Sources/Other/A.swift")
                    == "Sources/my-shop/x/A.swift")
            #expect(
                try path("my_shop/A.swift", "Sources/One/A.swift", "Sources/Two/A.swift")
                    == "gate.jsonl")
            #expect(try path("Shop/B.swift", "Sources/Shop/A.swift") == "gate.jsonl")
        }

        @Test("a place that is not in the files is told with the report's line")
        func elsewhere() throws {
            let found = try lint(row("ana", at("Shop/A.swift", 300)), row("bob", nil, found: nil))
            #expect(found.map(\.place.line) == [1, 2])
            #expect(found.allSatisfy { $0.place.path == "gate.jsonl" })
            #expect(found.first?.message.contains("the code at Shop/A.swift:300") == true)
        }

        @Test("a waiver waives it, and is none too many where nobody looked at histories")
        func waivers() throws {
            let line = #"_ = try await context.step("new") { _ in 1 }"#
            let waived = Self.code.replacing(line, with: line + "  // wf:allow(WF083) all are over")
            let texts = ["Sources/Shop/A.swift": waived]
            #expect(try lint(row("ana", at("Shop/A.swift", 3)), texts: texts).isEmpty)
            #expect(try lint(texts: texts).map(\.ruleID) == ["WF099"])
            #expect(findings(in: waived).isEmpty)
        }

        @Test("what is no whole report of a check is refused, with the line")
        func damaged() {
            for (text, reason) in [
                ("", "last line is missing"), (row("ana", nil) + "\n", "last line is missing"),
                ("{}\n" + Self.sum, "line 1 is not of"), ("no JSON\n", "line 1 is not of"),
                (Self.sum + "\n" + row("ana", nil), "line 2 is not of"),
            ] {
                let error = #expect(throws: SourceFiles.Unreadable.self) {
                    _ = try GateReport(SourceText(path: "gate.jsonl", text: text))
                }
                #expect(error?.reason.contains(reason) == true, "\(text)")
            }
        }

        @Test("the command takes a report, and ends with 2 for one that is none")
        func command() throws {
            var output = ""
            let status = LintCommand.run(
                ["--gate", "/nowhere/gate.jsonl", "."], output: { output += $0 },
                complaints: { output += $0 })
            #expect(status == 2 && output.contains("/nowhere/gate.jsonl"))
        }
    }
#endif
