import EmakiLog
import EmakiWorkflowTesting
import Foundation
import Synchronization
import Testing

@testable import EmakiWorkflow

/// Runs that an engine takes up, and what stands in their way.
@Suite struct ObstacleTests {
    /// An activity in a named queue, which reports.
    struct Long: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(1_000), heartbeat: .seconds(10), retry: .once, queue: "long")
        func run(context: ActivityContext, input: Nothing) async throws -> Int { 0 }
    }

    enum Waiting: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Int {
            try await context.run(Long.self, Nothing())
        }
    }

    enum Sender: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            do {
                let other = String(repeating: "x", count: input)
                try await context.signal(other, Counter.add, 1)
                return "sent"
            } catch let failure as StepFailure {
                return failure.cause.type
            }
        }
    }

    enum Dozer: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.sleep(for: .seconds(60))
            return input
        }
    }

    /// Is told what failed.
    final class Listener: EngineObserver {
        private let failures = Atomic(0)
        private let ends = Atomic(0)
        var failureCount: Int { failures.load(ordering: .relaxed) }
        var endCount: Int { ends.load(ordering: .relaxed) }
        func recorded(workflowID: String, runID: String, _ events: [HistoryEvent]) {
            for case .closed in events.map(\.body) { ends.add(1, ordering: .relaxed) }
        }
        func storeFailed(_ error: any Error) { failures.add(1, ordering: .relaxed) }
    }

    private func engine(
        _ clock: SkippingClock, _ store: any HistoryStore, _ observer: Listener = Listener(),
        memoryMax: Int = 0
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = clock
        options.observer = observer
        options.runsInMemoryMax = memoryMax
        return try await WorkflowEngine(
            store: store,
            definitions: [
                WorkflowDefinition(Waiting.self), WorkflowDefinition(Sender.self),
                WorkflowDefinition(Dozer.self), WorkflowDefinition(Counter.self),
            ], activities: [Long()], options: options)
    }

    @Test(
        "a worker that reports keeps its attempt, whether or not the run leaves memory or restarts")
    func reports() async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        var engine = try await engine(clock, store.session())
        let handle = try await engine.start(Waiting.self, id: "w", Nothing())
        let attempt = try await engine.nextAttempt(from: "long")
        for round in 1...3 {
            clock.advance(by: .seconds(6))
            #expect(try await engine.heartbeat(attempt.token, round))
        }
        #expect(try await handle.describe().outcome == nil)
        engine.close()
        clock.advance(by: .seconds(6))
        engine = try await self.engine(clock, store.session())
        #expect(try await engine.heartbeat(attempt.token, 4))
        clock.advance(by: .seconds(6))
        #expect(try await engine.complete(attempt.token, 7))
        let result = try await engine.handle(Waiting.self, id: "w").result()
        #expect(result == 7)
        engine.close()
    }

    @Test("an id that nobody can have is refused at once, and nothing is looked for again")
    func longID() async throws {
        let listener = Listener()
        let engine = try await engine(
            SkippingClock(), MemoryHistoryStore().session(), listener)
        let id = String(repeating: "x", count: 250)
        let handle = engine.handle(Counter.self, id: id)
        await #expect(throws: WorkflowError.self) { _ = try await handle.describe() }
        await #expect(throws: WorkflowError.self) { try await handle.signal(Counter.add, 1) }
        await #expect(throws: WorkflowError.self) { _ = try await handle.query(Counter.value) }
        await #expect(throws: WorkflowError.self) { _ = try await handle.result() }
        let token = TaskToken(workflowID: id, runID: "r", step: 2, attempt: 1)
        await #expect(throws: WorkflowError.self) { _ = try await engine.complete(token, 1) }
        let sent = try await engine.execute(Sender.self, id: "s", 250)
        #expect(sent == "NotDelivered")
        #expect(engine.core.hostCount <= 1 && listener.failureCount == 0)
        engine.close()
    }

    /// A store with a folder, in which the process before has left its marks.
    struct Marked: ForwardingStore {
        let base: MemoryHistoryStore.Session
        let folder: String

        var capabilities: HistoryStoreCapabilities {
            var capabilities = base.capabilities
            capabilities.folder = folder
            return capabilities
        }
    }

    @Test("a suspect whose trial is over hears of a timer that is late")
    func suspect() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-suspect-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let first = try await engine(clock, store.session())
        try await first.start(Dozer.self, id: "d", 1)
        first.close()
        let marks = try #require(RunMarks(folder: folder, process: 7))
        marks.mark(marks.takeSlot(), EngineCore.hash("d"))
        let listener = Listener()
        let second = try await engine(
            clock, Marked(base: store.session(), folder: folder), listener, memoryMax: 10)
        #expect(second.core.suspects.step(of: EngineCore.hash("d")) != nil)
        // The trial is under way, or over.
        while second.core.suspects.holds(EngineCore.hash("d")) || second.core.workInProgress > 0 {
            await Task.yield()
        }
        clock.advance(by: .seconds(100))
        for _ in 0..<200_000 where listener.endCount == 0 { await Task.yield() }
        #expect(listener.endCount == 1)
        second.close()
    }

    /// Reads of one workflow's records fail, some times or always.
    final class Picky: HistoryStore {
        private let base: MemoryHistoryStore.Session
        private let stream: String
        private let error: LogError
        private let left: Atomic<Int>

        init(_ base: MemoryHistoryStore.Session, _ stream: String, _ error: LogError, _ times: Int)
        {
            self.base = base
            self.stream = stream
            self.error = error
            left = Atomic(times)
        }

        var capabilities: HistoryStoreCapabilities { base.capabilities }

        func claim() async throws -> UInt64 { try await base.claim() }

        nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
            await base.append(commit)
        }

        func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
            if stream == self.stream,
                left.wrappingSubtract(1, ordering: .relaxed).oldValue > 0
            {
                throw error
            }
            return try await base.read(stream, from: index, limit: limit)
        }

        func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
            try await base.streams(prefix: prefix, after: after, limit: limit)
        }
    }

    @Test(
        "a workflow that cannot be read keeps no other from going on, and is asked for again",
        arguments: [true, false])
    func unreadable(isForGood: Bool) async throws {
        let store = MemoryHistoryStore()
        let clock = SkippingClock(skips: false)
        let count = 1_100
        let first = try await engine(clock, store.session())
        for number in 0..<count { try await first.start(Dozer.self, id: "d\(number)", number) }
        first.close()
        clock.advance(by: .seconds(100))
        let error =
            isForGood
            ? LogError.tooLarge(.streamIDBytes, limit: 1, value: 2)
            : .disk(file: "f", operation: "read", code: 5)
        let listener = Listener()
        let picky = Picky(
            store.session(), StreamName.id("d500"), error, isForGood ? .max : 1)
        let second = try await engine(clock, picky, listener)
        for number in [0, 499, 501, count - 1, 999] {
            let result = try await second.handle(Dozer.self, id: "d\(number)").result()
            #expect(result == number)
        }
        if !isForGood {
            let result = try await second.handle(Dozer.self, id: "d500").result()
            #expect(result == 500)
        }
        #expect(listener.failureCount >= 1)
        second.close()
    }
}
