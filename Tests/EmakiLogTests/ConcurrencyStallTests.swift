import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Orders of events in which somebody could be forgotten. Each was thought out against the shell's
/// source; the ones named "once stalled" did.
@Suite struct ConcurrencyStallTests {
    @Test("a thread that waits for nobody's position leads no task's group (once stalled)")
    func futureWaiterIsNoLeader() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await log.resting()
        async let waited = onThread { () throws(LogError) in try log.blocking.durable(Position(1)) }
        await log.sleepingThreads(1)
        let first = try await log.append(event(0), to: "s")
        #expect(first.positions == Position(0)..<Position(1))
        try await log.append(event(1), to: "s")
        #expect(await waited.error == nil)
        await log.close()
    }

    @Test("a thread that waits for nobody's position keeps no reserved event waiting")
    func futureWaiterAndReservation() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await log.resting()
        async let waited = onThread { () throws(LogError) in try log.blocking.durable(Position(5)) }
        await log.sleepingThreads(1)
        _ = try log.reserve(event(0), to: "s")
        await passed { log.durablePosition == Position(1) }
        await log.close()
        #expect(await waited.error == .closed)
    }

    @Test("a thread's group is not held up by the job after a write (once stalled)")
    func jobAfterWrite() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let gate = Gate()
        store.disk.holdWrites()
        let onLoop = Task(executorPreference: log.loop) {
            await outcome { () async throws(LogError) in try await log.append(event(0), to: "a") }
        }
        await store.disk.heldWrite()
        async let onThread = onThread { () throws(LogError) in
            try log.blocking.append(event(1), to: "b")
        }
        await log.sleepingThreads(1)
        let spinner = log.loop.occupy(until: gate)
        store.disk.releaseWrites()
        await gate.reached()
        #expect(await onThread.error == nil)
        gate.open()
        await spinner.value
        #expect(await onLoop.value.error == nil)
        await log.close()
    }

    @Test("threads append while a loop job does not return")
    func occupiedLoop() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let gate = Gate()
        // An append first, so that the loop is not taken to be at rest while it runs the job.
        try await log.append(event(0), to: "a")
        let spinner = log.loop.occupy(until: gate)
        await gate.reached()
        _ = try log.reserve(event(1), to: "a")
        await withTaskGroup(of: LogError?.self) { group in
            for thread in 0..<4 {
                group.addTask {
                    await EmakiLogTests.onThread { () throws(LogError) in
                        for number in 0..<50 {
                            try log.blocking.append(
                                event(number), to: StreamID(stringLiteral: "t\(thread)"))
                        }
                    }.error
                }
            }
            for await error in group { #expect(error == nil) }
        }
        gate.open()
        await spinner.value
        #expect(log.durablePosition == Position(202))
        await log.close()
    }

    @Test("a thread rotates by itself while the loop is busy (once stalled)")
    func rotationWhileOccupied() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await passed { log.statistics.readySegments > 0 }
        let gate = Gate()
        let spinner = log.loop.occupy(until: gate)
        await gate.reached()
        let reserved = try log.reserve(event(0, bytes: 30 << 10), to: "a")
        let result = await onThread { () throws(LogError) in
            try log.blocking.append(event(1, bytes: 40 << 10), to: "a")
        }
        #expect(try result.get().version == 2)
        #expect(try await log.durable(reserved).version == 1)
        gate.open()
        await spinner.value
        await log.close()
    }

    @Test("without space every waiting append is told, however many wait (once stalled)")
    func manyWaitersWithoutSpace() async throws {
        let store = try ShellStore()
        store.disk.failSegments(code: ENOSPC)
        let log = try store.open { $0.pendingEventsMax = 1 }
        store.disk.holdWrites()
        let large = event(0, bytes: 40 << 10)
        let first = Task {
            await outcome { () async throws(LogError) in try await log.append(large, to: "a") }
        }
        await log.pending(1)
        let count = Limits.admissionsPerCommitMax + 500
        let errors = await withTaskGroup(of: LogError?.self) { group in
            for _ in 0..<count {
                group.addTask {
                    await outcome { () async throws(LogError) in
                        try await log.append(large, to: "a")
                    }.error
                }
            }
            await log.waitingForRoom(count)
            store.disk.releaseWrites()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(await first.value.error == nil)
        #expect(errors.count == count && errors.allSatisfy { $0 == .noSpace })
        #expect(log.durablePosition == Position(1))
        await log.close()
    }

    @Test("an append that waits for a commit is not refused for want of a further segment")
    func readySegmentInSpiteOfFailure() async throws {
        let store = try ShellStore()
        store.disk.failSegments(code: ENOSPC, skipping: 1)
        let log = try store.open { $0.readySegmentCount = 2 }
        await passed { log.peek { $0.core.segmentFailure != nil } }
        #expect(log.statistics.readySegments == 1)
        store.disk.holdWrites()
        async let first = outcome { () async throws(LogError) in
            try await log.append(event(0, bytes: 10 << 10), to: "a")
        }
        await store.disk.heldWrite()
        async let second = outcome { () async throws(LogError) in
            try await log.append(event(1, bytes: 10 << 10), to: "a")
        }
        await log.pending(2)
        async let third = outcome { () async throws(LogError) in
            try await log.append(event(2, bytes: 50 << 10), to: "a")
        }
        await log.waitingForRoom(1)
        #expect(throws: LogError.wouldWait(.segment)) {
            try log.reserve(event(3, bytes: 50 << 10), to: "a")
        }
        // The worker has looked at whatever the two asked of it: nothing, since one is ready.
        await log.workerIdle()
        #expect(store.disk.counts.preparations == 2)
        // Nor does it matter to them that a further attempt fails.
        log.committer.kickWorker()
        await log.workerIdle()
        #expect(store.disk.counts.preparations == 3)
        store.disk.releaseWrites()
        #expect(await first.error == nil)
        #expect(await second.error == nil)
        #expect(await third.error == nil)
        await log.close()
    }

    @Test("a client that only reserves goes on once space is back (once refused for ever)")
    func reserverAfterNoSpace() async throws {
        let store = try ShellStore()
        store.disk.failSegments(code: ENOSPC)
        let log = try store.open()
        await passed { log.peek { $0.core.segmentFailure != nil } }
        try await log.append(event(0, bytes: 40 << 10), to: "a")
        #expect(throws: LogError.noSpace) { try log.reserve(event(1, bytes: 40 << 10), to: "a") }
        store.disk.failSegments(code: nil)
        var reserved: Reservation?
        await passed {
            reserved = try? log.reserve(event(1, bytes: 40 << 10), to: "a")
            return reserved != nil
        }
        #expect(try await log.durable(#require(reserved)).version == 2)
        await log.close()
    }

    @Test("small appends on the loop do not starve one larger than a group")
    func largeAmongSmall() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.groupBytesMax = 4096 }
        let isDone = Gate()
        let countMax = 1000
        await withTaskGroup(of: LogError?.self) { group in
            for client in 0..<4 {
                group.addTask(executorPreference: log.loop) {
                    await outcome { () async throws(LogError) in
                        for number in 0..<countMax where !isDone.isOpen {
                            try await log.append(
                                event(number), to: StreamID(stringLiteral: "s\(client)"))
                        }
                    }.error
                }
            }
            group.addTask(executorPreference: log.loop) {
                let result = await outcome { () async throws(LogError) in
                    // In the midst of the others, however busy the machine is.
                    try await log.durable(Position(20))
                    try await log.append(event(0, bytes: 8000), to: "large")
                }
                isDone.open()
                return result.error
            }
            for await error in group { #expect(error == nil) }
        }
        #expect(log.durablePosition < Position(UInt64(4 * countMax)))
        await log.close()
    }

    @Test("the places of appends that waited for a segment are given back (once leaked)")
    func admissionPlaces() async {
        var queue = AdmissionQueue()
        var placesMax = 0
        for _ in 0..<5000 {
            _ = await WaitSlot<Committer.Signal>.wait { slot in
                queue.append(slot, reason: .segment, attempt: 0)
                for taken in queue.takeWaitingForSegment() { taken.resume(returning: .retry) }
                _ = queue.take(10)
            }
            placesMax = max(placesMax, queue.placeCount)
        }
        #expect(queue.isEmpty)
        #expect(placesMax < 4)
    }

    @Test("an attempt that fails refuses who came before it, and not who came since (once it did)")
    func admissionsByAttempt() async {
        var queue = AdmissionQueue()
        var told: [Int] = []
        for attempt in [UInt64(0), 1, 1, 2] {
            let answer = await WaitSlot<Committer.Signal>.wait { slot in
                queue.append(slot, reason: .segment, attempt: attempt)
                queue.append(slot, reason: .pendingEvents, attempt: attempt)
                let refused = queue.takeWaitingForSegment(before: 1)
                told.append(refused.count)
                _ = queue.take(.max)
                slot.resume(returning: .retry)
            }
            guard case .retry = answer else { Issue.record("one resume"); continue }
        }
        #expect(told == [1, 0, 0, 0])
        #expect(queue.isEmpty)
    }

    @Test("delays longer than clocks count are long, and no trap (once one)")
    func endlessDelays() async throws {
        let store = try ShellStore()
        let log = try store.open {
            $0.idleMarkDelay = .seconds(Int64.max)
            $0.gatherLimit = .seconds(Int64.max)
        }
        try await log.append(event(0), to: "a")
        await log.resting()
        #expect(log.statistics.marks == 0)
        await log.close()
    }

    @Test("nothing is at the end of the numbers, and no trap (once one)")
    func endOfNumbers() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append(event(0), to: "a")
        #expect(try log.events(from: Position(.max)).isEmpty)
        #expect(try log.events(in: "a", from: StreamVersion(.max)).isEmpty)
        #expect(try log.events(in: "a", from: 0, direction: .backwards).isEmpty)
        await #expect(throws: LogError.versionConflict(stream: "a", actual: 1)) {
            try await log.append(event(1, id: 1), to: "a", expecting: .version(StreamVersion(.max)))
        }
        for position in [Position(.max), Position(1 << 62), Position((1 << 62) - 1)] {
            let follower = Task {
                var iterator = log.follow(from: position).makeAsyncIterator()
                return try await iterator.next() == nil
            }
            await passed { log.statistics.followers == 1 }
            follower.cancel()
            #expect(try await follower.value)
            await passed { log.statistics.followers == 0 }
        }
        await log.close()
    }
}

extension EventLog {
    /// Suspends until so many plain threads sleep in blocking calls.
    func sleepingThreads(_ count: Int) async {
        await passed { peek { $0.sleepers.count } == count }
    }

    /// Suspends until the worker has done all that it was asked before.
    func workerIdle() async {
        await withCheckedContinuation { continuation in
            if !committer.worker.run({ continuation.resume() }) { continuation.resume() }
        }
    }
}
