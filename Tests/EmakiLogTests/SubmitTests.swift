import EmakiPlatform
import Testing

@testable import EmakiLog

/// Appends that are called back instead of waited for.
@Suite struct SubmitTests {
    /// What was called back, in order.
    final class Calls: Sendable {
        private let lock = Lock()
        private let results = Guarded<[(Int, Result<BatchResult, LogError>)]>([])

        func note(_ number: Int, _ result: Result<BatchResult, LogError>) {
            lock.withLock { results.value.append((number, result)) }
        }

        var all: [(number: Int, result: Result<BatchResult, LogError>)] {
            lock.withLock { results.value }
        }

        func count(_ wanted: Int) async { await passed { all.count >= wanted } }
    }

    private func submit(
        _ number: Int, to stream: StreamID, _ expected: ExpectedVersion, _ log: EventLog,
        _ calls: Calls
    ) throws(LogError) {
        try log.submit([StreamAppend(to: stream, [event(number)], expecting: expected)]) {
            calls.note(number, $0)
        }
    }

    @Test("each batch is called back once, in order, and not before it is durable")
    func order() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let calls = Calls()
        store.disk.holdWrites()
        for number in 0..<20 {
            try submit(number, to: "s", .version(StreamVersion(UInt64(number))), log, calls)
        }
        await store.disk.heldWrite()
        #expect(calls.all.isEmpty)
        store.disk.releaseWrites()
        await calls.count(20)
        #expect(calls.all.map(\.number) == Array(0..<20))
        let versions = calls.all.compactMap { try? $0.result.get().versions.first?.rawValue }
        #expect(versions == Array(1...20))
        #expect(try log.events(in: "s").count == 20)
        await log.close()
        #expect(calls.all.count == 20)
    }

    @Test(
        "a refusal is thrown if it holds already, and called back if it is not certain yet"
    )
    func refusals() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let calls = Calls()
        try await log.append(event(0), to: "s")
        #expect(throws: LogError.self) { try submit(1, to: "s", .noStream, log, calls) }
        #expect(calls.all.isEmpty)
        store.disk.holdWrites()
        try submit(2, to: "s", .version(1), log, calls)
        try submit(3, to: "s", .version(1), log, calls)
        await store.disk.heldWrite()
        store.disk.releaseWrites()
        await calls.count(2)
        #expect(calls.all.map(\.number) == [2, 3])
        guard case .failure(.versionConflict) = calls.all[1].result else {
            Issue.record("\(calls.all[1].result)")
            return
        }
        await log.close()
    }

    @Test("when a write fails, nobody is told that it is durable")
    func poisoned() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let calls = Calls()
        store.disk.failDurableWrites()
        try submit(1, to: "s", .noStream, log, calls)
        await calls.count(1)
        guard case .failure(.outcomeUnknown) = calls.all.first?.result else {
            Issue.record("\(calls.all)")
            return
        }
        #expect(throws: LogError.poisoned) { try submit(2, to: "t", .noStream, log, calls) }
        await log.close()
        #expect(calls.all.count == 1)
    }

    @Test("a stream that was never written is known without reading")
    func mayContain() async throws {
        let store = try ShellStore()
        let log = try store.open()
        #expect(try !log.mayContain("s"))
        try await log.append(event(0), to: "s")
        #expect(try log.mayContain("s"))
        await log.close()
        #expect(throws: LogError.closed) { try log.mayContain("s") }
    }

    @Test("while the loop is held up by a job another thread commits")
    func leading() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let calls = Calls()
        let gate = Gate()
        let job = log.loop.occupy(until: gate)
        await gate.reached()
        try submit(1, to: "s", .noStream, log, calls)
        #expect(calls.all.isEmpty)
        #expect(log.leadCommit())
        #expect(calls.all.count == 1)
        #expect(!log.leadCommit())
        gate.open()
        await job.value
        await log.close()
    }
}
