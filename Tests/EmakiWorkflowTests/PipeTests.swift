import EmakiPlatform
@testable import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Testing

/// Runs whose code is in another process.
@Suite struct PipeTests {
    static let workflows: [any Workflow.Type] = [
        AccountTransfer.self, Counter.self, Timers.self, Chatty.self,
    ]

    /// Writes lines before, between and behind two activities.
    enum Chatty: Workflow {
        static func run(context: WorkflowContext<Self>, input: Transfer) async throws -> String {
            context.log("begins \(try context.uuid().count)", metadata: ["amount": "7"])
            context.log(level: .debug, "debits")
            let debit = try await context.run(Debit.self, input)
            context.log(level: .warning, "credits")
            let credit = try await context.run(Credit.self, input)
            context.log("ends")
            return "\(debit), \(credit)"
        }
    }

    /// Of the other process.
    static func serve(_ talk: Talk) throws {
        let server = DeciderServer(workflows: workflows)
        while let request = try? talk.receive() { try talk.send(server.reply(to: request)) }
    }

    /// The other process, started when it is needed and again when it is gone.
    final class Remote: DeciderTransport {
        private let lock = Lock()
        private let child = Guarded<ChildProcess?>(nil)
        private let counts = Guarded((exchanges: 0, starts: 0))
        private let killedAfter: Set<Int>

        init(killedAfter: Set<Int> = []) { self.killedAfter = killedAfter }

        var startCount: Int { lock.withLock { counts.value.starts } }

        func exchange(_ request: [UInt8]) throws -> [UInt8] {
            try lock.withLock {
                if child.value == nil {
                    child.value = try ChildProcess("decider", in: try TemporaryFolder())
                    counts.value.starts += 1
                }
                guard let current = child.value else { throw Talk.Ended() }
                do {
                    try current.talk.send(request)
                    let reply = try current.talk.receive()
                    counts.value.exchanges += 1
                    if killedAfter.contains(counts.value.exchanges) { current.kill() }
                    return reply
                } catch {
                    current.kill()
                    child.value = nil
                    throw error
                }
            }
        }

        func end() {
            lock.withLock {
                child.value?.kill()
                child.value = nil
            }
        }
    }

    private func engine(
        _ transport: any DeciderTransport, _ world: World, on session: any HistoryStore,
        evicts: Bool = false, observer: (any EngineObserver)? = nil
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.observer = observer
        options.clock = SkippingClock()
        options.evictsAlways = evicts
        let definitions = Self.workflows.map { type in
            let own = WorkflowDefinition(type)
            return PipeDecider.definition(name: own.name, fingerprint: own.fingerprint) {
                transport
            }
        }
        return try await WorkflowEngine(
            store: session, definitions: definitions, activities: bank(world), options: options)
    }

    private func bank(_ world: World) -> [any Activity] {
        [Debit(world: world), Credit(world: world), Refund(world: world)]
    }

    /// What a story records, without what is drawn for each run.
    private func story(_ history: [HistoryEvent]) -> [String] {
        history.map { event in
            var event = event
            if case .started(var start) = event.body {
                start.runID = ""
                start.firstRunID = ""
                start.seed = 0
                event.body = .started(start)
            }
            event.time = 0
            return "\(event)"
        }
    }

    private func history(
        _ engine: WorkflowEngine, _ input: Transfer
    ) async throws -> [String] {
        let handle = try await engine.start(AccountTransfer.self, id: "t", input, requestID: "r")
        _ = try? await handle.result()
        return story(try await handle.history())
    }

    @Test(
        "a decider in another process gives the same history as the code in this one",
        arguments: [Transfer(amount: 7), Transfer(amount: 7, fails: true)], [false, true])
    func same(input: Transfer, evicts: Bool) async throws {
        let here = try await makeEngine([AccountTransfer.self], bank(World()), evictsAlways: evicts)
        let expected = try await history(here, input)
        here.close()
        let (remote, world) = (Remote(), World())
        let there = try await engine(
            remote, world, on: MemoryHistoryStore().session(), evicts: evicts)
        #expect(try await history(there, input) == expected)
        #expect(world.names == ["debit", input.fails ? "refund" : "credit"])
        there.close()
        remote.end()
    }

    @Test("messages, queries and timers of a run in another process")
    func messages() async throws {
        let remote = Remote()
        let engine = try await engine(remote, World(), on: MemoryHistoryStore().session())
        #expect(try await Scenario.messages.drive(engine) == CrashTests.expected["messages"])
        let handle = engine.handle(Counter.self, id: "c")
        #expect(try await handle.query(Counter.value) == 20)
        #expect(try await Scenario.timers.drive(engine) == CrashTests.expected["timers"])
        engine.close()
        remote.end()
    }

    @Test("a run goes on when the other process is killed between two activations")
    func killed() async throws {
        // Begin, three activations: killed after each of them.
        for moment in 1...4 {
            let (remote, world) = (Remote(killedAfter: [moment]), World())
            let engine = try await engine(remote, world, on: MemoryHistoryStore().session())
            let receipt = try await engine.execute(
                AccountTransfer.self, id: "t", Transfer(amount: 7))
            #expect(receipt == "debited 7, credited 7")
            #expect(world.names == ["debit", "credit"])
            #expect(remote.startCount == (moment < 4 ? 2 : 1), "\(moment)")
            engine.close()
            remote.end()
        }
    }

    @Test(
        "what the code in another process logs is told once each, in no replay",
        arguments: [false, true])
    func lines(evicts: Bool) async throws {
        // Not killed, and after the beginning and each activation.
        for moment in 0...4 {
            let (remote, notes) = (Remote(killedAfter: [moment]), Notes())
            let engine = try await engine(
                remote, World(), on: MemoryHistoryStore().session(), evicts: evicts,
                observer: notes)
            let receipt = try await engine.execute(Chatty.self, id: "c", Transfer(amount: 7))
            #expect(receipt == "debited 7, credited 7")
            engine.close()
            remote.end()
            #expect(
                notes.all.filter { $0.hasPrefix("line") } == [
                    "line info begins 36", "line debug debits", "line warning credits",
                    "line info ends",
                ], "\(moment)")
        }
    }

    @Test("a reply to a replay has no lines, one to a new event has them all")
    func silentReplay() throws {
        let server = DeciderServer(workflows: Self.workflows)
        var start = RunStart(
            workflowType: "Chatty", workflowID: "c", runID: "r", firstRunID: "r", seed: 1,
            fingerprint: "", requestID: "", attempt: 1, headers: [:], memo: [:],
            searchAttributes: [:], input: .empty)
        start.input = try JSONPayloadCodec().encode(Transfer(amount: 7))
        let first = HistoryEvent(id: 1, time: 5, commandCount: nil, body: .started(start))
        for isReplay in [true, false] {
            _ = server.reply(to: DeciderRequest.begin(start).encoded(run: 1))
            let activation = Activation(event: first, key: nil, isReplay: isReplay)
            let reply = server.reply(to: DeciderRequest.activate(activation).encoded(run: 1))
            guard case .decision(let decision) = try DeciderReply(reply) else {
                Issue.record("another reply")
                return
            }
            #expect(decision.commands.count == 1)
            let written = decision.lines.map { "\($0.level) \($0.message) \($0.metadata)" }
            #expect(
                written
                    == (isReplay ? [] : [#"info begins 36 ["amount": "7"]"#, "debug debits [:]"]))
            #expect(decision.lines.allSatisfy { $0.time == 5 })
        }
    }

    @Test("lines from a peer that knows no limits are cut, and left out, as those of code here")
    func lineLimits() throws {
        func read(_ lines: [WorkflowLogLine]) throws -> [WorkflowLogLine] {
            var decision = Decision()
            decision.lines = lines
            guard
                case .decision(let read) = try DeciderReply(
                    DeciderReply.decision(decision).encoded)
            else { return [] }
            return read.lines
        }
        func line(_ message: String, _ metadata: [String: String] = [:]) -> WorkflowLogLine {
            WorkflowLogLine(level: .info, message: message, metadata: metadata, time: 7)
        }
        let most = WorkflowLogLine.messageBytesMax
        for bytes in [most - 1, most, most + 1] {
            let cut = try read([line(String(repeating: "x", count: bytes))])
            #expect(cut.map(\.message.utf8.count) == [min(bytes, most)])
        }
        for bytes in [8_189, 8_190, 8_191] {
            let value = String(repeating: "x", count: bytes)
            let cut = try read([line("a", ["b": value, "a": "", "c": ""])])
            let fits: Set = ["a", "b"]
            #expect(
                cut.map { Set($0.metadata.keys) } == [
                    bytes < 8_191 ? fits.union(bytes < 8_190 ? ["c"] : []) : ["a"]
                ])
        }
        let count = WorkflowLogLine.countMax + 1
        for many in [count - 1, count, count + 1, count + 90] {
            let all = (0..<many).map { line("\($0)") }
            let cut = try read(all)
            guard many > count else {
                #expect(cut == all)
                continue
            }
            #expect(Array(cut.prefix(count)) == Array(all.prefix(count)) && cut.count == count + 1)
            #expect(cut.last?.message == "\(many - count) more lines were left out")
        }
    }

    @Test("lines of a newer peer are read, and what is no line is refused by name")
    func newerLines() throws {
        func reply(_ fill: (inout FieldWriter) -> Void) -> [UInt8] {
            var parts = FieldWriter()
            fill(&parts)
            var fields = FieldWriter()
            fields.put(1, DeciderRequest.version)
            fields.put(2, 2)
            fields.put(8, parts.bytes)
            // Of a version to come.
            fields.put(99, "unheard of")
            return fields.bytes
        }
        func line(level: UInt64) -> [UInt8] {
            reply {
                $0.put(1, level)
                $0.put(2, "a")
                $0.put(4, signed: 7)
                $0.put(77, "unheard of")
            }
        }
        for (level, expected) in [
            (1, .trace), (7, .critical), (8, .critical), (300, .critical),
        ] as [(UInt64, WorkflowLogLevel)] {
            guard case .decision(let read) = try DeciderReply(line(level: level)) else {
                Issue.record("another reply")
                return
            }
            #expect(read.lines.map(\.level) == [expected] && read.lines.map(\.message) == ["a"])
        }
        for missing in 1...3 {
            let bytes = reply {
                if missing != 1 { $0.put(1, 3) }
                if missing != 2 { $0.put(2, "a") }
                if missing != 3 { $0.put(4, signed: 7) }
            }
            #expect(throws: HistoryError.self) { _ = try DeciderReply(bytes) }
        }
    }

    /// Answers with anything, a few times, then as it should.
    final class Garbage: DeciderTransport {
        private let lock = Lock()
        private let server = Guarded(DeciderServer(workflows: PipeTests.workflows))
        private let left: Guarded<[[UInt8]]>

        init(_ replies: [[UInt8]]) { left = Guarded(replies) }

        func exchange(_ request: [UInt8]) throws -> [UInt8] {
            lock.withLock {
                let reply = server.value.reply(to: request)
                guard !left.value.isEmpty else { return reply }
                let garbage = left.value.removeFirst()
                return garbage.isEmpty ? Array(reply.dropLast()) : garbage
            }
        }
    }

    @Test("garbage from the pipe fails the task, by name, and the run goes on")
    func garbage() async throws {
        let replies: [[UInt8]] = [
            [], [0xff], [UInt8](repeating: 0x80, count: 100), DeciderReply.keys(["a"]).encoded,
        ]
        for reply in replies {
            let world = World()
            let engine = try await engine(
                Garbage([reply]), world, on: MemoryHistoryStore().session())
            let handle = try await engine.start(
                AccountTransfer.self, id: "t", Transfer(amount: 7))
            #expect(try await handle.result() == "debited 7, credited 7")
            let failures = try await handle.history().compactMap { event -> String? in
                if case .taskFailed(let failure) = event.body { return failure.type }
                return nil
            }
            #expect(failures == ["Unreadable"])
            #expect(world.names == ["debit", "credit"])
            engine.close()
        }
    }

    @Test("each cut and each flipped bit of a request or a reply is read, or refused by name")
    func damage() throws {
        let step = StepSchedule(
            key: "a/b#2", kind: .activity, name: "Debit",
            options: ActivityOptions(startToClose: .seconds(1)), inputHash: 7,
            compensation: "Refund", compensates: nil, input: Payload(text: "in"))
        var decision = Decision()
        decision.commands = [
            .schedule(step), .cancelStep(key: "k"), .startTimer(key: "t", fireAt: 9),
            .cancelTimer(key: "t"), .patch(id: "p"), .completeUpdate(3, Payload(text: "x")),
            .close(.continueAsNew(workflowType: "W", Payload(text: "y"))),
        ]
        decision.hasReturned = true
        decision.places = [SourcePlace(file: "M/F.swift", line: 7), nil]
        let reply = DeciderReply.decision(decision).encoded
        guard case .decision(let read) = try DeciderReply(reply) else {
            Issue.record("another reply")
            return
        }
        #expect(read.commands == decision.commands && read.hasReturned)
        #expect(read.places == decision.places)
        let request = DeciderRequest.query("name", Payload(text: "in")).encoded(run: 5)
        let server = DeciderServer(workflows: Self.workflows)
        for bytes in [reply, request] {
            for count in 0..<bytes.count {
                tryReading(Array(bytes.prefix(count)), server)
                for bit in 0..<8 {
                    var flipped = bytes
                    flipped[count] ^= 1 << UInt8(bit)
                    tryReading(flipped, server)
                }
            }
        }
    }

    /// Whatever it is, it is an answer.
    private func tryReading(_ bytes: [UInt8], _ server: DeciderServer) {
        do throws(HistoryError) { _ = try DeciderReply(bytes) } catch {}
        #expect(!server.reply(to: bytes).isEmpty)
    }
}
