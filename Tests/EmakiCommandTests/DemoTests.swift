import EmakiLog
import Foundation
import Testing

@testable import EmakiCommand

@Suite("emaki demo")
struct DemoTests {
    /// The command, built beside the tests.
    private static func program() throws -> URL {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: tests).deletingLastPathComponent()
            .appendingPathComponent("emaki")
    }

    private func withFolder<R>(_ body: (String) async throws -> R) async throws -> R {
        let path = FileManager.default.temporaryDirectory.path + "/emaki-demo-test-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        defer { BenchFolder.remove(path) }
        return try await body(path)
    }

    private func demo(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = try Self.program()
        process.arguments = ["demo"] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test("it kills a process that appends, proves that nothing was lost, and cleans up")
    func passes() async throws {
        try await withFolder { folder in
            let (status, output) = try demo([
                "--in", folder, "--kills", "2", "--seconds", "0.2", "--tasks", "16", "--json",
            ])
            #expect(status == 0)
            let parsed = try JSONSerialization.jsonObject(with: Data(output.utf8))
            let report = try #require(parsed as? [String: Any])
            #expect(report["proven"] as? Bool == true)
            #expect(report["histories"] as? Int == 48)
            let acknowledged = try #require(report["acknowledged"] as? Int)
            #expect(acknowledged >= 1000)
            #expect(report["proved"] as? Int == acknowledged)
            #expect((report["rounds"] as? [Any])?.count == 2)
            let transfer = try #require(report["transfer"] as? [String: Any])
            #expect(transfer["debits"] as? Int == 1)
            #expect(transfer["credits"] as? Int == 1)
            #expect(transfer["killed"] as? Bool == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("it tells its story as text, and keeps the store if asked")
    func tellsItsStory() async throws {
        try await withFolder { folder in
            let (status, output) = try demo([
                "--in", folder, "--kills", "1", "--seconds", "0.1", "--tasks", "4", "--keep",
            ])
            #expect(status == 0)
            for chapter in [
                "1  The disk", "2  Recorded", "3  4 tasks", "4  kill", "5  The proof",
                "6  A transfer",
            ] {
                #expect(output.contains(chapter), "\(chapter)")
            }
            for line in output.split(separator: "\n") where !line.contains(folder) {
                #expect(line.count <= 110, "\(line)")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
        }
    }

    @Test("the proof finds an append that is missing, moved or changed")
    func proofFindsLosses() async throws {
        try await withFolder { folder in
            let log = try await EventLog.open(at: folder, .creating())
            let payload = BenchPayload(payloadBytes: DemoChild.payloadBytes)
            let number = DemoChild.streamNumber(round: 0, task: 1, serial: 0)
            let other = DemoChild.streamNumber(round: 0, task: 2, serial: 0)
            var event = Event(
                type: "StepCompleted",
                payload: [UInt8](repeating: 0, count: DemoChild.payloadBytes))
            payload.fill(&event.payload, stream: number, version: 1)
            try await log.append(event, to: BenchStreams.name(number))
            // The bytes of another stream.
            try await log.append(event, to: BenchStreams.name(other))
            func check(_ line: String) throws -> DemoRound {
                let acknowledged = try #require(DemoAcknowledgement(line: line))
                return try DemoProof(log: log).check([acknowledged], round: 0)
            }
            let stream = String(number, radix: 16)
            let changed = String(other, radix: 16)
            // The second stream's bytes are wrong, whatever was acknowledged.
            #expect(try check("\(stream) 1 0").provenCount == 1)
            #expect(try check("\(stream) 1 0").failures.count == 1)
            #expect(try check("\(stream) 1 7").provenCount == 0)
            #expect(try check("\(stream) 2 1").provenCount == 0)
            #expect(try check("\(changed) 1 1").provenCount == 0)
            await log.close()
        }
    }

    @Test("a line that was cut by the kill is no acknowledgement", arguments: ["", "1a", "1a 3"])
    func cutLine(line: String) {
        #expect(DemoAcknowledgement(line: line) == nil)
        #expect(DemoAcknowledgement(line: "1a 3 17")?.position == 17)
    }

    @Test("nothing killed, or nothing acknowledged, proves nothing")
    func emptyProofs() {
        var report = DemoReport()
        #expect(!report.isProven)
        report.rounds = [DemoRound(round: 0)]
        #expect(!report.isProven)
        report.rounds = [DemoRound(round: 0, acknowledgedCount: 5, provenCount: 5)]
        // The transfer counts, too.
        #expect(!report.isProven)
        report.transfer = DemoTransfer.Outcome(
            debitCount: 1, creditCount: 1, receipt: "debit-7 credit-7", wasKilled: true)
        #expect(report.isProven)
        report.transfer.debitCount = 2
        #expect(!report.isProven)
        report.transfer.debitCount = 1
        report.rounds[0].fail("lost")
        #expect(!report.isProven)
    }
}
