import Foundation

/// Runs jobs, each in a fresh folder, with the raw device timed just before, and hands on the lines.
package final class Runner {
    package struct Places: Sendable {
        /// Our release build, and this program.
        package var emaki: String
        package var compare: String
        /// In which stores are made.
        package var folder: String

        package init(emaki: String, compare: String, folder: String) {
            (self.emaki, self.compare, self.folder) = (emaki, compare, folder)
        }

        /// What the programs say when something goes wrong.
        package var errorPath: String { folder + "/emaki-compare-errors.txt" }
    }

    let places: Places
    let size: RunSize
    private let keep: (ResultLine) throws -> Void
    private let say: (String) -> Void
    private let machine = MachineState.description()
    private let run: String
    /// So long a run waits, in all, for others to be done.
    private var patienceLeft: Double
    private var ladder = RateLadder()
    private var nextBase: UInt64 = 1 << 33
    private var repetition = 0

    /// Whatever bears this name is removed before a job and after it.
    private static let storeName = "emaki-compare-store"
    private static let basesPerProgram: UInt64 = 1 << 26
    /// A program that has not answered so long after its time is killed.
    private static let patienceSeconds = 300.0
    private static let lookSeconds = 0.25

    package init(
        places: Places, size: RunSize, run: String, patience: Double = 0,
        keep: @escaping (ResultLine) throws -> Void,
        say: @escaping (String) -> Void
    ) {
        (self.places, self.size, self.run) = (places, size, run)
        (self.keep, self.say) = (keep, say)
        patienceLeft = patience
    }

    package func run(_ jobs: [Job], repetition: Int) throws {
        self.repetition = repetition
        for (index, job) in jobs.enumerated() {
            say("\(repetition): \(index + 1) of \(jobs.count): \(job.item), \(job.contestant.name)")
            let folder = places.folder + "/" + Self.storeName
            try? FileManager.default.removeItem(atPath: folder)
            do {
                try run(job, in: folder)
            } catch {
                say("  failed: \(error)")
                var line = ResultLine()
                (line.engine, line.variant) = (job.contestant.engine, job.contestant.variant ?? "")
                (line.op, line.item, line.errors) = ("failed", job.item, 1)
                line.note = "\(error)"
                try keep(completed(line, raw: nil))
            }
            try? FileManager.default.removeItem(atPath: folder)
        }
    }

    private func run(_ job: Job, in folder: String) throws {
        switch job.kind {
        case .append(_, _, let rate) where ladder.skips(job.contestant.name, rate: rate):
            say("  saturated at a lower rate")
        case .append(let appenders, let batch, let rate):
            var options = ["--appenders", "\(appenders)", "--batch", "\(batch)"]
            if rate > 0 { options += ["--rate", "\(rate)"] }
            let op = job.contestant.engine == "raw" ? "raw" : "append"
            let line = try measure(job, op, options + seconds, in: folder)
            try keep(line)
            if rate > 0 {
                ladder.note(job.contestant.name, rate: rate, reached: line.opsPerS ?? 0)
            }
        case .store: try runStore(job, in: folder)
        case .kill(let streams, let events):
            try runKill(job, streams: streams, events: events, in: folder)
        case .workflow(let variant, let inFlight, let codec):
            let options = [
                "--variant", variant, "--appenders", "\(inFlight)", "--payload-codec", codec,
            ]
            var line = try measure(job, "workflow", options + seconds, in: folder)
            line.note = codec
            try keep(line)
        }
    }

    var seconds: [String] { ["--seconds", "\(size.seconds)"] }

    /// Runs a program to its end.
    func measure(
        _ job: Job, _ op: String, _ options: [String], in folder: String
    ) throws -> ResultLine {
        waitUntilQuiet()
        let raw = try rawReference(in: folder + "-raw")
        let watch = MachineState.Watch()
        let process = try start(job, op, options, in: folder)
        var line = try process.line(within: size.seconds + Self.patienceSeconds)
        process.waitUntilExit()
        line.othersCores = watch.othersCores()
        if job.contestant.engine == "raw" { line.engine = "raw" }
        return completed(line, raw: raw)
    }

    func start(
        _ job: Job, _ op: String, _ options: [String], in folder: String
    ) throws -> EngineProcess {
        var words = ["--op", op, "--item", job.item, "--dir", folder] + options
        if !["read", "compact", "load", "raw", "workflow"].contains(op) {
            words += ["--base", "\(nextBase)"]
            nextBase += Self.basesPerProgram
        }
        let program: String
        if job.contestant.isOurs {
            program = places.emaki
            words = ["bench", "--json"] + words
            if let variant = job.contestant.variant { words += ["--variant", variant] }
            // Ids are ours alone; of the space they are measured by themselves.
            if op == "load" || op == "tail" { words.append("--no-ids") }
        } else {
            program = places.compare
            words = ["engine", "--engine", job.contestant.engine] + words
        }
        return try EngineProcess(program, words, errorPath: places.errorPath)
    }

    /// Others are done for now, or the patience is.
    func waitUntilQuiet() {
        while patienceLeft > 0 {
            let watch = MachineState.Watch()
            Thread.sleep(forTimeInterval: Self.lookSeconds)
            guard watch.othersCores() > MachineState.othersCoresMax else { return }
            patienceLeft -= Self.lookSeconds
        }
    }

    func rawReference(in folder: String) throws -> ResultLine {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let words = ["bench", "--op", "raw", "--seconds", "0.15", "--json", "--dir", folder]
        let process = try EngineProcess(
            places.emaki, words, errorPath: places.errorPath)
        let line = try process.line(within: Self.patienceSeconds)
        process.waitUntilExit()
        return line
    }

    /// With what only the runner knows.
    func completed(_ line: ResultLine, raw: ResultLine?) -> ResultLine {
        var line = line
        (line.rep, line.run, line.machine) = (repetition, run, machine)
        line.ts = ISO8601DateFormatter().string(from: Date())
        line.load1 = MachineState.load1()
        line.rawRefUs = raw?.latUs?.p50
        line.rawRefP99Us = raw?.latUs?.p99
        return line
    }

    func keepLine(_ line: ResultLine) throws { try keep(line) }
}
