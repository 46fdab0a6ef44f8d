import EmakiPlatform
import EmakiWorkflow
import Testing

@testable import EmakiWorkflowTesting

/// What observers are told: once, in order, and not before it is durable.
@Suite struct ObserverTests {
    /// Writes a line before, between and behind two activities.
    enum Talker: Workflow {
        static let poke = Signal<Self, Int>("poke")
        static func initialState(for input: Int) -> Int { 0 }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(
                poke,
                perform: { context, number in
                    context.log(level: .debug, "poked \(number)")
                    try context.change { $0 += number }
                })
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            // Made in a replay, too: otherwise what comes behind would be numbered otherwise.
            context.log("begins \(try context.uuid().count)", metadata: ["input": "\(input)"])
            let first = try await context.run(Echo.self, input)
            context.log(level: .warning, "between")
            try await context.sleep(for: .seconds(60))
            try await context.wait { $0 > 0 }
            let second = try await context.step("double") { _ in first * 2 }
            context.log("ends")
            return second
        }
    }

    struct Echo: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        var door: Door?
        func run(context: ActivityContext, input: Int) async throws -> Int {
            await door?.pass()
            if input < 0 { throw ApplicationFailure("negative", isNonRetryable: true) }
            return input
        }
    }

    private func engine(
        _ workflows: [any Workflow.Type], _ observers: [any EngineObserver],
        on session: any HistoryStore, evicts: Bool = false, door: Door? = nil,
        interceptors: [any EngineInterceptor] = [], activitiesMax: Int = 10,
        clock: SkippingClock = SkippingClock()
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.evictsAlways = evicts
        options.observers = observers
        options.interceptors = interceptors
        options.activitiesMax = activitiesMax
        return try await WorkflowEngine(
            store: session, definitions: workflows.map { WorkflowDefinition($0) },
            activities: [Echo(door: door)], options: options)
    }

    private static let lines = ["line info begins 36", "line warning between", "line info ends"]

    @Test(
        "several observers are told the same, once, of a run that is evicted and taken up again",
        arguments: [false, true])
    func once(evicts: Bool) async throws {
        let store = MemoryHistoryStore()
        let notes = Notes()
        let others = Notes()
        let clock = SkippingClock(skips: false)
        let first = try await engine(
            [Talker.self], [notes, others], on: store.session(), evicts: evicts, clock: clock)
        let handle = try await first.start(Talker.self, id: "t", 7)
        await notes.wait("event t 4 TimerStarted")
        // It reads everything again.
        try await handle.signal(Talker.poke, 2)
        _ = try await handle.describe()
        first.close()
        let second = try await engine(
            [Talker.self], [notes, others], on: store.session(), evicts: evicts)
        let result = try await second.handle(Talker.self, id: "t").result()
        #expect(result == 14)
        let history = try await second.handle(Talker.self, id: "t").history()
        second.close()
        let events = notes.all.filter { $0.hasPrefix("event") }
        #expect(events.map { Int($0.split(separator: " ")[2]) } == history.map(\.id))
        #expect(events[2] == "event t 3 StepCompleted Echo 1")
        let lines = notes.all.filter { $0.hasPrefix("line") && !$0.contains("poked") }
        #expect(lines == Self.lines)
        #expect(notes.count("line debug poked") == 1)
        for name in ["Echo", "double"] {
            #expect(notes.count("began \(name)") == 1)
            #expect(notes.count("ended \(name) 1 completed") == 1)
        }
        #expect(others.all.sorted() == notes.all.sorted())
    }

    @Test(
        "a line is told once, and only when what it rests on is durable, whatever a store answers",
        arguments: MemoryHistoryStore.Session.Fault.allCases, 1...4)
    func durableFirst(fault: MemoryHistoryStore.Session.Fault, at commit: Int) async throws {
        let store = MemoryHistoryStore()
        let session = store.session()
        session.fail(at: commit, fault)
        let early = Guarded<[String]>([])
        let lock = Lock()
        let notes = Notes { run, lines in
            // Each line of this workflow follows an event that nothing else records.
            let kinds = Self.kinds(store, run)
            let isThere = lines.allSatisfy { line in
                switch line.message {
                case "between": kinds.contains("StepCompleted")
                case "ends": kinds.contains("RunClosed")
                default: kinds.contains("RunStarted")
                }
            }
            if !isThere { lock.withLock { early.value += lines.map(\.message) } }
        }
        let engine = try await engine([Talker.self], [notes], on: session)
        var handle: WorkflowHandle<Talker>?
        while handle == nil {
            handle = try? await engine.start(Talker.self, id: "t", 7, requestID: "r")
        }
        while (try? await handle?.signal(Talker.poke, 2, requestID: "s")) == nil {}
        var result: Int?
        while result == nil { result = try? await handle?.result() }
        #expect(result == 14)
        engine.close()
        let lines = notes.all.filter { $0.hasPrefix("line") }
        #expect(Set(lines).count == lines.count)
        #expect(lock.withLock { early.value } == [])
        #expect(lines.count == 4)
    }

    /// Names of the stored events of a run.
    private static func kinds(_ store: MemoryHistoryStore, _ run: ObservedRun) -> Set<String> {
        let page = store.read("run/\(run.workflowID)/\(run.runID)", from: 0, limit: 1_000)
        return Set(
            page.events.compactMap {
                try? HistoryEvent(metadata: $0.metadata, payload: $0.payload).typeName
            })
    }

    enum Chatterbox: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            for number in 1...input { context.log("line \(number)") }
            context.log(String(repeating: "ä", count: WorkflowLogLine.messageBytesMax))
            if input == 3 { throw EndOfTheWorld() }
            return input
        }
    }

    struct EndOfTheWorld: Error {}

    @Test("lines have bounds: those that are left out are counted, and a long one is cut")
    func bounds() async throws {
        let notes = Notes()
        let engine = try await engine(
            [Chatterbox.self], [notes], on: MemoryHistoryStore().session())
        let limit = WorkflowLogLine.countMax
        for count in [limit - 1, limit, limit + 1] {
            _ = try await engine.execute(Chatterbox.self, id: "c\(count)", count)
        }
        #expect(notes.count("line info line \(limit)") == 2)
        #expect(notes.count("line info line \(limit - 1)") == 3)
        #expect(notes.count("line warning 1 more lines were left out") == 1)
        #expect(notes.count("line warning 2 more lines were left out") == 1)
        let long = notes.all.first { $0.hasPrefix("line info ä") }
        #expect(long?.utf8.count == WorkflowLogLine.messageBytesMax + "line info ".utf8.count)
        engine.close()
    }

    @Test("what the code of a failed activation wrote is told to nobody, that it failed each time")
    func failed() async throws {
        let notes = Notes()
        let clock = SkippingClock(skips: false)
        let engine = try await engine(
            [Chatterbox.self], [notes], on: MemoryHistoryStore().session(), clock: clock)
        let handle = try await engine.start(Chatterbox.self, id: "c", 3)
        while try await handle.describe().pause == nil { clock.advance(by: .seconds(60)) }
        #expect(notes.count("line") == 0)
        #expect(notes.count("fault Chatterbox EndOfTheWorld") == 5)
        engine.close()
    }

    enum Pair: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            async let one = context.run(Echo.self, input)
            // wf:allow(WF091) both do the same
            async let other = context.run(Echo.self, input)
            return try await one + other
        }
    }

    @Test("how long an attempt waited for a worker, and how long it ran, is told apart")
    func queueWait() async throws {
        let notes = Notes()
        let door = Door()
        let engine = try await engine(
            [Pair.self], [notes], on: MemoryHistoryStore().session(), door: door,
            activitiesMax: 1)
        let handle = try await engine.start(Pair.self, id: "p", 3)
        await notes.wait("began Echo")
        // Answered in a turn of its own: the second was dispatched before.
        _ = try await handle.describe()
        #expect(engine.load.attemptsRunning == 1)
        #expect(engine.load.attemptsWaiting == 1)
        let from = SystemClock.monotonicNanoseconds()
        #expect(notes.count("began Echo") == 1)
        let to = SystemClock.monotonicNanoseconds()
        door.open()
        #expect(try await handle.result() == 6)
        #expect(notes.attempts.count == 2)
        #expect(try #require(notes.attempts.last).queueWait >= .nanoseconds(to - from))
        #expect(notes.attempts.allSatisfy { $0.run.workflowType == "Pair" && $0.run.runID != "" })
        engine.close()
        #expect(engine.load.attemptsRunning == 0)
    }

    @Test("how long a commit took is told, and nothing of it before it is durable")
    func commitWait() async throws {
        let notes = Notes()
        let door = Door()
        let store = DoorStore(MemoryHistoryStore().session(), from: 2, door)
        let engine = try await engine([Pair.self], [notes], on: store)
        let handle = try await engine.start(Pair.self, id: "p", 3)
        await notes.wait(for: 2, "ended Echo")
        let from = SystemClock.monotonicNanoseconds()
        #expect(notes.count("event p") == 3)
        #expect(notes.count("event p 4") == 0)
        let to = SystemClock.monotonicNanoseconds()
        async let result = handle.result()
        door.open()
        #expect(try await result == 6)
        #expect(notes.durable.count >= 2)
        // One of the two results had been handed to the store, or was about to be.
        #expect(notes.durable.allSatisfy { $0.commitWait >= .zero && $0.deciding >= .zero })
        let waits = notes.durable.dropFirst().map(\.commitWait)
        #expect(waits.contains { $0 >= .nanoseconds(to - from) })
        engine.close()
    }

    enum Relay: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            if input > 0 { throw try context.continueAsNew(input - 1) }
            var options = ChildOptions()
            options.run.headers = ["own": "1"]
            let child = try await context.runChild(Named.self, id: "child", input, options: options)
            return "\(context.info.headers.sorted { $0.key < $1.key }.map(\.key)) \(child)"
        }
    }

    enum Named: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            "\(context.info.headers.sorted { $0.key < $1.key }.map(\.key))"
        }
    }

    /// Adds a header to starts, and a word to results.
    struct Stamp: EngineInterceptor {
        let name: String
        var value = "x"
        func start(
            _ start: StartingRun, _ proceed: (StartingRun) async throws -> String
        ) async throws -> String {
            var start = start
            start.headers[name] = value + "\(start.headers.count)"
            return try await proceed(start)
        }
    }

    @Test("headers that are added to a start reach the run that follows it, and its children")
    func headers() async throws {
        let notes = Notes()
        let engine = try await engine(
            [Relay.self, Named.self], [notes], on: MemoryHistoryStore().session(),
            interceptors: [Stamp(name: "a"), Stamp(name: "b")])
        let result = try await engine.execute(Relay.self, id: "r", 1)
        #expect(result == #"["a", "b"] ["a", "b", "own"]"#)
        // The first interceptor is the outermost: the second saw its header.
        let first = try #require(notes.durable.first)
        #expect(first.run.headers == ["a": "x0", "b": "x1"])
        // The run that follows is told as a start of its own.
        #expect(notes.count("event r 1 RunStarted") == 2)
        engine.close()
    }

    @Test("headers that are too large are refused, and nothing is started")
    func largeHeaders() async throws {
        let engine = try await engine(
            [Named.self], [], on: MemoryHistoryStore().session(),
            interceptors: [
                Stamp(
                    name: "a", value: String(repeating: "x", count: RunOptions.labelBytesMax))
            ])
        await #expect {
            try await engine.start(Named.self, id: "n", 1)
        } throws: { error in
            guard case WorkflowError.tooLarge = error else { return false }
            return true
        }
        await #expect(throws: WorkflowError.notFound(workflowID: "n")) {
            try await engine.handle(Named.self, id: "n").describe()
        }
        engine.close()
    }

    enum Texts: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            try await context.step("text") { _ in "t" }
        }
    }

    @Test("interceptors stand around an attempt, the first outermost, and what they give counts")
    func around() async throws {
        struct Quotes: EngineInterceptor {
            let sign: String
            func attempt(
                _ attempt: ObservedAttempt, _ proceed: () async throws -> Payload
            ) async throws -> Payload {
                let text = String(decoding: try await proceed().bytes, as: UTF8.self)
                return Payload(text: "\"" + sign + text.dropFirst())
            }
        }
        let engine = try await engine(
            [Texts.self], [], on: MemoryHistoryStore().session(),
            interceptors: [Quotes(sign: "1"), Quotes(sign: "2")])
        let result = try await engine.execute(Texts.self, id: "t", 1)
        #expect(result == "12t")
        engine.close()
    }

    @Test("a result that an interceptor makes too large fails the attempt, and is told as that")
    func tooLargeResult() async throws {
        struct Inflation: EngineInterceptor {
            func attempt(
                _ attempt: ObservedAttempt, _ proceed: () async throws -> Payload
            ) async throws -> Payload {
                Payload([UInt8](repeating: 0, count: (1 << 20) + 1))
            }
        }
        let notes = Notes()
        let engine = try await engine(
            [Texts.self], [notes], on: MemoryHistoryStore().session(),
            interceptors: [Inflation()])
        await #expect {
            try await engine.execute(Texts.self, id: "t", 1)
        } throws: { error in
            guard case WorkflowError.ended(_, .failed(let failure)) = error else { return false }
            return failure.type == "PayloadTooLarge"
        }
        #expect(notes.count("ended text 1 failed PayloadTooLarge") == 1)
        engine.close()
    }
}
