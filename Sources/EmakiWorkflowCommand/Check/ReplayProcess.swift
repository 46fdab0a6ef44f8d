import EmakiCommandSupport
import EmakiPlatform
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

    private let process = Process()
    private let input = Pipe()
    private let lines = Lines()
    /// What it says on standard error, if somebody wants to know.
    private let complaints: URL?

    /// Starts it: this very program, with the verb that replays.
    /// - Parameter keepsComplaints: what it writes to standard error is kept.
    /// - Throws: `CommandFailure` if the program does something else instead.
    init(_ arguments: [String], keepsComplaints: Bool) throws {
        let own = URL(filePath: "/proc/self/exe")
        process.executableURL =
            FileManager.default.fileExists(atPath: own.path)
            ? own.resolvingSymlinksInPath() : URL(filePath: CommandLine.arguments[0])
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging([
            "SWIFT_BACKTRACE": "enable=no"
        ]) { _, own in own }
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        if keepsComplaints {
            let place = FileManager.default.temporaryDirectory
                .appending(path: "emaki-replay-\(UUID().uuidString)")
            if FileManager.default.createFile(atPath: place.path, contents: nil) {
                process.standardError = try FileHandle(forWritingTo: place)
            }
            complaints = place
        } else {
            complaints = nil
        }
        try process.run()
        let (lines, reading) = (lines, output.fileHandleForReading)
        SystemThread.start(name: "emaki-replies") {
            while case let data = reading.availableData, !data.isEmpty { lines.add(data) }
            lines.end()
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
        kill(process.processIdentifier, SIGKILL)
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        if let complaints { try? FileManager.default.removeItem(at: complaints) }
    }

    /// Sends requests, beside what else goes on. Whether they arrive, the answers say.
    func send(_ requests: [Data]) {
        let handle = input.fileHandleForWriting
        SystemThread.start(name: "emaki-requests") {
            for request in requests {
                do { try handle.write(contentsOf: request) } catch { return }
            }
        }
    }

    /// The next line that it wrote.
    func next(within limit: Duration) -> Line { lines.next(within: limit) }

    /// Ends it, and waits for that.
    /// - Returns: the last sentence that it complained with.
    func end() -> String {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        guard let complaints, let data = try? Data(contentsOf: complaints) else { return "" }
        let said = String(decoding: data.suffix(64 << 10), as: UTF8.self)
            .split(separator: "\n").map(String.init)
        return said.last { $0.contains("Fatal error") } ?? said.last ?? ""
    }

    /// Lines that have come.
    private final class Lines: @unchecked Sendable {
        private let lock = Lock()
        private let came = WaitWord()
        // Guarded by `lock`.
        private var ready: [String] = []
        private var taken = 0
        private var rest = Data()
        private var hasEnded = false

        func add(_ data: Data) {
            lock.withLock {
                rest += data
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    ready.append(String(decoding: rest[..<end], as: UTF8.self))
                    rest = Data(rest[rest.index(after: end)...])
                }
            }
            wake()
        }

        func end() {
            lock.withLock { hasEnded = true }
            wake()
        }

        private func wake() {
            came.bump()
            came.wakeAll()
        }

        func next(within limit: Duration) -> Line {
            let end = ContinuousClock.now + limit
            while true {
                let seen = came.value
                let line = lock.withLock { () -> Line? in
                    if taken < ready.count {
                        taken += 1
                        if taken == ready.count {
                            defer { (ready, taken) = ([], 0) }
                            return .line(ready[taken - 1])
                        }
                        return .line(ready[taken - 1])
                    }
                    return hasEnded ? .ended : nil
                }
                if let line { return line }
                let left = ContinuousClock.now.duration(to: end)
                guard left > .zero else { return .late }
                _ = came.wait(while: seen, nanoseconds: max(1, left.milliseconds) * 1_000_000)
            }
        }
    }
}
