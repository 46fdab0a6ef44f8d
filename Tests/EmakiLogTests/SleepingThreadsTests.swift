import EmakiPlatform
import Testing

@testable import EmakiLog

@Suite struct SleepingThreadsTests {
    @Test("whoever is let go is not counted any more, and does not count himself out again")
    func lettingGo() {
        var sleepers = SleepingThreads()
        let first = sleepers.enter(0)
        let second = sleepers.enter(0)
        let other = sleepers.enter(1)
        #expect(sleepers.count == 3)
        let word = sleepers.wake(0)
        #expect(word === first.word)
        #expect(sleepers.count == 1)
        // Both return at once, however late they come to sleep.
        first.word.wait(while: first.seen)
        second.word.wait(while: second.seen)
        sleepers.leave(first)
        #expect(sleepers.count == 1)
        // Who comes now is counted, and a latecomer of before does not count him out.
        let third = sleepers.enter(0)
        sleepers.leave(second)
        #expect(sleepers.count == 2)
        sleepers.leave(third)
        sleepers.leave(other)
        #expect(sleepers.count == 0)
    }

    @Test("whoever is woken alone counts himself out; where nobody sleeps, nobody is woken")
    func wakingOne() {
        var sleepers = SleepingThreads()
        let early = (sleepers.wakeOne(1), sleepers.wake(1) == nil)
        #expect(early == (false, true))
        let place = sleepers.enter(1)
        let late = (sleepers.wakeOne(0), sleepers.wakeOne(1))
        #expect(late == (false, true))
        place.word.wait(while: place.seen)
        #expect(sleepers.count == 1)
        sleepers.leave(place)
        #expect(sleepers.count == 0)
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
                let words = committer.wakeThreads(all: true)
                words.0?.wakeAll()
                words.1?.wakeAll()
                return returned.wait(while: seen, nanoseconds: 20_000_000_000)
            }
        }
        #expect(isBack)
        #expect(committer.lock.withLock { committer.sleepers.count } == 0)
        store.disk.releaseWrites()
        #expect(await leader.error == nil)
        #expect(try await follower.get().positions == Position(1)..<Position(2))
        await log.close()
    }
}
