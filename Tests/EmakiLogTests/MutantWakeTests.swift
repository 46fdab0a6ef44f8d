import EmakiPlatform
import Testing

@testable import EmakiLog

/// Who is woken, and who may not be passed over, when threads, tasks and large appends share a log.
@Suite struct MutantWakeTests {
    /// A log whose segments are held back, and an append that lacks one: it was woken by the commit
    /// of a smaller one, in vain.
    private static func overtakenLarge(
        _ store: ShellStore
    ) async throws -> (EventLog, Task<Result<AppendResult, LogError>, Never>) {
        store.disk.holdSegments()
        let log = try store.open()
        await store.disk.preparations(1)
        store.disk.holdWrites()
        async let first = outcome { () async throws(LogError) in
            try await log.append(event(0, bytes: 30 << 10), to: "a")
        }
        await store.disk.heldWrite()
        let large = Task {
            await outcome { () async throws(LogError) in
                try await log.append(event(1, bytes: 50 << 10), to: "a")
            }
        }
        await log.waitingForRoom(1)
        store.disk.releaseWrites()
        #expect(await first.error == nil)
        await passed { log.peek { $0.overtakenCount == 1 && $0.admissions.count == 1 } }
        return (log, large)
    }

    @Test("what a task appended during a thread's write is written when no thread is there to lead")
    func taskBehindThread() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await log.resting()
        store.disk.holdWrites()
        async let thread = onThread { () throws(LogError) in
            try log.blocking.append(event(0), to: "a")
        }
        await store.disk.heldWrite()
        async let task = outcome { () async throws(LogError) in
            try await log.append(event(1), to: "b")
        }
        await log.pending(2)
        store.disk.releaseWrites()
        #expect(await thread.error == nil)
        #expect(await task.error == nil)
        #expect(!log.peek { $0.isLeaderCalled })
        await log.close()
    }

    @Test("while a large append waits for a segment, small ones that fit do not wait for it")
    func smallBesideLarge() async throws {
        let store = try ShellStore()
        let (log, large) = try await Self.overtakenLarge(store)
        try await log.append(event(2), to: "b")
        let thread = await onThread { () throws(LogError) in
            try log.blocking.append(event(3), to: "b")
        }
        #expect(thread.error == nil)
        _ = try log.reserve(event(4), to: "b")
        store.disk.releaseSegments()
        #expect(try await large.value.get().version == 2)
        #expect(log.peek { $0.overtakenCount } == 0)
        await log.close()
    }

    @Test("while a commit is due, later appends queue behind a large one that was woken in vain")
    func smallBehindLarge() async throws {
        let store = try ShellStore()
        let (log, large) = try await Self.overtakenLarge(store)
        store.disk.holdWrites()
        async let small = outcome { () async throws(LogError) in
            try await log.append(event(2), to: "b")
        }
        await store.disk.heldWrite(2)
        // It is being written: leased, and nothing is staged behind it.
        #expect(throws: LogError.wouldWait(.groupBytes)) { try log.reserve(event(3), to: "c") }
        store.disk.releaseSegments()
        store.disk.releaseWrites()
        #expect(await small.error == nil)
        #expect(await large.value.error == nil)
        #expect(log.peek { $0.overtakenCount } == 0)
        await log.close()
    }

    @Test("with something staged and nobody writing yet, later appends queue behind a large one")
    func stagedBehindLarge() async throws {
        let store = try ShellStore()
        let (log, large) = try await Self.overtakenLarge(store)
        // Jobs of the loop: nothing is written between them.
        let errors = await Task(executorPreference: log.loop) { () -> [LogError?] in
            let staged = outcomeNow { () throws(LogError) in try log.reserve(event(2), to: "b") }
            let behind = outcomeNow { () throws(LogError) in try log.reserve(event(3), to: "c") }
            return [staged, behind]
        }.value
        #expect(errors == [nil, .wouldWait(.groupBytes)])
        store.disk.releaseSegments()
        #expect(await large.value.error == nil)
        await log.close()
    }

    @Test("a thread that cannot append on the loop, or is told of a failure, leaves nobody behind")
    func threadsWithoutRoom() async throws {
        let store = try ShellStore()
        let log = try store.open { $0.pendingEventsMax = 1 }
        store.disk.holdWrites()
        async let first = outcome { () async throws(LogError) in
            try await log.append(event(0), to: "a")
        }
        await store.disk.heldWrite()
        async let thread = onThread { () throws(LogError) in
            try log.blocking.append(event(1), to: "a")
        }
        async let task = outcome { () async throws(LogError) in
            try await log.append(event(2), to: "a")
        }
        await log.waitingForRoom(2)
        store.disk.failDurableWrites()
        store.disk.releaseWrites()
        #expect(await first.error == .outcomeUnknown)
        #expect(await thread.error == .poisoned)
        #expect(await task.error == .poisoned)
        #expect(log.peek { $0.overtakenCount == 0 && $0.admissions.isEmpty })
        await log.close()
    }

    @Test("an append that was woken in vain has its turn while others queue behind it")
    func overtakenFirst() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await log.resting()
        let part = StreamAppend(to: "a", [event(0)])
        let batch = try MeasuredBatch(MultiStreamBatch(parts: [part]), batchBytesMax: 4096)
        // Under the lock nothing is written, so something stays staged.
        let answers = log.peek { committer in
            committer.overtakenCount = 1
            var (early, late) = (Committer.Attempt.first, Committer.Attempt.first)
            var overtaken = Committer.Attempt.overtaken
            return [
                committer.stage(batch, attempt: &early) { _, _ in },
                committer.stage(batch, attempt: &late) { _, _ in },
                committer.stage(batch, attempt: &overtaken) { _, _ in },
                committer.stage(batch, attempt: &late) { _, _ in },
            ].map { $0.decidedAt }
        }
        #expect(answers == [1, nil, 2, 3])
        #expect(log.peek { $0.overtakenCount } == 0)
        await log.close()
        #expect(log.durablePosition == 3)
    }

    @Test("whoever waits for a position and gives up is told so, and nobody else is")
    func cancelled() async throws {
        let store = try ShellStore()
        let log = try store.open()
        let committer = log.committer
        let waiting = (0..<2).map { _ in
            Task { await committer.waitCancellably(until: 1) }
        }
        await passed { log.peek { $0.waiters.count == 2 } }
        waiting[0].cancel()
        guard case .cancelled = await waiting[0].value else {
            Issue.record("it gave up")
            return
        }
        #expect(log.peek { $0.waiters.count } == 1)
        try await log.append(event(0), to: "a")
        guard case .durable = await waiting[1].value else {
            Issue.record("it is durable")
            return
        }
        await log.close()
    }

    @Test("whoever closes a closed log is done at once, from a task and from a thread")
    func closedTwice() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await log.close()
        await log.close()
        for _ in 0..<2 {
            let closed = await onThread { () throws(LogError) in try log.closeBlocking() }
            #expect(closed.error == nil)
        }
        #expect(log.peek { $0.closers.isEmpty && $0.threadClosers.isEmpty })
    }
}

/// What a call that does not wait answered.
private func outcomeNow<R>(_ body: () throws(LogError) -> R) -> LogError? {
    do throws(LogError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}
