import Foundation

/// Every public declaration of a library says what it promises.
enum DocumentationRules {
    static func check(_ file: ProjectFile) -> [Violation] {
        guard file.isLibrary else { return [] }
        let text = file.swift
        var violations: [Violation] = []
        var depth = 0
        /// Depth of the members of the public enums and protocols that enclose a line.
        var publicBodies: [Int] = []
        for (index, line) in text.code.enumerated() {
            // Found faster than by any pattern.
            let isPublic = line.range(of: "public") != nil
            let isMember = publicBodies.last == depth && line.contains(memberStart)
            let isDeclared =
                isMember
                || isPublic
                    && line.contains(/^\s*(?:[@\w()]+\s+)*public\s+(?!import|extension)/)
            if isDeclared, !isDocumented(index, text) {
                violations.append(
                    Violation(
                        path: file.path, line: index + 1,
                        reason: "public, and says nothing: write what it promises"))
            }
            let opensBody =
                isPublic
                && line.contains(/(?:^|\s)public\s+(?:\w+\s+)*(?:enum|protocol)\s/)
            for character in line.utf8 {
                if character == UInt8(ascii: "{") { depth += 1 }
                if character == UInt8(ascii: "}") {
                    if publicBodies.last == depth { publicBodies.removeLast() }
                    depth -= 1
                }
            }
            if opensBody && line.contains("{") && !line.contains("}") { publicBodies.append(depth) }
        }
        return violations
    }

    /// The cases of a public enum and the requirements of a public protocol are public unasked.
    private static var memberStart: Regex<Substring> { /^\s*(?:indirect\s+)?case\s/ }

    private static func isDocumented(_ index: Int, _ text: SwiftText) -> Bool {
        var above = index - 1
        while above >= 0 {
            let comment = text.comments[above].trimmingPrefix(while: \.isWhitespace)
            if comment.hasPrefix("///") { return true }
            let code = text.code[above].trimmingPrefix(while: \.isWhitespace)
            guard code.hasPrefix("@") else { return false }
            above -= 1
        }
        return false
    }
}
