import ArgumentParser
import EmakiCommandSupport
import EmakiPlatform
import EmakiSimulation
import Foundation

/// `emaki fuzz`: thousands of crashes a minute on a disk in memory, each held against a reference.
struct FuzzCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Try to make the log break a promise: crashes and faults on a simulated disk.",
        discussion: """
            Runs random workloads on a disk in memory that loses power at any call, tears, drops \
            and reorders what was not synced, and fails calls. After each crash the log is opened \
            and held against a reference: nothing that was acknowledged may be missing, nothing \
            may be there by halves, and opening again may change nothing. Touches no store of \
            yours. Every workload follows from its seed; a broken promise is shrunk to a short \
            script, which runs again with --replay, step by step with --trace. Without --seeds or \
            --minutes it runs for one minute. Ctrl-C ends it with a summary.

            EXAMPLES
              emaki fuzz
              emaki fuzz --minutes 60 --keep findings
              emaki fuzz --seed 7 --seeds 1000 --faults 10 --json
              emaki fuzz --replay findings/seed-1312.script --trace

            EXIT STATUS
               0  every promise was kept
               1  a promise was broken, and is named by its number in Docs/durability.md
              64  wrong usage: an argument, a script
            """)

    @Option(help: "Seed of the first workload; the others follow. Default: another each time.")
    var seed: UInt64?
    @Option(help: "How many workloads to run.")
    var seeds: Int?
    @Option(help: "How long to run.")
    var minutes: Double?
    @Option(help: "Workloads at once, each in a process of its own. Default: one for each core.")
    var jobs: Int?
    @Option(help: "Of the calls to the disk at most so many percent fail: 0 to 10.")
    var faults: Double = 2
    @Option(help: "Steps of a workload.")
    var steps: Int = 240
    @Flag(help: "Let the disk lie about syncs, to see that what is lost is noticed.")
    var lyingDisk = false
    @Option(help: "Folder for the scripts of broken promises; made if it is not there.")
    var keep: String?
    @Option(help: "Run this script instead; - is standard input.")
    var replay: String?
    @Option(
        help: """
            Try all workloads of up to so many operations, 1 to 4, with the power cut at every \
            call and every state that this may leave.
            """)
    var exhaustive: Int?
    @Flag(help: "Try every damage to a single place of ten small stores.")
    var sweep = false
    @Flag(help: "Let every call of a log's life fail, in every way, one at a time.")
    var failures = false
    @Flag(help: "With --sweep and --failures: a part that takes a minute.")
    var bounded = false
    @Flag(help: "With --replay: print each step and each call that it makes to the disk.")
    var trace = false
    @OptionGroup var answer: OutputOptions
    @Option(help: .hidden)
    var workerStride: UInt64?
    @Flag(help: .hidden)
    var isWatched = false

    func validate() throws {
        guard seeds ?? 1 > 0 else { throw ValidationError("--seeds is at least 1") }
        guard minutes ?? 1 > 0, minutes ?? 1 <= 100_000 else {
            throw ValidationError("--minutes is above 0, at most 100000")
        }
        guard (1...256).contains(jobs ?? 1) else { throw ValidationError("--jobs is 1 to 256") }
        guard (0...10).contains(faults) else { throw ValidationError("--faults is 0 to 10") }
        guard (1...100_000).contains(steps) else {
            throw ValidationError("--steps is 1 to 100000")
        }
        guard (1...4).contains(exhaustive ?? 1) else {
            throw ValidationError("--exhaustive is 1 to 4")
        }
        let surveyCount = [exhaustive != nil, sweep, failures, replay != nil].count { $0 }
        guard surveyCount <= 1 else {
            throw ValidationError("one of --exhaustive, --sweep, --failures and --replay")
        }
        guard sweep || failures || !bounded else {
            throw ValidationError("--bounded needs --sweep or --failures")
        }
        guard replay != nil || !trace else { throw ValidationError("--trace needs --replay") }
    }

    func run() async throws {
        let isSound: Bool
        if let replay {
            isSound = try FuzzReplay(path: replay, isTraced: trace, isJSON: answer.json).run()
        } else if let survey {
            let program = try OwnProgram.path()
            isSound = try await SystemThread.offload(name: "emaki-fuzz") {
                try survey.isWatched ? survey.run() : survey.watch(program: program)
            }
        } else if let workerStride {
            return try FuzzWorker(plan: plan, stride: workerStride).run()
        } else {
            isSound = try await explore()
        }
        guard isSound else { throw ExitCode(CommandStatus.damageFound.rawValue) }
    }

    /// Nil: workloads at random.
    private var survey: FuzzSurvey? {
        let kind: FuzzSurvey.Kind? =
            exhaustive.map { .exhaustive(depth: $0) }
            ?? (sweep ? .sweep : failures ? .failures : nil)
        return kind.map {
            FuzzSurvey(
                kind: $0, isBounded: bounded, isJSON: answer.json, keep: keep,
                isWatched: isWatched)
        }
    }

    private var plan: FuzzPlan {
        FuzzPlan(
            firstSeed: seed ?? SystemEntropy().next() >> 33, seedCount: seeds,
            minutes: minutes ?? (seeds == nil ? 1 : nil),
            options: ExplorationOptions(
                stepCount: steps, faultsPerThousand: Int((faults * 10).rounded()),
                hasLyingDisk: lyingDisk))
    }

    private func explore() async throws -> Bool {
        let plan = plan
        let coreCount = ProcessInfo.processInfo.activeProcessorCount
        let jobCount = min(jobs ?? coreCount, plan.seedCount ?? .max)
        let crew = FuzzCrew(
            plan: plan, jobCount: jobCount, isSilent: answer.json, program: try OwnProgram.path())
        // These block, so they stay off Swift's threads.
        let tally = try await SystemThread.offload(name: "emaki-fuzz") {
            try crew.run(FuzzBoard(jobCount: jobCount))
        }
        if let status = tally.workerStatus, tally.failure == nil {
            throw CommandFailure(
                .internalError, code: "worker", "a worker ended with status \(status)")
        }
        var report = FuzzReport(plan: plan, jobCount: jobCount, tally: tally)
        if let failure = tally.failure {
            report.finding = try FuzzFinding(failure, plan: plan, keptIn: keep)
        }
        var output = Output()
        try output.line(answer.json ? report.object.text : report.text)
        let isSound = report.finding == nil
        try Output.reporting(isSound ? .done : .damageFound) { try output.send() }
        return isSound
    }
}
