import EmakiPlatform
import Foundation
import Testing

/// A run of the command that goes on while it is read from.
final class RunningCommand: @unchecked Sendable {
    private let process: Process
    private let output = Pipe()
    /// Of a line that is not whole yet.
    private var rest = Data()
    private var lines: [String] = []

    init(_ arguments: [String]) throws {
        process = Command.process(arguments)
        process.standardOutput = output
        try process.run()
    }

    /// The next line of its output, once it is there; nil at the end.
    func line() async -> String? {
        await SystemThread.offload(name: "lines") { [self] in
            while lines.isEmpty {
                let piece = output.fileHandleForReading.availableData
                guard !piece.isEmpty else { return nil }
                rest += piece
                while let end = rest.firstIndex(of: 0x0a) {
                    lines.append(String(decoding: rest[..<end], as: UTF8.self))
                    rest = Data(rest[rest.index(after: end)...])
                }
            }
            return lines.removeFirst()
        }
    }

    /// The rest of its output, and its status.
    func end() async -> (lines: [String], status: Int32) {
        var last: [String] = []
        while let line = await line() { last.append(line) }
        process.waitUntilExit()
        return (last, process.terminationStatus)
    }
}
