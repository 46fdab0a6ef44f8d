import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Runs that leave memory, and come back.
@Suite struct EvictionTests {
    private static let runCount = 300

    /// Adds what it is sent, and sleeps in between.
    enum Saver: Workflow {
        static let add = Signal<Self, Int>("add")
        static let sum = Query<Self, Nothing, Int>("sum")
        struct State: Sendable {
            var sum = 0
            var count = 0
        }

        static func initialState(for input: Int) -> State { State(sum: input) }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(add) { state, number in
                state.sum += number
                state.count += 1
            }
            handlers.on(sum) { state, _ in state.sum }
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.wait { $0.count >= 2 }
            try await context.sleep(for: .seconds(60 + input))
            return context.state.sum
        }
    }

    /// Has a child that sleeps.
    enum Parent: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            let child = try await context.startChild(Dozer.self, id: "child-\(input)", input)
            return try await child.result()
        }
    }

    enum Dozer: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.sleep(for: .seconds(60))
            return input
        }
    }

    private func engine(
        _ memoryMax: Int, _ clock: SkippingClock,
        on session: any HistoryStore = MemoryHistoryStore().session()
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.runsInMemoryMax = memoryMax
        return try await WorkflowEngine(
            store: session,
            definitions: [
                WorkflowDefinition(Saver.self), WorkflowDefinition(Parent.self),
                WorkflowDefinition(Dozer.self),
            ], options: options)
    }

    @Test(
        "few of many runs are in memory, and all get their signals, timers and results",
        arguments: [0, 1, 20])
    func bounded(_ memoryMax: Int) async throws {
        let clock = SkippingClock(skips: false)
        let engine = try await engine(memoryMax, clock)
        var handles: [WorkflowHandle<Saver>] = []
        for number in 0..<Self.runCount {
            handles.append(try await engine.start(Saver.self, id: "s\(number)", number))
        }
        for round in 1...2 {
            for handle in handles { try await handle.signal(Saver.add, round) }
            for (number, handle) in handles.enumerated() {
                let sum = try await handle.query(Saver.sum)
                #expect(sum == number + (round == 1 ? 1 : 3))
            }
        }
        // One more may be about to leave.
        try await settle { engine.core.hostCount <= memoryMax + 1 }
        clock.advance(by: .seconds(59))
        #expect(try await handles[0].describe().outcome == nil)
        clock.advance(by: .seconds(1 + Self.runCount))
        for (number, handle) in handles.enumerated() {
            let result = try await handle.result()
            #expect(result == number + 3)
        }
        engine.close()
    }

    @Test("a parent that left memory hears of its child's end")
    func children() async throws {
        let engine = try await engine(0, SkippingClock())
        for number in 0..<20 {
            let result = try await engine.execute(Parent.self, id: "p\(number)", number)
            #expect(result == number)
        }
        engine.close()
    }

    @Test("runs that have ended are not kept in the line of those that are idle")
    func ended() async throws {
        let clock = SkippingClock(skips: false)
        let engine = try await engine(1_000_000, clock)
        for number in 0..<2_400 {
            let handle = try await engine.start(Saver.self, id: "s\(number)", number)
            try await handle.terminate(reason: "enough")
        }
        try await settle { engine.core.hostCount == 0 }
        #expect(engine.core.idle.count < 1_200)
        engine.close()
    }

    @Test("a run that left memory is whole for the next engine")
    func restart() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let first = try await engine(1, clock, on: store.session())
        for number in 0..<50 {
            let handle = try await first.start(Saver.self, id: "s\(number)", number)
            try await handle.signal(Saver.add, 1)
            try await handle.signal(Saver.add, 1)
        }
        first.close()
        clock.advance(by: .seconds(200))
        let second = try await engine(1, clock, on: store.session())
        for number in 0..<50 {
            let result = try await second.handle(Saver.self, id: "s\(number)").result()
            #expect(result == number + 2)
        }
        second.close()
    }

    @Test("more open runs than are looked at before the engine is ready go on, and one asked first")
    func manyOpen() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let count = 1_500
        let first = try await engine(100, clock, on: store.session())
        for number in 0..<count {
            try await first.start(Dozer.self, id: "d\(number)", number)
        }
        first.close()
        clock.advance(by: .seconds(100))
        let second = try await engine(100, clock, on: store.session())
        // In the order of the ids it comes last.
        let last = try await second.handle(Dozer.self, id: "d999").result()
        #expect(last == 999)
        for number in 0..<count {
            let result = try await second.handle(Dozer.self, id: "d\(number)").result()
            #expect(result == number)
        }
        second.close()
        // One that is closed while it looks leaves nothing waiting.
        let third = try await engine(100, clock, on: store.session())
        third.close()
        let skipping = SkippingClock(start: clock.now)
        let fourth = try await engine(100, skipping, on: store.session())
        #expect(try await fourth.execute(Dozer.self, id: "new", 5) == 5)
        fourth.close()
    }

    /// What turns that have answered already still do.
    private func settle(_ isSo: () -> Bool) async throws {
        for _ in 0..<100_000 where !isSo() { await Task.yield() }
        #expect(isSo())
    }
}
