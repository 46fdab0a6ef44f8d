import EmakiPlatform
import Testing

@testable import EmakiLog

/// What the commit loop and its queues owe to jobs and appends beyond getting them done.
@Suite struct MutantLoopTests {
    @Test("a job that a job of the loop starts runs before the group is written")
    func startedJobs() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.gatherLimit = .seconds(60) }
        store.disk.resetCounts()
        let outer = Task(executorPreference: log.loop) {
            let inner = Task(executorPreference: log.loop) {
                await outcome { () async throws(LogError) in
                    try await log.append(event(1), to: "b")
                }
            }
            let own = await outcome { () async throws(LogError) in
                try await log.append(event(0), to: "a")
            }
            return [own.error, await inner.value.error]
        }
        #expect(await outer.value == [nil, nil])
        #expect(store.disk.counts.durableWrites == 1)
        await log.close()
    }

    @Test("jobs that are left when gathering is over run on the loop of a closed log too")
    func jobsAfterClose() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.gatherLimit = .nanoseconds(1) }
        await log.close()
        let gate = Gate()
        let occupied = log.loop.occupy(until: gate)
        await gate.reached()
        let count = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 { group.addTask(executorPreference: log.loop) { 1 } }
            gate.open()
            return await group.reduce(0, +)
        }
        #expect(count == 100)
        await occupied.value
    }

    /// What each job of a row saw of the writes that were begun, when it ran.
    private static func writesSeen(
        _ store: ShellStore, _ log: EventLog, appends: Int, bytes: Int, others: Int
    ) async -> [Int] {
        store.disk.resetCounts()
        return await Task(executorPreference: log.loop) {
            let appending = (0..<appends).map { number in
                Task(executorPreference: log.loop) {
                    _ = await outcome { () async throws(LogError) in
                        try await log.append(event(number, bytes: bytes), to: "a")
                    }
                    return 0
                }
            }
            let looking = (0..<others).map { _ in
                Task(executorPreference: log.loop) { store.disk.counts.durableWrites }
            }
            var seen: [Int] = []
            for task in looking { seen.append(await task.value) }
            for task in appending { _ = await task.value }
            return seen
        }.value
    }

    @Test("once an append finds no room its group is written before other jobs run")
    func fullGroup() async throws {
        let store = try ShellStore()
        let log = try store.open {
            $0.groupBytesMax = 4096
            $0.gatherLimit = .seconds(60)
        }
        let seen = await Self.writesSeen(store, log, appends: 2, bytes: 4_000, others: 1)
        #expect(seen.allSatisfy { $0 > 0 })
        await log.close()
    }

    @Test("once somebody has waited long enough the group is written, whatever jobs there are")
    func longRow() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.gatherLimit = .nanoseconds(1) }
        let seen = await Self.writesSeen(store, log, appends: 1, bytes: 1, others: 64)
        #expect(seen.last ?? 0 > 0)
        await log.close()
    }

    /// A queue of appends that wait.
    private final class Line: @unchecked Sendable {
        private let lock = Lock()
        private var queue = AdmissionQueue()

        func with<R>(_ body: (inout AdmissionQueue) -> R) -> R { lock.withLock { body(&queue) } }

        /// Suspends until `count` tasks wait.
        func fill(_ count: Int, _ group: inout TaskGroup<Void>) async {
            let before = with { $0.count }
            for _ in 0..<count {
                group.addTask {
                    _ = await WaitSlot<Committer.Signal>.wait { slot in
                        self.with { $0.append(slot, reason: .pendingEvents, attempt: 0) }
                    }
                }
            }
            await passed { with { $0.count } == before + count }
        }

        /// Suspends until a task waits for this.
        func add(
            _ reason: WaitReason, attempt: UInt64, wasOvertaken: Bool = false,
            _ group: inout TaskGroup<Void>
        ) async {
            let before = with { $0.count }
            group.addTask {
                _ = await WaitSlot<Committer.Signal>.wait { slot in
                    self.with {
                        $0.append(
                            slot, reason: reason, attempt: attempt, wasOvertaken: wasOvertaken)
                    }
                }
            }
            await passed { with { $0.count } == before + 1 }
        }

        func admit(_ count: Int) {
            for slot in with({ $0.take(count) }) { slot.resume(returning: .retry) }
        }
    }

    @Test("a line of waiting appends gives places back once most are empty, and not before")
    func places() async {
        let line = Line()
        await withTaskGroup(of: Void.self) { group in
            await line.fill(3000, &group)
            line.admit(1024)
            #expect(line.with { $0.placeCount } == 3000, "few are empty: nothing is moved")
            line.admit(476)
            #expect(line.with { $0.placeCount } == 3000, "half are empty")
            line.admit(1)
            #expect(line.with { $0.placeCount } == 1499)
            line.admit(1000)
            #expect(line.with { ($0.placeCount, $0.count) } == (1499, 499), "a short line stays")
            line.admit(.max)
            #expect(line.with { ($0.placeCount, $0.count, $0.isEmpty) } == (0, 0, true))
        }
    }

    @Test("who waits for a segment, and came before an attempt, is told of it; nobody else is")
    func forSegments() async {
        let line = Line()
        await withTaskGroup(of: Void.self) { group in
            for wasOvertaken in [false, true] {
                await line.add(.segment, attempt: 4, wasOvertaken: wasOvertaken, &group)
                await line.add(.segment, attempt: 5, wasOvertaken: wasOvertaken, &group)
                await line.add(.groupBytes, attempt: 4, wasOvertaken: wasOvertaken, &group)
            }
            var told = line.with { $0.takeWaitingForSegment(before: 5) }
            #expect(told.count == 2)
            #expect(line.with { $0.count } == 4)
            told += line.with { $0.takeWaitingForSegment() }
            #expect(told.count == 4)
            #expect(line.with { $0.count } == 2)
            for slot in told { slot.resume(returning: .retry) }
            line.admit(.max)
            #expect(line.with { $0.placeCount } == 0)
        }
    }
}
