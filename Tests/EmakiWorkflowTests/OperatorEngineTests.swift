import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Foundation
import Testing

@testable import EmakiWorkflow

/// An engine without code, on a store that nobody else has open: what `emaki workflow` is then.
@Suite struct OperatorEngineTests {
    /// A log, an engine with code, and an operator's, one after the other.
    private struct Site {
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-operator-\(UUID())"
        let world = World()

        func withCode(
            at start: Int64 = 1_700_000_000_000_000_000,
            _ body: (WorkflowEngine) async throws -> Void
        ) async throws {
            try await onLog { log in
                var options = EngineOptions()
                options.clock = SkippingClock(start: start, skips: false)
                let engine = try await WorkflowEngine(
                    log: log,
                    workflows: [AccountTransfer.self, Counter.self, Outside.self, Dozing.self],
                    activities: [
                        Debit(world: world), Credit(world: world), Refund(world: world), Later(),
                    ], options: options)
                try await body(engine)
                engine.close()
            }
        }

        /// Asks as the command does.
        func ask(
            _ verb: String, _ members: [(String, String)] = [], claims: [String] = []
        ) async throws -> Answer {
            var answer = Answer()
            try await onLog { log in
                let engine = try await WorkflowEngine.operating(on: log)
                defer { engine.close() }
                answer = try await OperatorEngineTests.ask(engine, verb, members, claims)
            }
            return answer
        }

        func events(_ stream: String) async throws -> Int {
            var count = 0
            try await onLog { log in
                for name in try log.streams(withPrefix: stream, after: nil, limit: 10) {
                    count += Int(try log.version(of: name.stream).rawValue)
                }
            }
            return count
        }

        private func onLog(_ body: (EventLog) async throws -> Void) async throws {
            let log = try await EventLog.open(
                at: folder, .creating(StoreOptions(segmentBytes: 1 << 20)))
            do {
                try await body(log)
            } catch {
                await log.close()
                throw error
            }
            await log.close()
        }

        func remove() { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Asks an engine, as the command does.
    static func ask(
        _ engine: WorkflowEngine, _ verb: String, _ members: [(String, String)],
        _ claims: [String] = []
    ) async throws -> Answer {
        var object = JSONObject()
        object.add("emaki", ControlRequest.version)
        object.add("verb", Operator.verb)
        object.add("do", verb)
        for (name, value) in members { object.add(name, value) }
        for name in claims { object.add(name, true) }
        let line = Array(object.text.utf8)
        return try await SystemThread.offload(name: "operator") {
            () throws(ControlFault) -> Answer in
            var lines: [String] = []
            let sink = Operator.Sink(
                line: {
                    lines.append($0.text)
                    return true
                }, progress: { _ in true })
            let result = try Operator(engine).answer(ControlRequest(line: line), sink)
            return Answer(lines: lines, result: result.text)
        }
    }

    struct Answer {
        var lines: [String] = []
        var result = ""
        func has(_ text: String) -> Bool { result.contains(text) }
    }

    /// An activity that somebody outside completes.
    struct Later: Activity {
        static let options = ActivityOptions(startToClose: .seconds(1_000))
        func run(context: ActivityContext, input: Nothing) async throws -> Int {
            throw ActivityContext.CompletesLater()
        }
    }

    enum Outside: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            try await context.run(Later.self, Nothing())
        }
    }

    enum Dozing: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            try await context.sleep(for: .seconds(60))
            return 60
        }
    }

    @Test("what is started and sent without code is done by the next engine that has it")
    func startedWithoutCode() async throws {
        let site = Site()
        defer { site.remove() }
        let started = try await site.ask(
            "start", [("id", "c"), ("type", "Counter"), ("input", "5"), ("request", "r1")])
        // The same once more is the same run.
        let again = try await site.ask(
            "start", [("id", "c"), ("type", "Counter"), ("input", "5"), ("request", "r1")])
        #expect(started.result == again.result)
        _ = try await site.ask(
            "signal", [("id", "c"), ("name", "add"), ("input", "2"), ("request", "r2")])
        _ = try await site.ask(
            "signal", [("id", "c"), ("name", "add"), ("input", "2"), ("request", "r2")])
        #expect(try await site.events("run/c/") == 2)
        let described = try await site.ask("describe", [("id", "c")])
        #expect(described.has(#""explanation":"has 2 events to see;"#))
        try await site.withCode { engine in
            let counter = engine.handle(Counter.self, id: "c")
            #expect(try await counter.query(Counter.value) == 7)
            try await counter.signal(Counter.finish, Nothing())
            #expect(try await counter.result() == 7)
        }
        let closed = try await site.ask("describe", [("id", "c")])
        #expect(closed.has(#""state":"completed""#) && closed.has(#""result":7"#))
    }

    @Test("looking at runs with overdue timers and attempts under way records nothing")
    func onlyLooks() async throws {
        let site = Site()
        defer { site.remove() }
        try await site.withCode { engine in
            try await engine.start(Dozing.self, id: "dozing", Nothing())
            try await engine.start(Outside.self, id: "outside", Nothing())
            let handle = engine.handle(Outside.self, id: "outside")
            while try await !handle.describe().explanation.contains("by its token") {
                await Task.yield()
            }
        }
        let before = try await site.events("run/")
        let dozing = try await site.ask("describe", [("id", "dozing")])
        #expect(dozing.has("and is due"), "\(dozing.result)")
        let outside = try await site.ask("describe", [("id", "outside")])
        #expect(outside.has("which somebody outside completes"), "\(outside.result)")
        _ = try await site.ask("list")
        _ = try await site.ask("show", [("id", "dozing")])
        _ = try await site.ask("history", [("id", "outside")])
        #expect(try await site.events("run/") == before)
        // Telling one something starts nothing else either.
        _ = try await site.ask("cancel", [("id", "dozing"), ("reason", "enough")])
        #expect(try await site.events("run/") == before + 1)
        try await site.withCode { engine in
            let handle = engine.handle(Dozing.self, id: "dozing")
            await #expect(throws: WorkflowError.self) { try await handle.result() }
            let outcome = try await handle.describe().outcome
            #expect(outcome == .cancelled)
        }
    }

    @Test("an attempt is completed by its token without code, once")
    func token() async throws {
        let site = Site()
        defer { site.remove() }
        var token = ""
        try await site.withCode { engine in
            let handle = try await engine.start(Outside.self, id: "o", Nothing())
            while try await !handle.describe().explanation.contains("by its token") {
                await Task.yield()
            }
            let run = try await handle.describe().runID
            token = TaskToken(workflowID: "o", runID: run, step: 2, attempt: 1).description
        }
        _ = try await site.ask("complete", [("token", token), ("input", "42")])
        await #expect(throws: ControlFault.self) {
            try await site.ask("complete", [("token", token), ("input", "43")])
        }
        await #expect(throws: ControlFault.self) {
            try await site.ask("fail", [("token", "nonsense"), ("message", "x")])
        }
        try await site.withCode { engine in
            let result = try await engine.handle(Outside.self, id: "o").result()
            #expect(result == 42)
        }
    }

    @Test("pause, resume and terminate without code")
    func resting() async throws {
        let site = Site()
        defer { site.remove() }
        try await site.withCode { engine in
            try await engine.start(Counter.self, id: "c", 1)
        }
        _ = try await site.ask("pause", [("id", "c"), ("reason", "lunch")])
        let paused = try await site.ask("describe", [("id", "c")])
        #expect(paused.has(#""state":"paused""#) && paused.has("(lunch)"))
        _ = try await site.ask("resume", [("id", "c")])
        try await site.withCode { engine in
            let counter = engine.handle(Counter.self, id: "c")
            try await counter.signal(Counter.add, 1)
            #expect(try await counter.query(Counter.value) == 2)
        }
        _ = try await site.ask("terminate", [("id", "c"), ("reason", "enough")])
        let closed = try await site.ask("describe", [("id", "c")])
        #expect(closed.has(#""state":"terminated""#) && closed.has("was terminated (enough)"))
        await #expect(throws: ControlFault.self) {
            try await site.ask("signal", [("id", "c"), ("name", "add"), ("input", "1")])
        }
    }

    @Test("queries and updates need the code, and say so; bad requests are named")
    func refusals() async throws {
        let site = Site()
        defer { site.remove() }
        try await site.withCode { engine in
            try await engine.start(Counter.self, id: "c", 1)
        }
        for (verb, members, code) in [
            ("query", [("id", "c"), ("name", "value")], "needsCode"),
            ("update", [("id", "c"), ("name", "x")], "needsCode"),
            ("describe", [("id", "nobody")], "workflowNotFound"),
            ("describe", [], "invalid"),
            ("list", [("state", "asleep")], "invalid"),
            ("signal", [("id", "c"), ("name", "add"), ("input", "{")], "invalid"),
            ("start", [("id", "c"), ("type", "Counter")], "alreadyRunning"),
            ("start", [("id", "x"), ("type", "Counter"), ("reuse", "maybe")], "invalid"),
            ("resume", [("id", "c"), ("retry", "a"), ("skip", "b")], "invalid"),
            ("resume", [("id", "c"), ("retry", "a")], "invalid"),
            ("fly", [], "invalid"),
            ("list", [("colour", "red")], "invalid"),
        ] as [(String, [(String, String)], String)] {
            do {
                _ = try await site.ask(verb, members)
                Issue.record("\(verb) \(members) was done")
            } catch let fault as ControlFault {
                #expect(fault.code == code, "\(verb) \(members): \(fault)")
            }
        }
        #expect(try await site.events("run/c/") == 1)
    }

    @Test("what a filter allows is paused, resumed and terminated together, or only named")
    func bulk() async throws {
        let site = Site()
        defer { site.remove() }
        try await site.withCode { engine in
            for number in 0..<4 { try await engine.start(Counter.self, id: "c\(number)", number) }
            try await engine.start(Dozing.self, id: "d", Nothing())
            _ = try await engine.execute(
                AccountTransfer.self, id: "t", Transfer(amount: 1))
        }
        let events = try await site.events("run/")
        let dry = try await site.ask(
            "bulk", [("each", "terminate"), ("reason", "x"), ("prefix", "c")], claims: ["dry"])
        #expect(dry.result == #"{"wouldBe":4,"failed":0}"# && dry.lines.count == 4)
        #expect(try await site.events("run/") == events)
        let paused = try await site.ask("bulk", [("each", "pause"), ("type", "Counter")])
        #expect(paused.result == #"{"done":4,"failed":0}"#)
        #expect(try await site.ask("count", [("state", "paused")]).has(#""count":4"#))
        _ = try await site.ask("resume", [("id", "c1")])
        let resumed = try await site.ask("bulk", [("each", "resume"), ("state", "paused")])
        #expect(resumed.lines.count == 3 && resumed.has(#""done":3"#))
        let ended = try await site.ask("bulk", [("each", "terminate"), ("reason", "enough")])
        #expect(ended.result == #"{"done":5,"failed":0}"#)
        #expect(try await site.ask("count", [("state", "open")]).has(#""count":0"#))
        for members in [
            [("each", "start")], [("each", "terminate")], [("each", "pause"), ("state", "failed")],
            [("each", "pause"), ("step", "a")], [("each", "reset"), ("step", "a")],
            [("each", "reset"), ("request", "q")],
        ] {
            await #expect(throws: ControlFault.self) { try await site.ask("bulk", members) }
        }
    }

    @Test("lists and counts by type, state and beginning of the id, page by page")
    func lists() async throws {
        let site = Site()
        defer { site.remove() }
        try await site.withCode { engine in
            for number in 10..<22 {
                _ = try await engine.execute(
                    AccountTransfer.self, id: "t\(number)", Transfer(amount: 1))
            }
            for number in 0..<3 { try await engine.start(Counter.self, id: "c\(number)", number) }
            try await engine.handle(Counter.self, id: "c1").terminate(reason: "x")
        }
        let all = try await site.ask("count")
        #expect(all.result == #"{"count":15,"completed":12,"open":2,"terminated":1}"#)
        let closed = try await site.ask("count", [("state", "closed")])
        #expect(closed.result == #"{"count":13,"completed":12,"terminated":1}"#)
        let counters = try await site.ask("list", [("type", "Counter"), ("state", "open")])
        #expect(counters.lines.count == 2 && counters.lines[1].contains(#""workflow":"c2""#))
        let page = try await site.ask("list", [("prefix", "t1"), ("after", "t14")])
        #expect(page.lines.count == 5 && page.result == #"{"count":5}"#)
        try await site.withCode { engine in
            // With the engine that has the code, as through its socket.
            var object = try await Self.ask(engine, "query", [("id", "c2"), ("name", "value")])
            #expect(object.result == #"{"workflow":"c2","answer":2}"#)
            object = try await Self.ask(engine, "show", [("id", "t10")])
            #expect(object.lines.count == 3)
            #expect(object.lines[1].contains(#""kind":"step""#))
            #expect(object.lines.allSatisfy { $0.contains(#""state":"completed""#) })
        }
    }
}
