/// Files ≤ 500 lines (tests 700), functions ≤ 70, lines ≤ 100 characters.
enum SizeRules {
    static let sourceLinesMax = 500
    static let testLinesMax = 700
    static let functionLinesMax = 70
    static let lineCharactersMax = 100

    static func check(_ file: ProjectFile) -> [Violation] {
        fileLength(file) + lineLengths(file) + functionLengths(file)
    }

    private static func fileLength(_ file: ProjectFile) -> [Violation] {
        let limit = file.isTest ? testLinesMax : sourceLinesMax
        let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
        guard count > limit else { return [] }
        return [Violation(path: file.path, reason: "\(count) lines; at most \(limit)")]
    }

    private static func lineLengths(_ file: ProjectFile) -> [Violation] {
        file.lines.enumerated().compactMap { index, line in
            guard line.count > lineCharactersMax else { return nil }
            return Violation(
                path: file.path, line: index + 1,
                reason: "\(line.count) characters; at most \(lineCharactersMax)")
        }
    }

    /// Measures from the declaration to the brace that closes the body.
    private static func functionLengths(_ file: ProjectFile) -> [Violation] {
        let tokens = Self.tokens(of: file.swift)
        var violations: [Violation] = []
        for (index, token) in tokens.enumerated() {
            guard ["func", "init", "deinit", "subscript"].contains(token.text),
                index == 0 || tokens[index - 1].text != ".",
                let end = endOfBody(after: index, in: tokens)
            else { continue }
            let count = end - token.line + 1
            guard count > functionLinesMax else { continue }
            violations.append(
                Violation(
                    path: file.path, line: token.line,
                    reason: "a function of \(count) lines; at most \(functionLinesMax)"))
        }
        return violations
    }

    private struct Token {
        let text: String
        /// From 1.
        let line: Int
    }

    /// Words, and the signs that matter here.
    private static func tokens(of text: SwiftText) -> [Token] {
        var tokens: [Token] = []
        for (index, line) in text.code.enumerated() {
            var word = ""
            for character in line + " " {
                if character.isLetter || character.isNumber || character == "_" {
                    word.append(character)
                    continue
                }
                if !word.isEmpty { tokens.append(Token(text: word, line: index + 1)) }
                word = ""
                if "(){}[].".contains(character) {
                    tokens.append(Token(text: String(character), line: index + 1))
                }
            }
        }
        return tokens
    }

    /// - Returns: the line of the closing brace; nil for a requirement of a protocol.
    private static func endOfBody(after start: Int, in tokens: [Token]) -> Int? {
        let declarations: Set = ["func", "init", "deinit", "subscript", "var", "let", "case"]
        var enclosing = 0
        var braces = 0
        for (index, token) in tokens.enumerated().dropFirst(start + 1) {
            switch token.text {
            case "(", "[": enclosing += 1
            case ")", "]": enclosing -= 1
            case "{" where enclosing == 0: braces += 1
            case "}" where enclosing == 0:
                braces -= 1
                if braces == 0 { return token.line }
                if braces < 0 { return nil }
            case let word where braces == 0 && enclosing == 0 && declarations.contains(word):
                if tokens[index - 1].text != "." { return nil }
            default: break
            }
        }
        return nil
    }
}
