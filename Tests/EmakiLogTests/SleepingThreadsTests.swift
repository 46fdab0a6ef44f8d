import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Who sleeps for which group, and who is woken.
@Suite struct SleepingThreadsTests {
    /// Far more than a wake-up takes: a thread that sleeps longer was forgotten.
    private static let patience: Int64 = 20_000_000_000

    private static func returns(_ place: SleepingThreads.Place) -> Bool {
        place.word.wait(while: place.seen, nanoseconds: patience)
    }

    @Test("whoever is let go is not counted any more, and does not count himself out again")
    func lettingGo() {
        var sleepers = SleepingThreads()
        let first = sleepers.enter(7)
        let second = sleepers.enter(7)
        let other = sleepers.enter(8)
        #expect(sleepers.count == 3)
        var call = SleepingThreads.Call()
        sleepers.letGo(7, by: &call)
        #expect(sleepers.count == 1)
        // Both return at once, however late they come to sleep.
        #expect(Self.returns(first) && Self.returns(second))
        sleepers.leave(first)
        #expect(sleepers.count == 1)
        // Who comes now to the same word is counted, and a latecomer of before does not count him
        // out.
        let third = sleepers.enter(11)
        sleepers.leave(second)
        #expect(sleepers.count == 2)
        sleepers.leave(third)
        sleepers.leave(other)
        #expect(sleepers.count == 0)
    }

    @Test("whoever is woken alone counts himself out; where nobody sleeps, nobody is woken")
    func wakingOne() {
        var sleepers = SleepingThreads()
        let early = sleepers.wakeOne(1)
        #expect(!early)
        let place = sleepers.enter(1)
        let late = (sleepers.wakeOne(2), sleepers.wakeOne(1))
        #expect(late == (false, true))
        #expect(Self.returns(place))
        #expect(sleepers.count == 1)
        sleepers.leave(place)
        #expect(sleepers.count == 0)
    }

    @Test("a thread that was let go and still sleeps is not woken in place of one that is called")
    func formerRound() async {
        var sleepers = SleepingThreads()
        let former = sleepers.enter(1)
        async let formerReturned = Self.returned(former)
        await Self.asleep("former")
        var call = SleepingThreads.Call()
        sleepers.letGo(1, by: &call)
        // The call is not made yet when somebody else falls asleep on the same word.
        let called = sleepers.enter(5)
        let returned = WaitWord()
        let seen = returned.value
        async let calledReturned = Self.returned(called, name: "called", then: returned)
        await Self.asleep("called")
        let isCalled = sleepers.wakeOne(5)
        #expect(isCalled)
        let isBack = await SystemThread.offload(name: "test") {
            returned.wait(while: seen, nanoseconds: Self.patience)
        }
        #expect(isBack)
        call.make()
        sleepers.report(call)
        _ = await (formerReturned, calledReturned)
    }

    /// For twice as long as anybody waits for it.
    private static func returned(
        _ place: SleepingThreads.Place, name: String = "former", then returned: WaitWord? = nil
    ) async -> Bool {
        await SystemThread.offload(name: "asleep-\(name)") {
            defer {
                returned?.bump()
                returned?.wakeAll()
            }
            return place.word.wait(while: place.seen, nanoseconds: 2 * patience)
        }
    }

    /// Suspends until the system says that the thread of this name sleeps.
    private static func asleep(_ name: String) async {
        await passed {
            let threads = (try? Self.threads()) ?? []
            return threads.contains { $0.contains("(asleep-\(name)) S ") }
        }
    }

    /// What the system says of each thread of this process.
    private static func threads() throws(DiskError) -> [String] {
        let files = PosixFileSystem(root: "/proc/self/task")
        let memory = try PageMemory(heapBytes: 256)
        return try files.list("").compactMap { thread in
            let mode = OpenMode(.mustExist, writable: false)
            // It may have ended since.
            guard let file = try? files.open("\(thread)/stat", mode) else { return nil }
            defer { file.close() }
            let count = try? memory.withMutableBytes(in: 0..<memory.byteCount) {
                (bytes: inout MutableRawSpan) throws(DiskError) in
                try file.read(into: &bytes, at: 0)
            }
            return String(
                decoding: (0..<(count ?? 0)).map { memory.loadUInt8(at: $0) }, as: UTF8.self)
        }
    }

    @Test("a thread that wakes to find its event durable returns while others hold the lock")
    func withoutLock() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await log.resting()
        store.disk.holdWrites()
        async let leader = onThread { () throws(LogError) in
            try log.blocking.append(event(0), to: "a")
        }
        await store.disk.heldWrite()
        let returned = WaitWord()
        let seen = returned.value
        async let follower = onThread { () throws(LogError) in
            defer {
                returned.bump()
                returned.wakeAll()
            }
            return try log.blocking.append(event(1), to: "b")
        }
        await log.sleepingThreads(1)
        let committer = log.committer
        // What the end of a write does, with the lock kept until the thread is back.
        let isBack = await SystemThread.offload(name: "test") {
            committer.lock.withLock {
                committer.publishedEnd.set(committer.core.stagedEnd.rawValue)
                committer.wakeThreads(all: true).make()
                return returned.wait(while: seen, nanoseconds: Self.patience)
            }
        }
        #expect(isBack)
        #expect(log.peek { $0.sleepers.count } == 0)
        store.disk.releaseWrites()
        #expect(await leader.error == nil)
        #expect(try await follower.get().positions == Position(1)..<Position(2))
        await log.close()
    }

    @Test("what is published is durable, and a group's end lets no other group's thread go")
    func publishing() async throws {
        let store = try ShellStore()
        let log = try store.open()
        await log.resting()
        #expect(log.peek { $0.publishedEnd.value } == 0)
        store.disk.holdWrites()
        async let first = onThread { () throws(LogError) in
            try log.blocking.append(event(0), to: "a")
        }
        await store.disk.heldWrite()
        async let second = onThread { () throws(LogError) in
            try log.blocking.append(event(1), to: "b")
        }
        await log.sleepingThreads(1)
        #expect(log.peek { $0.publishedEnd.value } == 0)
        store.disk.releaseOneWrite()
        #expect(await first.error == nil)
        // The second's own write is held now, so it is not back.
        await store.disk.heldWrite()
        #expect(log.peek { ($0.publishedEnd.value, $0.core.durableEnd) } == (1, Position(1)))
        store.disk.releaseWrites()
        #expect(await second.error == nil)
        #expect(log.peek { ($0.publishedEnd.value, $0.isLeaderCalled) } == (2, false))
        await passed { log.peek { $0.sleepers.callCount } == 0 }
        await log.close()
    }

    @Test(
        "a failed write, or a close, tells the threads of its own group and those of the next",
        arguments: [true, false])
    func bothGroups(fails: Bool) async throws {
        let store = try ShellStore()
        let log = try store.open()
        await log.resting()
        store.disk.holdWrites()
        let reserved = try log.reserve(event(0), to: "a")
        await store.disk.heldWrite()
        let results = await withTaskGroup(of: LogError?.self) { group in
            group.addTask {
                await onThread { () throws(LogError) in try log.blocking.durable(reserved) }.error
            }
            await log.sleepingThreads(1)
            group.addTask {
                await onThread { () throws(LogError) in
                    try log.blocking.append(event(1), to: "b")
                }.error
            }
            await log.sleepingThreads(2)
            if fails { store.disk.failDurableWrites() }
            if !fails {
                group.addTask {
                    await log.close()
                    return nil
                }
                await passed { log.peek { $0.queue.isClosing } }
            }
            store.disk.releaseWrites()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 == (fails ? .outcomeUnknown : nil) })
        #expect(log.peek { $0.sleepers.count } == 0)
        await passed { log.peek { $0.sleepers.callCount } == 0 }
        await log.close()
    }
}
