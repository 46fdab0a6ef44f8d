import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Every bound makes `append` wait, threads block, and `reserve` say so.
@Suite struct EventLogBoundsTests {
    enum Bound: CaseIterable { case pendingEvents, groupBytes, segment }

    private func open(_ store: ShellStore, _ bound: Bound) throws -> EventLog {
        if bound == .segment { store.disk.holdSegments() }
        return try store.open {
            switch bound {
            case .pendingEvents: $0.pendingEventsMax = 2
            case .groupBytes: $0.groupBytesMax = 4096
            case .segment: $0.readySegmentCount = 1
            }
        }
    }

    @Test(
        "at a bound tasks suspend, threads block, reservations are refused, and all complete after",
        arguments: Bound.allCases)
    func atBound(_ bound: Bound) async throws {
        let store = try ShellStore()
        let log = try open(store, bound)
        store.disk.holdWrites()
        // One group in flight, and one gathering that is as full as it may be.
        let bytes = bound == .segment ? 25 << 10 : 3000
        let first = try log.reserve(event(0, bytes: bytes), to: "first")
        await store.disk.heldWrite()
        let second = try log.reserve(event(1, bytes: bytes), to: "first")
        let reason: WaitReason =
            switch bound {
            case .pendingEvents: .pendingEvents
            case .groupBytes: .groupBytes
            case .segment: .segment
            }
        #expect(throws: LogError.wouldWait(reason)) {
            try log.reserve(event(2, bytes: bytes), to: "first")
        }
        let results = await withTaskGroup(of: LogError?.self) { group in
            addWaiters(to: &group, log, bytes: bytes)
            await log.waitingForRoom(10)
            #expect(log.statistics.pendingEvents == 2)
            store.disk.releaseSegments()
            store.disk.releaseWrites()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count == 10 && results.allSatisfy { $0 == nil })
        #expect(try await log.durable(first).version == 1)
        #expect(try await log.durable(second).version == 2)
        #expect(try log.events().count == 12)
        await log.close()
    }

    private func addWaiters(
        to group: inout TaskGroup<LogError?>, _ log: EventLog, bytes: Int
    ) {
        for number in 0..<5 {
            group.addTask {
                await outcome { () async throws(LogError) in
                    try await log.append(event(number, bytes: bytes), to: "task")
                }.error
            }
            group.addTask {
                await onThread { () throws(LogError) in
                    try log.blocking.append(event(number, bytes: bytes), to: "thread")
                }.error
            }
        }
    }

    @Test("a batch larger than a bound is taken alone")
    func largerThanBounds() async throws {
        let store = try ShellStore()
        let log = try store.open {
            $0.pendingEventsMax = 1
            $0.groupBytesMax = 4096
        }
        let result = try await log.append((0..<20).map { event($0, bytes: 500) }, to: "a")
        #expect(result.positions == Position(0)..<Position(20))
        await log.close()
    }

    @Test("without space nothing is written, everybody who needs a segment is told, and it passes")
    func noSpace() async throws {
        let store = try ShellStore()
        store.disk.failSegments(code: ENOSPC)
        let log = try store.open()
        try await log.append(event(0, bytes: 40 << 10), to: "a")
        let writes = store.disk.counts.durableWrites
        await #expect(throws: LogError.noSpace) {
            try await log.append(event(1, bytes: 40 << 10), to: "a", expecting: .version(1))
        }
        let blocking = await onThread { () throws(LogError) in
            try log.blocking.append(event(1, bytes: 40 << 10), to: "a", expecting: .version(1))
        }
        #expect(blocking.error == .noSpace)
        #expect(throws: LogError.noSpace) { try log.reserve(event(1, bytes: 40 << 10), to: "a") }
        #expect(store.disk.counts.durableWrites == writes)
        #expect(log.statistics.pendingEvents == 0)
        // What still fits is taken.
        #expect(try await log.append(event(2), to: "b").version == 1)
        store.disk.failSegments(code: nil)
        #expect(try await log.append(event(1, bytes: 40 << 10), to: "a").version == 2)
        await log.close()
        let again = try store.open()
        #expect(try again.events().count == 3)
        await again.close()
    }

    @Test("other failures of a preparation name the file and the system's number")
    func failedPreparation() async throws {
        let store = try ShellStore()
        store.disk.failSegments(code: EIO)
        let log = try store.open()
        try await log.append(event(0, bytes: 40 << 10), to: "a")
        let error = await outcome { () async throws(LogError) in
            try await log.append(event(1, bytes: 40 << 10), to: "a")
        }.error
        guard case .disk(let file, let operation, let code) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(file.hasPrefix("wal/") && operation == "open" && code == EIO)
        #expect(!log.statistics.isPoisoned)
        await log.close()
    }

    @Test("100,000 tasks at once complete, in few groups, each once")
    func manyTasks() async throws {
        let count = 100_000
        let store = try ShellStore(StoreOptions(segmentBytes: 8 << 20))
        let log = try store.open { $0.pendingEventsMax = 30_000 }
        // Not in a task group: those take quadratic time to end so many children.
        let tasks = (0..<count).map { number in
            Task(executorPreference: number % 2 == 0 ? log.loop : nil) {
                await outcome { () async throws(LogError) in
                    try await log.append(
                        event(number), to: StreamID(stringLiteral: "s\(number % 97)"))
                }.error
            }
        }
        for task in tasks { if let error = await task.value { Issue.record("\(error)") } }
        #expect(log.durablePosition == Position(UInt64(count)))
        let numbers = try Set(log.events().map { String(decoding: $0.payload, as: UTF8.self) })
        #expect(numbers.count == count)
        #expect(log.peek { $0.waiters.isEmpty && $0.admissions.isEmpty })
        await log.close()
    }
}
