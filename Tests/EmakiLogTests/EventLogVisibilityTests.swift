import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Nobody learns anything that rests on an event which is not durable yet.
@Suite struct EventLogVisibilityTests {
    /// A log with one durable event of "a", one event of "a" in flight, and one of "b" gathering.
    private struct Scene {
        let store: ShellStore
        let log: EventLog
        let inFlight: Task<Result<AppendResult, LogError>, Never>
        let gathering: Task<Result<AppendResult, LogError>, Never>

        init() async throws {
            let store = try ShellStore()
            let log = try store.open()
            (self.store, self.log) = (store, log)
            try await log.append(event(0, id: 100), to: "a", expecting: .noStream)
            store.disk.holdWrites()
            inFlight = Task {
                await outcome { () async throws(LogError) in
                    try await log.append(event(1, id: 101), to: "a", expecting: .version(1))
                }
            }
            await store.disk.heldWrite()
            gathering = Task {
                await outcome { () async throws(LogError) in
                    try await log.append(event(2, id: 102), to: "b", expecting: .noStream)
                }
            }
            await log.pending(2)
        }

        /// What every way of reading shows now.
        func view() throws -> [String] {
            try [
                "\(log.durablePosition)", "\(log.version(of: "a"))", "\(log.version(of: "b"))",
                "\(log.events(in: "a").map(\.version))", "\(log.events(in: "b").map(\.version))",
                "\(log.events(in: "a", direction: .backwards).map(\.version))",
                "\(log.events().map(\.position))",
                "\(log.streams().map { "\($0.stream)@\($0.version)" })",
            ]
        }
    }

    private static let viewBefore = ["1", "1", "0", "[1]", "[]", "[1]", "[0]", "[\"a@1\"]"]
    private static let viewAfter = [
        "3", "2", "1", "[1, 2]", "[1]", "[2, 1]", "[0, 1, 2]", "[\"a@2\", \"b@1\"]",
    ]

    @Test("no reader sees events in flight or gathering, and every reader sees them once durable")
    func readers() async throws {
        let scene = try await Scene()
        #expect(try scene.view() == Self.viewBefore)
        scene.store.disk.releaseWrites()
        #expect(await scene.inFlight.value.error == nil)
        #expect(await scene.gathering.value.error == nil)
        #expect(try scene.view() == Self.viewAfter)
        await scene.log.close()
    }

    @Test("a follower is handed an event only once it is durable")
    func follower() async throws {
        let scene = try await Scene()
        let log = scene.log
        let follower = Task {
            var seen: [Position] = []
            var iterator = log.follow().makeAsyncIterator()
            while seen.count < 3, case .event(let event)? = try await iterator.next() {
                #expect(event.position < log.durablePosition)
                seen.append(event.position)
            }
            return seen
        }
        // It has read what there is, and waits.
        await passed { log.peek { $0.waiters.contains { $0.id != 0 } } }
        #expect(log.durablePosition == Position(1))
        scene.store.disk.releaseWrites()
        #expect(try await follower.value == [Position(0), Position(1), Position(2)])
        await log.close()
    }

    @Test("a conflict with a pending event is answered only once that event is durable")
    func pendingConflict() async throws {
        let scene = try await Scene()
        let log = scene.log
        let conflict = Task {
            let result = await outcome { () async throws(LogError) in
                try await log.append(event(9, id: 9), to: "b", expecting: .noStream)
            }
            return (result.error, log.durablePosition)
        }
        let reused = Task {
            let result = await outcome { () async throws(LogError) in
                try await log.append(event(9, id: 101), to: "a", expecting: .version(1))
            }
            return (result.error, log.durablePosition)
        }
        await passed { log.peek { $0.waiters.count } == 4 }
        #expect(log.durablePosition == Position(1))
        // A conflict that rests on durable events only needs nobody's write.
        await #expect(throws: LogError.versionConflict(stream: "c", actual: 0)) {
            try await log.append(event(9), to: "c", expecting: .version(4))
        }
        scene.store.disk.releaseWrites()
        let (error, position) = await conflict.value
        #expect(error == .versionConflict(stream: "b", actual: 1))
        #expect(position == Position(3))
        let (reusedError, reusedPosition) = await reused.value
        #expect(reusedError == .idReused(stream: "a", version: 2))
        #expect(reusedPosition >= Position(2))
        await log.close()
    }

    @Test("a reservation that conflicts with a pending event says so only when waited for")
    func reservedConflict() async throws {
        let scene = try await Scene()
        let log = scene.log
        let reservation = try log.reserve(event(9, id: 9), to: "b", expecting: .noStream)
        scene.store.disk.releaseWrites()
        await #expect(throws: LogError.versionConflict(stream: "b", actual: 1)) {
            try await log.durable(reservation)
        }
        await log.close()
    }

    @Test(
        "a repetition of a pending append waits for it and gets its result, from tasks and threads")
    func pendingRepetition() async throws {
        let scene = try await Scene()
        let log = scene.log
        let fromTask = Task {
            await outcome { () async throws(LogError) in
                try await log.append(event(1, id: 101), to: "a", expecting: .version(1))
            }
        }
        async let fromThread = onThread { () throws(LogError) in
            try log.blocking.append(event(2, id: 102), to: "b", expecting: .noStream)
        }
        await passed { log.peek { $0.waiters.count } == 3 }
        await log.sleepingThreads(1)
        #expect(log.statistics.pendingEvents == 2)
        scene.store.disk.releaseWrites()
        let first = try await fromTask.value.get()
        #expect(first.wasStoredBefore && first.positions == Position(1)..<Position(2))
        #expect(first.version == 2)
        let second = try await fromThread.get()
        #expect(second.wasStoredBefore && second.positions == Position(2)..<Position(3))
        #expect(try scene.view() == Self.viewAfter)
        await log.close()
    }

    @Test("after a failed write everybody is told exactly what is known, and reopening helps")
    func failedWrite() async throws {
        let scene = try await Scene()
        let log = scene.log
        func append(
            _ event: Event, _ stream: StreamID, _ expected: ExpectedVersion
        ) -> Task<LogError?, Never> {
            Task {
                await outcome { () async throws(LogError) in
                    try await log.append(event, to: stream, expecting: expected)
                }.error
            }
        }
        let repetition = append(event(1, id: 101), "a", .version(1))
        let conflict = append(event(9, id: 9), "b", .noStream)
        let reserved = try log.reserve(event(3), to: "c")
        let threadAppend = Task {
            await onThread { () throws(LogError) in try log.blocking.append(event(4), to: "d") }
        }
        let follower = Task {
            await outcome { () async throws(LogError) in
                var iterator = log.follow(from: 1).makeAsyncIterator()
                return try await iterator.next() != nil
            }
        }
        let position = Task {
            await outcome { () async throws(LogError) in try await log.durable(Position(50)) }
        }
        await passed { log.peek { $0.waiters.count } == 6 }
        await log.sleepingThreads(1)
        scene.store.disk.failDurableWrites()
        scene.store.disk.releaseWrites()
        #expect(await scene.inFlight.value.error == .outcomeUnknown)
        #expect(await scene.gathering.value.error == .outcomeUnknown)
        #expect(await repetition.value == .outcomeUnknown)
        #expect(await conflict.value == .poisoned)
        #expect(await threadAppend.value.error == .outcomeUnknown)
        #expect(await follower.value.error == .poisoned)
        #expect(await position.value.error == .poisoned)
        await #expect(throws: LogError.outcomeUnknown) { try await log.durable(reserved) }
        try await expectPoisoned(log, writes: scene.store.disk)
        #expect(try scene.view() == Self.viewBefore)
        await log.close()
        await #expect(throws: LogError.closed) { try await log.append(event(9), to: "e") }
        try await expectReopens(scene.store)
    }

    /// A poisoned log refuses, and tries no further write even though the disk is well again.
    private func expectPoisoned(_ log: EventLog, writes disk: FaultyFileSystem) async throws {
        disk.mendDurableWrites()
        let writes = disk.counts.durableWrites
        #expect(log.statistics.isPoisoned)
        await #expect(throws: LogError.poisoned) { try await log.append(event(9), to: "e") }
        #expect(throws: LogError.poisoned) { try log.reserve(event(9), to: "e") }
        let blocking = await onThread { () throws(LogError) in
            try log.blocking.append(event(9), to: "e")
        }
        #expect(blocking.error == .poisoned)
        await #expect(throws: LogError.poisoned) { try await log.durable(Position(1)) }
        try await log.durable(Position(0))
        #expect(disk.counts.durableWrites == writes)
    }

    private func expectReopens(_ store: ShellStore) async throws {
        let log = try store.open()
        #expect(!log.receipt.wasClosed)
        #expect(try log.events(in: "a").count == 1)
        #expect(try log.version(of: "c") == .none && log.version(of: "e") == .none)
        let again = try await log.append(event(1, id: 101), to: "a", expecting: .version(1))
        #expect(!again.wasStoredBefore && again.version == 2)
        await log.close()
    }

    @Test("appends that wait for room when a write fails are certainly not stored")
    func failedWriteWithWaiters() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.pendingEventsMax = 1 }
        store.disk.holdWrites()
        let first = Task {
            await outcome { () async throws(LogError) in try await log.append(event(), to: "a") }
        }
        await log.pending(1)
        let count = Limits.admissionsPerCommitMax + 100
        let errors = await withTaskGroup(of: LogError?.self) { group in
            for _ in 0..<count {
                group.addTask {
                    await outcome { () async throws(LogError) in
                        try await log.append(event(), to: "b")
                    }.error
                }
            }
            group.addTask {
                await onThread { () throws(LogError) in
                    try log.blocking.append(event(), to: "b")
                }.error
            }
            await log.waitingForRoom(count + 1)
            store.disk.failDurableWrites()
            store.disk.releaseWrites()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(await first.value.error == .outcomeUnknown)
        #expect(errors.count == count + 1 && errors.allSatisfy { $0 == .poisoned })
        await log.close()
    }

    @Test("a failed idle mark poisons too: its write may have hit anything")
    func failedMark() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.idleMarkDelay = .microseconds(1) }
        store.disk.failDurableWrites(skipping: 1)
        try await log.append(event(), to: "a")
        await passed { log.statistics.isPoisoned }
        await #expect(throws: LogError.poisoned) { try await log.append(event(), to: "a") }
        #expect(try log.events(in: "a").count == 1)
        await log.close()
        store.disk.mendDurableWrites()
        let again = try store.open()
        #expect(try again.events(in: "a").count == 1)
        await again.close()
    }
}
