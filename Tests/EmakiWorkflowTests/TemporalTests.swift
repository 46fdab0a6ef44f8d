import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// Histories as Temporal would have recorded them.
@Suite struct TemporalTests {
    @Test(
        "every history of the stories has an image that keeps Temporal's rules",
        arguments: Scenario.all, [false, true])
    func stories(scenario: Scenario, evicts: Bool) async throws {
        let (_, commitCount) = try await CrashRun(scenario: scenario).run(
            dyingAt: [], evicts: evicts)
        // Without a crash, and with one at each commit: then code sees events late.
        for commit in 0...commitCount {
            let run = CrashRun(scenario: scenario)
            let end = MemoryHistoryStore.Session.End(commit: commit, isStored: true)
            _ = try await run.run(dyingAt: commit == 0 ? [] : [end], evicts: evicts)
            for history in try await histories(in: run.store.session()) {
                let image = TemporalProjection.project(history)
                #expect(TemporalRules.problems(of: image) == [], "\(commit)")
                #expect(image.last?.kind.isEnd == true)
                checkImages(history, image)
            }
        }
    }

    /// Each of our events has its image, or is of a kind that has none.
    private func checkImages(_ history: [HistoryEvent], _ image: [TemporalEvent]) {
        let imaged = Set(image.map(\.origin))
        let withoutImage: Set<String> = [
            "AttemptStarted", "AttemptBegan", "AttemptFailed", "AttemptHandedOver",
            "HeartbeatRecorded", "Activated", "RunPaused",
        ]
        for event in history where !withoutImage.contains(event.typeName) {
            // A closure's schedule is in its marker; what ended before it was taken back, is not.
            let maybe = ["StepScheduled", "StepCancelRequested", "TimerCancelled"]
            if maybe.contains(event.typeName) { continue }
            #expect(imaged.contains(event.id), "\(event.typeName)")
        }
    }

    @Test("the transfer's image, event by event")
    func transfer() async throws {
        let run = CrashRun(scenario: .transfer)
        _ = try await run.run(dyingAt: [], evicts: false)
        let image = TemporalProjection.project(try await histories(in: run.store.session())[0])
        let kinds = image.map(\.kind)
        let task: [TemporalEvent.Kind] = [
            .workflowTaskScheduled, .workflowTaskStarted, .workflowTaskCompleted,
        ]
        let activity: [TemporalEvent.Kind] = [.activityTaskStarted, .activityTaskCompleted]
        #expect(
            kinds == [.workflowExecutionStarted] + task + [.activityTaskScheduled] + activity + task
                + [.activityTaskScheduled] + activity + task + [.workflowExecutionCompleted])
        #expect(image.compactMap(\.workflowTaskCompletedID) == [4, 10, 16])
    }

    @Test("a history that breaks a rule is found out")
    func broken() async throws {
        let run = CrashRun(scenario: .children)
        _ = try await run.run(dyingAt: [], evicts: false)
        for history in try await histories(in: run.store.session()) {
            let image = TemporalProjection.project(history)
            #expect(TemporalRules.problems(of: image).isEmpty)
            for index in image.indices {
                var missing = image
                missing.remove(at: index)
                // Also with numbers that are dense again.
                #expect(!TemporalRules.problems(of: missing).isEmpty || index == image.count - 1)
                for place in missing.indices { missing[place].id = place + 1 }
                let isSignal = image[index].kind == .workflowExecutionSignaled
                #expect(
                    !TemporalRules.problems(of: missing).isEmpty || isSignal
                        || index == image.count - 1, "\(image[index])")
                guard index + 1 < image.count else { continue }
                var swapped = image
                swapped.swapAt(index, index + 1)
                for place in [index, index + 1] { swapped[place].id = place + 1 }
                let bothCommands = image[index].kind.isCommand && image[index + 1].kind.isCommand
                #expect(!TemporalRules.problems(of: swapped).isEmpty || bothCommands)
            }
        }
    }
}
