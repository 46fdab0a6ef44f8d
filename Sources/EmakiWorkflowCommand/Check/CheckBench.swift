import EmakiLog
import EmakiWorkflow

/// The check, for who measures it.
package enum CheckBench {
    /// Replays all open runs.
    /// - Parameters:
    ///   - arguments: with which this program calls `replay`.
    ///   - jobs: processes.
    /// - Returns: runs and events that were replayed, and how many of the runs the code follows.
    package static func check(
        _ log: EventLog, _ definitions: [WorkflowDefinition], calling arguments: [String],
        jobs: Int
    ) async throws -> (runs: Int, events: Int, same: Int) {
        var check = WorkflowCheck()
        check.jobs = jobs
        let code = OperatorCode(definitions, EngineOptions())
        check.arguments = arguments
        let findings = try await check.run(on: log, code) { _, _ in }.findings
        let count = findings.openCount + findings.closedCount
        return (
            count, findings.eventCount, count - findings.problemCount - findings.endedProblemCount
        )
    }

    /// What a process does that this program calls to replay.
    package static func replay(_ definitions: [WorkflowDefinition]) throws {
        try ReplayWorkerCommand.answer(with: OperatorCode(definitions, EngineOptions()))
    }
}
