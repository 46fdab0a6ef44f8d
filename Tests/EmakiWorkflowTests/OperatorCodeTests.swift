import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// An operator's engine that has the code: what a user's program with the verbs of `emaki workflow`
/// is, where nobody runs the workflows. Nothing begins by what it is asked.
@Suite struct OperatorCodeTests {
    /// Not to be made twice.
    struct Charge: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(10), retry: RetryPolicy(maximumAttempts: 1))
        let world: World
        var session: (any ProcessSession)?

        func run(context: ActivityContext, input: Int) async throws -> Int {
            world.act("charge", context.info, in: session)
            return input
        }
    }

    enum Account: Workflow {
        static let add = Signal<Self, Int>("add")
        static let audit = Signal<Self, Nothing>("audit")
        static let value = Query<Self, Nothing, Int>("value")
        static let set = Update<Self, Int, Int>("set")
        static let charge = Update<Self, Int, Int>("charge")
        static let hold = Update<Self, Nothing, Nothing>("hold")

        static func initialState(for input: Int) -> Int { input }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(add) { $0 += $1 }
            handlers.on(
                audit,
                perform: { context, _ in _ = try await context.run(Charge.self, 0) })
            handlers.on(value) { state, _ in state }
            handlers.on(
                set,
                validate: { state, number in
                    if number < state { throw ApplicationFailure("less than \(state)") }
                }
            ) { state, number in
                defer { state = number }
                return state
            }
            handlers.on(
                charge,
                perform: { context, amount in
                    let charged = try await context.run(Charge.self, amount)
                    try context.change { $0 -= charged }
                    return context.state
                })
            handlers.on(
                hold,
                perform: { context, _ in
                    try await context.wait { $0 >= 1_000 }
                    return Nothing()
                })
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.wait { $0 >= 1_000 }
            return context.state
        }
    }

    /// Nobody takes it.
    struct Pulled: Activity {
        static let options: ActivityOptions = {
            var options = ActivityOptions(startToClose: .seconds(10))
            options.queue = "nobody's"
            return options
        }()
        func run(context: ActivityContext, input: Nothing) async throws -> Nothing { Nothing() }
    }

    /// Has a step open while it is told something.
    enum Busy: Workflow {
        static let charge = Update<Self, Int, Int>("charge")
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(
                charge,
                perform: { context, amount in try await context.run(Charge.self, amount) })
        }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.run(Pulled.self, Nothing())
        }
    }

    /// Tells another one when it is told.
    enum Teller: Workflow {
        static let tell = Update<Self, Int, Nothing>("tell")
        static func initialState(for input: Nothing) -> Bool { false }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(
                tell,
                perform: { context, amount in
                    try await context.signal("a", Account.add, amount)
                    return Nothing()
                })
        }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            try await context.wait { $0 }
            return Nothing()
        }
    }

    /// Of a type that is called `Account`, too, and does something else at first.
    enum Other: Workflow {
        static let workflowName = "Account"
        static let value = Query<Self, Nothing, Int>("value")
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(value) { _, _ in 0 }
        }
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.sleep(for: .seconds(1))
            return 0
        }
    }

    /// A store that processes have open one after the other.
    private struct Site {
        let store = MemoryHistoryStore()
        let world = World()

        func running(
            dyingAt end: MemoryHistoryStore.Session.End? = nil,
            _ body: @escaping @Sendable (WorkflowHandle<Account>) async throws -> Void
        ) async throws {
            let session = store.session()
            let outcome = FirstOutcome<Void>()
            if let end { session.end(at: end) { outcome.give(nil) } }
            let world = world
            Task {
                do {
                    let engine = try await makeEngine(
                        [Account.self], [Charge(world: world, session: session)], on: session)
                    defer { engine.close() }
                    try await engine.start(
                        Account.self, id: "a", 10, conflict: .useExisting, requestID: "start")
                    try await body(engine.handle(Account.self, id: "a"))
                    outcome.give(.success(()))
                } catch {
                    outcome.give(session.isOver ? nil : .failure(error))
                }
            }
            try await outcome.value()?.get()
        }

        /// Asks as the command does.
        /// - Returns: nil if the process died.
        @discardableResult
        func ask(
            _ verb: String, _ members: [(String, String)] = [],
            with workflow: (any Workflow.Type)? = Account.self, fingerprint: String? = nil,
            dyingAt end: MemoryHistoryStore.Session.End? = nil
        ) async throws -> String? {
            let session = store.session()
            let outcome = FirstOutcome<String>()
            if let end { session.end(at: end) { outcome.give(nil) } }
            var options = EngineOptions()
            options.executesCode = false
            options.rehearsesCode = workflow != nil
            options.clock = SkippingClock()
            let definitions = workflow.map { [Self.definition($0, fingerprint)] } ?? []
            let chosen = options
            let members = [("id", "a")] + members
            Task {
                do {
                    let engine = try await WorkflowEngine(
                        store: session, definitions: definitions, options: chosen)
                    defer { engine.close() }
                    let answer = try await OperatorEngineTests.ask(engine, verb, members)
                    outcome.give(.success(answer.result))
                } catch {
                    outcome.give(session.isOver ? nil : .failure(error))
                }
            }
            return try await outcome.value()?.get()
        }

        func operating(_ workflows: [any Workflow.Type]) async throws -> WorkflowEngine {
            var options = EngineOptions()
            options.executesCode = false
            options.rehearsesCode = true
            options.clock = SkippingClock()
            return try await WorkflowEngine(
                store: store.session(),
                definitions: workflows.map { Self.definition($0, nil) }, options: options)
        }

        private static func definition(
            _ workflow: any Workflow.Type, _ fingerprint: String?
        ) -> WorkflowDefinition { WorkflowDefinition(workflow, fingerprint: fingerprint) }

        func events() async throws -> [HistoryEvent] {
            try await histories(in: store.session()).first ?? []
        }

        func types() async throws -> [String] { try await events().map(\.typeName) }
    }

    @Test("a query sees all that was acknowledged, also what no code has seen, and records nothing")
    func queries() async throws {
        let site = Site()
        try await site.ask("start", [("type", "Account"), ("input", "10")])
        try await site.ask("signal", [("name", "add"), ("input", "5")], with: nil)
        let before = try await site.types()
        #expect(before == ["RunStarted", "SignalReceived"])
        let asked = try await site.ask("query", [("name", "value")])
        #expect(asked == #"{"workflow":"a","answer":15}"#)
        #expect(try await site.types() == before)
        // Of what no attempt is made for, too.
        try await site.ask("signal", [("name", "audit")])
        try await site.ask("signal", [("name", "add"), ("input", "5")])
        let later = try await site.ask("query", [("name", "value")])
        #expect(later == #"{"workflow":"a","answer":20}"#)
        #expect(try await site.types().count == 4)
        try await site.running { account in
            let value = try await account.query(Account.value)
            #expect(value == 20)
            try await account.signal(Account.add, 1_000)
            let result = try await account.result()
            #expect(result == 1_020)
        }
        #expect(site.world.count(of: "charge") == 1)
        let closed = try await site.ask("query", [("name", "value")])
        #expect(closed == #"{"workflow":"a","answer":1020}"#)
    }

    @Test("an update by which nothing begins is handled to its end, once, and its answer stays")
    func updates() async throws {
        let site = Site()
        try await site.running { _ in }
        try await site.ask("signal", [("name", "add"), ("input", "5")], with: nil)
        let members = [("name", "set"), ("input", "40"), ("request", "r")]
        for _ in 0..<2 {
            let answer = try await site.ask("update", members)
            #expect(answer == #"{"workflow":"a","answer":15}"#)
        }
        #expect(
            try await site.types()
                == [
                    "RunStarted", "SignalReceived", "UpdateAccepted", "Activated", "Activated",
                    "UpdateCompleted",
                ])
        try await site.running { account in
            let answer = try await account.update(Account.set, 40, requestID: "r")
            #expect(answer == 15)
            let value = try await account.query(Account.value)
            #expect(value == 40)
        }
        try Replayer(workflows: [Account.self]).check(try await site.events())
    }

    @Test("what the code refuses is not recorded")
    func validates() async throws {
        let site = Site()
        try await site.running { _ in }
        try await site.ask("signal", [("name", "add"), ("input", "5")], with: nil)
        let before = try await site.types()
        for (verb, members, text) in [
            ("update", [("name", "set"), ("input", "12")], "less than 15"),
            ("update", [("name", "unheard")], "no handler for unheard"),
            ("signal", [("name", "unheard")], "no handler for unheard"),
            ("signal", [("name", "add"), ("input", "\"x\"")], "DecodingError"),
            ("query", [("name", "unheard")], "no query unheard"),
            ("start", [("type", "Unheard")], "no workflow of the type Unheard"),
        ] as [(String, [(String, String)], String)] {
            do {
                _ = try await site.ask(verb, members)
                Issue.record("\(verb) \(members) was done")
            } catch let fault as ControlFault {
                #expect(fault.message.contains(text), "\(verb) \(members): \(fault)")
            }
        }
        #expect(try await site.types() == before)
    }

    @Test("an update whose handler waits, or whose run rests or has not begun, says so")
    func pending() async throws {
        let site = Site()
        try await site.ask("start", [("type", "Account"), ("input", "10")])
        let early = try await site.ask("update", [("name", "set"), ("input", "11")])
        #expect(early?.contains("no engine has begun the run yet") == true)
        #expect(try await site.types() == ["RunStarted", "UpdateAccepted"])
        try await site.running { account in
            let value = try await account.query(Account.value)
            #expect(value == 11)
        }
        let held = try await site.ask("update", [("name", "hold"), ("request", "h")])
        #expect(held?.contains(#""request":"h","pending":"its handler is not done"#) == true)
        try await site.ask("pause", [("reason", "lunch")])
        let rests = try await site.ask("update", [("name", "set"), ("input", "50")])
        #expect(rests?.contains("rests since") == true, "\(rests ?? "")")
        try await site.ask("resume")
        try await site.running { account in
            let value = try await account.query(Account.value)
            #expect(value == 50)
            try await account.signal(Account.add, 1_000)
            let result = try await account.result()
            #expect(result == 1_050)
        }
    }

    @Test("code that does not follow answers nothing, and code that does takes no run over")
    func otherCode() async throws {
        let site = Site()
        try await site.running { account in try await account.signal(Account.add, 5) }
        let before = try await site.types()
        await #expect(throws: ControlFault.self) {
            try await site.ask("query", [("name", "value")], with: Other.self)
        }
        let asked = try await site.ask("query", [("name", "value")], fingerprint: "newer")
        #expect(asked?.contains("15") == true)
        #expect(try await site.types() == before)
        let set = try await site.ask(
            "update", [("name", "set"), ("input", "50")], fingerprint: "newer")
        #expect(set?.contains("other code has it") == true)
        #expect(try await site.types() == before + ["UpdateAccepted"])
    }

    /// Where the operator's process may end: before or after its one commit, or not at all.
    private static let operatorEnds: [MemoryHistoryStore.Session.End?] =
        [nil, .init(commit: 1, isStored: false), .init(commit: 1, isStored: true)]

    @Test(
        "an update that asks for a step is left to the next engine, which makes it once",
        arguments: operatorEnds)
    func leftToNext(operatorEnd: MemoryHistoryStore.Session.End?) async throws {
        for commit in 0...6 {
            for isStored in [false, true] {
                let site = Site()
                try await site.running { _ in }
                let members = [("name", "charge"), ("input", "3"), ("request", "r")]
                let first = try await site.ask("update", members, dyingAt: operatorEnd)
                #expect((first == nil) == (operatorEnd != nil))
                let second = try await site.ask("update", members)
                #expect(second?.contains("its code asks for") == true, "\(second ?? "")")
                #expect(try await site.types() == ["RunStarted", "UpdateAccepted"])
                let end = MemoryHistoryStore.Session.End(commit: commit, isStored: isStored)
                try await site.running(dyingAt: commit > 0 ? end : nil) { account in
                    _ = try await account.update(Account.charge, 3, requestID: "r")
                }
                try await site.running { account in
                    do {
                        let left = try await account.update(Account.charge, 3, requestID: "r")
                        #expect(left == 7)
                        #expect(site.world.count(of: "charge") == 1)
                    } catch WorkflowError.updateFailed(let failure) {
                        // Its one attempt was under way when the engine's process ended.
                        #expect(commit > 0 && failure.kind == .outcomeUnknown)
                    }
                }
                #expect(site.world.count(of: "charge") <= 1, "\(end)")
                checkEffects(of: [try await site.events()], in: site.world)
                try Replayer(workflows: [Account.self]).check(try await site.events())
            }
        }
    }

    @Test("what is asked of a run with a step under way begins once, and is not taken for begun")
    func besideOthers() async throws {
        let site = Site()
        let first = try await makeEngine([Busy.self], on: site.store.session())
        try await first.start(Busy.self, id: "b", Nothing())
        let begun = first.handle(Busy.self, id: "b")
        while try await begun.describe().eventCount < 2 { await Task.yield() }
        first.close()
        let engine = try await site.operating([Busy.self])
        let members = [("id", "b"), ("name", "charge"), ("input", "3"), ("request", "r")]
        let told = try await OperatorEngineTests.ask(engine, "update", members)
        #expect(told.has("its code asks for"), "\(told.result)")
        engine.close()
        let next = try await makeEngine(
            [Busy.self], [Charge(world: site.world)], on: site.store.session())
        let busy = next.handle(Busy.self, id: "b")
        let charged = try await busy.update(Busy.charge, 3, requestID: "r")
        #expect(charged == 3)
        #expect(site.world.count(of: "charge") == 1)
        let types = try await busy.history().map(\.typeName)
        #expect(!types.contains("AttemptFailed"))
        next.close()
    }

    @Test(
        "an update that is handled to its end has its effect once, wherever the operator dies",
        arguments: 1...2, [false, true])
    func diesBetween(commit: Int, isStored: Bool) async throws {
        let site = Site()
        try await site.running { _ in }
        let members = [("name", "set"), ("input", "40"), ("request", "r")]
        let end = MemoryHistoryStore.Session.End(commit: commit, isStored: isStored)
        #expect(try await site.ask("update", members, dyingAt: end) == nil)
        let again = try await site.ask("update", members)
        #expect(again == #"{"workflow":"a","answer":10}"#)
        #expect(try await site.types().count { $0 == "UpdateAccepted" } == 1)
        try await site.running { account in
            let answer = try await account.update(Account.set, 40, requestID: "r")
            #expect(answer == 10)
        }
    }

    @Test("one engine is asked many things at a time, and begins nothing by any of them")
    func together() async throws {
        let site = Site()
        try await site.running { _ in }
        let engine = try await site.operating([Account.self])
        _ = try await OperatorEngineTests.ask(
            engine, "update", [("id", "a"), ("name", "set"), ("input", "40")])
        _ = try await OperatorEngineTests.ask(engine, "signal", [("id", "a"), ("name", "audit")])
        let core = engine.core
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    let payload: Payload = try await core.ask("a") {
                        .rehearse(.query("value", .empty, $0))
                    }
                    #expect(payload == Payload(text: "40"))
                    let description: RunDescription = try await core.ask("a") { .describe($0) }
                    #expect(description.eventCount >= 5)
                    let message = Message(
                        name: "hold", requestID: "h\(number)", input: Payload(text: "{}"))
                    try await core.ask("a") { .accept(message, $0) }
                }
            }
            try await group.waitForAll()
        }
        engine.close()
        let types = try await site.types()
        #expect(types.count { $0 == "UpdateAccepted" } == 21)
        #expect(!types.contains("StepScheduled"))
    }

    @Test("what an update asks of other workflows is recorded, and done by the next engine")
    func others() async throws {
        let site = Site()
        try await site.running { _ in }
        let members = [("id", "t"), ("name", "tell"), ("input", "5")]
        let first = try await makeEngine([Teller.self], on: site.store.session())
        try await first.start(Teller.self, id: "t", Nothing())
        first.close()
        let engine = try await site.operating([Account.self, Teller.self])
        let told = try await OperatorEngineTests.ask(engine, "update", members)
        #expect(told.has("waits for the signal add to arrive at a"), "\(told.result)")
        // Whatever it had sent would be there after these.
        for id in ["t", "a"] {
            _ = try await OperatorEngineTests.ask(engine, "describe", [("id", id)])
        }
        engine.close()
        #expect(try await site.types() == ["RunStarted"])
        let next = try await makeEngine(
            [Account.self, Teller.self], [Charge(world: site.world)], on: site.store.session())
        let account = next.handle(Account.self, id: "a")
        while try await account.query(Account.value) < 15 { await Task.yield() }
        next.close()
    }
}
