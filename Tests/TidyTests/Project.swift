import Foundation

/// A file of this package, as text.
struct ProjectFile: Sendable {
    /// From the package's root, with `/`.
    let path: String
    let text: String
    /// Empty for other files than Swift.
    let swift: SwiftText

    init(path: String, text: String) {
        self.path = path
        self.text = text
        swift = SwiftText(path.hasSuffix(".swift") ? text : "")
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    /// `Sources/EmakiLog/…` is in `EmakiLog`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var isTest: Bool { path.hasPrefix("Tests/") }
    /// Compiled into programs that embed the package.
    var isLibrary: Bool { path.hasPrefix("Sources/") && !ImportRules.programs.contains(target) }
}

/// A place that breaks a rule.
struct Violation: CustomStringConvertible, Equatable {
    let path: String
    var line: Int?
    let reason: String

    var description: String { path + (line.map { ":\($0)" } ?? "") + ": " + reason }
}

/// The package that these tests are part of.
enum Project {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func file(_ path: String) throws -> ProjectFile {
        let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        return ProjectFile(path: path, text: text)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    /// Every file with this ending in these folders, in the order of the paths.
    static func files(in folders: [String], ending: String) throws -> [ProjectFile] {
        var paths: [String] = []
        for folder in folders {
            let found = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            while let path = found?.nextObject() as? String {
                // What a build put there is not ours.
                if path.contains("/.build/") || path.hasPrefix(".build/") { continue }
                if path.hasSuffix(ending) { paths.append("\(folder)/\(path)") }
            }
        }
        return try paths.sorted().map { try file($0) }
    }

    /// Read once: splitting the text takes longest.
    static func swiftFiles() throws -> [ProjectFile] { try loadedSwiftFiles.get() }

    private static let loadedSwiftFiles = Result {
        try files(in: ["Sources", "Tests"], ending: ".swift") + [file("Package.swift")]
    }

    /// `README.md`, everything in `Docs`, and the guides beside the code.
    static func markdownFiles() throws -> [ProjectFile] {
        try [file("README.md")] + files(in: ["Docs", "Sources"], ending: ".md")
    }
}
