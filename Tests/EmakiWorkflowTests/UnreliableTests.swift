import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// An activity on the other side of a bad line, by a seed: it fails before or after its effect,
/// takes too long, answers twice, and answers after it was given up.
struct BadLine: Activity {
    static let options = ActivityOptions(
        startToClose: .seconds(10), retry: RetryPolicy(maximumAttempts: 6))
    let world: World
    let line: Line
    var session: (any ProcessSession)?

    func run(context: ActivityContext, input: String) async throws -> String {
        let fate = line.fate(context.info)
        if fate == .failsBefore { throw ApplicationFailure("no connection") }
        world.act(input, context.info, in: session)
        switch fate {
        case .failsAfter: throw ApplicationFailure("the answer was lost")
        case .isLate:
            // Time passes; this attempt answers when nobody waits for it any more.
            line.clock.advance(by: .seconds(11))
            await line.untilNextAttempt(context, in: session)
        case .answersTwice: line.answersTwice(context.info.token)
        default: break
        }
        return "did \(input)"
    }
}

/// What goes wrong on the line.
final class Line: Sendable {
    enum Fate: CaseIterable { case works, worksToo, failsBefore, failsAfter, isLate, answersTwice }

    let clock: SkippingClock
    private let seed: UInt64
    private let lock = Lock()
    private let engine = Guarded<WorkflowEngine?>(nil)
    private let answers = Guarded<[Fate: Int]>([:])
    private let begun = Guarded<Set<TaskToken>>([])

    init(seed: UInt64, clock: SkippingClock) {
        self.seed = seed
        self.clock = clock
    }

    func use(_ engine: WorkflowEngine?) { lock.withLock { self.engine.value = engine } }

    /// The same for the same attempt at the same step; the last attempt works.
    func fate(_ info: AttemptInfo) -> Fate {
        var hash = seed &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(info.attempt)
        for byte in info.key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash ^= hash >> 29
        let fates = Fate.allCases
        let fate = info.attempt > 3 ? .works : fates[Int(hash % UInt64(fates.count))]
        lock.withLock {
            answers.value[fate, default: 0] += 1
            begun.value.insert(info.token)
        }
        return fate
    }

    var tally: [Fate: Int] { lock.withLock { answers.value } }

    /// Until the attempt is given up and the next one is under way.
    func untilNextAttempt(_ context: ActivityContext, in session: (any ProcessSession)?) async {
        while !Task.isCancelled, session?.isOver != true { await Task.yield() }
        // Longer than the wait for the next attempt, shorter than a time-out.
        clock.advance(by: .seconds(6))
        var next = context.info.token
        next.attempt += 1
        while session?.isOver != true, lock.withLock({ !begun.value.contains(next) }) {
            await Task.yield()
        }
    }

    /// Somebody outside answers for the attempt, too.
    func answersTwice(_ token: TaskToken) {
        guard let engine = lock.withLock({ engine.value }) else { return }
        Task { try? await engine.complete(token, "from outside") }
    }
}

/// A saga and two activities at once, all over the bad line.
enum Kathmandu: Workflow {
    static func run(context: WorkflowContext<Self>, input: Bool) async throws -> String {
        let both = try await context.all(
            { try await context.run(BadLine.self, "left") },
            { try await context.run(BadLine.self, "right") })
        return try await context.saga { saga in
            _ = try await saga.run(BadLine.self, "book", undo: BadLine.self) { _ in "unbook" }
            if input { throw ApplicationFailure("the road is closed") }
            return "\(both.count)"
        }
    }
}

@Suite struct UnreliableTests {
    private func story(_ fails: Bool, _ line: Line) -> Scenario {
        Scenario(
            name: "Kathmandu", workflows: [Kathmandu.self],
            activities: { world, session in [BadLine(world: world, line: line, session: session)] },
            drive: { engine in
                line.use(engine)
                do {
                    return try await engine.execute(
                        Kathmandu.self, id: "k", fails, requestID: "start")
                } catch WorkflowError.ended(_, .failed(let failure)) {
                    return failure.message
                }
            })
    }

    @Test(
        "activities that fail, are late or answer twice: an effect as often as attempts at most",
        arguments: [false, true], [false, true])
    func unreliable(fails: Bool, evicts: Bool) async throws {
        var tally: [Line.Fate: Int] = [:]
        var effects: [Int: Int] = [:]
        for seed in TestExtent.seeds(20) {
            let clock = SkippingClock()
            let line = Line(seed: seed, clock: clock)
            let run = CrashRun(scenario: story(fails, line))
            let session = run.store.session()
            let engine = try await makeEngine(
                run.scenario.workflows, run.scenario.activities(run.world, session), on: session,
                clock: clock, evictsAlways: evicts)
            let result = try await run.scenario.drive(engine)
            #expect(result == (fails ? "the road is closed" : "2"), "seed \(seed)")
            try await check(run, fails, "seed \(seed)")
            line.use(nil)
            engine.close()
            tally.merge(line.tally, uniquingKeysWith: +)
            for count in run.world.counts.values { effects[count, default: 0] += 1 }
        }
        #expect(tally.count == Line.Fate.allCases.count)
        print("unreliable: \(tally), steps by effects: \(effects.sorted { $0.key < $1.key })")
    }

    @Test(
        "and when the process dies at any commit besides", arguments: [false, true])
    func crashes(fails: Bool) async throws {
        for seed in TestExtent.seeds(3) {
            for commit in 1...12 {
                for isStored in [false, true] {
                    let clock = SkippingClock()
                    let line = Line(seed: seed, clock: clock)
                    let run = CrashRun(scenario: story(fails, line))
                    let end = MemoryHistoryStore.Session.End(commit: commit, isStored: isStored)
                    let result = try await run.run(dyingAt: [end], evicts: false, clock: clock)
                    #expect(
                        result.result == (fails ? "the road is closed" : "2"),
                        "seed \(seed), \(end)")
                    try await check(run, fails, "seed \(seed), \(end)")
                    line.use(nil)
                }
            }
        }
    }

    /// G2, G3, G7, G8.
    private func check(_ run: CrashRun, _ fails: Bool, _ comment: Comment) async throws {
        try await run.checkEffects()
        try await run.checkReplay()
        for name in ["left", "right", "book"] {
            let count = run.world.count(of: name)
            #expect((1...6).contains(count), "\(name): \(count), \(comment)")
        }
        // What may have been booked is unbooked.
        #expect((run.world.count(of: "unbook") > 0) == fails, comment)
    }
}
