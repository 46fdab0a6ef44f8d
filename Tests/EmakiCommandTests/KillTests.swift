import Foundation
import Testing

/// The shipped binary, killed while it appends, judged by what it had answered.
@Suite("kill -9")
struct KillTests {
    private static let lineCount = 20_000

    @Test("every answered append is there after a kill, round after round")
    func killed() throws {
        let store = try TestStore(segmentBytes: 1 << 20)
        let input = try store.folder.write("input", Self.lines())
        var answered: [Int: (stream: String, version: Int)] = [:]
        for round in 0..<10 {
            let answers = try appendUntilKilled(
                store, input: input, answerCount: 1 + 23 * round, jobs: 1 + 5 * round)
            for answer in answers {
                let position = try #require(answer["position"] as? Int)
                let stream = try #require(answer["stream"] as? String)
                let version = try #require(answer["version"] as? Int)
                #expect(answered[position] == nil, "position \(position) was given twice")
                answered[position] = (stream, version)
            }
            try check(store, answered, round: round)
        }
        #expect(answered.count > 500)
    }

    private static func lines() -> String {
        (0..<lineCount).map {
            #"{"stream":"s\#($0 % 5)","type":"T","payload":{"line":\#($0 + 1)}}"# + "\n"
        }.joined()
    }

    /// - Returns: what the process answered before it was killed.
    private func appendUntilKilled(
        _ store: TestStore, input: String, answerCount: Int, jobs: Int
    ) throws -> [[String: Any]] {
        let process = Command.process(["append", store.path, "--lines", "--jobs", "\(jobs)"])
        let output = Pipe()
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: input))
        process.standardOutput = output
        try process.run()
        var written = Data()
        while written.count(where: { $0 == 0x0a }) < answerCount {
            let piece = output.fileHandleForReading.availableData
            try #require(!piece.isEmpty, "it ended by itself")
            written += piece
        }
        kill(process.processIdentifier, SIGKILL)
        written += try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        // What stands before the last line break was answered whole.
        let whole = String(decoding: written, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).dropLast()
        return try whole.map { try CommandResult.object(String($0)) }
    }

    /// Opens the store, as a user does after a crash, and compares.
    private func check(
        _ store: TestStore, _ answered: [Int: (stream: String, version: Int)], round: Int
    ) throws {
        // A writing open recovers; this append also proves that the store goes on.
        try store.append("after", "\(round)")
        let exported = try store.export()
        #expect(exported.status == 0)
        let events = try exported.objects()
        for (index, event) in events.enumerated() {
            #expect(event["position"] as? Int == index)
        }
        for (position, answer) in answered {
            try #require(position < events.count, "round \(round): position \(position) is lost")
            #expect(events[position]["stream"] as? String == answer.stream)
            #expect(events[position]["version"] as? Int == answer.version)
        }
        let verified = try Command.run("verify", store.path, "--json")
        #expect(verified.status == 0, "\(verified.output)")
    }
}
