import EmakiLog
import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Testing

/// Engines on an event log on a disk.
@Suite struct EventLogStoreTests {
    private func withLog(_ body: (EventLog, String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-workflow-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let options = StoreOptions(segmentBytes: 1 << 20)
        let log = try await EventLog.open(at: folder, .creating(options))
        try await body(log, folder)
        await log.close()
    }

    private func commit(_ stream: String, _ epoch: UInt64) -> HistoryCommit {
        let event = HistoryCommit.NewEvent(
            id: (low: 1, high: epoch), type: "T", metadata: [], payload: [1])
        return HistoryCommit(
            partition: 1, epoch: epoch,
            parts: [.init(stream: stream, expecting: nil, events: [event])])
    }

    private func engine(
        _ log: EventLog, _ world: World = World()
    ) async throws -> WorkflowEngine {
        // Time stands still: no attempt takes too long, however busy the machine is.
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        return try await WorkflowEngine(
            log: log, workflows: [Counter.self, AccountTransfer.self],
            activities: [Debit(world: world), Credit(world: world), Refund(world: world)],
            options: options)
    }

    @Test("a run goes on in the next opening of the log, with what was acknowledged")
    func reopening() async throws {
        try await withLog { log, folder in
            let world = World()
            let first = try await engine(log, world)
            let handle = try await first.start(Counter.self, id: "c", 1)
            try await handle.signal(Counter.add, 2)
            #expect(
                try await first.execute(AccountTransfer.self, id: "t", Transfer(amount: 1))
                    == "debited 1, credited 1")
            first.close()
            await log.close()
            let again = try await EventLog.open(at: folder)
            let second = try await engine(again, world)
            let counter = second.handle(Counter.self, id: "c")
            #expect(try await counter.query(Counter.value) == 3)
            try await counter.signal(Counter.finish, Nothing())
            #expect(try await counter.result() == 3)
            // Not again.
            #expect(world.names == ["debit", "credit"])
            second.close()
            await again.close()
        }
    }

    @Test("of two engines on one log the newer one owns it, and the other is told")
    func ownership() async throws {
        try await withLog { log, _ in
            let first = try await engine(log)
            let handle = try await first.start(Counter.self, id: "c", 1)
            let second = try await engine(log)
            await #expect(throws: WorkflowError.fenced) {
                try await handle.signal(Counter.add, 2)
            }
            let counter = second.handle(Counter.self, id: "c")
            try await counter.signal(Counter.add, 5)
            #expect(try await counter.query(Counter.value) == 6)
            first.close()
            second.close()
        }
    }

    @Test("nothing that an owner of before submitted is stored once the next one is told its epoch")
    func nothingLate() async throws {
        try await withLog { log, _ in
            let store = EventLogStore(log)
            var epoch = try await store.claim()
            for round in 0..<20 {
                let submitted = (0..<16).map { number in
                    Task { [epoch] in
                        let commit = commit("r\(round)-\(number)", epoch)
                        guard number % 2 == 0 else { return await store.append(commit) }
                        return await withCheckedContinuation { answered in
                            store.submit(commit) { answered.resume(returning: $0) }
                        }
                    }
                }
                let next = try await store.claim()
                #expect(next == epoch + 1)
                let position = log.durablePosition
                var count = 0
                for task in submitted {
                    switch await task.value {
                    case .committed: count += 1
                    case .fenced: break
                    case let other: Issue.record("\(other)")
                    }
                }
                let stored = try log.streams(withPrefix: "r\(round)-").count
                #expect(log.durablePosition == position && stored == count)
                epoch = next
            }
        }
    }

    @Test("callers learn that nobody knows when the log is closed under the engine")
    func closedLog() async throws {
        try await withLog { log, _ in
            let engine = try await engine(log)
            let handle = try await engine.start(Counter.self, id: "c", 1)
            await log.close()
            await #expect(throws: WorkflowError.outcomeUnknown) {
                try await handle.signal(Counter.add, 2)
            }
            engine.close()
        }
    }
}
