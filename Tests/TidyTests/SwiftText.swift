/// Swift source split into what is code, what is comment and what is string, line by line.
///
/// `code` keeps every character of code at its place and has spaces for comments and for what is
/// inside string literals; `comments` and `strings` are the same the other way round. What is
/// interpolated is code. Regular expression literals are not understood, which is good enough
/// for this package.
struct SwiftText: Sendable {
    private(set) var code: [String]
    private(set) var comments: [String]
    private(set) var strings: [String]

    init(_ text: String) {
        var splitter = Splitter(Array(text.unicodeScalars))
        splitter.run()
        code = splitter.lines(of: .code)
        comments = splitter.lines(of: .comment)
        strings = splitter.lines(of: .string)
    }
}

private struct Splitter {
    enum Kind { case code, comment, string }

    /// Scalars, because comparing characters takes ten times as long.
    private let text: [Unicode.Scalar]
    private var kinds: [Kind]
    private var place = 0

    init(_ text: [Unicode.Scalar]) {
        self.text = text
        kinds = Array(repeating: .code, count: text.count)
    }

    mutating func run() { code(untilParenthesis: false) }

    func lines(of kind: Kind) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        for (scalar, its) in zip(text, kinds) {
            if scalar == "\n" {
                lines.append(String(line))
                line = String.UnicodeScalarView()
            } else {
                line.append(its == kind ? scalar : " ")
            }
        }
        return lines + [String(line)]
    }

    private func sees(_ word: String, at offset: Int = 0) -> Bool {
        var place = place + offset
        for scalar in word.unicodeScalars {
            guard place < text.count, text[place] == scalar else { return false }
            place += 1
        }
        return true
    }

    private mutating func take(_ count: Int, as kind: Kind) {
        for _ in 0..<count where place < text.count {
            kinds[place] = kind
            place += 1
        }
    }

    /// Reads code up to the end, or up to the parenthesis that ends an interpolation.
    private mutating func code(untilParenthesis: Bool) {
        var depth = 0
        while place < text.count {
            if sees("//") {
                while place < text.count, text[place] != "\n" { take(1, as: .comment) }
            } else if sees("/*") {
                blockComment()
            } else if text[place] == "\"" || text[place] == "#" {
                literal()
            } else {
                if text[place] == "(" { depth += 1 }
                if text[place] == ")" {
                    if untilParenthesis && depth == 0 { return }
                    depth -= 1
                }
                take(1, as: .code)
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if sees("/*") {
                depth += 1
                take(2, as: .comment)
            } else if sees("*/") {
                depth -= 1
                take(2, as: .comment)
            } else {
                take(1, as: .comment)
            }
        } while depth > 0 && place < text.count
    }

    /// A string literal, or a `#` that starts none.
    private mutating func literal() {
        var hashCount = 0
        while sees("#", at: hashCount) { hashCount += 1 }
        guard sees("\"", at: hashCount) else { return take(max(1, hashCount), as: .code) }
        let hashes = String(repeating: "#", count: hashCount)
        let quotes = sees("\"\"\"", at: hashCount) ? "\"\"\"" : "\""
        take(hashCount + quotes.count, as: .code)
        while place < text.count {
            if sees(quotes + hashes) { return take(quotes.count + hashCount, as: .code) }
            // No string goes on here: a quote in a regular expression looked like one.
            if quotes == "\"" && text[place] == "\n" { return }
            if sees("\\" + hashes + "(") {
                take(hashCount + 2, as: .code)
                code(untilParenthesis: true)
                take(1, as: .code)
            } else if sees("\\" + hashes) {
                take(hashCount + 2, as: .string)
            } else {
                take(1, as: .string)
            }
        }
    }
}
