#if Lint
    import ArgumentParser
    import Foundation

    /// `emaki-lint`: paths in, findings out.
    package struct LintCommand: ParsableCommand {
        enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, sarif }

        package static let configuration = CommandConfiguration(
            commandName: "emaki-lint",
            abstract: "Finds code of Emaki workflows that a replay would not repeat.",
            discussion: """
                Looks at what runs execute: bodies and handlers of workflows, and what they call \
                in the files that are given. Give it a whole target, or several: calls are \
                followed from file to file.

                Which changes of code open runs cannot follow only their histories tell: have the \
                new program check them, and give its report with --gate. Then each change that \
                stops a run is shown at its line, as WF083.

                A comment lets a line break a rule: // wf:allow(WF001) the reason

                EXAMPLES
                  emaki-lint Sources
                  emaki-lint --fix Sources/Shop
                  emaki-lint --sarif lint.sarif Sources
                  emaki-lint --explain WF020
                  new-bank workflow check bank.emaki --json > gate.jsonl
                  emaki-lint --gate gate.jsonl Sources

                EXIT STATUS
                  0  nothing found
                  1  something found
                  2  wrong usage, or a file that cannot be read
                """)

        @Argument(help: "Swift files, and folders of them.", completion: .file())
        var paths: [String] = ["."]

        @Option(help: "text, json or sarif.")
        var format = Format.text

        @Flag(help: "As --format json.")
        var json = false

        @Option(help: "Write a SARIF log to this file as well.", completion: .file())
        var sarif: String?

        @Option(
            help: "What `PROGRAM workflow check STORE --json` wrote: WF083 is found with it.",
            completion: .file())
        var gate: String?

        @Option(
            help: "A build's index store; by default that of the package's last debug build.",
            completion: .directory)
        var indexStore: String?

        @Option(
            help: "The library that reads it; by default that of the toolchain on the path.",
            completion: .file())
        var indexLibrary: String?

        @Flag(name: .customLong("no-index-store"), help: "Resolve names by the text alone.")
        var isBySyntaxOnly = false

        @Flag(help: "Mend what is mechanical, and report what is left.")
        var fix = false

        @Flag(help: "List the rules.")
        var rules = false

        @Option(help: "Say more about a rule.")
        var explain: String?

        @Flag(help: "Say nothing when nothing is found.")
        var quiet = false

        package init() {}

        package mutating func validate() throws {
            if let explain, Rule.named(explain) == nil {
                throw ValidationError(
                    "there is no rule \(explain); `emaki-lint --rules` lists them")
            }
            if isBySyntaxOnly && (indexStore != nil || indexLibrary != nil) {
                throw ValidationError("either --no-index-store or --index-store")
            }
            if json && format == .sarif { throw ValidationError("either --json or --format sarif") }
        }

        /// Does it, and says what the process ends with.
        func end(
            _ program: String?, _ output: (String) -> Void, _ complaints: (String) -> Void
        ) throws -> Int32 {
            if rules {
                output(Rule.all.map { $0.line + "\n" }.joined())
                return 0
            }
            if let rule = explain.flatMap({ Rule.named($0) }) {
                output(rule.explanation + "\n")
                return 0
            }
            let gate = try gate.map { try GateReport(SourceFiles.read($0)) }
            var texts = try SourceFiles.paths(in: paths).map { try SourceFiles.read($0) }
            let (symbols, names) = try symbols(for: texts, program)
            var findings = Linter.lint(texts, gate: gate, symbols: symbols)
            if fix {
                let mended = try mend(&texts, findings)
                symbols?.forget(mended.files)
                if mended.count > 0 {
                    findings = Linter.lint(texts, gate: gate, symbols: symbols)
                }
                if !quiet { complaints("emaki-lint: \(mended.count) mended\n") }
            }
            let report = Report(
                findings: findings, fileCount: texts.count, names: symbols?.source ?? names)
            if let sarif { try SourceFiles.write(report.sarif + "\n", to: sarif) }
            switch json ? .json : format {
            case .text:
                output(report.text)
                if !quiet {
                    complaints("emaki-lint: \(report.names.text)\n")
                    complaints("emaki-lint: \(report.summary)\n")
                }
            case .json: output(report.json + "\n")
            case .sarif: output(report.sarif + "\n")
            }
            return findings.isEmpty ? 0 : 1
        }

        /// What a build knows of the files, or why nothing is known.
        ///
        /// - Throws: `IndexStoreError` if an option asked for a store that cannot be used.
        private func symbols(
            for texts: [SourceText], _ program: String?
        ) throws -> (SymbolIndex?, NameSource) {
            guard !isBySyntaxOnly else { return (nil, NameSource(reason: "as was asked")) }
            do throws(IndexStoreError) {
                guard let program else { throw .noReader("it is not known where it is") }
                let paths = try IndexStorePaths.find(
                    store: indexStore, library: indexLibrary, for: self.paths)
                let symbols = try SymbolIndex(
                    paths, files: texts.map(\.path), program: program)
                return (symbols, symbols.source)
            } catch {
                guard indexStore == nil && indexLibrary == nil else { throw error }
                return (nil, NameSource(reason: error.text))
            }
        }

        /// - Returns: how many findings are mended, and in which files.
        private func mend(
            _ texts: inout [SourceText], _ findings: [Finding]
        ) throws -> (count: Int, files: Set<String>) {
            var count = 0
            var files: Set<String> = []
            for index in texts.indices {
                let mine = findings.filter {
                    $0.place.path == texts[index].path && $0.edit != nil
                }
                guard !mine.isEmpty else { continue }
                texts[index].text = Linter.mend(texts[index].text, mine)
                try SourceFiles.write(texts[index].text, to: texts[index].path)
                count += mine.count
                files.insert(texts[index].path)
            }
            return (count, files)
        }

        /// - Parameters: - arguments: nil: those of the process. - program: `emaki-lint` itself,
        ///   which reads index stores in a process of its own; nil: none is read. - output: takes
        ///   what goes to standard output. - complaints: takes what goes to standard error.
        /// - Returns: the status.
        package static func run(
            _ arguments: [String]? = nil, program: String? = nil, output: (String) -> Void,
            complaints: (String) -> Void
        ) -> Int32 {
            do {
                let command = try parseAsRoot(arguments)
                guard let lint = command as? LintCommand else {
                    var command = command
                    try command.run()
                    return 0
                }
                return try lint.end(program, output, complaints)
            } catch let error as IndexStoreError {
                complaints("emaki-lint: \(error.text)\n")
                return 2
            } catch let error as SourceFiles.Unreadable {
                complaints("emaki-lint: \(error.path): \(error.reason)\n")
                return 2
            } catch {
                let text = fullMessage(for: error) + "\n"
                // Asking for help is no mistake.
                guard exitCode(for: error) == .success else {
                    complaints(text)
                    return 2
                }
                output(text)
                return 0
            }
        }
    }
#endif
