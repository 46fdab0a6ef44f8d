import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Runs that begin anew from a state.
@Suite struct CheckpointTests {
    /// Reads page after page, and begins anew after each second one.
    enum Reader: Workflow {
        struct State: Codable, Sendable {
            var pages = 0
            var remarks: [String] = []
            var mayGo = false
        }

        static let remark = Signal<Self, String>("remark")
        static let go = Signal<Self, Nothing>("go")
        static let count = Update<Self, Nothing, Int>("count")
        static let pages = Query<Self, Nothing, Int>("pages")

        static func initialState(for input: Int) -> State { State() }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(remark) { state, text in state.remarks.append(text) }
            handlers.on(go) { state, _ in state.mayGo = true }
            handlers.on(count) { state, _ in state.remarks.count }
            handlers.on(pages) { state, _ in state.pages }
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            while context.state.pages < input {
                _ = try await context.run(Note.self, "page \(context.state.pages + 1)")
                try context.change { $0.pages += 1 }
                if context.state.pages % 2 == 0 { try await context.checkpoint() }
            }
            try await context.wait { $0.mayGo }
            return "\(context.state.pages) pages, \(context.state.remarks.joined(separator: " "))"
        }
    }

    /// Adds what it is sent; its handlers are all that it is.
    enum Tally: Workflow {
        struct State: Codable, Sendable { var sum = 0 }
        static let add = Signal<Self, Int>("add")
        static let take = Update<Self, Int, Int>("take")
        static let sum = Query<Self, Nothing, Int>("sum")
        static func initialState(for input: Int) -> State { State(sum: input) }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(add) { state, number in state.sum += number }
            handlers.on(take) { state, number in
                state.sum -= number
                return state.sum
            }
            handlers.on(sum) { state, _ in state.sum }
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Nothing {
            try await context.serveMessages(checkpointAfter: 10)
        }
    }

    /// Wants to begin anew while something is open.
    enum Hasty: Workflow {
        struct State: Codable, Sendable {
            var refusals: [String] = []
            var isDone = false
        }

        static let poke = Signal<Self, Nothing>("poke")
        static func initialState(for input: String) -> State { State() }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(poke) { context, _ in
                try await context.sleep(for: .seconds(10))
            }
        }

        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            if context.state.isDone {
                if input == "twice" { try await refused(context) }
                return context.state.refusals.joined(separator: "; ")
            }
            switch input {
            case "timer":
                async let timer: Void = context.sleep(for: .seconds(5))
                try await refused(context)
                try await timer
            case "step":
                async let step = context.run(Note.self, "beside")
                try await refused(context)
                _ = try await step
            case "abandoned":
                let options = ActivityOptions(
                    startToClose: .seconds(10), cancellation: .abandon)
                // wf:allow(WF030) stays on the run's executor, by its preference
                let body = Task(executorPreference: context.scope.executor) {
                    try await context.run(Note.self, "abandoned", options: options)
                }
                try await context.branch("b") {}
                try await context.sleep(for: .zero)
                _ = try await body.value
            case "saga":
                _ = try await context.saga { _ in try await refused(context) }
            case "branch":
                try await context.branch("b") { try await refused(context) }
            case "handler":
                try await context.sleep(for: .seconds(5))
                try await refused(context)
                try await context.sleep(for: .seconds(20))
            case "child":
                async let child = context.runChild(Child.self, id: "child", "one")
                try await refused(context)
                _ = try await child
            default: break
            }
            try context.change { $0.isDone = true }
            try await context.checkpoint()
        }

        private static func refused(_ context: WorkflowContext<Self>) async throws {
            do {
                try await context.checkpoint()
            } catch let failure as Failure where failure.type == "CheckpointRefused" {
                try context.change { $0.refusals.append(failure.message) }
            }
        }
    }

    private func engine(
        _ workflows: [any Workflow.Type], on store: any HistoryStore, world: World = World(),
        clock: SkippingClock = SkippingClock(), evicts: Bool = false
    ) async throws -> WorkflowEngine {
        try await makeEngine(
            workflows, [Note(world: world)], on: store, clock: clock, evictsAlways: evicts)
    }

    // MARK: Going on

    @Test("a run begins anew from its state, under another epoch, and does nothing twice")
    func pages() async throws {
        let store = MemoryHistoryStore()
        let world = World()
        let engine = try await engine([Reader.self], on: store.session(), world: world)
        let handle = try await engine.start(Reader.self, id: "r", 5)
        try await handle.signal(Reader.remark, "fine")
        try await handle.signal(Reader.go, Nothing())
        #expect(try await handle.result() == "5 pages, fine")
        #expect(world.names == (1...5).map { "page \($0)" })
        let keys = try await handle.history().compactMap { event -> String? in
            guard case .stepScheduled(let step) = event.body else { return nil }
            return step.key
        }
        #expect(keys == ["Note", "Note#2", "+1/Note", "+1/Note#2", "+2/Note"])
        let frames = try await handle.history().map(\.frame)
        #expect(Set(frames).count == 3)
        #expect(frames == frames.sorted())
        engine.close()
    }

    @Test("a run read from a checkpoint is the run read from its start")
    func machines() async throws {
        let store = MemoryHistoryStore()
        let engine = try await engine([Reader.self, Tally.self], on: store.session())
        let reader = try await engine.start(Reader.self, id: "r", 7)
        try await reader.signal(Reader.remark, "a", requestID: "one")
        _ = try await reader.update(Reader.count, Nothing(), requestID: "two")
        let tally = try await engine.start(Tally.self, id: "t", 1)
        for number in 1...25 {
            try await tally.signal(Tally.add, number, requestID: "s\(number)")
            _ = try await tally.update(Tally.take, 1, requestID: "u\(number)")
        }
        try await tally.cancel(requestID: "stop")
        var comparedCount = 0
        for history in try await histories(in: store.session()) {
            let checkpoints = history.indices.filter { history[$0].body.kind == .checkpointed }
            for end in 1...history.count {
                guard let last = checkpoints.last(where: { $0 < end }) else { continue }
                let whole = try RunMachine(history: Array(history[..<end]))
                let part = try RunMachine(history: [history[0]] + Array(history[last..<end]))
                #expect(part.digest == whole.digest, "\(end)")
                comparedCount += 1
            }
        }
        #expect(comparedCount > 50)
        engine.close()
    }

    @Test("a long history is read from its newest checkpoint on", arguments: [false, true])
    func long(evicts: Bool) async throws {
        let store = MemoryHistoryStore()
        var engine = try await engine([Tally.self], on: store.session(), evicts: evicts)
        let handle = try await engine.start(Tally.self, id: "t", 0)
        let count = evicts ? 300 : 1_500
        for number in 1...count { try await handle.signal(Tally.add, number) }
        let sum = count * (count + 1) / 2
        #expect(try await handle.query(Tally.sum) == sum)
        #expect(try await handle.history().count > count + count / 10)
        engine.close()
        let counting = CountingStore(store.session())
        engine = try await self.engine([Tally.self], on: counting, evicts: evicts)
        #expect(try await engine.core.recentHistory("t", handle.runID ?? "").events.count < 30)
        let again = engine.handle(Tally.self, id: "t")
        #expect(try await again.query(Tally.sum) == sum)
        #expect(try await again.update(Tally.take, 10) == sum - 10)
        #expect(counting.readCount < 60)
        engine.close()
    }

    @Test("a checkpoint waits for nothing that it would lose, and says what that is")
    func obstacles() async throws {
        let expected = [
            "timer": "`sleep`, which waits", "step": "`Note`, which waits",
            "saga": "a saga", "branch": "the branch “b/”", "handler": "1 handlers at work",
            "child": "`Child`, which waits", "twice": "the one before: nothing came since",
        ]
        for (input, obstacle) in expected {
            let engine = try await engine(
                [Hasty.self, Child.self], on: MemoryHistoryStore().session(),
                evicts: input == "saga")
            let handle = try await engine.start(Hasty.self, id: "h", input)
            if input == "handler" { try await handle.signal(Hasty.poke, Nothing()) }
            let result = try await handle.result()
            #expect(result.contains(obstacle), "\(input): \(result)")
            engine.close()
        }
    }

    // MARK: What is remembered

    @Test("requests and answers of before are known, and so are patches and a request to stop")
    func remembered() async throws {
        let store = MemoryHistoryStore()
        var engine = try await engine([Tally.self], on: store.session())
        let handle = try await engine.start(Tally.self, id: "t", 100)
        let answer = try await handle.update(Tally.take, 1, requestID: "first")
        for number in 1...30 {
            try await handle.signal(Tally.add, 1, requestID: "s\(number)")
            try await handle.signal(Tally.add, 1, requestID: "s\(number)")
        }
        #expect(try await handle.query(Tally.sum) == 129)
        engine.close()
        engine = try await self.engine([Tally.self], on: store.session())
        let again = engine.handle(Tally.self, id: "t")
        try await again.signal(Tally.add, 1, requestID: "s1")
        #expect(try await again.update(Tally.take, 1, requestID: "first") == answer)
        #expect(try await again.query(Tally.sum) == 129)
        try await again.cancel()
        await #expect(throws: WorkflowError.ended(workflowID: "t", .cancelled)) {
            try await again.result()
        }
        engine.close()
    }

    /// Was asked to stop, and begins anew all the same.
    enum Stubborn: Workflow {
        struct State: Codable, Sendable { var isSecond = false }
        static func initialState(for input: Nothing) -> State { State() }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            if context.state.isSecond {
                try await context.sleep(for: .seconds(1_000))
                return "slept"
            }
            do {
                try await context.sleep(for: .seconds(1_000))
            } catch is CancellationError {
                try context.change { $0.isSecond = true }
            }
            // The request to stop does not reach this.
            return try await context.shielded { () async throws -> String in
                try await context.checkpoint()
            }
        }
    }

    @Test("who was asked to stop before is asked still")
    func cancelled() async throws {
        let engine = try await engine([Stubborn.self], on: MemoryHistoryStore().session())
        let handle = try await engine.start(Stubborn.self, id: "s", Nothing())
        try await handle.cancel()
        await #expect(throws: WorkflowError.ended(workflowID: "s", .cancelled)) {
            try await handle.result()
        }
        #expect(try await handle.history().contains { $0.body.kind == .checkpointed })
        engine.close()
    }

    /// Its handlers let go of what they began.
    enum Busy: Workflow {
        struct State: Codable, Sendable { var count = 0 }
        static let poke = Signal<Self, Nothing>("poke")
        static func initialState(for input: Nothing) -> State { State() }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(poke) { context, _ in
                _ = try await context.race(
                    { try await context.run(Later.self, Nothing()) },
                    {
                        try await context.sleep(for: .seconds(1))
                        return ""
                    })
                try context.change { $0.count += 1 }
            }
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.serveMessages(checkpointAfter: 2)
        }
    }

    @Test("an entity begins anew once nothing is open that its handlers have begun")
    func busy() async throws {
        let clock = SkippingClock(skips: false)
        let engine = try await makeEngine(
            [Busy.self], [Later()], on: MemoryHistoryStore().session(), clock: clock)
        let handle = try await engine.start(Busy.self, id: "b", Nothing())
        for _ in 1...3 { try await handle.signal(Busy.poke, Nothing()) }
        while try await handle.history().count(where: { $0.typeName == "AttemptHandedOver" }) < 3 {
            await Task.yield()
        }
        clock.advance(by: .seconds(2))
        while try await handle.history().count(where: { $0.typeName == "TimerFired" }) < 3 {
            await Task.yield()
        }
        #expect(try await handle.describe().taskFailure == nil)
        #expect(try await !handle.history().contains { $0.body.kind == .checkpointed })
        clock.advance(by: .seconds(4_000))
        while try await !handle.history().contains(where: { $0.body.kind == .checkpointed }) {
            await Task.yield()
        }
        #expect(try await handle.describe().taskFailure == nil)
        engine.close()
    }

    // MARK: Other code

    /// As it was declared first.
    enum Old: Workflow {
        static let workflowName = "Growing"
        struct State: Codable, Sendable { var count = 0 }
        static let poke = Signal<Self, Nothing>("poke")
        static func initialState(for input: Nothing) -> State { State() }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(poke) { state, _ in state.count += 1 }
        }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.serveMessages(checkpointAfter: 2)
        }
    }

    /// Without a way to make its state of the old one.
    enum New: Workflow {
        static let workflowName = "Growing"
        struct State: Codable, Sendable { var name: String }
        static let poke = Signal<Self, Nothing>("poke")
        static func initialState(for input: Nothing) -> State { State(name: "") }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(poke) { state, _ in state.name += "!" }
        }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.serveMessages(checkpointAfter: 2)
        }
    }

    /// With one.
    enum Newer: Workflow {
        static let workflowName = "Growing"
        struct State: Codable, Sendable { var name: String }
        static let poke = Signal<Self, Nothing>("poke")
        static let name = Query<Self, Nothing, String>("name")
        static func initialState(for input: Nothing) -> State { State(name: "") }
        static func migrate(from old: RecordedState) throws -> State? {
            State(name: "\(try old.decode(as: Old.State.self).count) of \(old.fingerprint)")
        }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(poke) { state, _ in state.name += "!" }
            handlers.on(name) { state, _ in state.name }
        }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.serveMessages(checkpointAfter: 2)
        }
    }

    @Test("a state of old code is migrated, and a run waits for code that can")
    func migration() async throws {
        let store = MemoryHistoryStore()
        func engine(_ type: any Workflow.Type, _ fingerprint: String) async throws -> WorkflowEngine
        {
            try await makeEngine([type], on: store.session(), fingerprint: fingerprint)
        }
        let old = try await engine(Old.self, "old")
        let handle = try await old.start(Old.self, id: "g", Nothing())
        for _ in 1...4 { try await handle.signal(Old.poke, Nothing()) }
        old.close()
        let new = try await engine(New.self, "new")
        await #expect(throws: WorkflowError.self) {
            try await new.handle(New.self, id: "g").warm()
        }
        #expect(try await new.handle(New.self, id: "g").describe().versionNeeded != nil)
        new.close()
        let newer = try await engine(Newer.self, "newer")
        let last = newer.handle(Newer.self, id: "g")
        try await last.signal(Newer.poke, Nothing())
        #expect(try await last.query(Newer.name) == "4 of old!")
        try await last.signal(Newer.poke, Nothing())
        #expect(try await last.query(Newer.name) == "4 of old!!")
        newer.close()
    }
}

extension RunMachine {
    /// All that the engine looks at.
    fileprivate var digest: String {
        let steps = steps.map { "\($0.key) \($0.value.schedule.key) \($0.value.phase)" }.sorted()
        return "\(lastID) \(time) \(beganAt) \(epoch) \(frame) \(fingerprint) \(steps) "
            + "\(timers.keys.sorted()) \(children.keys.sorted()) \(sent.keys.sorted()) "
            + "\(openUpdates.sorted()) \(updateAnswers.keys.sorted()) "
            + "\(requests.sorted { $0.key < $1.key }) \(unseen.map(\.event.id)) \(compensable) "
            + "\(isCancelRequested) \(String(describing: outcome))"
    }
}
