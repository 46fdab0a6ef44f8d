import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a run of some tests told about the mutant that was on.
enum Verdict: Equatable {
    case passed
    /// A test failed: its name.
    case failed(String)
    /// The process ended in the middle of a test, by a trap or a signal.
    case trapped(String)
    /// A test did not end in time.
    case hung(String)
}

/// Runs the test program of the mutated copy, and stops it at the first failure.
///
/// Tests run one after the other, so that a trap or a hang has a name. Each run gets a temporary
/// folder of its own, and its processes a group of their own: a stopped run leaves nothing behind.
struct TestProgram {
    let path: String
    /// Address space that a run may take, in KiB, and the largest file, in blocks of 1 KiB.
    private static let memoryKiBMax = 12 << 20
    private static let fileKiBMax = 4 << 20

    /// - Parameters:
    ///   - tests: ids as the program lists them.
    ///   - secondsMax: how long a test of a given title may take.
    func run(
        _ tests: [String], environment extra: [String: String] = [:],
        secondsMax: (String) -> Double, passed: (String, Double) -> Void = { _, _ in }
    ) throws -> Verdict {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "emaki-mutation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var arguments = ["--testing-library", "swift-testing", "--no-parallel"]
        for test in tests { arguments += ["--filter", "^" + Self.escaped(test) + "(/|$)"] }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            [
                "bash", "-c",
                "ulimit -v \(Self.memoryKiBMax) -f \(Self.fileKiBMax) -c 0; exec \"$0\" \"$@\"",
                path,
            ] + arguments
        var environment = ProcessInfo.processInfo.environment
        environment["TMPDIR"] = folder.path
        environment["SWIFT_BACKTRACE"] = "enable=no"
        environment["NO_COLOR"] = "1"
        environment.merge(extra) { $1 }
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        // It leads a group of its own: `Process` sees to that.
        defer {
            kill(-process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let output = pipe.fileHandleForReading
        defer { try? output.close() }
        return watch(output.fileDescriptor, secondsMax: secondsMax, passed: passed)
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            if #"\^$.|?*+()[]{}/"#.contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }

    /// Reads the program's words until it has failed, hung or ended.
    private func watch(
        _ descriptor: Int32, secondsMax: (String) -> Double, passed: (String, Double) -> Void
    ) -> Verdict {
        var pending: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        var current = ""
        var lastWords = ""
        var deadline = Date().addingTimeInterval(60)
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = Int32(max(0, min(deadline.timeIntervalSinceNow, 3600)) * 1000)
            // Whoever prints without end hangs as well.
            if poll(&entry, 1, left) == 0 || deadline.timeIntervalSinceNow < 0 {
                return .hung(current)
            }
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return .trapped(current + Self.reason(lastWords)) }
            pending += bytes[..<count]
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<end], as: UTF8.self)
                    .replacing(/\u{1B}\[[0-9;]*m/, with: "")
                pending.removeSubrange(...end)
                switch TestEvent(line) {
                case .started(let title):
                    current = title
                    deadline = Date().addingTimeInterval(secondsMax(title))
                case .failed(let title): return .failed(title)
                case .passed(let title, let seconds): passed(title, seconds)
                case .runPassed(let count): return count > 0 ? .passed : .trapped("no test ran")
                case nil: if line.contains("error:") { lastWords = line }
                }
            }
        }
    }

    private static func reason(_ words: String) -> String {
        words.isEmpty ? "" : " (\(oneLine(words)))"
    }

    /// Ids of all tests in the program.
    func list() throws -> [String] {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = ["--testing-library", "swift-testing", "--list-tests"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

/// A line of the test program's output that matters.
private enum TestEvent {
    case started(String)
    case failed(String)
    case passed(String, seconds: Double)
    case runPassed(count: Int)

    init?(_ line: String) {
        if let match = line.firstMatch(of: /^. Test run with (\d+) tests?.* passed after/) {
            self = .runPassed(count: Int(match.1) ?? 0)
        } else if let match = line.firstMatch(of: /^. Test (?:"(.*)"|(\S+)) started\.$/) {
            self = .started(String(match.1 ?? match.2 ?? ""))
        } else if let match = line.firstMatch(
            of: /^. Test (?:case passing .* to )?(?:"(.*?)"|(\S+))(?: with .*)? recorded an issue/)
        {
            self = .failed(String(match.1 ?? match.2 ?? ""))
        } else if let match = line.firstMatch(
            of: /^. Test (?:"(.*)"|(\S+))(?: with .*)? failed after/)
        {
            self = .failed(String(match.1 ?? match.2 ?? ""))
        } else if let match = line.firstMatch(
            of: /^. Test (?:"(.*)"|(\S+))(?: with .*)? passed after ([0-9.]+) seconds/)
        {
            self = .passed(String(match.1 ?? match.2 ?? ""), seconds: Double(match.3) ?? 0)
        } else {
            return nil
        }
    }
}
