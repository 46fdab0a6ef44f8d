import EmakiPlatform
import EmakiSchedules
import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

@testable import EmakiOffload

/// Runs whose large payloads are elsewhere.
@Suite struct OffloadedRunTests {
    static let large = String(repeating: "large ", count: 100)

    enum Mailing: Workflow {
        static let add = Signal<Self, String>("add")
        static func initialState(for input: String) -> String { "" }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(add) { state, text in state += text }
        }

        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            let sent = try await context.run(Send.self, input)
            try await context.wait { !$0.isEmpty }
            return sent + context.state
        }
    }

    struct Send: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(10), retry: RetryPolicy(maximumAttempts: 3))
        func run(context: ActivityContext, input: String) async throws -> String { "sent \(input)" }
    }

    private func engine(
        _ session: MemoryHistoryStore.Session, _ codec: any PayloadCodec,
        clock: SkippingClock = SkippingClock(), watch: EventWatch? = nil
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.evictsAlways = true
        options.comparesInput = true
        options.observer = watch
        options.codec = codec
        return try await WorkflowEngine(
            store: session,
            definitions: [WorkflowDefinition(Mailing.self)]
                + Schedules.workflows.map { WorkflowDefinition($0) },
            activities: [Send()], options: options)
    }

    private func codec(_ folder: PayloadFolder) throws -> OffloadingCodec {
        OffloadingCodec(in: try FolderPayloadStorage(folder.disk), above: 100)
    }

    private static let expected = "sent \(large)\(large)"

    @Test(
        "a process that dies at any commit ends as if nothing had happened, and leaves orphans only"
    )
    func killed() async throws {
        for commit in 1...20 {
            for isStored in [false, true] {
                let folder = try PayloadFolder()
                let store = MemoryHistoryStore()
                let session = store.session()
                session.end(at: MemoryHistoryStore.Session.End(commit: commit, isStored: isStored))
                {}
                do {
                    let engine = try await engine(session, try codec(folder))
                    try await story(engine)
                } catch {
                    #expect(session.isOver, "\(error)")
                }
                let isOver = session.isOver
                let next = try await engine(store.session(), try codec(folder))
                try await story(next)
                next.close()
                let survey = try await folder.storage.removeUnreferenced(
                    in: store.session(), codec: try codec(folder), after: 0, now: 100)
                #expect(survey.missing == [])
                // Input, result of the activity, result of the run.
                #expect(survey.referencedCount == 3, "\(commit) \(isStored)")
                if !isOver { return }
            }
        }
    }

    private func story(_ engine: WorkflowEngine) async throws {
        let handle = try await engine.start(
            Mailing.self, id: "m", Self.large, requestID: "start")
        try await handle.signal(Mailing.add, Self.large, requestID: "add")
        #expect(try await handle.result() == Self.expected)
    }

    @Test("a run whose content is missing or damaged rests, and goes on when it is there again")
    func rests() async throws {
        let folder = try PayloadFolder()
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let watch = EventWatch()
        let first = try await engine(
            store.session(), try codec(folder), clock: clock, watch: watch)
        try await first.start(Mailing.self, id: "m", Self.large)
        await watch.wait(for: "StepCompleted", of: "m")
        first.close()
        var kept: [String: [UInt8]] = [:]
        for name in try folder.names() {
            kept[name] = try folder.storage.get(name)
            try folder.change(name) { $0.removeLast() }
        }
        #expect(kept.count == 2)
        let second = try await engine(store.session(), try codec(folder), clock: clock)
        let handle = second.handle(Mailing.self, id: "m")
        try await handle.signal(Mailing.add, Self.large)
        while try await handle.describe().pause == nil { clock.advance(by: .seconds(60)) }
        let pause = try await handle.describe().pause
        #expect("\(String(describing: pause))".contains("damaged"))
        for (name, bytes) in kept { try folder.change(name) { $0 = bytes } }
        try await handle.resume()
        #expect(try await handle.result() == Self.expected)
        second.close()
    }

    /// Fails while it is full.
    final class FullStorage: PayloadStorage, @unchecked Sendable {
        let base: FolderPayloadStorage
        private let lock = Lock()
        private var isFull = true
        init(_ base: FolderPayloadStorage) { self.base = base }

        func mend() { lock.withLock { isFull = false } }
        func put(_ bytes: [UInt8]) throws -> String {
            if lock.withLock({ isFull }) { throw OffloadError.storage("no room") }
            return try base.put(bytes)
        }
        func get(_ key: String) throws -> [UInt8] { try base.get(key) }
    }

    enum Making: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            do {
                return try await context.run(
                    Send.self, String(repeating: "a", count: input))
            } catch {
                return "the code saw it: \(error)"
            }
        }
    }

    @Test("while nothing can be put, runs that want it rest, and their code does not see it")
    func full() async throws {
        let folder = try PayloadFolder()
        let storage = FullStorage(folder.storage)
        let clock = SkippingClock(skips: false)
        var options = EngineOptions()
        options.clock = clock
        options.codec = OffloadingCodec(in: storage, above: 100)
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [WorkflowDefinition(Making.self)], activities: [Send()],
            options: options)
        let handle = try await engine.start(Making.self, id: "m", 500)
        while try await handle.describe().pause == nil { clock.advance(by: .seconds(60)) }
        storage.mend()
        try await handle.resume()
        #expect(try await handle.result() == "sent " + String(repeating: "a", count: 500))
        engine.close()
    }

    struct Grow: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(10), retry: RetryPolicy(maximumAttempts: 1))
        func run(context: ActivityContext, input: Int) async throws -> String {
            String(repeating: "a", count: input)
        }
    }

    enum Growing: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            do {
                return "\(try await context.run(Grow.self, input).count)"
            } catch let failure as StepFailure {
                return "\(failure.cause.type) \(failure.cause.mayHaveHappened)"
            }
        }
    }

    @Test("an attempt whose result cannot be put fails, and is known to have had its effect")
    func fullForResult() async throws {
        let folder = try PayloadFolder()
        let storage = FullStorage(folder.storage)
        var options = EngineOptions()
        options.codec = OffloadingCodec(in: storage, above: 100)
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [WorkflowDefinition(Growing.self)], activities: [Grow()],
            options: options)
        #expect(try await engine.execute(Growing.self, id: "a", 500) == "OffloadError true")
        storage.mend()
        #expect(try await engine.execute(Growing.self, id: "b", 500) == "500")
        engine.close()
    }

    @Test("a replay puts nothing that is there, and orphans are removed, in two steps")
    func unreferenced() async throws {
        let folder = try PayloadFolder()
        let store = MemoryHistoryStore()
        let codec = try codec(folder)
        let engine = try await engine(store.session(), codec)
        try await story(engine)
        // The signal's, too.
        let names = try folder.names()
        #expect(names.count == 3)
        let orphan = try codec.encode(Self.large + "orphan")
        let key = try #require(try folder.names().first { !names.contains($0) })
        func survey(_ now: Int64) async throws -> OffloadSurvey {
            try await folder.storage.removeUnreferenced(
                in: store.session(), codec: codec, after: 10, now: now)
        }
        #expect(
            try await folder.storage.unreferenced(in: store.session(), codec: codec) == [key])
        let first = try await survey(100)
        #expect(first.setAside == [key] && first.removed == [] && first.referencedCount == 3)
        // It is found where it waits, and comes back when it is put again.
        #expect(try codec.decode(String.self, from: orphan) == Self.large + "orphan")
        #expect(try await survey(105) == OffloadSurvey(referencedCount: 3))
        #expect(try codec.encode(Self.large + "orphan") == orphan)
        #expect(try folder.names().contains(key))
        #expect(try await survey(111).setAside == [key])
        #expect(try await survey(120).removed == [])
        #expect(try await survey(121).removed == [key])
        #expect(throws: OffloadError.missing(key: key)) {
            try codec.decode(String.self, from: orphan)
        }
        #expect(try folder.names() == names)
        // Of what was deleted nothing is left.
        try await engine.delete("m")
        // Its events go when that is durable.
        while try await !store.session().streams(prefix: "run/", after: nil, limit: 1).isEmpty {
            await Task.yield()
        }
        engine.close()
        #expect(try await survey(200).setAside == names)
        #expect(try await survey(210).removed == names)
    }

    @Test("what was set aside, and is referred to, gets its place back")
    func restored() async throws {
        let folder = try PayloadFolder()
        let store = MemoryHistoryStore()
        let codec = try codec(folder)
        // It was put, and its commit takes its time.
        let input = try codec.encode(Self.large)
        let key = try #require(try folder.names().first)
        let early = try await folder.storage.removeUnreferenced(
            in: store.session(), codec: codec, after: 10, now: 100)
        #expect(early.setAside == [key])
        // It is referred to by a copy of its reference, without being put again.
        let engine = try await engine(store.session(), BytesOf(input: input, base: codec))
        try await engine.start(Mailing.self, id: "m", Self.large)
        engine.close()
        let late = try await folder.storage.removeUnreferenced(
            in: store.session(), codec: codec, after: 10, now: 1_000)
        #expect(late.restored == [key] && late.removed == [])
        #expect(try folder.names().contains(key))
    }

    /// Gives one reference for one value, without putting it again.
    struct BytesOf: PayloadCodec {
        let input: Payload
        let base: OffloadingCodec
        func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
            value as? String == OffloadedRunTests.large ? input : try base.encode(value)
        }
        func decode<Value: Decodable & Sendable>(
            _ type: Value.Type, from payload: Payload
        ) throws -> Value { try base.decode(type, from: payload) }
    }

    @Test("the input that a schedule keeps for its runs is referred to")
    func schedule() async throws {
        let folder = try PayloadFolder()
        let store = MemoryHistoryStore()
        let codec = try codec(folder)
        let engine = try await engine(store.session(), codec, clock: SkippingClock(skips: false))
        try await engine.schedules.create(
            "mails", .every(86_400), starting: Mailing.self, Self.large)
        let action = try await engine.schedules.describe("mails").schedule.action
        #expect(action.input.bytes.isEmpty)
        engine.close()
        let survey = try await folder.storage.removeUnreferenced(
            in: store.session(), codec: codec, after: 0, now: 100)
        let key = try #require(OffloadingCodec.keys(in: action.input).first)
        #expect(!survey.setAside.contains(key) && survey.missing == [])
        #expect(try folder.names().contains(key))
        // The answer to the query is nobody's; nor is the result of a step that came too late.
        #expect((1...2).contains(survey.setAside.count))
        #expect(try codec.decode(String.self, from: action.input) == Self.large)
    }

    @Test("with a codec that hides references nothing is removed")
    func hidden() async throws {
        let folder = try PayloadFolder()
        let store = MemoryHistoryStore()
        _ = try codec(folder).encode(Self.large)
        for codec in [JSONPayloadCodec(), BytesOf(input: .empty, base: try codec(folder))]
            as [any PayloadCodec]
        {
            await #expect(throws: OffloadError.hiddenReferences) {
                try await folder.storage.removeUnreferenced(in: store.session(), codec: codec)
            }
        }
        #expect(try folder.names().count == 1)
    }
}
