#if Lint
    import SwiftSyntax

    /// Comments that let a place break a rule: `// wf:allow(WF001) the reason`, in the line of the
    /// finding, or in lines of comments above it.
    struct Waivers {
        struct Waiver {
            let rules: [String]
            let reason: String
            let place: Place
            /// The line of code that it is for.
            let line: Int
        }

        static let mark = "wf:allow"

        private var waivers: [Waiver] = []

        init(_ file: SourceFile) {
            // Most files have none, and need no look at every token.
            guard file.hasWaivers else { return }
            for token in file.tree.tokens(viewMode: .sourceAccurate) {
                var position = token.position
                for piece in token.leadingTrivia {
                    add(piece, at: position, codeAt: token.positionAfterSkippingLeadingTrivia, file)
                    position += piece.sourceLength
                }
                position = token.endPositionBeforeTrailingTrivia
                for piece in token.trailingTrivia {
                    add(piece, at: position, codeAt: token.positionAfterSkippingLeadingTrivia, file)
                    position += piece.sourceLength
                }
            }
        }

        private mutating func add(
            _ piece: TriviaPiece, at position: AbsolutePosition, codeAt code: AbsolutePosition,
            _ file: SourceFile
        ) {
            guard case .lineComment(let text) = piece, let mark = text.firstRange(of: Self.mark)
            else {
                return
            }
            // What a comment says about waivers is none.
            guard text[..<mark.lowerBound].allSatisfy({ $0 == "/" || $0 == " " }) else { return }
            let place = file.place(from: position, to: position + piece.sourceLength)
            let rest = text[mark.upperBound...]
            let inside = rest.hasPrefix("(") ? rest.dropFirst().prefix { $0 != ")" } : ""
            let isClosed = rest.dropFirst(inside.count + 1).first == ")"
            let reason = isClosed ? rest.dropFirst(inside.count + 2) : ""
            waivers.append(
                Waiver(
                    rules: isClosed
                        ? inside.split(separator: ",").map { $0.filter { $0 != " " }.uppercased() }
                        : [],
                    reason: reason.trimmed, place: place,
                    line: file.converter.location(for: code).line))
        }

        /// Leaves out what is waived, and adds what is wrong with waivers.
        /// - Parameter knowsHistories: what only histories tell is among the findings.
        func apply(to findings: [Finding], knowsHistories: Bool) -> [Finding] {
            guard !waivers.isEmpty else { return findings }
            var left: [Finding] = []
            var used: Set<Int> = []
            for finding in findings {
                let matching = waivers.indices.filter {
                    waivers[$0].line == finding.place.line && isGood(waivers[$0])
                        && waivers[$0].rules.contains(finding.ruleID)
                }
                if matching.isEmpty { left.append(finding) }
                used.formUnion(matching)
            }
            for (number, waiver) in waivers.enumerated() where !used.contains(number) {
                // Whether it waives something nobody knows here.
                if !knowsHistories, isGood(waiver), isOfHistories(waiver) { continue }
                left.append(complaint(about: waiver))
            }
            return left
        }

        private func isOfHistories(_ waiver: Waiver) -> Bool {
            waiver.rules.contains { Rule.named($0)?.isFoundByCheck == true }
        }

        private func isGood(_ waiver: Waiver) -> Bool {
            !waiver.reason.isEmpty && !waiver.rules.isEmpty
                && waiver.rules.allSatisfy { Rule.named($0) != nil }
        }

        private func complaint(about waiver: Waiver) -> Finding {
            let id: String
            let message: String
            if waiver.rules.isEmpty {
                (id, message) = ("WF098", "a waiver names the rules: `wf:allow(WF001)`")
            } else if let unknown = waiver.rules.first(where: { Rule.named($0) == nil }) {
                (id, message) = ("WF098", "there is no rule \(unknown)")
            } else if waiver.reason.isEmpty {
                (id, message) = ("WF098", "the waiver has no reason, and waives nothing")
            } else {
                let rules = waiver.rules.joined(separator: ", ")
                (id, message) = ("WF099", "nothing in this line breaks \(rules)")
            }
            let rule = Rule.named(id)
            return Finding(
                ruleID: id, severity: rule?.severity ?? .error, place: waiver.place,
                message: message,
                fix: rule?.fix ?? "", path: [])
        }
    }

    extension Substring {
        fileprivate var trimmed: String {
            let start = drop { $0.isWhitespace }
            let end = start.lastIndex { !$0.isWhitespace }
            return end.map { String(start[...$0]) } ?? ""
        }
    }

    extension String {
        fileprivate func firstRange(of word: String) -> Range<String.Index>? {
            ranges(of: word).first
        }
    }
#endif
