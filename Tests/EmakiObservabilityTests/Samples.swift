#if Logging || Metrics || Tracing
    import EmakiPlatform
    import EmakiWorkflow
    import EmakiWorkflowTesting

    /// Secret: it must be in no line, no label and no attribute.
    let secret = "s3cret-of-the-customer"

    /// Doubles a number twice, with a wait in between, says what it does, and may fail.
    enum Doubling: Workflow {
        struct Input: Codable, Sendable {
            var number = 1
            var note = secret
            var fails = false
        }

        static let go = Signal<Self, String>("go")
        static func initialState(for input: Input) -> Bool { false }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(go) { state, _ in state = true }
        }

        static func run(context: WorkflowContext<Self>, input: Input) async throws -> Int {
            context.log(level: .notice, "doubles", metadata: ["step": "first"])
            let once = try await context.run(Double.self, input)
            try await context.sleep(for: .seconds(30))
            try await context.wait { $0 }
            let twice = try await context.step("step-\(once)") { _ in once * 2 }
            if input.fails { throw ApplicationFailure(secret, type: "TooMuch") }
            context.log("doubled")
            return twice
        }
    }

    struct Double: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(10), retry: RetryPolicy(initialInterval: .seconds(1)))
        let world: World
        /// Told of each attempt while it runs.
        var onAttempt: @Sendable (ActivityContext) -> Void = { _ in }
        var failures = 1

        func run(context: ActivityContext, input: Doubling.Input) async throws -> Int {
            world.act(context.info)
            onAttempt(context)
            if context.info.attempt <= failures {
                throw ApplicationFailure("no: \(secret)", type: "Busy")
            }
            return input.number * 2
        }
    }

    /// Has a child that doubles.
    enum Parenting: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            let child = try await context.startChild(
                Doubling.self, id: "child", Doubling.Input(number: input))
            try await child.signal(Doubling.go, secret)
            return try await child.result()
        }
    }

    /// Is done by somebody outside.
    struct Outside: Activity {
        static let options = ActivityOptions(startToClose: .seconds(100))
        func run(context: ActivityContext, input: Nothing) async throws -> Int {
            throw ActivityContext.CompletesLater()
        }
    }

    enum Waiting: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            try await context.run(Outside.self, Nothing())
        }
    }

    /// Breaks a rule at once.
    enum Faulty: Workflow {
        struct Undeclared: Error {}
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            throw Undeclared()
        }
    }

    /// Attempts that were made.
    final class World: Sendable {
        private let lock = Lock()
        private let made = Guarded<[AttemptInfo]>([])
        var attempts: [AttemptInfo] { lock.withLock { made.value } }
        func act(_ info: AttemptInfo) { lock.withLock { made.value.append(info) } }
    }

    /// Engines on one store, one after the other.
    struct Site {
        let store = MemoryHistoryStore()
        let clock = SkippingClock()
        let world = World()
        var evicts = false
        var observers: [any EngineObserver] = []
        var interceptors: [any EngineInterceptor] = []
        var onAttempt: @Sendable (ActivityContext) -> Void = { _ in }

        /// - Parameter skips: false: time stands still.
        func open(skips: Bool = true) async throws -> WorkflowEngine {
            var options = EngineOptions()
            options.clock = skips ? clock : SkippingClock(start: clock.now, skips: false)
            options.evictsAlways = evicts
            options.observers = observers
            options.interceptors = interceptors
            return try await WorkflowEngine(
                store: store.session(),
                definitions: [
                    WorkflowDefinition(Doubling.self), WorkflowDefinition(Parenting.self),
                    WorkflowDefinition(Waiting.self), WorkflowDefinition(Faulty.self),
                ],
                activities: [Double(world: world, onAttempt: onAttempt), Outside()],
                options: options)
        }

        /// One run of `Doubling` that lives in two processes, to its result.
        func twoLives(_ id: String, _ input: Doubling.Input = Doubling.Input()) async throws {
            let first = try await open(skips: false)
            let handle = try await first.start(Doubling.self, id: id, input)
            try await handle.signal(Doubling.go, secret)
            first.close()
            let second = try await open()
            let end = await Result { try await second.handle(Doubling.self, id: id).result() }
            second.close()
            if !input.fails { _ = try end.get() }
        }
    }

    extension Result where Failure == any Error {
        init(_ body: () async throws -> Success) async {
            do {
                self = .success(try await body())
            } catch {
                self = .failure(error)
            }
        }
    }
#endif
