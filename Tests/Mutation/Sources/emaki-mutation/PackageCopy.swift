import Foundation

/// A copy of the engine and its tests in a build folder, with every mutant compiled in.
///
/// What the package has besides is left out: mutants are tried against the engine's own tests. The
/// copy is optimized, for a run is tests and little else; traps stay, so a mutant dies by them.
struct PackageCopy {
    private var manifest: String {
        """
        // swift-tools-version: 6.2
        import PackageDescription

        let package = Package(
            name: "emaki",
            platforms: [.macOS(.v15)],
            targets: [
        \(subject.targets)
            ]
        )

        """
    }

    let root: URL
    let folder: URL
    private let subject: Subject

    init(root: URL, _ subject: Subject) {
        self.root = root
        self.subject = subject
        folder = root.appending(path: ".build/\(subject.folder)/package")
    }

    /// Brings the copy up to date, and builds its tests. Points that do not compile are skipped,
    /// with the compiler's words.
    func build(_ sources: inout EngineSources) throws {
        var isFirst = true
        while true {
            try write(sources, isFirst: isFirst)
            isFirst = false
            let log = try swiftBuild()
            guard log.status != 0 else { return }
            let reasons = rejected(log.text, sources)
            guard !reasons.isEmpty else {
                throw Failure("the copy does not build:\n\(log.text.suffix(4000))")
            }
            for (id, reason) in reasons.sorted(by: { $0.key < $1.key }) {
                note("skipped: \(id): \(reason)")
            }
            sources.skip(reasons)
        }
    }

    /// Files are only written where they differ, so a second build is a small one.
    private func write(_ sources: EngineSources, isFirst: Bool) throws {
        let mutants = sources.mutants
        if isFirst { try mirror() }
        for path in sources.texts.keys {
            try write(sources.patched(path, mutants), to: path)
        }
        let modules = Set(
            sources.texts.keys.map { $0.split(separator: "/").prefix(2).joined(separator: "/") })
        for module in modules {
            try write(MutantSwitch.source, to: "\(module)/\(MutantSwitch.fileName)")
        }
    }

    private func write(_ text: String, to path: String) throws {
        try write(Data(text.utf8), to: folder.appending(path: path))
    }

    private func write(_ bytes: Data, to file: URL) throws {
        let files = FileManager.default
        if let present = files.contents(atPath: file.path), present == bytes { return }
        try files.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: file)
    }

    /// Copies what the package consists of, and removes what it no longer has.
    private func mirror() throws {
        let files = FileManager.default
        var kept: Set<String> = []
        try write(manifest, to: "Package.swift")
        for part in subject.parts {
            for path in Self.filesBelow(root.appending(path: part)) {
                let name = "\(part)/\(path)"
                kept.insert(name)
                // Patched files are written by `write`: writing the original first would make
                // every build a full one.
                if name.hasSuffix(".swift"), subject.scope.contains(where: name.hasPrefix) {
                    continue
                }
                let bytes = try Data(contentsOf: root.appending(path: name))
                try write(bytes, to: folder.appending(path: name))
            }
        }
        for top in ["Sources", "Tests"] {
            for path in Self.filesBelow(folder.appending(path: top)) {
                let name = "\(top)/\(path)"
                if kept.contains(name) || name.hasSuffix(MutantSwitch.fileName) { continue }
                try files.removeItem(at: folder.appending(path: name))
            }
        }
    }

    static func filesBelow(_ folder: URL) -> [String] {
        var paths: [String] = []
        let found = FileManager.default.enumerator(atPath: folder.path)
        while let path = found?.nextObject() as? String {
            if path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) { continue }
            var isFolder: ObjCBool = false
            let full = folder.appending(path: path).path
            if FileManager.default.fileExists(atPath: full, isDirectory: &isFolder),
                !isFolder.boolValue
            {
                paths.append(path)
            }
        }
        return paths.sorted()
    }

    // MARK: Building

    private func swiftBuild() throws -> (status: Int32, text: String) {
        note("building the copy in \(folder.path)")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "swift", "build", "--build-tests", "-c", "release", "--package-path", folder.path,
            "-Xswiftc", "-enable-testing", "-Xswiftc", "-suppress-warnings",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }

    /// Which points stand on lines that the compiler complained about. Texts are put in without new
    /// lines, so the lines are those of the originals.
    private func rejected(_ log: String, _ sources: EngineSources) -> [String: String] {
        var reasons: [String: String] = [:]
        for line in log.split(separator: "\n") {
            guard let match = line.firstMatch(of: /^(\/.*\.swift):(\d+):\d+: error: (.*)$/),
                let number = Int(match.2)
            else { continue }
            let path = String(match.1).replacing(folder.path + "/", with: "")
            let here = sources.points.filter {
                $0.file == path && $0.skipReason == nil && $0.line <= number
                    && number <= $0.lastLine
            }
            // The narrowest ones: a statement of many lines is rarely what is wrong in one of them.
            let narrowest = here.map { $0.lastLine - $0.line }.min() ?? 0
            for point in here where point.lastLine - point.line == narrowest {
                // A statement that is the value of its closure cannot be told from others by looks.
                let message = String(match.3)
                reasons[point.id] =
                    message.contains("'()'")
                    ? "its result is used" : "it does not compile: \(oneLine(message))"
            }
        }
        return reasons
    }

    /// The program with all tests in it.
    var testProgram: URL {
        folder.appending(path: ".build/release/emakiPackageTests.xctest")
    }
}

/// Something that stops the run.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Says what is going on, beside the results.
func note(_ text: String) {
    FileHandle.standardError.write(Data("mutation: \(text)\n".utf8))
}
