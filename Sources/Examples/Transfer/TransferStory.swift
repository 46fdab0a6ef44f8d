import EmakiLog
import EmakiWorkflow
import Foundation

/// Two transfers, of which one cannot be: on a real log, in a folder that is removed afterwards.
@main
enum TransferStory {
    static func main() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "emaki-transfer-\(ProcessInfo.processInfo.processIdentifier)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for line in try await tell(in: folder) { print(line) }
    }

    /// - Parameter clock: nil: the system's. An attempt that takes longer than allowed is in doubt,
    ///   and what is in doubt is undone; a test on a busy machine lets the time stand still.
    static func tell(
        in folder: String, clock: (any EngineClock)? = nil
    ) async throws -> [String] {
        var options = EngineOptions()
        options.clock = clock
        let bank = Bank(["anna": 100, "ben": 20])
        let log = try await EventLog.open(at: folder, .creating())
        let engine = try await WorkflowEngine(
            log: log, workflows: [AccountTransfer.self],
            activities: [Debit(bank: bank), Credit(bank: bank), Reverse(bank: bank)],
            options: options)
        var lines = ["at first: \(text(await bank.balances))"]

        let moved = try await engine.execute(
            AccountTransfer.self, id: "transfer-1", Transfer(from: "anna", to: "ben", amount: 30))
        lines.append("moved \(moved): \(text(await bank.balances))")

        let second = try await engine.start(
            AccountTransfer.self, id: "transfer-2", Transfer(from: "anna", to: "cleo", amount: 50))
        do {
            _ = try await second.result()
        } catch WorkflowError.ended(_, .failed(let failure)) {
            lines.append("not moved, \(failure.message): \(text(await bank.balances))")
        }
        let steps = try await second.history().compactMap { event in
            if case .stepScheduled(let step) = event.body { step.name } else { nil }
        }
        lines.append("what transfer-2 did: \(steps.joined(separator: ", "))")
        engine.close()
        await log.close()
        return lines
    }

    private static func text(_ balances: [String: Int]) -> String {
        balances.sorted { $0.key < $1.key }.map { "\($0) has \($1)" }.joined(separator: ", ")
    }
}
