import EmakiLog
import EmakiPlatform
import EmakiSimulation
import EmakiWorkflowTesting
import Foundation
import Testing

@testable import EmakiWorkflow

/// Does what it is told, one thing after the other.
enum Wanderer: Workflow {
    static let go = Signal<Self, Int>("go")
    static let kindCount = 10

    static func initialState(for input: Int) -> [Int] { [] }
    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(go) { state, kind in state.append(kind) }
    }

    static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
        while true {
            try await context.wait { !$0.isEmpty }
            let kind = try context.change { $0.removeFirst() }
            switch kind % kindCount {
            case 0: try await context.sleep(for: .seconds(5))
            case 1:
                _ = try await context.race(
                    { try await context.sleep(for: .seconds(40)) },
                    { try await context.sleep(for: .seconds(3)) },
                    { try await context.sleep(for: .seconds(50_000)) })
            case 2: _ = try await context.step("add") { _ in kind }
            case 3: _ = try await context.run(Grumpy.self, kind)
            case 4:
                _ = try await context.startChild(
                    Wanderer.self, id: "child-\(try context.uuid())", input)
            case 5: try await context.signal("walker-\(kind % 7)", Wanderer.go, 0)
            case 6: return kind
            case 7: throw ApplicationFailure("enough")
            case 8: throw try context.continueAsNew(input)
            // Its code is at fault.
            default: throw CancellationError()
            }
        }
    }
}

/// Fails twice.
struct Grumpy: Activity {
    static let options = ActivityOptions(
        startToClose: .seconds(10), retry: RetryPolicy(initialInterval: .seconds(2)))
    func run(context: ActivityContext, input: Int) async throws -> Int {
        if context.info.attempt < 3 { throw ApplicationFailure("not yet") }
        return input
    }
}

@Suite struct ProjectionTests {
    /// Tells walkers all kinds of things, by a seed.
    private struct Walk {
        static let walkerCount = 12
        var random: SeededRandom

        mutating func steps(
            _ count: Int, _ engine: WorkflowEngine, _ clock: SkippingClock
        ) async {
            for _ in 0..<count {
                let id = "walker-\(Int.random(in: 0..<Self.walkerCount, using: &random))"
                let handle = engine.handle(Wanderer.self, id: id)
                var options = RunOptions()
                if Int.random(in: 0..<5, using: &random) == 0 { options.runTimeout = .seconds(90) }
                if Int.random(in: 0..<5, using: &random) == 0 { options.startDelay = .seconds(9) }
                // What is refused is refused.
                switch Int.random(in: 0..<20, using: &random) {
                case 0..<6:
                    _ = try? await engine.start(Wanderer.self, id: id, 1, options: options)
                case 6: try? await handle.pause()
                case 7, 8: try? await handle.resume()
                case 9: try? await handle.cancel()
                case 10: try? await handle.terminate(reason: "enough")
                case 11:
                    clock.advance(by: .seconds(Int.random(in: 1...30, using: &random)))
                default:
                    let kind = Int.random(in: 0..<Wanderer.kindCount, using: &random)
                    try? await handle.signal(Wanderer.go, kind)
                }
            }
        }
    }

    private func wander(
        _ engine: WorkflowEngine, _ clock: SkippingClock, _ random: inout SeededRandom, _ count: Int
    ) async {
        var walk = Walk(random: random)
        await walk.steps(count, engine, clock)
        random = walk.random
    }

    @Test(
        "after any story, killed at any commit, a projection says what all histories say",
        arguments: 0..<8 as Range<UInt64>)
    func model(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let store = MemoryHistoryStore()
        var start: Int64 = 1_700_000_000_000_000_000
        for life in 0..<6 {
            let session = store.session()
            session.end(
                at: .init(
                    commit: Int.random(in: 1...120, using: &random), isStored: life % 2 == 0)
            ) {}
            let clock = SkippingClock(start: start, skips: false)
            let engine = try? await makeEngine(
                [Wanderer.self], [Grumpy()], on: session, clock: clock,
                projectionEventsMin: life % 3 == 0 ? 40 : 1)
            if let engine {
                await wander(engine, clock, &random, 60)
                engine.close()
            }
            start = clock.now + 1_000_000_000
            try await checkProjection(of: store.session(), "life \(life)")
        }
    }

    @Test(
        "in sealed and merged files, too, a projection says what all histories say",
        arguments: 0..<3 as Range<UInt64>)
    func sealed(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let folder = try TemporaryFolder()
        var start: Int64 = 1_700_000_000_000_000_000
        for life in 0..<4 {
            let log = try await EventLog.open(
                at: folder.url.path + "/store", .creating(StoreOptions(segmentBytes: 128 << 10)))
            let store = EventLogStore(log)
            let clock = SkippingClock(start: start, skips: false)
            let engine = try await makeEngine(
                [Wanderer.self], [Grumpy()], on: store, clock: clock,
                projectionEventsMin: life == 1 ? .max : 30)
            await wander(engine, clock, &random, 150)
            try await log.seal(all: true)
            if life == 2 { try await log.merge() }
            await wander(engine, clock, &random, 50)
            engine.close()
            start = clock.now + 1_000_000_000
            await log.close()
            let again = try await EventLog.open(at: folder.url.path + "/store")
            try await checkProjection(of: EventLogStore(again), "life \(life)")
            await again.close()
        }
    }

    @Test("a projection knows every kind of event, and doubts a run with one that it does not")
    func kinds() throws {
        for kind in EventKind.allCases where kind != .runClosed {
            var run = OpenRun(
                eventCount: 1, steps: 2, children: 2, messages: 2, unseen: 2)
            #expect(run.apply(try glance(kind.rawValue)))
            #expect(!run.isInDoubt, "\(kind)")
        }
        var run = OpenRun(eventCount: 1)
        #expect(run.apply(try glance(9_999)))
        #expect(run.isInDoubt && run.hasWork)
    }

    private func glance(_ kind: UInt64) throws -> HistoryGlance {
        var fields = FieldWriter()
        fields.put(CommonField.kind, kind)
        fields.put(CommonField.id, 2)
        fields.put(CommonField.time, signed: 5)
        fields.put(CommonField.commandCount, 1)
        fields.put(EventField.subject, 1)
        fields.put(EventField.instant, signed: 7)
        fields.put(EventField.variant, 1)
        return try #require(fields.bytes.withRawSpan { HistoryGlance($0) })
    }

    @Test("runs that wait for timers and messages alone are not read when an engine opens")
    func asleep() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let first = try await makeEngine(
            [Wanderer.self], [Grumpy()], on: store.session(), clock: clock)
        for number in 0..<50 {
            let handle = try await first.start(Wanderer.self, id: "w\(number)", 0)
            if number % 2 == 0 { try await handle.signal(Wanderer.go, 0) }
        }
        var late = RunOptions()
        late.startDelay = .seconds(60)
        for number in 0..<5 {
            try await first.start(Wanderer.self, id: "late\(number)", 0, options: late)
        }
        first.close()
        let counting = CountingSession(store.session())
        let second = try await makeEngine(
            [Wanderer.self], [Grumpy()], on: counting, clock: clock)
        #expect(counting.readCount == 0 && second.core.hostCount == 0)
        // Each is woken by what it waits for.
        clock.advance(by: .seconds(6))
        for number in stride(from: 0, to: 50, by: 2) {
            let handle = second.handle(Wanderer.self, id: "w\(number)")
            try await handle.signal(Wanderer.go, 6)
            #expect(try await handle.result() == 6)
        }
        #expect(counting.readCount > 0)
        clock.advance(by: .seconds(60))
        for number in 0..<5 {
            let handle = second.handle(Wanderer.self, id: "late\(number)")
            try await handle.signal(Wanderer.go, 6)
            #expect(try await handle.result() == 6)
        }
        second.close()
        try await checkProjection(of: store.session())
    }

    /// Tells what was recorded.
    private struct Watch: EngineObserver {
        let events: AsyncStream<(String, HistoryEvent.Body)>
        private let told: AsyncStream<(String, HistoryEvent.Body)>.Continuation

        init() { (events, told) = AsyncStream.makeStream() }

        func recorded(workflowID: String, runID: String, _ events: [HistoryEvent]) {
            for event in events { told.yield((workflowID, event.body)) }
        }

        /// Waits until so many runs have recorded such an event.
        func wait(for count: Int, _ isIt: (HistoryEvent.Body) -> Bool) async {
            var seen: Set<String> = []
            for await (id, body) in events where isIt(body) {
                seen.insert(id)
                if seen.count == count { return }
            }
        }
    }

    @Test("runs that were left asleep are woken by their timers, also those that are overdue")
    func woken() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let first = try await makeEngine([Wanderer.self], on: store.session(), clock: clock)
        for number in 0..<40 {
            let handle = try await first.start(Wanderer.self, id: "w\(number)", 0)
            // Of one timer, and of three.
            try await handle.signal(Wanderer.go, number % 2)
        }
        first.close()
        clock.advance(by: .seconds(4))
        let watch = Watch()
        let second = try await makeEngine(
            [Wanderer.self], on: store.session(), clock: clock, observer: watch)
        await watch.wait(for: 20) { if case .timerFired = $0 { true } else { false } }
        clock.advance(by: .seconds(2))
        await watch.wait(for: 20) { if case .timerFired = $0 { true } else { false } }
        second.close()
    }

    @Test("what was recorded without code is seen by the next engine, though nobody asks")
    func unseen() async throws {
        let store = MemoryHistoryStore()
        let first = try await makeEngine([Wanderer.self], on: store.session())
        try await first.start(Wanderer.self, id: "w", 0)
        first.close()
        var options = EngineOptions()
        options.executesCode = false
        let without = try await WorkflowEngine(
            store: store.session(), definitions: [], options: options)
        try await without.handle(Wanderer.self, id: "w").signal(Wanderer.go, 6)
        without.close()
        let watch = Watch()
        let second = try await makeEngine([Wanderer.self], on: store.session(), observer: watch)
        await watch.wait(for: 1) { if case .closed = $0 { true } else { false } }
        second.close()
    }

    @Test("what the end of a run asks for is done by the next engine, though nobody asks")
    func debts() async throws {
        let store = MemoryHistoryStore()
        let session = store.session()
        let watch = Watch()
        let first = try await makeEngine([Wanderer.self], on: session, observer: watch)
        let handle = try await first.start(Wanderer.self, id: "w", 0)
        try await handle.signal(Wanderer.go, 4)
        await watch.wait(for: 1) { if case .childStarted = $0 { true } else { false } }
        // Its end is durable, and that is all.
        session.end(at: .init(commit: session.commitCount + 1, isStored: true)) {}
        try? await handle.terminate(reason: "enough")
        first.close()
        try await checkProjection(of: store.session())
        #expect(try rebuilt(store.session()).debts.count == 1)
        let next = Watch()
        let second = try await makeEngine([Wanderer.self], on: store.session(), observer: next)
        await next.wait(for: 1) { if case .closed = $0 { true } else { false } }
        second.close()
    }

    @Test("how runs ended is not told where ids were used again without a word of it")
    func unknownEndings() {
        var projection = Projection(endedMost: 0)
        func take(_ record: IDRecord, _ version: UInt64) {
            let isWanted = "workflow/x".withUTF8Span { projection.begin($0) }
            #expect(isWanted)
            record.stored().metadata.withRawSpan {
                projection.take(version: version, $0)
            }
        }
        take(IDRecord(.opened, "r1"), 1)
        take(IDRecord(.closed, "r1"), 2)
        #expect(projection.endedCounts(.ended) == [:])
        take(IDRecord(.opened, "r2"), 3)
        #expect(projection.endedCounts(.ended) == nil)
    }

    @Test("a run keeps its labels, or is said to have any", arguments: [0, 1, 3, 254, 255, 1_000])
    func labels(count: Int) {
        var table = OpenRunTable()
        func insert(_ id: String, _ labels: [RunLabel]?) -> Int {
            let number = id.withUTF8Span { id in
                "run".withUTF8Span { table.insert(id, $0, OpenRun(), labels: labels) }
            }
            return number ?? -1
        }
        func found(_ labels: [RunLabel]) -> [String] {
            var ids: [String] = []
            table.forEach(labelled: labels) { _, _, id, _ in
                ids.append(String(validating: id) ?? "")
            }
            return ids
        }
        let labels = (0..<count).map { RunLabel(name: "n\($0)", value: "v") }
        let gone = insert("gone", labels)
        let number = insert("w", labels)
        _ = insert("any", nil)
        let isKept = count < 255
        #expect(table.labels(number) == (isKept ? labels : nil))
        // Names and labels of others are moved.
        table.remove(gone)
        #expect(table.labels(number) == (isKept ? labels : nil) && table.labels(2) == nil)
        #expect(table.id(number) == Array("w".utf8) && table.runID(number) == Array("run".utf8))
        #expect(found([]) == ["w", "any"])
        #expect(found([RunLabel(name: "m", value: "v")]) == (isKept ? ["any"] : ["w", "any"]))
        guard let last = labels.last else { return }
        #expect(found([labels[0], last]) == ["w", "any"])
    }

    @Test("a table finds what was put in and not taken out, however it is used")
    func table() {
        var random = SeededRandom(seed: 3)
        var table = OpenRunTable()
        var known: [String: UInt32] = [:]
        var copies: [(OpenRunTable, [String: UInt32])] = []
        for turn in 0..<20_000 {
            let id = "workflow-\(Int.random(in: 0..<2_500, using: &random))"
            let found = id.withUTF8Span { id in "r".withUTF8Span { table.find(id, $0) } }
            #expect(found.map { table[$0].eventCount } == known[id])
            if let found {
                if Bool.random(using: &random) {
                    table.remove(found)
                    known[id] = nil
                } else {
                    table[found].eventCount = UInt32(turn)
                    known[id] = UInt32(turn)
                }
            } else {
                let run = OpenRun(eventCount: UInt32(turn))
                let number = id.withUTF8Span { id in
                    "r".withUTF8Span { table.insert(id, $0, run) }
                }
                #expect(number != nil)
                known[id] = UInt32(turn)
            }
            if turn % 5_000 == 4_999 { copies.append((table, known)) }
        }
        for (copy, known) in copies {
            var seen: [String: UInt32] = [:]
            copy.forEach { _, run, id, _ in seen[String(validating: id) ?? ""] = run.eventCount }
            #expect(seen == known && copy.count == known.count)
        }
    }
}

extension OpenRun {
    fileprivate init(
        eventCount: UInt32, steps: UInt32 = 0, children: UInt32 = 0, messages: UInt32 = 0,
        unseen: UInt32 = 0
    ) {
        self.init()
        self.eventCount = eventCount
        self.steps = steps
        self.children = children
        self.messages = messages
        self.unseen = unseen
    }
}

/// Counts what is read, and is a journal like its base.
final class CountingSession: JournaledStore {
    private let base: MemoryHistoryStore.Session
    private let lock = Lock()
    private let count = Guarded(0)

    init(_ base: MemoryHistoryStore.Session) { self.base = base }

    var readCount: Int { lock.withLock { count.value } }
    var journal: any HistoryJournal { base.journal }
    var capabilities: HistoryStoreCapabilities { base.capabilities }

    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        await base.append(commit)
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        lock.withLock { count.value += 1 }
        return try await base.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }
}
