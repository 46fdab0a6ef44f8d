import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Deadlines that nobody waits for any more.
@Suite struct DeadlineTests {
    @Test("the time-outs of a run that has ended wake nobody, and nothing is read for them")
    func afterTheEnd() async throws {
        let store = CountingStore(MemoryHistoryStore().session())
        let clock = SkippingClock(skips: false)
        let world = World()
        let engine = try await makeEngine(
            [AccountTransfer.self], [Debit(world: world), Credit(world: world)],
            on: store, clock: clock)
        let input = Transfer(amount: 1)
        _ = try await engine.execute(AccountTransfer.self, id: "a", input)
        let before = store.readCount
        // The activities might have taken ten seconds.
        clock.advance(by: .seconds(20))
        for number in 0..<20 {
            _ = try await engine.execute(AccountTransfer.self, id: "b\(number)", input)
        }
        #expect(store.readCount - before == 20 * before, "each new id takes as much, and no more")
        engine.close()
    }

    /// Works, and sleeps for a day; then it goes on as a new run, a few times.
    enum Rounds: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            _ = try await context.run(Debit.self, Transfer(amount: input))
            if input > 0 { throw try context.continueAsNew(input - 1) }
            try await context.sleep(for: .seconds(86_400))
            return input
        }
    }

    enum Sleeper: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.sleep(for: .seconds(86_400))
            return input
        }
    }

    @Test("a clock that skips comes to the next instant that counts, past those that do not")
    func skipping() async throws {
        let clock = SkippingClock()
        let world = World()
        let engine = try await makeEngine(
            [AccountTransfer.self, Rounds.self, Sleeper.self],
            [Debit(world: world), Credit(world: world)],
            clock: clock)
        let first = clock.now
        _ = try await engine.execute(AccountTransfer.self, id: "a", Transfer(amount: 1))
        #expect(try await engine.execute(Sleeper.self, id: "s", 1) == 1)
        #expect(clock.now - first == 86_400_000_000_000)
        // More than are kept of those that were given back.
        for number in 0..<1_200 {
            _ = try await engine.execute(
                AccountTransfer.self, id: "a\(number)", Transfer(amount: 1))
        }
        let begun = clock.now
        #expect(try await engine.execute(Rounds.self, id: "b", 3) == 0)
        #expect(clock.now - begun == 86_400_000_000_000)
        engine.close()
    }

    @Test("time-outs of steps that have ended do not come before those that count")
    func staleFirst() {
        let machine = RunMachine(Self.start)
        machine.apply(
            HistoryEvent(id: 1, time: 0, commandCount: 2, body: .started(Self.start)))
        for (id, seconds) in [(2, 10), (3, 60)] {
            let options = ActivityOptions(
                startToClose: .seconds(seconds), scheduleToClose: .seconds(seconds + 1))
            let step = StepSchedule(
                key: "step-\(id)", kind: .activity, name: "step", options: options,
                inputHash: 0, compensation: nil, compensates: nil, input: .empty)
            machine.apply(
                HistoryEvent(id: id, time: 0, commandCount: nil, body: .stepScheduled(step)))
            machine.began(step: id, at: 0)
        }
        machine.forgetStale()
        #expect(machine.due.first?.instant == 10_000_000_000)
        machine.apply(
            HistoryEvent(
                id: 4, time: 1, commandCount: 0,
                body: .stepCompleted(step: 2, attempt: 1, .empty)))
        machine.forgetStale()
        #expect(machine.due.first?.instant == 60_000_000_000)
        #expect(machine.due.count == 2)
    }

    private static let start = RunStart(
        workflowType: "W", workflowID: "w", runID: "r", firstRunID: "r", continuedFrom: nil,
        parent: nil, seed: 1, fingerprint: "f", requestID: "q", attempt: 1, runDeadline: nil,
        executionDeadline: nil, runTimeout: nil, startsAt: nil, retry: nil, headers: [:],
        memo: [:], searchAttributes: [:], input: .empty)

    @Test("what is kept of a queue of deadlines comes in its order")
    func keep() {
        var queue = DeadlineQueue<Int>()
        var instants: [Int64] = []
        for number in 0..<1_000 {
            let instant = Int64(StableMix.mix(UInt64(number)) % 100)
            queue.add(number, at: instant)
            if number % 3 == 0 { instants.append(instant) }
        }
        queue.keep { $0 % 3 == 0 }
        var taken: [(instant: Int64, item: Int)] = []
        while let first = queue.first {
            taken.append(first)
            queue.removeFirst()
        }
        #expect(taken.map(\.instant) == instants.sorted())
        // Of two with one instant the one that was added first comes first.
        for (left, right) in zip(taken, taken.dropFirst()) where left.instant == right.instant {
            #expect(left.item < right.item)
        }
    }
}
