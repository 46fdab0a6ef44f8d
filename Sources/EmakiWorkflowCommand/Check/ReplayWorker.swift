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
/// is asked for, a line `>EVENT` for each event that the code is about to see. An answer
/// comes at once if that is asked for, or the events are, else with others within a millisecond; a
/// process is not asked for those at once any more once others were to come together.
enum ReplayWire {
    static let greeting = "emaki replays histories, 1"
    static let saysEvents: UInt8 = 1
    static let answersAtOnce: UInt8 = 2
    static let headBytes = 5

    static func request(_ history: StoredHistory, flags: UInt8) -> Data {
        let bytes = history.bytes
        var data = Data(capacity: bytes.count + headBytes)
        let length = UInt32(clamping: bytes.count + 1)
        for place in 0..<4 { data.append(UInt8(truncatingIfNeeded: length >> (8 * place))) }
        data.append(flags)
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
        let answers = ReplayAnswers(
            FileHandle(fileDescriptor: dup(STDOUT_FILENO), closeOnDealloc: true))
        dup2(STDERR_FILENO, STDOUT_FILENO)
        try answers.send(ReplayWire.greeting)
        let replayer = code.replayer
        let requests = ReplayRequests()
        SystemThread.start(name: "emaki-answers") { answers.sendAdded() }
        SystemThread.start(name: "emaki-requests") {
            requests.readAll()
            // Nobody asks any more, nor waits for what is not done, however long that would take.
            Foundation.exit(0)
        }
        while true {
            let request = requests.next { answers.hurry() }
            let saysEvents = request.flags & ReplayWire.saysEvents != 0
            let verdict = try verdict(on: request.content, by: replayer) { event in
                if saysEvents { try? answers.send(">\(event)") }
            }
            let line = try ReplayWire.line(verdict)
            let isAtOnce = saysEvents || request.flags & ReplayWire.answersAtOnce != 0
            if isAtOnce { try answers.send(line) } else { answers.add(line) }
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

/// Lines on their way to who asked. What is added is sent within about a millisecond, much of it
/// with one call: who asks is woken seldom.
///
/// Code that ends the process takes lines with it that are not sent yet: another process is then
/// asked to answer these histories at once.
private final class ReplayAnswers: @unchecked Sendable {
    private static let ageMax: Int64 = 1_000_000

    private let output: FileHandle
    private let lock = Lock()
    private let came = WaitWord()
    private let hurried = WaitWord()
    // Guarded by `lock`.
    private var added = Data()
    private var isInHurry = false

    init(_ output: FileHandle) { self.output = output }

    /// Sends a line at once. Not once lines were added.
    func send(_ line: String) throws {
        try output.write(contentsOf: Data((line + "\n").utf8))
    }

    func add(_ line: String) {
        let isFirst = lock.withLock { () -> Bool in
            defer { added.append(contentsOf: (line + "\n").utf8) }
            return added.isEmpty
        }
        guard isFirst else { return }
        came.bump()
        came.wakeAll()
    }

    /// No more is added for now.
    func hurry() {
        lock.withLock { isInHurry = !added.isEmpty }
        hurried.bump()
        hurried.wakeAll()
    }

    /// Sends what is added, until nobody reads it any more.
    func sendAdded() {
        while true {
            let (seen, seenHurry) = (came.value, hurried.value)
            let (isIdle, isInHurry) = lock.withLock { (added.isEmpty, self.isInHurry) }
            if isIdle {
                came.wait(while: seen)
                continue
            }
            if !isInHurry { _ = hurried.wait(while: seenHurry, nanoseconds: Self.ageMax) }
            let lines = lock.withLock { () -> Data in
                defer { (added, self.isInHurry) = (Data(), false) }
                return added
            }
            guard (try? output.write(contentsOf: lines)) != nil else { return }
        }
    }
}

/// Requests that have come on standard input. One thread reads, and one takes.
private final class ReplayRequests: @unchecked Sendable {
    struct Request {
        var flags: UInt8
        var content: [UInt8]
    }

    /// What has come of the next requests.
    private struct Arrived {
        private var bytes: [UInt8] = []
        private var start = 0

        mutating func add(_ data: Data) {
            bytes.removeSubrange(..<start)
            start = 0
            bytes.append(contentsOf: data)
        }

        /// The next request that is there as a whole.
        mutating func next() -> Request? {
            guard bytes.count - start >= ReplayWire.headBytes else { return nil }
            let length = (0..<4).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) } - 1
            let first = start + ReplayWire.headBytes
            guard bytes.count - first >= length else { return nil }
            defer { start = first + max(0, length) }
            return Request(
                flags: bytes[first - 1], content: Array(bytes[first..<first + max(0, length)]))
        }
    }

    private let lock = Lock()
    private let came = WaitWord()
    // Guarded by `lock`.
    private var ready: [Request] = []

    /// Returns when there will be no more.
    func readAll() {
        var arrived = Arrived()
        while case let data = FileHandle.standardInput.availableData, !data.isEmpty {
            arrived.add(data)
            var requests: [Request] = []
            while let request = arrived.next() { requests.append(request) }
            if requests.isEmpty { continue }
            lock.withLock { ready.append(contentsOf: requests) }
            came.bump()
            came.wakeAll()
        }
    }

    /// - Parameter willWait: called if none is there.
    func next(willWait: () -> Void) -> Request {
        while true {
            let seen = came.value
            let first = lock.withLock { ready.isEmpty ? nil : ready.removeFirst() }
            if let first { return first }
            willWait()
            came.wait(while: seen)
        }
    }
}
