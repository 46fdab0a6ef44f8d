import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Engines that are closed when what is at work has ended.
@Suite struct DrainingTests {
    /// Ends when it is let.
    struct Slow: Activity {
        static let options = ActivityOptions(startToClose: .seconds(1_000), retry: .once)
        let world: World
        let gate: Gate

        func run(context: ActivityContext, input: Int) async throws -> Int {
            world.act("began \(input)", context.info, in: nil)
            await gate.pass()
            return input
        }
    }

    /// Lets nobody pass before it is opened.
    final class Gate: Sendable {
        private let lock = Lock()
        private let waiting = Guarded<[CheckedContinuation<Void, Never>]?>([])

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = lock.withLock { () -> Bool in
                    waiting.value?.append(continuation)
                    return waiting.value == nil
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let passing = lock.withLock {
                defer { waiting.value = nil }
                return waiting.value ?? []
            }
            for continuation in passing { continuation.resume() }
        }
    }

    enum TwoSlow: Workflow {
        static let word = Signal<Self, String>("word")
        static func initialState(for input: Nothing) -> String { "" }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(word) { state, word in state = word }
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let first = try await context.run(Slow.self, 1)
            try await context.sleep(for: .seconds(1))
            let second = try await context.run(Slow.self, 2)
            return "\(first) \(second) \(context.state)"
        }
    }

    private func engine(
        _ store: MemoryHistoryStore, _ world: World, _ gate: Gate, _ clock: SkippingClock
    ) async throws -> WorkflowEngine {
        try await makeEngine(
            [TwoSlow.self], [Slow(world: world, gate: gate)], on: store.session(), clock: clock)
    }

    @Test("an attempt under way ends and counts, and nothing new begins before the next engine")
    func drained() async throws {
        let store = MemoryHistoryStore()
        let (world, gate) = (World(), Gate())
        let clock = SkippingClock(skips: false)
        let engine = try await engine(store, world, gate, clock)
        let handle = try await engine.start(TwoSlow.self, id: "s", Nothing())
        while world.names.isEmpty { await Task.yield() }
        async let isDrained = engine.close(draining: .seconds(60))
        while !engine.core.isDraining { await Task.yield() }
        // What callers send meanwhile is recorded.
        try await handle.signal(TwoSlow.word, "hello")
        let other = try await engine.start(TwoSlow.self, id: "other", Nothing())
        gate.open()
        #expect(await isDrained)
        await #expect(throws: WorkflowError.engineClosed) { try await other.describe() }
        #expect(world.names == ["began 1"])
        let next = try await self.engine(store, world, gate, SkippingClock())
        #expect(try await next.handle(TwoSlow.self, id: "s").result() == "1 2 hello")
        #expect(try await next.handle(TwoSlow.self, id: "other").result() == "1 2 ")
        #expect(Set(world.counts.values) == [1])
        next.close()
    }

    @Test("who does not end in time is of unknown outcome, and the engine closes all the same")
    func late() async throws {
        let store = MemoryHistoryStore()
        let (world, gate) = (World(), Gate())
        let engine = try await engine(store, world, gate, SkippingClock(skips: false))
        _ = try await engine.start(TwoSlow.self, id: "s", Nothing())
        while world.names.isEmpty { await Task.yield() }
        #expect(await engine.close(draining: .milliseconds(1)) == false)
        gate.open()
        let next = try await self.engine(store, world, gate, SkippingClock())
        await #expect(throws: WorkflowError.self) {
            try await next.handle(TwoSlow.self, id: "s").result()
        }
        #expect(world.names == ["began 1"])
        next.close()
    }

    @Test("timers that fall due meanwhile hold nobody up, and run off for the next engine")
    func timers() async throws {
        let store = MemoryHistoryStore()
        let (world, gate) = (World(), Gate())
        let clock = SkippingClock(skips: false)
        let first = try await engine(store, world, gate, clock)
        for number in 1...50 {
            _ = try await first.start(TwoSlow.self, id: "s\(number)", Nothing())
        }
        while world.names.count < 50 { await Task.yield() }
        gate.open()
        // All sleep.
        while first.core.workInProgress > 0 { await Task.yield() }
        let shut = Gate()
        let other = try await engine(store, world, shut, clock)
        _ = try await other.start(TwoSlow.self, id: "last", Nothing())
        while world.names.count < 51 { await Task.yield() }
        async let isDrained = other.close(draining: .seconds(20))
        while !other.core.isDraining { await Task.yield() }
        clock.advance(by: .seconds(5))
        shut.open()
        #expect(await isDrained)
        #expect(world.names.count == 51)
        first.close()
        let next = try await engine(store, world, gate, SkippingClock(start: clock.now))
        #expect(try await next.handle(TwoSlow.self, id: "s7").result() == "1 2 ")
        next.close()
    }

    @Test("runs that wait to be taken up hold nobody up")
    func backlog() async throws {
        let store = MemoryHistoryStore()
        let (world, gate) = (World(), Gate())
        let clock = SkippingClock(skips: false)
        let first = try await engine(store, world, gate, clock)
        for number in 1...300 {
            _ = try await first.start(TwoSlow.self, id: "s\(number)", Nothing())
        }
        while world.names.count < 300 { await Task.yield() }
        first.close()
        let next = try await engine(store, World(), gate, clock)
        gate.open()
        #expect(await next.close(draining: .seconds(20)))
    }

    @Test("an engine with nothing to do closes at once")
    func idle() async throws {
        let engine = try await engine(
            MemoryHistoryStore(), World(), Gate(), SkippingClock(skips: false))
        #expect(await engine.close(draining: .seconds(1_000)))
        await #expect(throws: WorkflowError.engineClosed) {
            try await engine.start(TwoSlow.self, id: "s", Nothing())
        }
    }
}
