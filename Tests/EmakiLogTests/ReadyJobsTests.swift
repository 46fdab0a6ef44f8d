import EmakiPlatform
import Testing

@testable import EmakiLog

/// The three lines of jobs that a loop has to run.
@Suite struct ReadyJobsTests {
    /// Collects jobs, and runs one when it is told to, on the thread that tells it: no thread of a
    /// pool has a part in it.
    private final class Desk: TaskExecutor, SerialExecutor, @unchecked Sendable {
        private(set) var inbox: ContiguousArray<UnownedJob> = []
        private(set) var ran: [Int] = []

        func enqueue(_ job: consuming ExecutorJob) { inbox.append(UnownedJob(job)) }

        /// The job of a task that writes its number down.
        func job(_ number: Int) -> UnownedJob {
            add(number)
            return inbox.removeLast()
        }

        func add(_ number: Int) { Task(executorPreference: self) { self.ran.append(number) } }

        func drain(into ready: inout ReadyJobs) { ready.drain(&inbox) }

        /// - Returns: the number that the job wrote down; nil if there is none.
        func run(_ job: UnownedJob?) -> Int? {
            guard let job else { return nil }
            let (before, others) = (ran.count, inbox)
            inbox = []
            runJob(job, on: self)
            // A task may take several: to enter the isolation of its closure is one by itself.
            while !inbox.isEmpty { runJob(inbox.removeFirst(), on: self) }
            inbox = others
            return ran.count == before + 1 ? ran.last : nil
        }
    }

    @Test("a job in any of the three lines is one that there is")
    func isEmpty() {
        for origin in [ReadyJobs.Origin.admission, .commit, .elsewhere] {
            let desk = Desk()
            var ready = ReadyJobs()
            #expect(ready.isEmpty)
            ready.origin = origin
            ready.push(desk.job(1))
            #expect(!ready.isEmpty, "\(origin)")
            let job = origin == .elsewhere ? ready.popOther() : ready.popResumed()
            #expect(desk.run(job) == 1)
            #expect(ready.isEmpty)
        }
    }

    @Test("appends that may try again come first, then those resumed, each in its order")
    func order() {
        let desk = Desk()
        var ready = ReadyJobs()
        for (number, origin) in [
            (1, ReadyJobs.Origin.elsewhere), (2, .commit), (3, .admission), (4, .commit),
            (5, .admission), (6, .elsewhere),
        ] {
            ready.origin = origin
            ready.push(desk.job(number))
        }
        for wanted in [3, 5, 2, 4] { #expect(desk.run(ready.popResumed()) == wanted) }
        #expect(ready.popResumed() == nil)
        for wanted in [1, 6] { #expect(desk.run(ready.popOther()) == wanted) }
        #expect(ready.popOther() == nil && ready.isEmpty)
    }

    @Test("what comes from elsewhere joins the end of its line, whatever the jobs of now are")
    func drained() {
        let desk = Desk()
        var ready = ReadyJobs()
        ready.push(desk.job(1))
        ready.origin = .commit
        desk.add(2)
        desk.add(3)
        desk.drain(into: &ready)
        #expect(desk.inbox.isEmpty)
        #expect(ready.popResumed() == nil)
        for wanted in [1, 2, 3] { #expect(desk.run(ready.popOther()) == wanted) }
    }

    @Test(
        "resumed jobs of a late round go behind the others; those that may try again stay",
        arguments: [false, true], [false, true])
    func demoted(isFull: Bool, isInTime: Bool) {
        let desk = Desk()
        var ready = ReadyJobs()
        ready.push(desk.job(1))
        ready.origin = .commit
        ready.push(desk.job(2))
        ready.push(desk.job(3))
        ready.origin = .admission
        ready.push(desk.job(4))
        ready.endLine(isFull: isFull, isInTime: isInTime)
        #expect(desk.run(ready.popResumed()) == 4)
        if isFull || isInTime {
            // The round did not end for want of time.
            for wanted in [2, 3] { #expect(desk.run(ready.popResumed()) == wanted) }
            #expect(desk.run(ready.popOther()) == 1)
            return
        }
        #expect(ready.popResumed() == nil)
        for wanted in [1, 2, 3] { #expect(desk.run(ready.popOther()) == wanted) }
        #expect(ready.isEmpty)
    }
}
