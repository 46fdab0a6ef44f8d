#if Lint
    import Foundation

    /// What the linter is given: a file's name and its text.
    package struct SourceText: Sendable {
        package var path: String
        package var text: String

        package init(path: String, text: String) {
            self.path = path
            self.text = text
        }

        /// Found many times faster than by the standard library.
        func mentions(_ word: String) -> Bool { text.range(of: word, options: .literal) != nil }
    }

    /// Finds code of workflows that a replay would not repeat.
    ///
    /// It knows the text of the files that it is given and, where the text does not tell what a
    /// name means, what an index store says of it; no types are checked, nothing is built.
    /// `Docs/determinism.md` says what it sees and what it cannot.
    package enum Linter {
        /// - Parameter texts: the files of a package, all at once: calls are followed from file to
        ///   file.
        /// - Parameter gate: what was found over histories; nil: nobody looked.
        /// - Parameter symbols: what the last build knows of the files; nil: text alone counts.
        /// - Returns: findings in the order of files and lines; waivers are applied.
        /// - Complexity: O(n) in the size of the files, and that of code in runs times the depth of
        ///   its nesting.
        package static func lint(
            _ texts: [SourceText], gate: GateReport? = nil, symbols: SymbolIndex? = nil
        ) -> [Finding] {
            // Without one of the words there is no code of a run, and a waiver waives nothing.
            let mayHaveRuns = texts.contains { text in
                rootWords.contains { text.mentions($0) }
            }
            let files = texts.filter { mayHaveRuns || $0.mentions(Waivers.mark) }
            return lint(files.map { SourceFile($0) }, gate?.findings(in: texts), symbols)
        }

        /// One of them stands wherever code of a run begins.
        private static let rootWords = ["Workflow", Engine.handlers, Engine.saga]

        /// - Parameter others: what was found by other means; nil: nobody looked.
        static func lint(
            _ files: [SourceFile], _ others: [Finding]? = nil, _ symbols: SymbolIndex? = nil
        ) -> [Finding] {
            let index = DeclarationIndex(
                files.filter { !Engine.modules.contains($0.module) }, symbols: symbols)
            let walk = ScopeWalk(index)
            walk.run()
            var byFile: [String: [Finding]] = [:]
            var seen: Set<Key> = []
            for finding in walk.findings where seen.insert(Key(finding)).inserted {
                byFile[finding.place.path, default: []].append(finding)
            }
            for finding in others ?? [] { byFile[finding.place.path, default: []].append(finding) }
            var left = files.flatMap { file in
                Waivers(file).apply(
                    to: byFile.removeValue(forKey: file.path) ?? [], knowsHistories: others != nil)
            }
            // In files that hold no code, and no waiver.
            left += byFile.values.joined()
            return left.sorted { ($0.place, $0.ruleID) < ($1.place, $1.ruleID) }
        }

        /// Code that several runs come by is said once.
        private struct Key: Hashable {
            let place: Place
            let ruleID: String

            init(_ finding: Finding) {
                place = finding.place
                ruleID = finding.ruleID
            }
        }

        /// The text with everything mended that is mechanical. What is mended stays mended.
        package static func mend(_ text: String, _ findings: [Finding]) -> String {
            var bytes = Array(text.utf8)
            var end = bytes.count
            let edits = Set(findings.compactMap(\.edit))
                .sorted { $0.range.lowerBound > $1.range.lowerBound }
            // From the end, so that places before stay where they are; of two that overlap the
            // later.
            for edit in edits where edit.range.upperBound <= end {
                bytes.replaceSubrange(edit.range, with: edit.text.utf8)
                end = edit.range.lowerBound
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
#endif
