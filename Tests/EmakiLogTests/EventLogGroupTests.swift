import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Who shares a write, and what the commit path asks of the disk.
@Suite struct EventLogGroupTests {
    /// Tasks on the loop cannot run while it writes; `readyTogether` is about them.
    enum Client: CaseIterable { case poolTasks, threads, reservations, mixed }

    @Test(
        "whoever appends during a write shares the next one",
        arguments: Client.allCases)
    func sharing(_ client: Client) async throws {
        let store = try ShellStore()
        let log = try store.open()
        store.disk.resetCounts()
        store.disk.holdWrites()
        _ = try log.reserve(event(0), to: "first")
        await store.disk.heldWrite()
        let count = 24
        await withTaskGroup(of: LogError?.self) { group in
            for number in 0..<count { add(client, number, to: &group, log) }
            await log.pending(count + 1)
            #expect(store.disk.counts.durableWrites == 1)
            store.disk.releaseWrites()
            for await error in group { #expect(error == nil) }
        }
        await passed { log.statistics.pendingEvents == 0 }
        #expect(store.disk.counts.durableWrites == 2)
        #expect(store.disk.counts.inFlightMax == 1)
        #expect(log.statistics.groups == 2)
        await log.close()
    }

    private func add(
        _ client: Client, _ number: Int, to group: inout TaskGroup<LogError?>, _ log: EventLog
    ) {
        let stream = StreamID(stringLiteral: "s\(number % 5)")
        switch client {
        case .poolTasks:
            group.addTask {
                await outcome { () async throws(LogError) in
                    try await log.append(event(number), to: stream)
                }.error
            }
        case .threads:
            group.addTask {
                await onThread { () throws(LogError) in
                    try log.blocking.append(event(number), to: stream)
                }.error
            }
        case .reservations:
            group.addTask {
                await outcome { () async throws(LogError) in
                    let reservation = try log.reserve(event(number), to: stream)
                    return try await log.durable(reservation)
                }.error
            }
        case .mixed:
            let clients: [Client] = [.poolTasks, .threads, .reservations]
            add(clients[number % 3], number, to: &group, log)
        }
    }

    @Test("tasks on the loop that are ready together share one write from the first round on")
    func readyTogether() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.gatherLimit = .seconds(60) }
        store.disk.resetCounts()
        let gate = Gate()
        let occupied = log.loop.occupy(until: gate)
        await gate.reached()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<50 {
                group.addTask(executorPreference: log.loop) {
                    do { try await log.append(event(number), to: "a") } catch {
                        Issue.record("\(error)")
                    }
                }
            }
            gate.open()
        }
        await occupied.value
        #expect(store.disk.counts.durableWrites == 1)
        await log.close()
    }

    @Test("one durable write for each group and nothing else on the commit path, across rotations")
    func commitPath() async throws {
        let store = try ShellStore()
        let log = try store.open()
        store.disk.resetCounts()
        let count = 200
        let appended = Task(executorPreference: log.loop) {
            await outcome { () async throws(LogError) in
                for number in 0..<count {
                    try await log.append(event(number, bytes: 5000), to: "a")
                }
            }
        }
        #expect(await appended.value.error == nil)
        let counts = store.disk.counts
        #expect(counts.durableWrites == count)
        #expect(log.statistics.groups == UInt64(count))
        #expect(counts.inFlightMax == 1)
        #expect(counts.otherCallsOnLoop == [])
        #expect(log.statistics.rotations > 20)
        // Frames lie one behind the other, and start over only in another segment.
        let steps = zip(counts.durableOffsets, counts.durableOffsets.dropFirst())
        #expect(steps.allSatisfy { $1 == $0 + 8192 || $1 == 68 << 10 })
        await log.close()
    }

    @Test("a lone thread writes its groups itself: nothing runs on the loop")
    func loneThread() async throws {
        let store = try ShellStore()
        let log = try store.open()
        // The first commit starts the loop's clock for the mark; after that it is not needed.
        try await log.append(event(0), to: "a")
        await log.resting()
        store.disk.resetCounts()
        let gate = Gate()
        let occupied = log.loop.occupy(until: gate)
        await gate.reached()
        let result = await onThread { () throws(LogError) in
            for number in 0..<100 { try log.blocking.append(event(number), to: "a") }
        }
        #expect(result.error == nil)
        #expect(store.disk.counts.durableWrites == 100)
        gate.open()
        await occupied.value
        await log.close()
    }
}

/// The end of the log is marked when nothing is going on, once.
@Suite struct EventLogIdleMarkTests {
    @Test("an idle log is marked once, with two writes, and again only after another group")
    func once() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.idleMarkDelay = .microseconds(100) }
        await log.resting()
        store.disk.resetCounts()
        #expect(log.statistics.marks == 0)
        for round in 1...3 {
            try await log.append(event(round), to: "a")
            await passed { log.statistics.marks == UInt64(round) }
            // Marked, the loop rests for good.
            await passed { log.peek { $0.isLoopResting && $0.queue.restsWithoutTimer } }
            #expect(store.disk.counts.durableWrites == 3 * round)
        }
        await log.close()
    }

    @Test("a thread's commits are marked too, though the loop had no part in them")
    func afterThreads() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.idleMarkDelay = .microseconds(100) }
        for round in 1...3 {
            let result = await onThread { () throws(LogError) in
                try log.blocking.append(event(round), to: "a")
            }
            #expect(result.error == nil)
            await passed { log.statistics.marks == UInt64(round) }
        }
        await log.close()
    }

    @Test("a mark has the disk to itself: appends meanwhile gather and follow it")
    func appendsDuringMark() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.idleMarkDelay = .microseconds(100) }
        await log.resting()
        store.disk.resetCounts()
        try await log.append(event(0), to: "a")
        store.disk.holdWrites()
        // Held in its first or second write, unless both were through already.
        await passed { store.disk.counts.inFlight == 1 || log.statistics.marks == 1 }
        async let task = outcome { () async throws(LogError) in
            try await log.append(event(1), to: "a")
        }
        async let thread = onThread { () throws(LogError) in
            try log.blocking.append(event(2), to: "b")
        }
        await log.pending(2)
        store.disk.releaseWrites()
        #expect(await task.error == nil)
        #expect(await thread.error == nil)
        #expect(store.disk.counts.inFlightMax == 1)
        await log.close()
        let again = try store.open()
        #expect(try again.events().count == 3)
        await again.close()
    }

    @Test("marks race with appends and rotations, and every receipt is in order", arguments: 0..<4)
    func races(round: Int) async throws {
        let store = try ShellStore()
        let log = try store.open { $0.idleMarkDelay = .nanoseconds(1) }
        for number in 0..<60 {
            if number % 2 == round % 2 {
                try await log.append(event(number, bytes: 1000 + 2500 * round), to: "a")
            } else {
                let result = await onThread { () throws(LogError) in
                    try log.blocking.append(event(number, bytes: 3000), to: "a")
                }
                #expect(result.error == nil)
            }
        }
        #expect(store.disk.counts.inFlightMax == 1)
        await log.close()
        let again = try store.open()
        // Not `wasClosed`: a last segment that is full to the brim has room for the slot only.
        #expect(again.receipt.end == .marked)
        #expect(again.receipt.cuts.isEmpty && again.receipt.durablePosition == Position(60))
        await again.close()
    }

    @Test("closing writes a mark of its own, and receipts say what the end was")
    func closing() async throws {
        let store = try ShellStore()
        let fresh = try store.open()
        store.disk.resetCounts()
        await fresh.close()
        #expect(store.disk.counts.durableWrites == 0)

        let log = try store.open()
        store.disk.resetCounts()
        try await log.append(event(0), to: "a")
        await log.close()
        #expect(store.disk.counts.durableWrites == 3)

        let reopened = try store.open()
        #expect(reopened.receipt.wasClosed && reopened.receipt.end == .marked)
        store.disk.resetCounts()
        await reopened.close()
        #expect(store.disk.counts.durableWrites == 0)
    }

    @Test("without a block for the mark's frame the slot alone proves the end")
    func noRoomForFrame() async throws {
        let store = try ShellStore()
        store.disk.failSegments(code: ENOSPC)
        let log = try store.open()
        let blocks = ((128 << 10) - (68 << 10)) / 4096
        for number in 0..<blocks { try await log.append(event(number), to: "a") }
        store.disk.resetCounts()
        await log.close()
        #expect(store.disk.counts.durableWrites == 1)
        let again = try store.open()
        #expect(again.receipt.end == .marked && !again.receipt.wasClosed)
        #expect(again.receipt.durablePosition == Position(UInt64(blocks)))
        await again.close()
    }

    @Test("a log that was marked and not closed says so when it is opened again")
    func markedButNotClosed() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.idleMarkDelay = .microseconds(100) }
        try await log.append(event(0), to: "a")
        await passed { log.statistics.marks == 1 }
        // The close's own mark fails: as after a crash at this moment.
        store.disk.failDurableWrites()
        await log.close()
        store.disk.mendDurableWrites()
        let again = try store.open()
        #expect(!again.receipt.wasClosed && again.receipt.end == .marked)
        store.disk.failDurableWrites(skipping: 1)
        try await again.append(event(1), to: "a")
        await again.close()
        store.disk.mendDurableWrites()
        let third = try store.open()
        #expect(!third.receipt.wasClosed && third.receipt.end == .unmarked)
        #expect(third.receipt.durablePosition == Position(2))
        await third.close()
    }
}
