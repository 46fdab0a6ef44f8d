import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowCommand

/// `emaki bench-scale`: a store with very many open runs, what it takes to open it, and how it
/// answers. Each phase in a process of its own, so that memory and times are those of one.
struct BenchScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-scale", abstract: "Measure workflows with very many open runs.",
        discussion: """
            EXAMPLES
              emaki bench-scale load --dir D --runs 1000000
              emaki bench-scale load --dir D --runs 500000 --ended 500000
              emaki bench-scale open --dir D
              emaki bench-scale rebuild --dir D
              emaki bench-scale histories --dir H --runs 100000
              emaki bench-scale check --dir H
              emaki bench-scale long --dir L --runs 1000000
              emaki bench-scale wake --dir L
            """, shouldDisplay: false)

    enum Phase: String, CaseIterable, Sendable, ExpressibleByArgument {
        /// Starts runs that sleep for a day, and closes the store.
        case load
        /// Opens it; a workflow of two activities; timers beside those that are armed; questions.
        case open
        /// Opens it without its checkpoint.
        case rebuild
        /// Starts runs that take nine steps, and sleep for a day: of 20 events each.
        case histories
        /// Replays all of them on the code of now.
        case check
        /// One run, with as many events as `runs` says.
        case long
        /// Wakes it.
        case wake
        /// Of the processes of `check`.
        case replay
    }

    @Argument(help: "load, open or rebuild; histories or check; long or wake.")
    var phase: Phase
    @Option(help: "The store's folder.") var dir: String
    @Option(help: "Runs to start.") var runs: Int = 1_000_000
    @Option(help: "Runs beside them that end at once.") var ended: Int = 0
    @Option(help: "Processes that replay.") var jobs = 2
    @Option(help: "Timers of which the lateness is measured.") var timers: Int = 2_000
    @Flag(help: "End without closing anything, as a crash would.") var crash = false

    private static let together = 256
    private static let daySeconds = 86_400
    private static let questions = 21

    func run() async throws {
        if phase == .replay { return try CheckBench.replay(BenchChecked.definitions) }
        try say("load \(BenchMachine.loadAverage().fixed(1)) before the phase \(phase)")
        switch phase {
        case .load: try await load()
        case .open: try await open()
        case .rebuild: try await rebuild()
        case .histories: try await BenchChecked.fill(dir, runs: runs)
        case .check: try say(try await BenchChecked.check(dir, jobs: jobs))
        case .long: try say(try await BenchLong.fill(dir, events: runs))
        case .wake: try say(try await BenchLong.wake(dir))
        case .replay: break
        }
        let memory = BenchMachine.memory()
        try say(
            "memory: \(memory.own >> 20) MiB of its own, at the peak \(memory.peak >> 20) MiB")
    }

    private func engine(_ log: EventLog) async throws -> WorkflowEngine {
        try await WorkflowEngine(
            log: log,
            workflows: [
                BenchSleeper.self, BenchBrief.self, BenchTransfer.self, BenchPunctual.self,
            ],
            activities: [BenchDebit(), BenchCredit()])
    }

    // MARK: Phases

    private func load() async throws {
        let log = try await EventLog.open(at: dir, .creating())
        let engine = try await engine(log)
        let watch = BenchWatch()
        let milliseconds = Self.daySeconds * 1_000
        try await withThrowingTaskGroup(of: Void.self) { group in
            for first in 0..<Self.together {
                group.addTask(executorPreference: log.loop) { [runs, ended] in
                    for number in stride(from: first, to: runs, by: Self.together) {
                        try await engine.start(
                            BenchSleeper.self, id: "sleeper-\(number)", milliseconds,
                            options: Self.options(number))
                    }
                    for number in stride(from: first, to: ended, by: Self.together) {
                        let handle = try await engine.start(
                            BenchBrief.self, id: "brief-\(number)", number,
                            options: Self.options(number))
                        _ = try? await handle.result()
                    }
                }
            }
            try await group.waitForAll()
        }
        let seconds = watch.milliseconds / 1_000
        try say("\(runs) runs started, \(ended) more ended, in \(seconds.fixed(1)) s")
        let memory = BenchMachine.memory().own
        try say("with all of them asleep: \(memory >> 20) MiB")
        if crash { return }
        let closing = BenchWatch()
        engine.close()
        try say("engine closed, with its checkpoint: \(closing.milliseconds.fixed(0)) ms")
        await log.close()
    }

    /// One of a thousand tenants.
    private static func options(_ number: Int) -> RunOptions {
        var options = RunOptions()
        options.searchAttributes = ["tenant": "\(number % 1_000)"]
        return options
    }

    private func open() async throws {
        let whole = BenchWatch()
        let log = try await EventLog.open(at: dir)
        let opened = whole.milliseconds
        let engine = try await engine(log)
        let ready = whole.milliseconds
        _ = try await engine.execute(
            BenchTransfer.self, id: "first-\(SystemClock.wallNanoseconds())", BenchValue.make(1))
        let first = whole.milliseconds
        try say(
            "log open after \(opened.fixed(0)) ms, engine ready after \(ready.fixed(0)) ms,"
                + " first workflow done after \(first.fixed(0)) ms")
        let asked = try await ask(engine, "count", [:])
        try say("all known after \(whole.milliseconds.fixed(0)) ms: \(asked.text)")
        try await lateness(engine)
        try await questions(engine)
        if crash { return }
        engine.close()
        await log.close()
    }

    private func rebuild() async throws {
        let log = try await EventLog.open(at: dir)
        let files = PosixFileSystem(root: dir)
        if try files.kind(of: ProjectionCheckpoint.fileName) == .file {
            try files.remove(ProjectionCheckpoint.fileName)
        }
        let watch = BenchWatch()
        let engine = try await engine(log)
        let ready = watch.milliseconds
        let answer = try await ask(engine, "count", [:])
        let milliseconds = watch.milliseconds
        let events = Double(log.durablePosition.rawValue)
        try say(
            "engine ready after \(ready.fixed(0)) ms; rebuilt in \(milliseconds.fixed(0)) ms,"
                + " \((events / milliseconds * 1_000).fixed(0)) events/s: \(answer.text)")
        engine.close()
        await log.close()
    }

    private func say(_ text: String) throws {
        var output = Output()
        try output.line(text)
        try output.send()
    }

    // MARK: What is measured

    private func lateness(_ engine: WorkflowEngine) async throws {
        let origin = SystemClock.wallNanoseconds() + 1_000_000_000
        let count = timers
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                // Two milliseconds apart on the average, in no order.
                let due = origin + Int64((number * 7_919) % count) * 2_000_000
                group.addTask {
                    _ = try await engine.execute(
                        BenchPunctual.self, id: "punctual-\(origin)-\(number)", due)
                }
            }
            try await group.waitForAll()
        }
        guard let late = BenchPunctual.latency.summary else { return }
        try say(
            "lateness of \(count) timers beside those that are armed: p50 \(late.p50.fixed(0)) us,"
                + " p99 \(late.p99.fixed(0)) us, max \(late.max.fixed(0)) us")
    }

    private func questions(_ engine: WorkflowEngine) async throws {
        let asked: [(String, [String: String])] = [
            ("count", [:]), ("count", ["state": "open"]), ("count", ["prefix": "sleeper-9"]),
            ("list", [:]), ("list", ["state": "open"]),
            ("list", ["state": "open", "after": "sleeper-5"]), ("list", ["state": "failed"]),
            ("list", ["state": "completed"]), ("list", ["type": "BenchBrief"]),
            ("list", ["state": "failed", "prefix": "brief-9"]),
            ("count", ["prefix": "brief-9"]), ("count", ["type": "BenchBrief", "state": "failed"]),
            ("list", ["attribute": "tenant=77"]), ("count", ["attribute": "tenant=77"]),
            ("list", ["attribute": "tenant=none"]), ("describe", ["id": "sleeper-77"]),
        ]
        for (verb, members) in asked {
            var times: [Double] = []
            for _ in 0..<Self.questions {
                let watch = BenchWatch()
                _ = try await ask(engine, verb, members)
                times.append(watch.milliseconds)
            }
            times.sort()
            let filter = members.sorted { $0.key < $1.key }.map { " \($0)=\($1)" }.joined()
            let (median, most) = (times[times.count / 2], times.last ?? 0)
            try say("\(verb)\(filter): \(median.fixed(1)) ms, at most \(most.fixed(1)) ms")
        }
    }

    /// On a thread of its own, as others that ask are served: of two cores' pool a blocked task
    /// would take half.
    private func ask(
        _ engine: WorkflowEngine, _ verb: String, _ members: [String: String]
    ) async throws -> JSONObject {
        var object = ControlClient.request(Operator.verb)
        object.add("do", verb)
        for (name, value) in members { object.add(name, value) }
        let request = try ControlRequest(line: Array(object.text.utf8))
        return try await SystemThread.offload(name: "bench-ask") {
            try Operator(engine).answer(request, Operator.Sink(line: { _ in true }))
        }
    }
}

/// Sleeps until an instant, and says how late it was woken.
enum BenchPunctual: Workflow {
    static let latency = BenchLatency()

    static func run(context: WorkflowContext<Self>, input: Int64) async throws -> Nothing {
        try await context.sleep(until: input)
        // wf:allow(WF060) runs of a benchmark are executed once
        var samples = BenchSamples(for: latency)
        samples.add(SystemClock.wallNanoseconds() - input)
        samples.handOver()
        return Nothing()
    }
}

/// Time since it was made.
private struct BenchWatch {
    private let start = SystemClock.monotonicNanoseconds()
    var milliseconds: Double { Double(SystemClock.monotonicNanoseconds() - start) / 1e6 }
}
