import Foundation

/// Which module may import which: arrows point down only.
enum ImportRules {
    /// Libraries see what is below them and nothing else; Foundation is below those only that
    /// command lines are made of, and schedules.
    static let allowed: [String: Set<String>] = [
        "EmakiPlatform": ["CEmaki", "CLZ4", "Glibc", "Darwin", "Synchronization"],
        "EmakiLog": ["EmakiPlatform"],
        "EmakiWorkflow": ["EmakiLog", "EmakiPlatform", "FoundationEssentials"],
        // Time zones by name are Foundation's.
        "EmakiSchedules": ["EmakiWorkflow", "Foundation"],
        "EmakiOffload": ["EmakiWorkflow", "EmakiPlatform"],
        "EmakiWorkflowTesting": ["EmakiWorkflow", "EmakiPlatform"],
        "EmakiWorkflowMacros": ["EmakiWorkflow"],
        "EmakiLogging": ["EmakiWorkflow", "Logging"],
        "EmakiMetrics": ["EmakiWorkflow", "EmakiPlatform", "CoreMetrics"],
        "EmakiTracing": ["EmakiWorkflow", "EmakiPlatform", "Tracing"],
        "EmakiEncryption": ["EmakiWorkflow", "Crypto", "FoundationEssentials"],
        "EmakiCommandSupport": [
            "EmakiLog", "EmakiPlatform", "ArgumentParser", "Foundation", "Synchronization",
        ],
        "EmakiWorkflowCommand": [
            "EmakiCommandSupport", "EmakiLog", "EmakiPlatform", "EmakiSchedules", "EmakiWorkflow",
            "ArgumentParser", "Dispatch", "Foundation", "Synchronization",
        ],
        // A command that reads files, and writes them with `--fix`.
        "EmakiLint": ["SwiftSyntax", "SwiftParser", "ArgumentParser", "Foundation"],
        "EmakiSimulation": ["EmakiLog", "EmakiPlatform", "Glibc", "Darwin", "Synchronization"],
    ]
    /// Programs: the command lines, the examples, the package manager's and the compiler's plugins.
    /// They may use
    /// any library, but reach C through `EmakiPlatform` only.
    static let programs: Set = [
        "emaki", "EmakiCommand", "Examples", "EmakiMacroPlugin", "emaki-lint", "Plugins",
    ]
    static let forbiddenInPrograms: Set = ["CEmaki", "CLZ4", "CEmakiIndexStore"]
    /// One has C of its own: a function without parameters, which a process of its own executes.
    static let ownC = ["emaki-lint": "CEmakiIndexStore"]

    static func check(_ file: ProjectFile) -> [Violation] {
        guard file.path.hasPrefix("Sources/") else { return [] }
        return file.swift.code.enumerated().compactMap { index, line in
            // Found faster than by the pattern.
            guard line.range(of: "import") != nil,
                let module = importedModule(line), !allows(module, in: file.target)
            else { return nil }
            return Violation(
                path: file.path, line: index + 1,
                reason: "\(file.target) may not import \(module)")
        }
    }

    private static func allows(_ module: String, in target: String) -> Bool {
        if programs.contains(target) {
            return !forbiddenInPrograms.contains(module) || ownC[target] == module
        }
        return allowed[target, default: []].contains(module)
    }

    private static func importedModule(_ line: String) -> String? {
        guard
            let match = line.firstMatch(
                of: /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+\s+)?import\s+(?:[a-z]+\s+)?(\w+)/)
        else { return nil }
        return String(match.1)
    }
}
