import Foundation

/// An engine program that runs: prints its line, and may then wait to be killed.
package final class EngineProcess {
    private let process = Process()
    private let output = Pipe()
    private let errors: FileHandle
    private let errorPath: String

    package init(_ program: String, _ arguments: [String], errorPath: String) throws {
        self.errorPath = errorPath
        guard FileManager.default.createFile(atPath: errorPath, contents: nil),
            let errors = FileHandle(forWritingAtPath: errorPath)
        else {
            throw PeerFailure("\(errorPath) cannot be written")
        }
        self.errors = errors
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// Waits for the line; a program that takes too long is killed.
    package func line(within seconds: Double) throws -> ResultLine {
        let pid = process.processIdentifier
        let limit = DispatchWorkItem { Self.killTree(pid) }
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: limit)
        defer { limit.cancel() }
        var text = Data()
        while !text.contains(UInt8(ascii: "\n")) {
            let piece = output.fileHandleForReading.availableData
            if piece.isEmpty { break }
            text += piece
        }
        let first = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).first
        guard let first else {
            process.waitUntilExit()
            throw PeerFailure(lastError ?? "the program printed nothing")
        }
        return try ResultLine(decoding: first)
    }

    private var lastError: String? {
        let text = try? String(contentsOfFile: errorPath, encoding: .utf8)
        return text?.split(whereSeparator: \.isNewline).last.map(String.init)
    }

    package func waitUntilExit() { process.waitUntilExit() }

    /// Ends the program and its servers at once, as a crash would.
    package func kill() {
        Self.killTree(process.processIdentifier)
        process.waitUntilExit()
        // It did not get to tidy up.
        try? FileManager.default.removeItem(
            atPath: Self.socketFolder(of: process.processIdentifier))
    }

    /// Where a program's server has its socket: a short path, as those of stores may be longer than
    /// a socket's name can be.
    package static func socketFolder(of process: pid_t) -> String {
        NSTemporaryDirectory() + "emaki-compare-\(process)"
    }

    /// Ends all programs and servers that this process started, at once.
    package static func killAll() {
        let all = ProcessTree.now().descendants(of: getpid())
        kill(all)
        for pid in all { try? FileManager.default.removeItem(atPath: socketFolder(of: pid)) }
    }

    private static func killTree(_ root: pid_t) {
        kill(ProcessTree.now().descendants(of: root).union([root]))
    }

    private static func kill(_ all: Set<pid_t>) {
        // Servers first stop, so that none of them sees another die and tidies up.
        for pid in all { Foundation.kill(pid, SIGSTOP) }
        for pid in all { Foundation.kill(pid, SIGKILL) }
    }
}
