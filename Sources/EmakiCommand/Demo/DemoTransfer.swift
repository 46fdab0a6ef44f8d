import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The demo's second act: a transfer whose process is killed between debit and credit, and which
/// goes on in another one. What the bank was asked to do is written down outside of the store.
struct DemoTransfer: Sendable {
    let folder: String

    /// What came of it.
    struct Outcome: Sendable {
        /// How often the bank was asked, by both processes together.
        var debitCount = 0
        var creditCount = 0
        var receipt = ""
        /// From opening the store again to the receipt.
        var resumeMilliseconds = 0.0
        var wasKilled = false

        var isProven: Bool {
            wasKilled && debitCount == 1 && creditCount == 1 && receipt == "debit-7 credit-7"
        }
    }

    /// The activities of one process.
    private struct Debit: Activity {
        static let options = ActivityOptions(startToClose: .seconds(60))
        let say: @Sendable (String) -> Void

        func run(context: ActivityContext, input: Int) async throws -> String {
            say("debited")
            return "debit-\(input)"
        }
    }

    private struct Credit: Activity {
        static let options = ActivityOptions(startToClose: .seconds(60))
        let say: @Sendable (String) -> Void
        /// Until the process is killed.
        let hangs: Bool

        func run(context: ActivityContext, input: Int) async throws -> String {
            // Nothing ever bumps this word.
            if hangs {
                say("crediting")
                await SystemThread.offload(name: "demo-hang") { WaitWord().wait(while: 0) }
            }
            say("credited")
            return "credit-\(input)"
        }
    }

    private enum Transfer: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            let debit = try await context.run(Debit.self, input)
            let credit = try await context.run(Credit.self, input)
            return "\(debit) \(credit)"
        }
    }

    /// What the process that is to be killed does: begins the transfer, and hangs in its second
    /// half.
    func child() async throws {
        let log = try await EventLog.open(at: folder)
        let engine = try await engine(log, hangs: true) { word in
            try? FileHandle.standardOutput.write(contentsOf: Data((word + "\n").utf8))
        }
        _ = try await engine.execute(Transfer.self, id: "transfer-7", 7, requestID: "demo")
    }

    private func engine(
        _ log: EventLog, hangs: Bool, _ say: @escaping @Sendable (String) -> Void
    ) async throws -> WorkflowEngine {
        try await WorkflowEngine(
            log: log, workflows: [Transfer.self],
            activities: [Debit(say: say), Credit(say: say, hangs: hangs)])
    }

    /// Has the transfer begun, killed, and ended.
    func run() async throws -> Outcome {
        var outcome = Outcome()
        let words = try begin(&outcome)
        outcome.debitCount = words.count { $0 == "debited" }
        outcome.creditCount = words.count { $0 == "credited" }
        let started = SystemClock.monotonicNanoseconds()
        let log = try await EventLog.open(at: folder)
        let later = DemoWords()
        let engine = try await engine(log, hangs: false) { later.add($0) }
        outcome.receipt = try await engine.handle(Transfer.self, id: "transfer-7").result()
        outcome.resumeMilliseconds = Double(SystemClock.monotonicNanoseconds() - started) / 1e6
        outcome.debitCount += later.all.count { $0 == "debited" }
        outcome.creditCount += later.all.count { $0 == "credited" }
        engine.close()
        await log.close()
        return outcome
    }

    /// - Returns: what the killed process said.
    private func begin(_ outcome: inout Outcome) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try OwnProgram.path())
        process.arguments = ["demo", "--transfer-folder", folder]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        var text = ""
        while true {
            let piece = pipe.fileHandleForReading.availableData
            if piece.isEmpty { break }
            text += String(decoding: piece, as: UTF8.self)
            if text.contains("crediting\n"), !outcome.wasKilled {
                outcome.wasKilled = kill(process.processIdentifier, SIGKILL) == 0
            }
        }
        process.waitUntilExit()
        return text.split(separator: "\n").map(String.init)
    }
}

/// Words of several threads.
final class DemoWords: Sendable {
    private let lock = Lock()
    private let words = Guarded<[String]>([])

    func add(_ word: String) { lock.withLock { words.value.append(word) } }
    var all: [String] { lock.withLock { words.value } }
}
