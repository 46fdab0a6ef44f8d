import EmakiPlatform
import Testing

@testable import EmakiLog

/// Races between who leads, who waits, who gives up and who closes.
@Suite struct ConcurrencyRaceTests {
    // MARK: Leadership

    @Test("a thread and a task on the loop take turns at leading without a stall", arguments: 0..<3)
    func leadership(threads: Int) async throws {
        let store = try ShellStore()
        let log = try store.open { $0.gatherLimit = .microseconds(1) }
        let count = 400
        await withTaskGroup(of: LogError?.self) { group in
            for thread in 0...threads {
                group.addTask {
                    await onThread { () throws(LogError) in
                        let stream = StreamID(stringLiteral: "t\(thread)")
                        for number in 0..<count {
                            try log.blocking.append(event(number), to: stream)
                        }
                    }.error
                }
            }
            for executor in [log.loop, nil] {
                group.addTask(executorPreference: executor) {
                    await outcome { () async throws(LogError) in
                        for number in 0..<count { try await log.append(event(number), to: "a") }
                    }.error
                }
            }
            // Waits for positions that others will fill, and never for its own.
            group.addTask {
                await onThread { () throws(LogError) in
                    for position in 0..<UInt64(count) {
                        try log.blocking.durable(Position(position))
                    }
                }.error
            }
            for await error in group { #expect(error == nil) }
        }
        #expect(log.durablePosition == Position(UInt64(count * (threads + 3))))
        #expect(store.disk.counts.inFlightMax == 1)
        await log.close()
    }

    @Test("loop jobs come and go while threads append: nobody waits for the loop for ever")
    func jobStorm() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.gatherLimit = .microseconds(1) }
        // No task on the pool has a part in it: the loop would go round for as long as other tests
        // keep the pool.
        let (succeeded, ended) = (WaitWord(), WaitWord())
        let rounds = Task(executorPreference: log.loop) {
            while ended.value < 3 { await Task.yield() }
        }
        for _ in 0..<3 {
            SystemThread.start(name: "test") {
                defer { ended.bump() }
                for number in 0..<200 {
                    guard (try? log.blocking.append(event(number), to: "a")) != nil else { return }
                }
                succeeded.bump()
            }
        }
        await rounds.value
        #expect(succeeded.value == 3)
        #expect(log.durablePosition == Position(600))
        await log.close()
    }

    // MARK: Cancellation

    @Test("cancelling tasks that wait in append, for room or for the disk, withdraws nothing")
    func cancelledAppends() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.pendingEventsMax = 4 }
        store.disk.holdWrites()
        let tasks = (0..<20).map { number in
            Task { () -> (Bool, Result<AppendResult, LogError>) in
                let result = await outcome { () async throws(LogError) in
                    try await log.append(event(number), to: "a")
                }
                return (Task.isCancelled, result)
            }
        }
        await passed { log.peek { $0.waiters.count + $0.admissions.count } == 20 }
        for task in tasks { task.cancel() }
        let waiting = Task {
            await outcome { () async throws(LogError) in try await log.durable(Position(19)) }
        }
        waiting.cancel()
        #expect(log.statistics.pendingEvents == 4)
        store.disk.releaseWrites()
        var positions: [Position] = []
        for task in tasks {
            let (isCancelled, result) = await task.value
            #expect(isCancelled)
            positions.append(try result.get().positions.lowerBound)
        }
        #expect(positions.sorted() == (0..<20).map { Position($0) })
        #expect(await waiting.value.error == nil)
        #expect(log.peek { $0.waiters.isEmpty && $0.admissions.isEmpty })
        await log.close()
    }

    @Test("a follower that is cancelled ends with nil, before, while and after it waits")
    func cancelledFollower() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append(event(), to: "a")
        let early = Task {
            while !Task.isCancelled { await Task.yield() }
            var iterator = log.follow(from: 1).makeAsyncIterator()
            return try await iterator.next() == nil
        }
        early.cancel()
        #expect(try await early.value)
        let waiting = Task {
            var iterator = log.follow().makeAsyncIterator()
            guard case .event? = try await iterator.next() else { return false }
            let isOver = try await iterator.next() == nil
            // It stays over.
            let stays = try await iterator.next() == nil
            return isOver && stays
        }
        await passed { log.peek { $0.waiters.count == 1 } }
        waiting.cancel()
        #expect(try await waiting.value)
        #expect(log.peek { $0.waiters.isEmpty } && log.statistics.followers == 0)
        await log.close()
    }

    @Test("a storm of cancellations against commits resumes each follower once and leaves none")
    func cancelStorm() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.gatherLimit = .microseconds(1) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = await onThread { () throws(LogError) in
                    for number in 0..<500 { try log.blocking.append(event(number), to: "a") }
                }
            }
            for client in 0..<8 {
                group.addTask(executorPreference: client % 2 == 0 ? log.loop : nil) {
                    for _ in 0..<60 {
                        let start = log.durablePosition
                        let follower = Task(executorPreference: client % 3 == 0 ? log.loop : nil) {
                            var seen = start.rawValue
                            for try await case .event(let event) in log.follow(from: start) {
                                #expect(event.position.rawValue == seen)
                                seen += 1
                            }
                        }
                        if client % 4 > 1 { await Task.yield() }
                        follower.cancel()
                        do { try await follower.value } catch { Issue.record("\(error)") }
                    }
                }
            }
        }
        #expect(log.durablePosition == Position(500))
        #expect(log.peek { $0.waiters.isEmpty } && log.statistics.followers == 0)
        await log.close()
    }

    // MARK: Close

    @Test(
        "closing against appends: each is durable or refused, and reopening shows just those",
        arguments: 0..<6)
    func closing(round: Int) async throws {
        let store = try ShellStore()
        let log = try store.open {
            $0.pendingEventsMax = round % 2 == 0 ? 8 : 65_536
            $0.idleMarkDelay = round % 3 == 0 ? .nanoseconds(1) : .seconds(3600)
        }
        let acknowledged = await withTaskGroup(of: [String].self) { group in
            for client in 0..<9 {
                group.addTask(executorPreference: client % 3 == 0 ? log.loop : nil) {
                    await Self.appendUntilClosed(log, client)
                }
            }
            // On the loop, which other tests cannot keep busy: the appenders go on until it closes.
            group.addTask(executorPreference: log.loop) {
                do throws(LogError) {
                    try await log.durable(Position(UInt64(30 * (round + 1))))
                } catch {
                    Issue.record("\(error)")
                }
                if round % 2 == 0 { await log.close() } else { await Self.closeOnThread(log) }
                return []
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        // A second close does nothing, and is over at once.
        await log.close()
        await Self.closeOnThread(log)
        let again = try store.open()
        // Not `wasClosed`: a last segment that is full to the brim has room for the slot only.
        #expect(again.receipt.end == .marked)
        let stored = try again.events().map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(stored.sorted() == acknowledged.sorted())
        await again.close()
    }

    private static func closeOnThread(_ log: EventLog) async {
        #expect(await onThread { () throws(LogError) in try log.closeBlocking() }.error == nil)
    }

    /// - Returns: what was acknowledged before the refusal.
    private static func appendUntilClosed(_ log: EventLog, _ client: Int) async -> [String] {
        var acknowledged: [String] = []
        while true {
            let text = "\(client) \(acknowledged.count)" + String(repeating: "y", count: 700)
            let made = Event(type: "C", text: text)
            let stream = StreamID(stringLiteral: "c\(client)")
            let error =
                client % 3 == 1
                ? await onThread { () throws(LogError) in
                    try log.blocking.append(made, to: stream)
                }.error
                : await outcome { () async throws(LogError) in
                    try await log.append(made, to: stream)
                }.error
            guard error == nil else {
                #expect(error == .closed)
                return acknowledged
            }
            acknowledged.append(text)
        }
    }

    @Test("many who close at once all return, from tasks, the loop and threads")
    func manyClosers() async throws {
        let store = try ShellStore()
        let log = try store.open()
        store.disk.holdWrites()
        let pending = Task {
            await outcome { () async throws(LogError) in try await log.append(event(), to: "a") }
        }
        await store.disk.heldWrite()
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<6 {
                group.addTask(executorPreference: client % 3 == 0 ? log.loop : nil) {
                    if client % 3 == 1 { await Self.closeOnThread(log) } else { await log.close() }
                    #expect(throws: LogError.closed) { try log.events() }
                }
            }
            await passed { log.peek { $0.closers.count + $0.threadClosers.count } >= 4 }
            await #expect(throws: LogError.closed) { try await log.append(event(), to: "b") }
            #expect(throws: LogError.closed) { try log.reserve(event(), to: "b") }
            store.disk.releaseWrites()
        }
        #expect(await pending.value.error == nil)
    }

    @Test("closing tells everybody who waits: followers, positions, threads, appends without room")
    func closingTellsWaiters() async throws {
        let store = try ShellStore()
        store.disk.holdSegments()
        let log = try store.open()
        try await log.append(event(0, bytes: 40 << 10), to: "a")
        let results = await withTaskGroup(of: LogError?.self) { group in
            group.addTask {
                await outcome { () async throws(LogError) in
                    var iterator = log.follow(from: 1).makeAsyncIterator()
                    return try await iterator.next() != nil
                }.error
            }
            group.addTask {
                await outcome { () async throws(LogError) in try await log.durable(9) }.error
            }
            group.addTask {
                await onThread { () throws(LogError) in try log.blocking.durable(9) }.error
            }
            group.addTask {
                await outcome { () async throws(LogError) in
                    try await log.append(event(1, bytes: 40 << 10), to: "a")
                }.error
            }
            group.addTask {
                await onThread { () throws(LogError) in
                    try log.blocking.append(event(1, bytes: 40 << 10), to: "a")
                }.error
            }
            await log.waitingForRoom(2)
            await log.sleepingThreads(1)
            await passed { log.peek { $0.waiters.count == 2 } }
            group.addTask {
                await log.close()
                return .closed
            }
            await passed { log.peek { $0.queue.isClosing } }
            store.disk.releaseSegments()
            return await group.reduce(into: []) { $0.append($1) }
        }
        // The two without room were waiting for the segment that came ready, or for the close.
        #expect(results.allSatisfy { $0 == .closed })
        let again = try store.open()
        #expect(try again.events().count == 1)
        await again.close()
    }

    @Test("a log that nobody holds closes itself and gives its lock and its memory back")
    func forgotten() async throws {
        let store = try ShellStore()
        weak var committer: Committer?
        weak var loop: CommitLoop?
        do {
            let log = try store.open()
            try await log.append(event(), to: "a")
            _ = try log.reserve(event(), to: "a")
            (committer, loop) = (log.committer, log.loop)
            #expect(committer != nil && loop != nil)
        }
        var reopened: EventLog?
        await passed {
            reopened = try? store.open()
            return reopened != nil
        }
        let again = try #require(reopened)
        #expect(again.receipt.wasClosed && again.durablePosition == Position(2))
        await again.close()
        await passed { committer == nil && loop == nil }
    }

    @Test("tasks on the loop outlive the log; its thread ends when idle and comes back for jobs")
    func loopAfterClose() async throws {
        let store = try ShellStore()
        var log: EventLog? = try store.open()
        let loop = try #require(log?.loop)
        let gate = Gate()
        let running = Task(executorPreference: loop) {
            while !gate.isOpen { await Task.yield() }
            return loop.isCurrent
        }
        // On a thread, so that the loop goes round for no longer than that takes.
        let last = Holder(log.take())
        let closed = await onThread { () throws(LogError) in
            defer { gate.open() }
            try last.log?.closeBlocking()
            last.log = nil
        }
        #expect(closed.error == nil)
        #expect(await running.value)
        for _ in 0..<3 {
            await passed { !loop.hasThreadNow }
            let isThere = await Task(executorPreference: loop) { loop.isCurrent }.value
            #expect(isThere)
        }
    }

    /// The last that has the log; used by one thread.
    private final class Holder: @unchecked Sendable {
        var log: EventLog?

        init(_ log: EventLog?) { self.log = log }
    }

    @Test("an actor that lives on the loop appends there")
    func actorOnLoop() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let teller = Teller(log)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<50 { group.addTask { try await teller.tell(number) } }
            try await group.waitForAll()
        }
        #expect(await teller.toldCount == 50)
        #expect(log.durablePosition == Position(50))
        await log.close()
    }

    private actor Teller {
        private let log: EventLog
        private(set) var toldCount = 0

        nonisolated var unownedExecutor: UnownedSerialExecutor {
            // Safe because the log, and with it the loop, lives as long as the actor.
            unsafe log.loop.asUnownedSerialExecutor()
        }

        init(_ log: EventLog) { self.log = log }

        func tell(_ number: Int) async throws {
            #expect(log.loop.isCurrent)
            try await log.append(event(number), to: "a")
            #expect(log.loop.isCurrent)
            toldCount += 1
        }
    }
}
