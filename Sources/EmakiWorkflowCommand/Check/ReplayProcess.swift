import EmakiCommandSupport
import EmakiPlatform
import EmakiWorkflow
import Foundation

/// A process that replays histories. Of one thread at a time.
final class ReplayProcess {
    enum Line: Equatable {
        case line(String)
        /// The process has ended.
        case ended
        /// Nothing came in time.
        case late
    }

    /// A program may take a while to begin.
    private static let readyMax: Duration = .seconds(60)
    /// Bytes of requests that one call writes, or a little more.
    private static let sentTogether = 64 << 10

    private let process = Process()
    private let input = Pipe()
    private let lines = ReplayLines()
    /// The end of what it says on standard error, if somebody wants to know.
    private let complaints: ReplayTail?

    /// Starts it: this very program, with the verb that replays.
    /// - Parameter keepsComplaints: the end of what it writes to standard error is kept.
    /// - Throws: `CommandFailure` if the program does something else instead, or does not begin.
    init(_ arguments: [String], keepsComplaints: Bool) throws {
        // Not where that leads to: another program may have taken its place there.
        let own = "/proc/self/exe"
        process.executableURL = URL(
            filePath: FileManager.default.fileExists(atPath: own)
                ? own : CommandLine.arguments[0])
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging([
            "SWIFT_BACKTRACE": "enable=no"
        ]) { _, own in own }
        let output = Pipe()
        let errors = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = keepsComplaints ? errors : FileHandle.nullDevice
        complaints = keepsComplaints ? ReplayTail() : nil
        do {
            try process.run()
        } catch {
            throw CommandFailure(
                .internalError, code: "noReplay",
                "no process can be started to replay histories: \(CommandFailure.sentence(error))")
        }
        let (lines, reading) = (lines, output.fileHandleForReading)
        SystemThread.start(name: "emaki-replies") {
            while case let data = reading.availableData, !data.isEmpty { lines.add(data) }
            lines.end()
        }
        if let complaints {
            let reading = errors.fileHandleForReading
            SystemThread.start(name: "emaki-complaints") {
                while case let data = reading.availableData, !data.isEmpty { complaints.add(data) }
                complaints.end()
            }
        }
        try waitUntilReady()
    }

    /// Whatever the program says before is its own.
    private func waitUntilReady() throws {
        let end = ContinuousClock.now + Self.readyMax
        while case let left = ContinuousClock.now.duration(to: end), left > .zero {
            guard case .line(let line) = next(within: left) else { break }
            if line == ReplayWire.greeting { return }
        }
        throw CommandFailure(
            .internalError, code: "noReplay",
            "\(Program.name), called as \(process.arguments ?? []), does not replay histories: call"
                + " WorkflowCommand.runIfAsked before anything else in it, with the same code")
    }

    deinit {
        stop()
        try? input.fileHandleForWriting.close()
    }

    /// Sends requests, beside what else goes on, made a few at a time. Whether they arrive, the
    /// answers say.
    func send(_ histories: [StoredHistory], flags: UInt8 = 0) {
        let handle = input.fileHandleForWriting
        SystemThread.start(name: "emaki-requests") {
            var requests = Data()
            for (place, history) in histories.enumerated() {
                requests += ReplayWire.request(history, flags: flags)
                guard requests.count >= Self.sentTogether || place == histories.count - 1
                else { continue }
                do { try handle.write(contentsOf: requests) } catch { return }
                requests.removeAll(keepingCapacity: true)
            }
        }
    }

    /// The next line that it wrote.
    func next(within limit: Duration) -> Line { lines.next(within: limit) }

    /// Ends it, and waits for that.
    /// - Returns: the last sentence that it complained with.
    func end() -> String {
        stop()
        guard let complaints else { return "" }
        let said = complaints.text().split(separator: "\n").map(String.init)
        return said.last { $0.contains("Fatal error") } ?? said.last ?? ""
    }

    /// A number that was waited for may be another process's since.
    private func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
