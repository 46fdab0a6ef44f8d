import EmakiLog
import EmakiSimulation
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// The engine that users test their workflows with.
@Suite struct TestEngineTests {
    private func engine(_ world: World, evicts: Bool = false) -> WorkflowTestEngine {
        WorkflowTestEngine(
            workflows: [AccountTransfer.self, Timers.self],
            activities: [Debit(world: world), Credit(world: world), Refund(world: world)],
            evictsAlways: evicts)
    }

    private func transfer(_ engine: WorkflowEngine) async throws -> String {
        try await engine.execute(
            AccountTransfer.self, id: "t", Transfer(amount: 7), requestID: "r")
    }

    @Test("nothing goes wrong unless the test says so")
    func plain() async throws {
        let world = World()
        let test = engine(world)
        #expect(try await test.run(transfer) == "debited 7, credited 7")
        #expect(world.names == ["debit", "credit"])
        #expect(test.executionCount(of: Debit.self) == 1)
        #expect(test.processCount == 1)
        #expect(
            try await test.kinds(of: "t") == [
                "RunStarted", "StepScheduled", "StepCompleted", "StepScheduled", "StepCompleted",
                "RunClosed",
            ])
        try await test.checkReplay()
    }

    @Test("an attempt fails when the test says so, and the next one does not")
    func failing() async throws {
        let world = World()
        let test = engine(world)
        test.fail(Credit.self, attempt: 1, with: ApplicationFailure("line is busy"))
        #expect(try await test.run(transfer) == "debited 7, credited 7")
        #expect(world.names == ["debit", "credit"])
        #expect(test.executionCount(of: Credit.self) == 2)
        #expect(try await test.kinds(of: "t").contains("AttemptFailed"))
    }

    @Test("a saga undoes when the test lets every attempt fail")
    func undone() async throws {
        let world = World()
        let test = engine(world)
        for attempt in 1...3 {
            test.fail(Credit.self, attempt: attempt, with: ApplicationFailure("closed"))
        }
        await #expect(throws: WorkflowError.self) { try await test.run(transfer) }
        #expect(world.names == ["debit", "refund"])
    }

    @Test("a slow attempt takes the time that the test says")
    func slow() async throws {
        let test = engine(World())
        test.slow(Debit.self, attempt: 1, by: .seconds(9))
        let start = test.clock.now
        #expect(try await test.run(transfer) == "debited 7, credited 7")
        #expect(test.clock.now - start >= 9_000_000_000)
        #expect(try await !test.kinds(of: "t").contains("AttemptFailed"))
    }

    @Test("an attempt that takes too long is made again, and overlaps")
    func timedOut() async throws {
        let world = World()
        let test = engine(world)
        test.timeOut(Debit.self, attempt: 1, after: .seconds(11))
        #expect(try await test.run(transfer) == "debited 7, credited 7")
        #expect(test.executionCount(of: Debit.self) == 2)
        let failures = try await test.histories(of: "t")[0].compactMap { event -> Failure? in
            if case .attemptFailed(_, _, let failure, _) = event.body { return failure }
            return nil
        }
        #expect(failures.map(\.timeout) == [.startToClose])
    }

    @Test("a process ends after each event and the next one goes on", arguments: [false, true])
    func crashes(evicts: Bool) async throws {
        for event in 1...6 {
            let world = World()
            let test = engine(world, evicts: evicts)
            test.crash(afterEvents: event)
            #expect(try await test.run(transfer) == "debited 7, credited 7", "\(event)")
            #expect(test.processCount == 2, "\(event)")
            try await test.checkReplay()
        }
    }

    @Test("a process may end more than once")
    func crashesAgain() async throws {
        let test = engine(World())
        for event in 1...6 { test.crash(afterEvents: event) }
        #expect(try await test.run(transfer) == "debited 7, credited 7")
        #expect(test.processCount > 3)
        try await test.checkReplay()
    }

    @Test("the example of Docs/workflows.md")
    func example() async throws {
        let test = engine(World())
        test.fail(Credit.self, attempt: 1, with: ApplicationFailure("line is busy"))
        test.timeOut(Debit.self, attempt: 1, after: .seconds(11))
        test.crash(afterEvents: 4)
        let receipt = try await test.run { engine in
            try await engine.execute(
                AccountTransfer.self, id: "transfer-7", Transfer(amount: 7),
                requestID: "request-7")
        }
        #expect(receipt == "debited 7, credited 7")
        #expect(test.processCount == 2)
        #expect(try await test.kinds(of: "transfer-7").last == "RunClosed")
        try await test.checkReplay()
    }

    enum OnceInSaga: Workflow {
        static func run(context: WorkflowContext<Self>, input: Transfer) async throws -> String {
            try await context.saga { saga in
                let once = ActivityOptions(startToClose: .seconds(10), retry: .once)
                return try await saga.run(Debit.self, input, undo: Refund.self, options: once) {
                    outcome in
                    if case .unknown = outcome { return "in doubt" }
                    return "known"
                }
            }
        }
    }

    @Test("a step that may run once, of which a crash left the outcome unknown, is undone")
    func doubt() async throws {
        let world = World()
        let test = WorkflowTestEngine(
            workflows: [OnceInSaga.self], activities: [Debit(world: world), Refund(world: world)])
        test.crash(afterEvents: 2)
        await #expect(throws: WorkflowError.self) {
            try await test.run { engine in
                try await engine.execute(
                    OnceInSaga.self, id: "o", Transfer(amount: 1), requestID: "r")
            }
        }
        #expect(test.processCount == 2)
        #expect(world.count(of: "refund") == 1 && world.count(of: "debit") == 0)
        try await test.checkReplay()
    }

    @Test("thirty days of timers pass at once")
    func timers() async throws {
        let test = engine(World())
        let result = try await test.run { engine in
            try await engine.execute(Timers.self, id: "t", Nothing(), requestID: "r")
        }
        #expect(result == CrashTests.expected["timers"])
    }

    @Test("histories of a log and exported ones are replayed, and changed code is found")
    func stored() async throws {
        let test = engine(World())
        _ = try await test.run(transfer)
        let history = try await test.histories(of: "t")[0]
        let bytes = HistoryExport.bytes(of: history)
        #expect(try HistoryExport.history(of: bytes) == history)
        try Replayer(workflows: [AccountTransfer.self]).check(exported: bytes)
        #expect(throws: Failure.self) {
            try Replayer(workflows: [OtherTransfer.self]).check(exported: bytes)
        }
        for count in 0..<bytes.count {
            // Whole events are a history; anything else is damage.
            let read = try? HistoryExport.history(of: Array(bytes.prefix(count)))
            #expect(read.map { history.starts(with: $0) } ?? true, "\(count)")
        }
        let log = try await SimulatedDisk(seed: 1).open()
        let engine = try await makeEngine(
            [AccountTransfer.self],
            [Debit(world: World()), Credit(world: World()), Refund(world: World())],
            on: EventLogStore(log))
        _ = try await transfer(engine)
        engine.close()
        #expect(
            try await Replayer(workflows: [AccountTransfer.self]).checkAll(in: EventLogStore(log))
                == 1)
        await #expect(throws: Failure.self) {
            try await Replayer(workflows: [OtherTransfer.self]).checkAll(in: EventLogStore(log))
        }
        await log.close()
    }

    /// As if the code had been changed.
    enum OtherTransfer: Workflow {
        static let workflowName = "AccountTransfer"
        static func run(context: WorkflowContext<Self>, input: Transfer) async throws -> String {
            try await context.run(Credit.self, input)
        }
    }
}
