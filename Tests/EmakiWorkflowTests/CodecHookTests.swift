import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Foundation
import Testing

@testable import EmakiWorkflow

/// A codec whose bytes differ each time, and that needs a key which may be missing.
private struct SaltedCodec: PayloadCodec {
    struct NoKey: UnreadablePayload {}

    /// The one that is used now, and those that are missing.
    final class Keys: Sendable {
        private let lock = Lock()
        private let name = Guarded("1")
        private let lost = Guarded<Set<String>>([])
        var current: String {
            get { lock.withLock { name.value } }
            set { lock.withLock { name.value = newValue } }
        }
        var missing: Set<String> {
            get { lock.withLock { lost.value } }
            set { lock.withLock { lost.value = newValue } }
        }
    }

    let base = JSONPayloadCodec()
    var keys = Keys()
    var hidesInput = true

    func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        try seal(base.encode(value))
    }

    func seal(_ payload: Payload) -> Payload {
        var sealed = payload
        sealed.bytes = [.random(in: 0...255), .random(in: 0...255)] + payload.bytes.map { ~$0 }
        sealed.metadata["salted"] = keys.current
        return sealed
    }

    func open(_ payload: Payload) throws -> Payload {
        guard let key = payload.metadata["salted"] else { return payload }
        if keys.missing.contains(key) { throw NoKey() }
        var opened = payload
        opened.bytes = payload.bytes.dropFirst(2).map { ~$0 }
        opened.metadata["salted"] = nil
        return opened
    }

    func decode<Value: Decodable & Sendable>(
        _ type: Value.Type, from payload: Payload
    ) throws -> Value {
        try base.decode(type, from: open(payload))
    }

    func encodeInput<Value: Encodable & Sendable>(
        _ value: Value
    ) throws -> (payload: Payload, hash: UInt64) {
        let (clear, hash) = try base.encodeInput(value)
        let payload = seal(clear)
        if hidesInput { return (payload, hash) }
        return (payload, payload.bytes.withRawSpan { StableHash.hash($0) })
    }
}

/// What the engine asks of codecs that are not the standard one.
@Suite struct CodecHookTests {
    private func engine(
        _ codec: SaltedCodec, on session: any HistoryStore, evicts: Bool = false,
        world: World = World(), observer: (any EngineObserver)? = nil,
        clock: SkippingClock = SkippingClock(), door: Door? = nil
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.codec = codec
        options.comparesInput = true
        options.evictsAlways = evicts
        options.observer = observer
        return try await WorkflowEngine(
            store: session,
            definitions: [
                WorkflowDefinition(AccountTransfer.self), WorkflowDefinition(Counter.self),
                WorkflowDefinition(Booking.self), WorkflowDefinition(Telling.self),
            ],
            activities: [
                Debit(world: world), Credit(world: world), Refund(world: world),
                Book(world: world, door: door),
            ],
            options: options)
    }

    /// Books, and takes every error for one of the other side.
    enum Booking: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            do {
                return try await context.saga { saga in
                    try await saga.run(Book.self, input, undo: Refund.self) { _ in "" }
                }
            } catch {  // wf:allow(WF080) no such run is cancelled
                return -1
            }
        }
    }

    /// Tells a counter something, and whether that was delivered.
    enum Telling: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            try await context.sleep(for: .seconds(1))
            do {
                try await context.signal("c", Counter.add, input)
                return "told"
            } catch {  // wf:allow(WF080) what it is told is the result
                return "\(error)"
            }
        }
    }

    struct Book: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        let world: World
        let door: Door?
        func run(context: ActivityContext, input: Int) async throws -> Int {
            await door?.pass()
            world.act("book", context.info, in: nil)
            return input
        }
    }

    @Test("inputs are compared by what the codec says, though the bytes differ each time")
    func inputHashes() async throws {
        let engine = try await engine(
            SaltedCodec(), on: MemoryHistoryStore().session(), evicts: true)
        let receipt = try await engine.execute(
            AccountTransfer.self, id: "t", Transfer(amount: 7))
        #expect(receipt == "debited 7, credited 7")
        engine.close()
        // The bytes do differ: compared by them, the replay is taken for another.
        let notes = Notes()
        let naive = try await self.engine(
            SaltedCodec(hidesInput: false), on: MemoryHistoryStore().session(), evicts: true,
            observer: notes, clock: SkippingClock(skips: false))
        try await naive.start(AccountTransfer.self, id: "t", Transfer(amount: 7))
        await notes.wait("fault AccountTransfer Divergence")
        naive.close()
    }

    @Test("what cannot be read now is neither lost nor taken for a failure of the other side")
    func unreadable() async throws {
        let store = MemoryHistoryStore()
        let codec = SaltedCodec()
        let clock = SkippingClock(skips: false)
        let world = World()
        let first = try await engine(codec, on: store.session(), clock: clock)
        try await first.start(Counter.self, id: "c", 1)
        codec.keys.current = "2"
        try await first.handle(Counter.self, id: "c").signal(Counter.add, 5)
        first.close()
        codec.keys.current = "1"
        // A run whose step has a result that its code has not seen.
        let door = Door()
        let seen = Notes()
        let second = try await engine(
            codec, on: store.session(), world: world, observer: seen, clock: clock, door: door)
        let booking = try await second.start(Booking.self, id: "b", 7)
        await seen.wait("began Book")
        try await booking.pause(reason: "so that the code does not see it")
        codec.keys.current = "2"
        door.open()
        await seen.wait("event b 4 StepCompleted")
        second.close()

        codec.keys.missing = ["2"]
        let notes = Notes()
        let third = try await engine(
            codec, on: store.session(), world: world, observer: notes, clock: clock)
        let counter = third.handle(Counter.self, id: "c")
        await #expect(throws: WorkflowError.self) { try await counter.query(Counter.value) }
        let handle = third.handle(Booking.self, id: "b")
        try await handle.resume()
        var description = try await handle.describe()
        while description.pause == nil, description.outcome == nil {
            clock.advance(by: .seconds(60))
            description = try await handle.describe()
        }
        #expect(notes.count("fault Booking NoKey") == 5)
        #expect(world.names == ["book"])
        codec.keys.missing = []
        #expect(try await counter.query(Counter.value) == 6)
        try await handle.resume()
        #expect(try await handle.result() == 7)
        #expect(world.names == ["book"])
        third.close()
    }

    @Test("a signal that cannot be read now is recorded, and counts once it can")
    func unreadableMessages() async throws {
        let codec = SaltedCodec()
        let clock = SkippingClock(skips: false)
        let notes = Notes()
        let engine = try await engine(
            codec, on: MemoryHistoryStore().session(), observer: notes, clock: clock)
        let counter = try await engine.start(Counter.self, id: "c", 1)
        let telling = try await engine.start(Telling.self, id: "t", 5)
        // What is sent from now on cannot be read; the sender's input can.
        codec.keys.current = "2"
        codec.keys.missing = ["2"]
        try await counter.signal(Counter.add, 10)
        clock.advance(by: .seconds(1))
        await notes.wait("fault Counter NoKey")
        await #expect(throws: WorkflowError.self) { try await counter.query(Counter.value) }
        while try await telling.describe().outcome == nil { await Task.yield() }
        codec.keys.missing = []
        #expect(try await telling.result() == "told")
        var description = try await counter.describe()
        while description.taskFailure != nil {
            await Task.yield()
            clock.advance(by: .seconds(60))
            description = try await counter.describe()
        }
        #expect(try await counter.query(Counter.value) == 16)
        engine.close()
    }

    @Test("an operator sees the clear form if the owner allows, and what it gives can be read")
    func operators() async throws {
        let codec = SaltedCodec()
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-codec-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = try await EventLog.open(
            at: folder, .creating(StoreOptions(segmentBytes: 1 << 20)))
        for isOpen in [false, true] {
            var options = EngineOptions()
            options.clock = SkippingClock(skips: false)
            options.codec = codec
            options.answersControl = false
            options.encodesForOperators = { codec.seal($0) }
            if isOpen { options.decodesForOperators = { try? codec.open($0) } }
            let engine = try await WorkflowEngine(
                log: log, workflows: [Counter.self], options: options)
            let id = "c\(isOpen)"
            try await engine.start(Counter.self, id: id, 41)
            let members = [("id", id), ("name", "add"), ("input", "1")]
            _ = try await OperatorAsk.ask(engine, "signal", members)
            let answer = try await OperatorAsk.ask(
                engine, "query", [("id", id), ("name", "value")])
            #expect(answer.result.contains("\"answer\":42") == isOpen)
            #expect(try await engine.handle(Counter.self, id: id).query(Counter.value) == 42)
            let history = try await OperatorAsk.ask(engine, "history", [("id", id)])
            #expect(history.lines[0].contains("\"payload\":41") == isOpen)
            #expect(history.lines[0].contains("base64") == !isOpen)
            // What cannot be read is shown as it is stored.
            codec.keys.missing = ["1"]
            let hidden = try await OperatorAsk.ask(engine, "history", [("id", id)])
            #expect(hidden.lines[0].contains("base64"))
            codec.keys.missing = []
            engine.close()
        }
        await log.close()
    }
}

/// Asks an engine as `emaki workflow` does.
enum OperatorAsk {
    struct Answer {
        var lines: [String] = []
        var result = ""
    }

    static func ask(
        _ engine: WorkflowEngine, _ verb: String, _ members: [(String, String)]
    ) async throws -> Answer {
        var object = JSONObject()
        object.add("emaki", ControlRequest.version)
        object.add("verb", Operator.verb)
        object.add("do", verb)
        for (name, value) in members { object.add(name, value) }
        let line = Array(object.text.utf8)
        return try await SystemThread.offload(name: "operator") {
            () throws(ControlFault) -> Answer in
            var lines: [String] = []
            let sink = Operator.Sink(line: {
                lines.append($0.text)
                return true
            })
            let result = try Operator(engine).answer(ControlRequest(line: line), sink)
            return Answer(lines: lines, result: result.text)
        }
    }
}
