import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// The stories on a store that does whatever it may do, and with owners that fight.
@Suite struct HostileTests {
    /// Seeds that once broke a promise: code that knew a message that came late; a start that was
    /// forgotten after an unknown answer.
    private static let keptSeeds: [String: [UInt64]] = ["neighbours": [63], "children": [41]]

    @Test(
        "a hostile store changes nothing about how a run ends", arguments: Scenario.all,
        [false, true])
    func hostile(scenario: Scenario, evicts: Bool) async throws {
        var tally = HostileHistoryStore.Tally()
        for seed in Array(TestExtent.seeds(20)) + (Self.keptSeeds[scenario.name] ?? []) {
            let run = HostileRun(scenario: scenario, seed: seed)
            let result = try await run.alone(evicts: evicts)
            #expect(result == CrashTests.expected[scenario.name], "seed \(seed)")
            try run.check("seed \(seed)")
            tally.add(run.store.tally)
        }
        print("hostile, \(scenario.name): \(tally)")
    }

    @Test(
        "owners that fight change nothing about how a run ends", arguments: Scenario.all)
    func fight(scenario: Scenario) async throws {
        var fenced = 0
        for seed in TestExtent.seeds(20) {
            var malice = HostileHistoryStore.Malice()
            // Each change of owner costs an attempt, and so may a conflict; three are allowed.
            let isBounded = scenario.name != Scenario.continuation.name
            if isBounded { malice.conflict = 0 }
            let run = HostileRun(scenario: scenario, seed: seed, malice: malice)
            let result = try await run.fight(owners: isBounded ? 3 : 5)
            #expect(result == CrashTests.expected[scenario.name], "seed \(seed)")
            try run.check("seed \(seed)")
            fenced += run.store.tally.fenced
        }
        print("fights, \(scenario.name): \(fenced) commits fenced")
    }
}

/// A step that may run once and is in doubt after a crash makes the code ask for a child at once.
enum AfterDoubt: Workflow {
    static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
        let once = ActivityOptions(startToClose: .seconds(10), retry: .once)
        do {
            return try await context.run(Note.self, "once", options: once)
        } catch is StepFailure {
            return try await context.runChild(Child.self, id: "child", "one")
        }
    }
}

@Suite struct TakingUpTests {
    @Test("a commit of which nobody knows at first uses no attempt up")
    func unknownAtFirst() async throws {
        var malice = HostileHistoryStore.Malice.none
        malice.unknownStored = 1
        malice.wrongAnswersMax = 1
        let world = World()
        let store = HostileHistoryStore(seed: 1, malice: malice)
        let clock = SkippingClock()
        let engine = try await makeEngine(
            [AfterDoubt.self, Child.self], [Note(world: world)],
            on: store.session(clock: clock), clock: clock)
        #expect(try await engine.execute(AfterDoubt.self, id: "a", Nothing()) == "noted once")
        #expect(store.tally.unknownStored == 1)
        engine.close()
    }

    @Test("a run that is taken up asks nobody for what is not durable yet, while the disk is full")
    func order() async throws {
        let story = Scenario(
            name: "after doubt", workflows: [AfterDoubt.self, Child.self],
            activities: { world, session in [Note(world: world, session: session)] },
            drive: { engine in
                try await engine.execute(AfterDoubt.self, id: "a", Nothing(), requestID: "start")
            })
        // The first commit of each process meets a full disk, and is held.
        var malice = HostileHistoryStore.Malice.none
        malice.noSpace = 1
        malice.wrongAnswersMax = 1
        let run = HostileRun(scenario: story, seed: 1, malice: malice)
        try await run.untilDeath(atCommit: 3)
        #expect(try await run.alone(evicts: false) == "noted one")
        try run.check("")
    }
}

@Suite struct StaleReadTests {
    @Test("a continuation that is committed between two reads is not told as the end")
    func continuation() async throws {
        let memory = MemoryHistoryStore()
        let note = Note(world: World())
        let first = try await makeEngine([Countdown.self], [note], on: memory.session())
        #expect(try await first.execute(Countdown.self, id: "n", 2) == "lift off")
        first.close()
        let store = StaleStore(memory.session())
        let second = try await makeEngine([Countdown.self], [note], on: store)
        store.makeStale("workflow/n")
        #expect(try await second.handle(Countdown.self, id: "n").result() == "lift off")
        second.close()
    }
}

/// A story on a hostile store.
struct HostileRun {
    let scenario: Scenario
    let store: HostileHistoryStore
    let world: World

    init(scenario: Scenario, seed: UInt64, malice: HostileHistoryStore.Malice = .init()) {
        self.scenario = scenario
        let store = HostileHistoryStore(seed: seed, malice: malice)
        self.store = store
        world = World { store.hasRecorded($0) }
    }

    /// One process, from beginning to end.
    func alone(evicts: Bool) async throws -> String {
        let clock = SkippingClock()
        let session = store.session(clock: clock)
        let engine = try await open(session, clock, evicts: evicts)
        defer { engine.close() }
        return try await patiently(scenario, engine)
    }

    /// One process, which dies before a commit.
    func untilDeath(atCommit commit: Int) async throws {
        let (clock, outcome) = (SkippingClock(), FirstOutcome<String>())
        let session = store.session(clock: clock)
        session.before(commit: commit) {
            session.end()
            outcome.give(nil)
        }
        let engine = try await open(session, clock, evicts: false)
        let scenario = scenario
        Task { outcome.give(try? .success(await patiently(scenario, engine))) }
        #expect(try await outcome.value()?.get() == nil)
        engine.close()
    }

    /// Owners that take over from one another at some commit. The one that is replaced goes on
    /// until it notices.
    func fight(owners: Int) async throws -> String {
        var engines: [WorkflowEngine] = []
        defer { for engine in engines { engine.close() } }
        var result: String?
        for owner in 1...owners {
            let clock = SkippingClock()
            let session = store.session(clock: clock)
            let outcome = FirstOutcome<String>()
            if owner < owners {
                let commit = 1 + Int(store.chance() * 8)
                session.before(commit: commit) { outcome.give(nil) }
            }
            let engine = try await open(session, clock, evicts: false)
            engines.append(engine)
            let scenario = scenario
            Task {
                do {
                    outcome.give(.success(try await patiently(scenario, engine)))
                } catch WorkflowError.fenced {
                    outcome.give(nil)
                } catch {
                    outcome.give(.failure(error))
                }
            }
            result = try await outcome.value()?.get() ?? result
        }
        return try #require(result)
    }

    private func open(
        _ session: HostileHistoryStore.Session, _ clock: SkippingClock, evicts: Bool
    ) async throws -> WorkflowEngine {
        while true {
            do {
                return try await makeEngine(
                    scenario.workflows, scenario.activities(world, session), on: session,
                    clock: clock, evictsAlways: evicts)
            } catch is HostileHistoryStore.Unreadable {
                continue
            }
        }
    }

    /// G2, G3, G4 and G8 hold of what is stored.
    func check(_ comment: Comment) throws {
        let histories = try store.settledHistories()
        checkEffects(of: histories, in: world, comment)
        let replayer = Replayer(workflows: scenario.workflows)
        for history in histories { try replayer.check(history) }
        #expect(world.earlyEffects.isEmpty, comment)
        try checkOrder(comment)
    }

    /// G4: children and messages are in the store after what asked for them.
    private func checkOrder(_ comment: Comment) throws {
        var asked: Set<String> = []
        for part in store.commits.flatMap(\.parts) where part.stream.hasPrefix("run/") {
            let run = part.stream.split(separator: "/").last ?? ""
            for new in part.events {
                let event = try HistoryEvent(metadata: new.metadata, payload: new.payload)
                switch event.body {
                case .childInitiated(let child): asked.insert("child:\(run)/\(child.key)")
                case .messageSent(let message): asked.insert("message:\(run)/\(message.key)")
                case .started(let start) where start.parent != nil:
                    #expect(asked.contains(start.requestID), comment)
                case .signalReceived(let message) where message.requestID.hasPrefix("message:"):
                    #expect(asked.contains(message.requestID), comment)
                default: break
                }
            }
        }
    }
}

/// Whoever is told that nobody knows asks again, with the same request ids.
func patiently(_ scenario: Scenario, _ engine: WorkflowEngine) async throws -> String {
    while true {
        do {
            return try await scenario.drive(engine)
        } catch WorkflowError.outcomeUnknown {
            continue
        } catch WorkflowError.noSpace {
            continue
        } catch WorkflowError.refused(let failure) where failure.type == "NotReady" {
            // The code could not be had, because the store could not be read.
            continue
        } catch is HostileHistoryStore.Unreadable {
            continue
        }
    }
}

extension HostileHistoryStore.Tally {
    fileprivate mutating func add(_ other: Self) {
        commits += other.commits
        unknownStored += other.unknownStored
        unknownLost += other.unknownLost
        unknownLate += other.unknownLate
        tooLate += other.tooLate
        conflicts += other.conflicts
        noSpace += other.noSpace
        unreadable += other.unreadable
        pauses += other.pauses
        fenced += other.fenced
    }
}
