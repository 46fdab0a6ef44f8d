import EmakiSimulation
import EmakiWorkflowTesting
import Synchronization
import Testing

@testable import EmakiWorkflow

/// What came late all at once does not keep others waiting.
@Suite struct BacklogTests {
    private static let lateCount = 1_000

    /// How many of a test's sleepers have woken.
    final class Tally: Sendable {
        // wf:allow(WF040) counts for the test, and decides nothing
        private let woken = Atomic(0)
        let (counts, told) = AsyncStream<Int>.makeStream()
        var count: Int { woken.load(ordering: .relaxed) }

        // wf:allow(WF040) counts for the test, and decides nothing
        func wake() { told.yield(woken.add(1, ordering: .relaxed).newValue) }
    }

    /// By test.
    private static let tallies = [Tally(), Tally(), Tally(), Tally()]

    /// Sleeps for an hour.
    enum Sleeping: Workflow {
        static let poke = Signal<Self, Int>("poke")
        static func initialState(for input: Int) -> Int { 0 }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(poke) { state, number in state += number }
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.sleep(for: .seconds(3_600))
            tallies[input].wake()
            return context.state
        }
    }

    enum Quick: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            for _ in 0..<3 { _ = try await context.step("step") { _ in "done" } }
            return "done"
        }
    }

    /// A store in which many runs sleep, and how an engine on it two hours later begins.
    private func sleepers(_ test: Int) async throws -> (MemoryHistoryStore, SkippingClock) {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let engine = try await makeEngine(
            [Sleeping.self], on: store.session(), clock: clock)
        for number in 0..<Self.lateCount {
            try await engine.start(Sleeping.self, id: "sleeper-\(number)", test)
        }
        engine.close()
        #expect(BacklogTests.tallies[test].count == 0)
        return (store, SkippingClock(start: clock.now + 7_200_000_000_000, skips: false))
    }

    @Test("a new run does not wait until all overdue ones are done")
    func newBesideOverdue() async throws {
        let (store, clock) = try await sleepers(0)
        let engine = try await makeEngine(
            [Sleeping.self, Quick.self], on: store.session(), clock: clock)
        let result = try await engine.execute(Quick.self, id: "new", Nothing())
        let woken = BacklogTests.tallies[0].count
        #expect(result == "done")
        #expect(woken < Self.lateCount / 2, "of \(Self.lateCount) overdue ones came first")
        for number in 0..<Self.lateCount {
            let handle = engine.handle(Sleeping.self, id: "sleeper-\(number)")
            #expect(try await handle.result() == 0)
        }
        #expect(BacklogTests.tallies[0].count == Self.lateCount)
        engine.close()
    }

    @Test("who asks an overdue run for something does not wait until those before it are done")
    func askedBesideOverdue() async throws {
        let (store, clock) = try await sleepers(1)
        let engine = try await makeEngine([Sleeping.self], on: store.session(), clock: clock)
        let handle = engine.handle(Sleeping.self, id: "sleeper-\(Self.lateCount - 1)")
        #expect(try await handle.result() == 0)
        let woken = BacklogTests.tallies[1].count
        #expect(woken < Self.lateCount / 2, "of \(Self.lateCount) overdue ones came first")
        engine.close()
    }

    @Test("overdue runs end although nobody asks for them")
    func drained() async throws {
        let (store, clock) = try await sleepers(2)
        let engine = try await makeEngine([Sleeping.self], on: store.session(), clock: clock)
        for await count in BacklogTests.tallies[2].counts where count == Self.lateCount { break }
        engine.close()
    }

    @Test("runs that do not get on keep no others from being taken up")
    func stuck() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let before = try await makeEngine([Sleeping.self], on: store.session(), clock: clock)
        let ids = (10..<45).map { "stuck-\($0)" } + ["well"]
        for id in ids { try await before.start(Sleeping.self, id: id, 3) }
        before.close()
        let engine = try await makeEngine(
            [Sleeping.self], on: StuckStore(store.session(), prefix: "run/stuck"),
            clock: SkippingClock(start: clock.now + 7_200_000_000_000, skips: false))
        // Of these 35 no more than 32 are under way at a time, and none of them ever passes.
        for await count in Self.tallies[3].counts where count == 1 { break }
        engine.close()
    }

    @Test("of late and timely ones each is taken in its order, and one of both kinds in turn")
    func fairQueue() {
        var queue = FairQueue<Int>()
        #expect(queue.isEmpty && queue.popFirst() == nil)
        for number in 0..<3 { queue.append(number, isLate: true) }
        #expect(queue.popFirst() == 0)
        for number in 10..<13 { queue.append(number, isLate: false) }
        var taken: [Int] = []
        while let number = queue.popFirst() { taken.append(number) }
        #expect(taken == [10, 1, 11, 2, 12])
        #expect(queue.isEmpty)
    }

    @Test("a queue gives what was put in, in that order, however it is used")
    func queue() {
        var queue = Queue<Int>()
        var random = SeededRandom(seed: 7)
        var added = 0
        var taken = 0
        for round in 0..<200 {
            for _ in 0..<Int.random(in: 0..<(round % 3 == 0 ? 200 : 20), using: &random) {
                queue.append(added)
                added += 1
            }
            for _ in 0..<Int.random(in: 0..<70, using: &random) {
                let number = queue.popFirst()
                #expect(number == (taken < added ? taken : nil))
                if number != nil { taken += 1 }
            }
            #expect(queue.count == added - taken)
            #expect(queue.isEmpty == (added == taken))
        }
        while let number = queue.popFirst() {
            #expect(number == taken)
            taken += 1
        }
        #expect(taken == added)
    }
}
