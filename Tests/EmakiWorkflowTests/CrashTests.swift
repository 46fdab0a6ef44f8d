import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// A process that dies at a commit, and the next one that takes over.
struct CrashRun {
    let scenario: Scenario
    /// The code of each process has another fingerprint, and follows all the same.
    var changesVersion = false
    let store = MemoryHistoryStore()
    let world = World()

    /// Runs the story through some processes, each but the last of which dies.
    /// - Returns: how it ended, and how many commits the last process made.
    func run(
        dyingAt ends: [MemoryHistoryStore.Session.End], evicts: Bool, clock: SkippingClock? = nil
    ) async throws -> (result: String, commitCount: Int) {
        var start: Int64 = 1_700_000_000_000_000_000
        for (life, end) in ends.enumerated() {
            let session = store.session()
            let clock = clock ?? SkippingClock(start: start)
            if let result = try await untilDeath(session, clock, end, evicts, version(life)) {
                return (result, session.commitCount)
            }
            try await checkProjection(of: store.session(), "\(end)")
            start = clock.now + 1_000_000_000
        }
        let session = store.session()
        let engine = try await makeEngine(
            scenario.workflows, scenario.activities(world, session), on: session,
            clock: clock ?? SkippingClock(start: start), evictsAlways: evicts,
            fingerprint: version(ends.count))
        let result = try await scenario.drive(engine)
        engine.close()
        return (result, session.commitCount)
    }

    private func version(_ life: Int) -> String? { changesVersion ? "life \(life)" : nil }

    /// - Returns: nil if the process died.
    private func untilDeath(
        _ session: MemoryHistoryStore.Session, _ clock: SkippingClock,
        _ end: MemoryHistoryStore.Session.End, _ evicts: Bool, _ version: String?
    ) async throws -> String? {
        let outcome = FirstOutcome<String>()
        session.end(at: end) { outcome.give(nil) }
        let engine: WorkflowEngine
        do {
            engine = try await makeEngine(
                scenario.workflows, scenario.activities(world, session), on: session,
                clock: clock, evictsAlways: evicts, fingerprint: version)
        } catch is MemoryHistoryStore.Session.Ended {
            return nil
        }
        let scenario = scenario
        Task {
            do {
                outcome.give(.success(try await scenario.drive(engine)))
            } catch {
                // The caller of a process that dies learns nothing for certain.
                outcome.give(session.isOver ? nil : .failure(error))
            }
        }
        let result = try await outcome.value()?.get()
        engine.close()
        return result
    }

    /// G2 and G3: no step had more effects than it had attempts.
    func checkEffects() async throws {
        EmakiWorkflowTests.checkEffects(of: try await histories(), in: world)
    }

    /// G8: what is recorded replays.
    func checkReplay() async throws {
        let replayer = Replayer(workflows: scenario.workflows)
        for history in try await histories() { try replayer.check(history) }
    }

    private func histories() async throws -> [[HistoryEvent]] {
        try await EmakiWorkflowTests.histories(in: store.session())
    }
}

/// G2 and G3: no step had more effects than it had attempts, and no more attempts than allowed.
func checkEffects(of histories: [[HistoryEvent]], in world: World, _ comment: Comment? = nil) {
    checkEffects(of: histories, world.counts, comment)
}

/// - Parameter counts: effects by idempotency key.
func checkEffects(
    of histories: [[HistoryEvent]], _ counts: [String: Int], _ comment: Comment? = nil
) {
    var attempts: [String: Int] = [:]
    for history in histories {
        guard case .started(let start) = history.first?.body else { continue }
        var keys: [Int: [String]] = [:]
        for event in history {
            switch event.body {
            case .stepScheduled(let step):
                // A run that began as another one goes on with that one's steps, or with its own.
                let runs =
                    start.origins.filter { event.id <= $0.lastEvent }
                    .map { "\($0.workflowID)/\($0.runID)" } + [start.workflowID + "/" + start.runID]
                keys[event.id] = runs.map { "\($0)/\(step.key)" }
                for key in keys[event.id] ?? [] {
                    attempts[key] = attempts[key] ?? 1
                    guard step.options.retry.maximumAttempts > 0 else { continue }
                    #expect(counts[key] ?? 0 <= step.options.retry.maximumAttempts, comment)
                }
            case .attemptStarted(let step, let attempt):
                for key in keys[step] ?? [] { attempts[key] = max(attempts[key] ?? 1, attempt) }
            default: break
            }
        }
    }
    for (key, count) in counts {
        #expect(count <= attempts[key] ?? 0, "\(key) \(comment?.rawValue ?? "")")
    }
}

/// Every run's events.
func histories(in store: any HistoryStore) async throws -> [[HistoryEvent]] {
    var histories: [[HistoryEvent]] = []
    for name in try await store.streams(prefix: "run/", after: nil, limit: 100_000) {
        let page = try await store.read(name, from: 0, limit: 100_000)
        histories.append(
            try page.events.map {
                try HistoryEvent(metadata: $0.metadata, payload: $0.payload)
            })
    }
    return histories
}

@Suite struct CrashTests {
    static let expected: [String: String] = [
        "transfer": "debited 7, credited 7",
        "compensation": "failed: Credit: no such account",
        "messages": "3 20 20",
        "timers": "fast [1, 2, 3] false 30",
        "children": #"["noted one", "noted two"], as asked, noted waitgo"#,
        "continuation": "lift off",
        "neighbours": "sent 7",
        "at most once": "over",
        "retries": "done",
        "cancellation": "cancelled",
        "steps": "66 b/add",
        "completed from outside": "from outside",
        "pulled": "printed the page",
        "workflow retry": "attempt 3",
        "parallel": "over",
        "late timers": "first, noted beside",
        "reset": "noted a, noted b by ana, noted c",
        "checkpoints": "5 pages, one",
        "rationed": "noted 0, noted 1, noted 2, noted 3",
    ]

    @Test(
        "a run that dies at any commit ends as if nothing had happened", arguments: Scenario.all,
        [false, true])
    func everyCommit(scenario: Scenario, evicts: Bool) async throws {
        let whole = CrashRun(scenario: scenario)
        let (result, commitCount) = try await whole.run(dyingAt: [], evicts: evicts)
        #expect(result == Self.expected[scenario.name])
        try await whole.checkEffects()
        try await whole.checkReplay()
        #expect(commitCount > 1)
        for commit in 1...commitCount {
            for isStored in [false, true] {
                let run = CrashRun(scenario: scenario)
                let end = MemoryHistoryStore.Session.End(commit: commit, isStored: isStored)
                let again = try await run.run(dyingAt: [end], evicts: evicts).result
                #expect(again == Self.expected[scenario.name], "\(end)")
                try await run.checkEffects()
                try await run.checkReplay()
            }
        }
    }

    @Test(
        "a run that dies again while it is taken up, by other code each time, ends as ever",
        arguments: Scenario.all)
    func diesTwice(scenario: Scenario) async throws {
        let (_, commitCount) = try await CrashRun(scenario: scenario).run(
            dyingAt: [], evicts: false)
        for first in 1...commitCount {
            for second in 1...3 {
                let run = CrashRun(scenario: scenario, changesVersion: true)
                let result = try await run.run(
                    dyingAt: [
                        MemoryHistoryStore.Session.End(commit: first, isStored: true),
                        MemoryHistoryStore.Session.End(
                            commit: second, isStored: (first + second) % 2 == 0),
                    ], evicts: false
                ).result
                #expect(result == CrashTests.expected[scenario.name], "\(first), \(second)")
                try await run.checkEffects()
                try await run.checkReplay()
            }
        }
    }
}
