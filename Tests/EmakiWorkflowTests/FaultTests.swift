import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// A store that refuses, does not know, is full or cannot be read at one commit.
@Suite struct FaultTests {
    @Test(
        "a commit that goes wrong changes nothing about how a run ends",
        arguments: Scenario.all, MemoryHistoryStore.Session.Fault.allCases)
    func everyCommit(scenario: Scenario, fault: MemoryHistoryStore.Session.Fault) async throws {
        let (_, commitCount) = try await CrashRun(scenario: scenario).run(
            dyingAt: [], evicts: false)
        for commit in 1...commitCount {
            let run = CrashRun(scenario: scenario)
            let session = run.store.session()
            session.fail(at: commit, fault)
            let engine = try await makeEngine(
                scenario.workflows, scenario.activities(run.world, session), on: session)
            var result: String?
            while result == nil {
                do {
                    result = try await scenario.drive(engine)
                } catch let error as WorkflowError {
                    // Whoever is told that nobody knows asks again, with the same request ids.
                    guard [.outcomeUnknown, .noSpace].contains(error) else { throw error }
                } catch is MemoryHistoryStore.Session.Faulty {
                    continue
                }
            }
            #expect(result == CrashTests.expected[scenario.name], "\(commit)")
            try await run.checkEffects()
            try await run.checkReplay()
            engine.close()
        }
    }
}
