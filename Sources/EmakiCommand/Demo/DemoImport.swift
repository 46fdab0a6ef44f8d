import EmakiLog
import Foundation

/// The recorded histories that ship with the command, brought in as `emaki import` does it.
enum DemoImport {
    private static let jobCount = 64

    /// - Returns: nil if the file that ships with the command is not beside it.
    static func run(into log: EventLog) async throws -> ImportTally? {
        guard let path = location else { return nil }
        let reader = ThreadBound(ImportReader([path]), name: "demo-input")
        let run = ImportRun(log: log, jobCount: jobCount)
        var total = ImportTally()
        var window = try await reader.run { reader in try reader.window() }
        while !window.isEmpty {
            total.add(await run.store(window))
            if let end = total.end { throw end }
            window = try await reader.run { reader in try reader.window() }
        }
        return total
    }

    /// Not `Bundle.module`: that traps if the file is missing, and a demo can do without.
    private static var location: String? {
        let name = "emaki_EmakiCommand.resources/histories-small.jsonl"
        let program = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        let path = program.deletingLastPathComponent().appendingPathComponent(name).path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }
}
