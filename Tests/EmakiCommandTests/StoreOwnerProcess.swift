import Foundation
import Testing

/// A process that has a store open, and appends what it is told to.
final class StoreOwnerProcess: @unchecked Sendable {
    private let process: Process
    private let input = Pipe()
    private let output = Pipe()
    /// Of an answer that is not whole yet.
    private var rest = Data()

    var number: Int { Int(process.processIdentifier) }

    init(_ store: TestStore, jobs: Int = 1) throws {
        process = Command.process(["append", store.path, "--lines", "--jobs", "\(jobs)"])
        // Whoever writes to an owner that was killed is told by an error.
        signal(SIGPIPE, SIG_IGN)
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// Appends an event, and waits for the answer, which proves that the store is open.
    func append(_ stream: String, payload: String) throws {
        try send(stream, payload: payload)
        let answer = try #require(try answers().last)
        #expect(answer["position"] != nil)
    }

    func send(_ stream: String, payload: String) throws {
        let line = #"{"stream":"\#(stream)","type":"T","payload":\#(payload)}"# + "\n"
        try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
    }

    /// The next answers; none once the process has ended.
    func answers() throws -> [[String: Any]] {
        while true {
            let piece = output.fileHandleForReading.availableData
            rest += piece
            guard let end = rest.lastIndex(of: 0x0a) else {
                if piece.isEmpty { return [] }
                continue
            }
            let whole = rest[...end]
            rest = Data(rest[rest.index(after: end)...])
            return try String(decoding: whole, as: UTF8.self).split(separator: "\n").map {
                try CommandResult.object(String($0))
            }
        }
    }

    func closeInput() throws { try input.fileHandleForWriting.close() }

    /// Ends it in order.
    func end() throws {
        try closeInput()
        while try !answers().isEmpty {}
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func waitUntilExit() { process.waitUntilExit() }
}

extension StoreOwnerProcess {
    /// Keeps an owner busy: a thread sends events as long as the process takes them, another counts
    /// the answers.
    final class Load: @unchecked Sendable {
        private let owner: StoreOwnerProcess
        private let state = NSCondition()
        // Guarded by `state`.
        private var answered: [Int: (stream: String, version: Int)] = [:]
        private var isOver = false
        private var runningCount = 2

        init(_ owner: StoreOwnerProcess, payloadBytes: Int = 1_500) {
            self.owner = owner
            let text = String(repeating: "x", count: payloadBytes)
            Thread.detachNewThread { [self] in
                var number = 0
                // A write to a process that was killed fails.
                while !state.withLock({ isOver }),
                    (try? owner.send(
                        "s\(number % 7)", payload: #"{"\#(number)":"\#(text)"}"#)) != nil
                { number += 1 }
                ended()
            }
            Thread.detachNewThread { [self] in
                while let answers = try? owner.answers(), !answers.isEmpty { add(answers) }
                ended()
            }
        }

        private func add(_ answers: [[String: Any]]) {
            state.withLock {
                for answer in answers {
                    guard let position = answer["position"] as? Int,
                        let stream = answer["stream"] as? String,
                        let version = answer["version"] as? Int
                    else { continue }
                    answered[position] = (stream, version)
                }
                state.broadcast()
            }
        }

        private func ended() {
            state.withLock {
                runningCount -= 1
                state.broadcast()
            }
        }

        func waitUntil(answered count: Int) {
            state.withLock {
                while answered.count < count, runningCount == 2 { state.wait() }
                #expect(answered.count >= count, "the owner ended by itself")
            }
        }

        /// Stops sending, and ends the owner in order.
        func end() throws {
            state.withLock {
                isOver = true
                while runningCount > 1 { state.wait() }
            }
            try owner.closeInput()
            state.withLock { while runningCount > 0 { state.wait() } }
            owner.waitUntilExit()
        }

        /// Kills the owner.
        /// - Returns: what it had answered, by position.
        func kill() -> [Int: (stream: String, version: Int)] {
            owner.kill()
            return state.withLock {
                while runningCount > 0 { state.wait() }
                return answered
            }
        }
    }
}
