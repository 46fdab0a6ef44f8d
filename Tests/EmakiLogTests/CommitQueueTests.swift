import Testing

@testable import EmakiLog

/// Who writes, what and when: every transition, without a thread.
@Suite struct CommitQueueTests {
    @Test("what is staged is written at once, by one at a time") func oneLease() {
        var queue = CommitQueue(idleMarkDelay: 20)
        #expect(queue.next(hasStaged: true, wantsMark: true, now: 0) == .write)
        #expect(queue.isLeased)
        #expect(queue.next(hasStaged: true, wantsMark: true, now: 1) == .rest(until: nil))
        #expect(queue.restsWithoutTimer)
        let mayLead = queue.lead(hasStaged: true)
        #expect(!mayLead)
        queue.giveBack(now: 5)
        #expect(!queue.isLeased)
        #expect(queue.next(hasStaged: true, wantsMark: true, now: 6) == .write)
        #expect(!queue.restsWithoutTimer)
    }

    @Test("a thread may lead when something is staged and nobody writes")
    func leading() {
        var queue = CommitQueue(idleMarkDelay: 20)
        let withoutWork = queue.lead(hasStaged: false)
        #expect(!withoutWork)
        #expect(!queue.isLeased)
        let withWork = queue.lead(hasStaged: true)
        #expect(withWork)
        #expect(queue.isLeased)
        #expect(queue.next(hasStaged: true, wantsMark: false, now: 0) == .rest(until: nil))
    }

    @Test("a thread leads in place of the loop once nothing was committed for long, not before")
    func leadingInstead() {
        var queue = CommitQueue(idleMarkDelay: 20)
        #expect(queue.next(hasStaged: true, wantsMark: false, now: 90) == .write)
        // While a write is under way its length is nobody's fault.
        #expect(queue.timeToLead(after: 30, now: 95) == 30)
        queue.giveBack(now: 100)
        #expect(queue.timeToLead(after: 30, now: 100) == 30)
        #expect(queue.timeToLead(after: 30, now: 129) == 1)
        let early = queue.leadInstead(hasStaged: true, after: 30, now: 129)
        #expect(!early)
        #expect(!queue.isLeased)
        // Somebody who comes so late gives the loop the whole time.
        #expect(queue.timeToLead(after: 30, now: 130) == 30)
        let withoutWork = queue.leadInstead(hasStaged: false, after: 30, now: 130)
        #expect(!withoutWork)
        let late = queue.leadInstead(hasStaged: true, after: 30, now: 130)
        #expect(late)
        #expect(queue.isLeased)
        let twice = queue.leadInstead(hasStaged: true, after: 30, now: 130)
        #expect(!twice)
    }

    @Test(
        "the mark is due one delay after the last commit, not a nanosecond before",
        arguments: [(119, false), (120, true), (121, true)])
    func markDelay(now: Int64, isDue: Bool) {
        var queue = CommitQueue(idleMarkDelay: 20)
        #expect(queue.next(hasStaged: true, wantsMark: false, now: 90) == .write)
        queue.giveBack(now: 100)
        let action = queue.next(hasStaged: false, wantsMark: true, now: now)
        #expect(action == (isDue ? .mark : .rest(until: 120)))
        #expect(queue.isLeased == isDue)
        #expect(!queue.restsWithoutTimer)
    }

    @Test("a log that is marked rests until it is woken") func rest() {
        var queue = CommitQueue(idleMarkDelay: 20)
        #expect(queue.next(hasStaged: false, wantsMark: false, now: 1000) == .rest(until: nil))
        #expect(queue.restsWithoutTimer)
    }

    @Test("closing writes what is staged, then marks at once, then leaves") func closing() {
        var queue = CommitQueue(idleMarkDelay: 1_000_000)
        queue.close()
        #expect(queue.isClosing)
        #expect(queue.next(hasStaged: true, wantsMark: true, now: 1) == .write)
        #expect(queue.next(hasStaged: false, wantsMark: true, now: 2) == .rest(until: nil))
        queue.giveBack(now: 3)
        #expect(queue.next(hasStaged: false, wantsMark: true, now: 3) == .mark)
        queue.giveBack(now: 4)
        #expect(queue.next(hasStaged: false, wantsMark: false, now: 4) == .leave)
        #expect(!queue.isLeased)
    }
}
