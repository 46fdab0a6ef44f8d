import Foundation
import Testing

/// `example-release`, as one of its releases, on a store in a folder of its own.
struct ReleaseProgram {
    let folder: TemporaryFolder
    var store: String { folder.path("store") }

    init() throws { folder = try TemporaryFolder() }

    private static let program = Command.program("example-release")

    /// - Parameter claims: the release that it says it is.
    func process(_ release: String, claims: String? = nil, _ arguments: [String]) -> Process {
        let process = Command.process(arguments, of: Self.program)
        var environment = ProcessInfo.processInfo.environment
        environment["RELEASE"] = release
        environment["CLAIMS"] = claims
        process.environment = environment
        return process
    }

    @discardableResult
    func run(_ release: String, _ arguments: String...) throws -> CommandResult {
        try runAll(release, arguments)
    }

    func check(_ release: String, _ options: String...) throws -> CommandResult {
        try runAll(release, ["workflow", "check", store] + options)
    }

    func runAll(_ release: String, _ arguments: [String]) throws -> CommandResult {
        let process = process(release, arguments)
        let errors = try folder.write("errors-\(UUID())", "")
        let output = Pipe()
        process.standardOutput = output
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
        try process.run()
        let written = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return CommandResult(
            status: process.terminationStatus, output: String(decoding: written, as: UTF8.self),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    /// Has a release serve the store while something is done.
    func serving<R>(
        _ release: String, claims: String? = nil, _ body: () async throws -> R
    ) async throws -> R {
        let server = try Server(process(release, claims: claims, ["serve", store]))
        defer { server.end() }
        return try await body()
    }

    /// A release that serves the store until it is told to end.
    final class Server {
        private let process: Process
        private let input = Pipe()
        private let output = Pipe()

        init(_ process: Process) throws {
            self.process = process
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            var said = Data()
            while !said.contains(UInt8(ascii: "\n")) {
                let more = output.fileHandleForReading.availableData
                if more.isEmpty { break }
                said += more
            }
        }

        func end() {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }
}
