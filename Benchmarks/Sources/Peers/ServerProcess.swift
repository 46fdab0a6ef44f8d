import CompareKit
import Foundation

/// A server that this program starts and stops. It stays in the program's process group, so that
/// who kills the group kills both.
final class ServerProcess: @unchecked Sendable {
    private let process = Process()
    private let log: String

    private static let patienceSeconds = 120.0
    private static let stopSeconds = 60.0

    init(_ program: String, _ arguments: [String], in folder: String, logTo name: String) throws {
        log = folder + "/" + name
        guard FileManager.default.createFile(atPath: log, contents: nil),
            let handle = FileHandle(forWritingAtPath: log)
        else { throw PeerFailure("\(log) cannot be written") }
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = handle
        process.standardError = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Asks again and again until the server answers.
    func wait(until isReady: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: Self.patienceSeconds)
        while try !isReady() {
            guard process.isRunning else {
                throw PeerFailure("the server ended at once: \(lastWords)")
            }
            guard Date() < end else { throw PeerFailure("the server did not answer in time") }
            usleep(500)
        }
    }

    private var lastWords: String {
        let text = try? String(contentsOfFile: log, encoding: .utf8)
        return text?.split(whereSeparator: \.isNewline).last.map(String.init) ?? "it said nothing"
    }

    func stop(by signal: Int32) {
        guard process.isRunning else { return }
        kill(process.processIdentifier, signal)
        // One that does not listen is ended all the same, or it would be left behind.
        let end = Date(timeIntervalSinceNow: Self.stopSeconds)
        while process.isRunning && Date() < end { usleep(1_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    /// The first of these that is there.
    static func find(_ name: String, in folders: [String]) -> String? {
        folders.map { $0 + "/" + name }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static func socketFolder() throws -> String {
        let path = EngineProcess.socketFolder(of: getpid())
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        return path
    }
}
