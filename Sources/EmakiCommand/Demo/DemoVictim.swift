import EmakiLog
import EmakiPlatform
import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// An append that a process said was durable before it was killed.
struct DemoAcknowledgement: Hashable, Sendable {
    var stream: UInt64
    var version: UInt64
    var position: UInt64

    /// Reads a line of `DemoChild`.
    init?(line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard words.count == 3, let stream = UInt64(words[0], radix: 16),
            let version = UInt64(words[1]), let position = UInt64(words[2])
        else { return nil }
        (self.stream, self.version, self.position) = (stream, version, position)
    }
}

/// A child process that appends until it is killed in the middle of it.
struct DemoVictim: Sendable {
    let folder: String
    let round: UInt64
    let taskCount: Int
    /// The kill comes once so many appends were acknowledged.
    let killAfter: Int

    /// What the child said before it died.
    struct LastWords: Sendable {
        var acknowledged: [DemoAcknowledgement] = []
        /// A line that is no acknowledgement: the child met an error.
        var complaint: String?
        /// The child was alive and appending when the signal was sent.
        var wasKilled = false
    }

    /// Starts the child, reads what it says, kills it, and reads what is left in the pipe.
    func run() async throws -> LastWords {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try OwnProgram.path())
        process.arguments = [
            "demo", "--child-folder", folder, "--child-round", "\(round)", "--tasks",
            "\(taskCount)",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let number = process.processIdentifier
        let reader = pipe.fileHandleForReading
        let words = await SystemThread.offload(name: "demo-ears") {
            Self.listen(reader, killAfter: killAfter, process: number)
        }
        // The end of the pipe was read, so the child is gone or going.
        await SystemThread.offload(name: "demo-wait") { [process = Unshared(process)] in
            process.value.waitUntilExit()
        }
        return words
    }

    private static func listen(
        _ reader: FileHandle, killAfter: Int, process: Int32
    ) -> LastWords {
        var words = LastWords()
        var rest: [UInt8] = []
        while true {
            let piece = reader.availableData
            if piece.isEmpty { break }
            rest += piece
            // The last line may not be whole yet, and after the kill it never will be.
            let lines = rest.split(separator: 0x0a, omittingEmptySubsequences: false)
            for line in lines.dropLast() {
                let text = String(decoding: line, as: UTF8.self)
                if let acknowledged = DemoAcknowledgement(line: text) {
                    words.acknowledged.append(acknowledged)
                } else {
                    words.complaint = words.complaint ?? text
                }
            }
            rest = lines.last.map { Array($0) } ?? []
            if !words.wasKilled, words.acknowledged.count >= killAfter {
                words.wasKilled = kill(process, SIGKILL) == 0
            }
        }
        return words
    }
}

/// Carries a value to the one thread that uses it from now on.
private struct Unshared<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
