import ArgumentParser
import EmakiCommandSupport
import EmakiPlatform
import EmakiWorkflow
import Foundation

/// What `check` and the processes that replay for it say to each other.
///
/// The process begins with a line of its own, the greeting; what comes before is the program's. A
/// request is a length (4 bytes, the lowest first), a byte of flags, and a history as
/// `StoredHistory.bytes`; the length counts flags and history. The answer is a line: `=EVENT CODE`
/// if the code with that fingerprint follows, else a verdict as JSON. Before it comes, where that
/// is asked for, a line `>EVENT` for each event that the code is about to see.
enum ReplayWire {
    static let greeting = "emaki replays histories, 1"
    static let saysEvents: UInt8 = 1
    static let headBytes = 5

    static func request(_ history: StoredHistory, saysEvents: Bool) -> Data {
        let bytes = history.bytes
        var data = Data(capacity: bytes.count + headBytes)
        let length = UInt32(clamping: bytes.count + 1)
        for place in 0..<4 { data.append(UInt8(truncatingIfNeeded: length >> (8 * place))) }
        data.append(saysEvents ? Self.saysEvents : 0)
        data.append(contentsOf: bytes)
        return data
    }

    static func line(_ verdict: ReplayVerdict) throws -> String {
        let isShort = verdict.patchesTaken == nil && verdict.patchesDeclined == nil
        if verdict.kind == .same, isShort {
            return "=\(verdict.event ?? 0) \(verdict.fingerprint ?? "")"
        }
        return String(decoding: try JSONEncoder().encode(verdict), as: UTF8.self)
    }

    enum Answer: Equatable {
        case sees(Int)
        case verdict(ReplayVerdict)
    }

    /// - Returns: nil for a line that is no answer.
    static func answer(_ line: String) -> Answer? {
        switch line.first {
        case ">": return Int(line.dropFirst()).map { .sees($0) }
        case "=":
            let parts = line.dropFirst().split(separator: " ", maxSplits: 1)
            guard let event = parts.first.flatMap({ Int($0) }) else { return nil }
            let code = parts.count > 1 ? String(parts[1]) : ""
            return .verdict(ReplayVerdict(.same, fingerprint: code, event: event))
        default:
            let verdict = try? JSONDecoder().decode(ReplayVerdict.self, from: Data(line.utf8))
            return verdict.map { .verdict($0) }
        }
    }
}

/// Replays histories that come on standard input. Started by `check`: code that traps, or computes
/// without end, ends this process and not that one.
struct ReplayWorkerCommand: ParsableCommand {
    static let name = "replay-worker"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Replay histories for `check`.", shouldDisplay: false)

    func run() throws {
        guard let code = WorkflowCode.atHand else { throw WorkflowCheck.needsCode }
        try Self.answer(with: code)
    }

    static func answer(with code: OperatorCode) throws {
        // Answers are ours alone: what the code prints goes elsewhere.
        let answers = FileHandle(fileDescriptor: dup(STDOUT_FILENO), closeOnDealloc: true)
        dup2(STDERR_FILENO, STDOUT_FILENO)
        try answers.write(contentsOf: Data((ReplayWire.greeting + "\n").utf8))
        let replayer = code.replayer
        let requests = ReplayRequests()
        SystemThread.start(name: "emaki-requests") {
            requests.readAll()
            // Nobody asks any more, nor waits for what is not done, however long that would take.
            Foundation.exit(0)
        }
        while true {
            let request = requests.next()
            let verdict = try verdict(on: request.content, by: replayer) { event in
                guard request.flags & ReplayWire.saysEvents != 0 else { return }
                try? answers.write(contentsOf: Data(">\(event)\n".utf8))
            }
            try answers.write(contentsOf: Data((try ReplayWire.line(verdict) + "\n").utf8))
        }
    }

    private static func verdict(
        on content: [UInt8], by replayer: Replayer, sees: @escaping (Int) -> Void
    ) throws -> ReplayVerdict {
        let history: [HistoryEvent]
        do throws(HistoryError) {
            history = try StoredHistory.events(of: content)
        } catch {
            return ReplayVerdict(.damaged, message: "\(error)")
        }
        return replayer.verdict(on: history, sees: sees)
    }
}

/// Requests that have come on standard input. One thread reads, and one takes.
private final class ReplayRequests: @unchecked Sendable {
    struct Request {
        var flags: UInt8
        var content: [UInt8]
    }

    private let lock = Lock()
    private let came = WaitWord()
    // Guarded by `lock`.
    private var ready: [Request] = []

    /// Returns when there will be no more.
    func readAll() {
        let input = FileHandle.standardInput
        while let head = try? input.read(upToCount: ReplayWire.headBytes),
            head.count == ReplayWire.headBytes
        {
            let bytes = [UInt8](head)
            let length = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) } - 1
            var content: [UInt8] = []
            while content.count < length,
                let more = try? input.read(upToCount: length - content.count), !more.isEmpty
            { content += more }
            guard content.count == length else { return }
            lock.withLock { ready.append(Request(flags: bytes[4], content: content)) }
            came.bump()
            came.wakeAll()
        }
    }

    func next() -> Request {
        while true {
            let seen = came.value
            let first = lock.withLock { ready.isEmpty ? nil : ready.removeFirst() }
            if let first { return first }
            came.wait(while: seen)
        }
    }
}
