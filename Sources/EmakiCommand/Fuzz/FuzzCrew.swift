import Dispatch
import EmakiCommandSupport
import EmakiPlatform
import EmakiSimulation
import Foundation

/// Starts the workers, listens to them, shows how far they are, and ends them when one found
/// something, when one hangs, or when time is up.
struct FuzzCrew {
    let plan: FuzzPlan
    let jobCount: Int
    let isSilent: Bool
    /// The file of this command.
    let program: String

    /// A workload takes milliseconds. One that takes this long hangs.
    private static let hangNanoseconds: Int64 = 120_000_000_000
    private static let lookNanoseconds: Int64 = 250_000_000

    /// Blocks until all workers are gone.
    func run(_ board: FuzzBoard) throws -> FuzzTally {
        // Ctrl-C ends the workers, and then there is a summary.
        signal(SIGINT, SIG_IGN)
        let interrupts = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        interrupts.setEventHandler { board.interrupt() }
        interrupts.resume()
        defer { interrupts.cancel() }
        let processes = try (0..<jobCount).map { try start($0, board) }
        while !board.isOver {
            let seen = board.news.value
            if !board.isOver { _ = board.news.wait(while: seen, nanoseconds: Self.lookNanoseconds) }
            let instant = SystemClock.monotonicNanoseconds()
            show(board.tally, at: instant)
            for job in board.stuck(for: Self.hangNanoseconds, at: instant) {
                board.noteHang(of: job)
            }
            guard board.tally.failure != nil || board.tally.wasInterrupted else { continue }
            for process in processes where process.isRunning {
                kill(process.processIdentifier, SIGKILL)
            }
        }
        for (job, process) in processes.enumerated() {
            process.waitUntilExit()
            board.noteEnd(
                of: job, Self.outcome(of: process), outside: [SIGINT, SIGTERM, SIGKILL])
        }
        if showsProgress { ErrorOutput.write("\r\u{1b}[K") }
        return board.tally
    }

    private func start(_ job: Int, _ board: FuzzBoard) throws -> Process {
        let process = worker(job)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let reader = pipe.fileHandleForReading
        SystemThread.start(name: "fuzz-ears-\(job)") { Self.listen(reader, job, board) }
        return process
    }

    private func worker(_ job: Int) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        let share = plan.seedCount.map { ($0 - job + jobCount - 1) / jobCount }
        process.arguments = plan.workerArguments(
            from: plan.firstSeed &+ UInt64(job), stride: UInt64(jobCount), count: share)
        return process
    }

    /// Reads what a worker says until it is gone.
    private static func listen(_ reader: FileHandle, _ job: Int, _ board: FuzzBoard) {
        var rest: [UInt8] = []
        while true {
            let piece = reader.availableData
            if piece.isEmpty { break }
            rest += piece
            let lines = rest.split(separator: 0x0a, omittingEmptySubsequences: false)
            for line in lines.dropLast() {
                guard let word = FuzzWord(line: String(decoding: line, as: UTF8.self)) else {
                    continue
                }
                board.note(word, from: job)
            }
            rest = lines.last.map { Array($0) } ?? []
        }
        board.hangUp(job)
    }

    private static func outcome(of process: Process) -> FuzzBoard.Outcome {
        guard process.terminationReason == .uncaughtSignal else {
            return process.terminationStatus == 0 ? .done : .failed(process.terminationStatus)
        }
        return .signal(process.terminationStatus)
    }

    // MARK: Showing

    private var showsProgress: Bool { !isSilent && ErrorOutput.isTerminal }

    private func show(_ tally: FuzzTally, at instant: Int64) {
        guard showsProgress else { return }
        let seconds = tally.seconds(at: instant)
        let counts = tally.counts
        let line =
            "\(FuzzReport.clock(seconds))  \(counts.crashes.grouped) crashes"
            + " (\(FuzzReport.perMinute(counts.crashes, seconds).grouped) a minute)"
            + "  \(counts.states.grouped) states  \(counts.faults.grouped) faults"
            + "  \(counts.runs.grouped) workloads from seed \(plan.firstSeed)"
        ErrorOutput.write("\r\u{1b}[K" + line)
    }
}
