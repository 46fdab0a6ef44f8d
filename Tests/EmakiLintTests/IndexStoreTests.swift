#if Lint
    import EmakiLint
    import Foundation
    import Testing

    /// What a compiler's name for a symbol says.
    @Suite struct SymbolNameTests {
        @Test(
            "the module and the types around a symbol are read from its USR",
            arguments: [
                ("s:20FoundationEssentials4DateV3nowACvpZ", "FoundationEssentials", "Date"),
                ("s:SD4KeysV12makeIteratorAB0C0Vyxq___GyF", "Swift", "Dictionary.Keys"),
                (
                    "s:ScT12_Concurrencys5NeverORszACRs_rlE5sleep11nanosecondsys6UInt64V_tYaKFZ",
                    "Swift", "Task"
                ),
                (
                    "s:12_Concurrency15ContinuousClockV3nowAC7InstantVvp", "_Concurrency",
                    "ContinuousClock"
                ),
                ("s:13EmakiWorkflow0B7ContextV5sleepyyF", "EmakiWorkflow", "WorkflowContext"),
                ("s:4ShopAAV2idSivp", "Shop", "Shop"), ("s:4Shop3logyySSF", "Shop", ""),
                ("s:s17FixedWidthIntegerPsE6random2inxSNyxG_tFZ", "Swift", "FixedWidthInteger"),
                ("c:@F@time", "C", ""), ("c:objc(cs)NSTimer(cm)scheduled", "C", "Timer"),
                ("c:objc(cs)NSOther(im)go", "C", "NSOther"),
            ])
        func names(usr: String, module: String, types: String) throws {
            let name = try #require(SymbolName(usr))
            #expect(name.module == module)
            #expect(name.types.joined(separator: ".") == types)
            #expect(name.isToolchain == !["EmakiWorkflow", "Shop"].contains(module))
        }

        @Test(
            "what is no USR, or a cut one, is none, and ends nothing",
            arguments: [
                "", "s", "s:", "s:9", "s:99999999999999999999a", "s:0B4", "x:4Shop", "s:SZ",
            ])
        func damaged(usr: String) { #expect(SymbolName(usr) == nil) }
    }

    /// What an index store adds to syntax, and that nothing depends on it.
    @Suite(
        .enabled(
            if: IndexFixture.isPossible,
            "needs swiftc on the path, its libIndexStore, and emaki-lint beside the tests"),
        .compilesIndexFixture)
    struct IndexStoreTests {
        private let fixture: IndexFixture

        init() throws { fixture = try #require(IndexFixture.current) }

        private func texts(_ names: [String]) throws -> [SourceText] {
            try names.map { try SourceFiles.read(fixture.source($0)) }
        }

        private func symbols(_ names: [String]) throws -> SymbolIndex {
            try SymbolIndex(
                fixture.paths, files: names.map(fixture.source), program: IndexFixture.program ?? ""
            )
        }

        /// `Order 8 WF010`
        private func lines(_ findings: [Finding]) -> [String] {
            findings.map { finding in
                let file = URL(filePath: finding.place.path).deletingPathExtension()
                return "\(file.lastPathComponent) \(finding.place.line) \(finding.ruleID)"
            }
        }

        /// What comments at the end of lines say.
        private func marked(_ marks: Set<String>, _ names: [String]) throws -> [String] {
            try zip(names, texts(names)).flatMap { name, text in
                text.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                    .compactMap { number, line in
                        let words = line.split(separator: " ").suffix(2)
                        guard let mark = words.first, marks.contains(String(mark)) else {
                            return nil
                        }
                        return "\(name) \(number + 1) \(words[words.endIndex - 1])"
                    }
            }.sorted()
        }

        private func run(_ arguments: [String], program: String? = IndexFixture.program)
            -> (status: Int32, output: String, errors: String)
        {
            var output = ""
            var errors = ""
            let status = LintCommand.run(
                arguments, program: program, output: { output += $0 },
                complaints: { errors += $0 })
            return (status, output, errors)
        }

        // MARK: What it adds

        @Test("with the index store what types decide is found, and what looks alike is not")
        func added() throws {
            let names = ["Order", "Parts"]
            let found = Linter.lint(try texts(names), symbols: try symbols(names))
            #expect(lines(found).sorted() == (try marked(["index", "both"], names)))
        }

        @Test("without it the text decides, and says too little and too much")
        func textOnly() throws {
            let names = ["Order", "Parts"]
            #expect(
                lines(Linter.lint(try texts(names))).sorted()
                    == (try marked(["text", "both"], names)))
        }

        @Test("the way to what is found goes through calls that only the index store knows")
        func ways() throws {
            let names = ["Order", "Parts"]
            let found = Linter.lint(try texts(names), symbols: try symbols(names))
            let ways = found.map { $0.path.joined(separator: " → ") }
            for way in ["inferred → Price.refresh", "inferred → Price.+", "dispatched → Dice.next"]
            {
                let parts = way.split(separator: " → ")
                #expect(ways.contains("Order.run → Order.\(parts[0]) → \(parts[1])"), "\(ways)")
            }
        }

        // MARK: What it does not know

        @Test("a file that was changed since is resolved by syntax, and the report says so")
        func stale() throws {
            let names = ["Late", "Order", "Parts"]
            let symbols = try symbols(names)
            #expect(symbols.source.indexedCount == 2)
            #expect(symbols.source.changedCount == 1)
            #expect(
                symbols.source.text.hasSuffix(
                    "(2 files; 1 file changed since it was built: "
                        + "by syntax)"))
            let found = Linter.lint(try texts(names), symbols: symbols)
            // `note(1)` in it, which text takes for either.
            let line = try #require(try marked(["text"], ["Order"]).first { $0.contains("WF001") })
            #expect(
                lines(found).sorted()
                    == (try marked(["index", "both"], names) + [line]).sorted())
        }

        @Test("what was mended is another text than the one that was compiled")
        func forgotten() throws {
            let symbols = try symbols(["Order", "Parts"])
            symbols.forget([fixture.source("Parts")])
            #expect(symbols.source.indexedCount == 1)
            #expect(symbols.source.changedCount == 1)
            let found = Linter.lint(try texts(["Parts", "Order"]), symbols: symbols)
            #expect(lines(found).contains { $0.hasPrefix("Parts") })
        }

        @Test("a file that no build had is counted")
        func missing() throws {
            let symbols = try SymbolIndex(
                fixture.paths, files: [fixture.source("Order"), fixture.source("New")],
                program: IndexFixture.program ?? "")
            #expect(symbols.source.missingCount == 1)
            #expect(symbols.source.text.contains("(1 file; 1 file not in it: by syntax)"))
        }

        // MARK: The command

        @Test("the store of the package's last build is found, and each report names it")
        func command() throws {
            let files = ["Order", "Parts"].map(fixture.source)
            let text = run(files)
            #expect(text.status == 1)
            #expect(
                text.errors.contains(
                    "names: by syntax and by the index store of \(fixture.paths.store) (2 files)"))
            let json = run(["--json"] + files).output
            #expect(json.contains("\"names\":{\"by\":[\"syntax\",\"index store\"]"))
            #expect(json.contains("\"filesByIndexStore\":2"))
            let sarif = run(["--format", "sarif"] + files).output
            #expect(sarif.contains("\"properties\":{\"names\":{\"by\":[\"syntax\","))
            let without = run(["--no-index-store"] + files)
            #expect(without.errors.contains("names: by syntax only (as was asked)"))
            #expect(without.output != text.output)
        }

        @Test("a store that is not there, or cannot be read, is an error only if it was asked for")
        func refused() throws {
            let folder = FileManager.default.temporaryDirectory
                .appending(path: "emaki-lint-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: folder) }
            let units = folder.appending(path: ".build/a/debug/index/store/v5/units")
            try FileManager.default.createDirectory(at: units, withIntermediateDirectories: true)
            let source = folder.appending(path: "a.swift").path
            try Data("func f() {}".utf8).write(to: URL(filePath: source))

            let absent = run([source])
            #expect(absent.status == 0)
            #expect(
                absent.errors.contains(
                    "names: by syntax only (no index store: build the package first, or pass "
                        + "--index-store)"))
            #expect(run(["--index-store", folder.path, source]).status == 2)
            #expect(run(["--index-store", folder.path + "/none", source]).status == 2)
            let empty = run(["--index-store", units.path + "/../..", source])
            #expect(empty.status == 0)
            #expect(empty.errors.contains("(0 files; 1 file not in it: by syntax)"))

            try Data().write(to: folder.appending(path: "Package.swift"))
            for (library, reason) in [("/dev/null", "no library"), ("/none", "no library")] {
                let wrong = run(["--index-library", library, source])
                #expect(wrong.status == 2)
                #expect(wrong.errors.contains(reason), "\(wrong.errors)")
            }
            let other = (IndexFixture.library ?? "").replacing(
                "libIndexStore.so", with: "swift/linux/libswiftCore.so")
            if other.hasSuffix("libswiftCore.so") {
                let wrong = run(["--index-library", other, source])
                #expect(wrong.status == 2)
                #expect(wrong.errors.contains("has no function `indexstore_"), "\(wrong.errors)")
            }
            #expect(run(["--no-index-store", "--index-store", "a", source]).status == 2)
        }

        @Test("a reader that ends too early ends nothing else, and is reported")
        func brokenReader() throws {
            let script = FileManager.default.temporaryDirectory
                .appending(path: "emaki-lint-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: script) }
            let ends = [
                "exit 3": "its reader ended with 3", "kill -SEGV $$": "was ended by signal 11",
                "echo file": "its reader said too little",
                "echo file; echo end": "says what nobody understands",
            ]
            let source = fixture.source("Parts")
            for (end, reason) in ends {
                try Data("#!/bin/sh\n\(end)\n".utf8).write(to: script)
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: script.path)
                let silent = run([source], program: script.path)
                #expect(silent.status == 0)
                #expect(silent.errors.contains("names: by syntax only ("))
                #expect(silent.errors.contains(reason), "\(silent.errors)")
                let asked = run(
                    ["--index-store", fixture.paths.store, source], program: script.path)
                #expect(asked.status == 2)
                #expect(asked.errors.contains(reason), "\(asked.errors)")
            }
            #expect(run([source], program: script.path + "-none").status == 0)
        }

        @Test("a damaged store ends nothing", arguments: 0..<12)
        func damaged(seed: Int) throws {
            let store = FileManager.default.temporaryDirectory
                .appending(path: "emaki-lint-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: store) }
            try FileManager.default.copyItem(atPath: fixture.paths.store, toPath: store.path)
            let paths = try #require(FileManager.default.subpaths(atPath: store.path)).sorted()
            var random = UInt64(seed) &* 2_862_933_555_777_941_757 &+ 3_037_000_493
            for path in paths where path.contains("Order") || path.contains("Parts") {
                let url = store.appending(path: path)
                var bytes = try Data(contentsOf: url)
                for _ in 0..<8 {
                    random = random &* 6_364_136_223_846_793_005 &+ 1
                    bytes[Int(random >> 33) % bytes.count] ^= UInt8(1 << (random >> 60 & 7))
                }
                if seed % 3 == 0 { bytes = bytes.prefix(Int(random >> 33) % bytes.count) }
                try bytes.write(to: url)
            }
            let files = ["Order", "Parts"].map(fixture.source)
            let result = run(["--index-store", store.path] + files)
            #expect([1, 2].contains(result.status), "seed \(seed): \(result.errors)")
        }
    }
#endif
