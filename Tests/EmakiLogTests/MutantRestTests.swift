import EmakiPlatform
import Testing

@testable import EmakiLog

/// When the commit loop may sleep, and when its thread may end: a job or a log that comes at the
/// last moment is never slept over.
@Suite struct MutantRestTests {
    private func loop() -> CommitLoop { CommitLoop(gatherLimit: 1, entropy: SystemEntropy()) }

    /// What a log's step did so far. On the loop's thread only.
    private final class Steps: @unchecked Sendable {
        var count = 0
        var job: Task<Bool, Never>?
    }

    /// Rests after one act, and leaves when the gate is open.
    private func start(
        _ loop: CommitLoop, until gate: Gate, first act: @escaping @Sendable (Steps) -> Void
    ) {
        let steps = Steps()
        loop.start {
            steps.count += 1
            if steps.count == 1 { act(steps) }
            return gate.isOpen ? .leave : .rest(until: nil)
        }
    }

    @Test("a job that the log itself starts is run before the loop sleeps")
    func ownJob() async {
        let loop = loop()
        let (isDone, gate) = (Gate(), Gate())
        start(loop, until: gate) { steps in
            steps.job = Task(executorPreference: loop) {
                isDone.open()
                return loop.isCurrent
            }
        }
        await passed { isDone.isOpen }
        gate.open()
        loop.wake()
    }

    @Test("a job that another thread hands over while the loop is about to sleep is run")
    func lastMoment() async {
        let loop = loop()
        let (isDone, gate) = (Gate(), Gate())
        start(loop, until: gate) { _ in
            let isHandedOver = Gate()
            SystemThread.start(name: "test") {
                Task(executorPreference: loop) { isDone.open() }
                isHandedOver.open()
            }
            isHandedOver.wait()
        }
        await passed { isDone.isOpen }
        gate.open()
        loop.wake()
    }

    @Test("a log that comes while the loop's thread is about to end is served by it")
    func lateLog() async {
        let loop = loop()
        for _ in 0..<50 {
            _ = await Task(executorPreference: loop) { loop.isCurrent }.value
            // Its thread lingers now, or is already gone.
            let isServed = Gate()
            loop.start {
                isServed.open()
                return .leave
            }
            await passed { isServed.isOpen }
        }
    }

    @Test("jobs that come while the loop's thread is about to end are run by it")
    func lateJobs() async {
        let loop = loop()
        for _ in 0..<200 {
            let isThere = await Task(executorPreference: loop) { loop.isCurrent }.value
            #expect(isThere)
        }
    }

    /// Written by jobs of one loop only.
    private final class Trace: @unchecked Sendable {
        var names: [String] = []
    }

    @Test("while a thread resumes its group's waiters, jobs of the loop gain no precedence")
    func resumingElsewhere() async throws {
        let loop = loop()
        let trace = Trace()
        let (mayEnd, isHandedOver) = (Gate(), Gate())
        let spinner = Task(executorPreference: loop) {
            let others = (0..<100).map { number in
                Task(executorPreference: loop) { trace.names.append("\(number)") }
            }
            mayEnd.wait()
            let late = Task(executorPreference: loop) { trace.names.append("late") }
            isHandedOver.open()
            return others + [late]
        }
        await mayEnd.reached()
        await SystemThread.offload(name: "test") {
            loop.resuming(.commit) {
                mayEnd.open()
                isHandedOver.wait()
            }
        }
        for job in await spinner.value { await job.value }
        #expect(trace.names.last == "late")
    }
}
