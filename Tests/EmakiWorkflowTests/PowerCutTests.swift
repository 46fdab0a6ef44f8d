import EmakiLog
import EmakiPlatform
import EmakiSimulation
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// The stories on an event log on the simulated disk, of which the power is cut.
@Suite struct PowerCutTests {
    @Test(
        "a power cut at any call to the disk changes nothing about how a run ends",
        arguments: Scenario.all, [false, true])
    func everyCall(scenario: Scenario, evicts: Bool) async throws {
        let empty = SimulatedDisk(seed: UInt64(scenario.name.utf8.count))
        let log = try await empty.open()
        await log.close()
        let whole = PowerRun(scenario: scenario, evicts: evicts, disk: empty.copy())
        let start = whole.disk.callCount
        #expect(try await whole.untilDeath(nil) == CrashTests.expected[scenario.name])
        let callCount = whole.disk.callCount - start
        var (cuts, finished) = (0, 0)
        for call in stride(from: 1, through: callCount, by: TestExtent.isLong ? 1 : 8) {
            let run = PowerRun(scenario: scenario, evicts: evicts, disk: empty.copy())
            if try await run.untilDeath(call) == nil { cuts += 1 } else { finished += 1 }
            run.disk.restorePower()
            let result = try await run.untilDeath(nil)
            #expect(result == CrashTests.expected[scenario.name], "cut at call \(call)")
            try await run.check("cut at call \(call)")
        }
        print(
            "power cuts, \(scenario.name), evicts \(evicts): \(cuts) of \(callCount) calls,"
                + " \(finished) after the end")
    }
}

/// A story on a simulated disk.
struct PowerRun {
    let scenario: Scenario
    let evicts: Bool
    let disk: SimulatedDisk
    let world = World()

    private struct Watch: EngineObserver {
        let outcome: FirstOutcome<String>
        func storeFailed(_ error: any Error) { outcome.give(nil) }
    }

    /// One process.
    /// - Parameter call: at which call to the disk the power goes.
    /// - Returns: nil if it went before the story ended.
    func untilDeath(_ call: Int?) async throws -> String? {
        if let call { disk.cutPower(afterCalls: call) }
        let log: EventLog
        do {
            log = try await disk.open()
        } catch {
            guard !disk.hasPower else { throw error }
            return nil
        }
        let outcome = FirstOutcome<String>()
        let result: String?
        do {
            let engine = try await makeEngine(
                scenario.workflows, scenario.activities(world, LogSession(log)),
                on: EventLogStore(log), evictsAlways: evicts, observer: Watch(outcome: outcome))
            let (scenario, disk) = (scenario, disk)
            Task {
                do {
                    outcome.give(.success(try await scenario.drive(engine)))
                } catch {
                    outcome.give(disk.hasPower ? .failure(error) : nil)
                }
            }
            result = try await outcome.value()?.get()
            engine.close()
        } catch {
            guard !disk.hasPower else { throw error }
            result = nil
        }
        await log.close()
        return result
    }

    func check(_ comment: Comment) async throws {
        let log = try await disk.open()
        try await checkProjection(of: EventLogStore(log), comment)
        let histories = try await histories(in: EventLogStore(log))
        await log.close()
        checkEffects(of: histories, in: world, comment)
        let replayer = Replayer(workflows: scenario.workflows)
        for history in histories { try replayer.check(history) }
    }
}
