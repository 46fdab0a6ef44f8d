import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// When the worker makes segments ready, how often it tries, and what it gives back.
@Suite struct MutantSegmentsTests {
    /// Takes more than half of what a segment of `ShellStore` has room for.
    private static let large = 40 << 10

    @Test("the files of full segments are closed while the log runs")
    func fullFiles() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let closedBefore = store.disk.counts.closedSegments
        for number in 0..<6 {
            try await log.append(event(number, bytes: Self.large), to: "a")
        }
        // The sixth asked the worker for a segment, with five full ones and no write out but,
        // perhaps, its own.
        await log.workerIdle()
        #expect(store.disk.counts.closedSegments - closedBefore >= 4)
        await log.close()
        #expect(store.disk.counts.closedSegments - closedBefore >= 6)
    }

    @Test("segments are made ready ahead: nobody has to wait for one first")
    func ahead() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.readySegmentCount = 2 }
        for number in 0..<4 {
            await passed { log.statistics.readySegments == 2 }
            if number % 2 == 0 {
                try await log.append(event(number, bytes: Self.large), to: "a")
            } else {
                let reserved = try log.reserve(event(number, bytes: Self.large), to: "a")
                try await log.durable(reserved)
            }
        }
        await log.close()
    }

    @Test("segments are made ready ahead for threads, too")
    func aheadOfThreads() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.readySegmentCount = 2 }
        await passed { log.statistics.readySegments == 2 }
        for number in 0..<4 {
            let answer = await onThread { () throws(LogError) in
                try log.blocking.append(event(number, bytes: Self.large), to: "a")
            }
            #expect(answer.error == nil)
            // Whatever it asked the worker for is done.
            await log.workerIdle()
            #expect(log.statistics.readySegments == 2)
        }
        await log.close()
    }

    @Test("after an attempt that failed only who lacks a segment causes another")
    func attemptsWithRoom() async throws {
        let store = try ShellStore()
        store.disk.failSegments(code: ENOSPC)
        let log = try store.open {
            $0.pendingEventsMax = 2
            $0.reserveBytes = 0
        }
        await passed { log.peek { $0.core.segmentFailure != nil } }
        try await log.append(event(0), to: "a")
        try await log.durable(log.reserve(event(1), to: "a"))
        store.disk.holdWrites()
        async let first = outcome { () async throws(LogError) in
            try await log.append(event(2), to: "a")
        }
        await store.disk.heldWrite()
        async let second = outcome { () async throws(LogError) in
            try await log.append(event(3), to: "a")
        }
        await log.pending(2)
        // These wait, and not for a segment.
        async let task = outcome { () async throws(LogError) in
            try await log.append(event(4), to: "a")
        }
        async let thread = onThread { () throws(LogError) in
            try log.blocking.append(event(5), to: "a")
        }
        await log.waitingForRoom(2)
        #expect(throws: LogError.wouldWait(.pendingEvents)) {
            try log.reserve(event(6), to: "a")
        }
        store.disk.releaseWrites()
        for error in await [first.error, second.error, task.error, thread.error] {
            #expect(error == nil)
        }
        await log.workerIdle()
        #expect(store.disk.counts.preparations == 1)
        await log.close()
    }

    enum Client: CaseIterable { case task, thread, reserver }

    @Test(
        "who lacks a segment while one is made ready causes one attempt if that fails",
        arguments: Client.allCases)
    func attemptsWithoutRoom(_ client: Client) async throws {
        let store = try ShellStore()
        store.disk.failSegments(code: ENOSPC)
        store.disk.holdSegments()
        // With a reserve each attempt is two.
        let log = try store.open { $0.reserveBytes = 0 }
        await store.disk.preparations(1)
        try await log.append(event(0, bytes: Self.large), to: "a")
        let lacking = event(1, bytes: Self.large)
        switch client {
        case .reserver:
            #expect(throws: LogError.wouldWait(.segment)) { try log.reserve(lacking, to: "a") }
            store.disk.releaseSegments()
        case .task:
            async let answer = outcome { () async throws(LogError) in
                try await log.append(lacking, to: "a")
            }
            await log.waitingForRoom(1)
            store.disk.releaseSegments()
            #expect(await answer.error == .noSpace)
        case .thread:
            async let answer = onThread { () throws(LogError) in
                try log.blocking.append(lacking, to: "a")
            }
            await log.waitingForRoom(1)
            store.disk.releaseSegments()
            #expect(await answer.error == .noSpace)
        }
        await log.workerIdle()
        #expect(store.disk.counts.preparations == (client == .reserver ? 1 : 2))
        await log.close()
    }

    @Test("a log that closes finishes the segment at hand and begins no other")
    func closing() async throws {
        let store = try ShellStore()
        store.disk.holdSegments()
        let log = try store.open { $0.readySegmentCount = 2 }
        await store.disk.preparations(1)
        let closing = Task { await log.close() }
        await passed { log.peek { $0.queue.isClosing } }
        store.disk.releaseSegments()
        await closing.value
        #expect(store.disk.counts.preparations == 1)
    }
}
