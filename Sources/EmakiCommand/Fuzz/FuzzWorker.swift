import EmakiCommandSupport
import EmakiPlatform
import EmakiSimulation
import Foundation

/// A process that runs workloads and says so, a line at a time: `seed 7` before a workload,
/// `counts` with numbers after it, `failed 7` instead if it broke a promise.
///
/// A process of its own, so that a trap or an endless loop in the engine is found as well: whoever
/// listens knows which seed it was.
struct FuzzWorker {
    let plan: FuzzPlan
    let stride: UInt64

    func run() throws {
        // What the parent ignores is inherited; Ctrl-C is for all of us.
        signal(SIGINT, SIG_DFL)
        let deadline = plan.minutes.map {
            SystemClock.monotonicNanoseconds() + Int64($0 * 60e9)
        }
        var output = Output()
        var seed = plan.firstSeed
        for _ in 0..<(plan.seedCount ?? .max) {
            if let deadline, SystemClock.monotonicNanoseconds() >= deadline { return }
            try output.line("seed \(seed)")
            try output.send()
            let report = try Exploration.run(seed: seed, plan.options)
            try output.line(FuzzWord.counts(report.counts).line)
            if report.violation != nil {
                try output.line("failed \(seed)")
                try output.send()
                return
            }
            seed &+= stride
        }
        try output.send()
    }
}

/// What a worker says.
enum FuzzWord {
    case seed(UInt64)
    case counts(RunCounts)
    case failed(UInt64)

    init?(line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard let keyword = words.first else { return nil }
        let numbers = words.dropFirst().compactMap { UInt64($0) }
        guard numbers.count == words.count - 1 else { return nil }
        switch keyword {
        case "seed" where numbers.count == 1: self = .seed(numbers[0])
        case "failed" where numbers.count == 1: self = .failed(numbers[0])
        case "counts" where numbers.count == RunCounts.fields.count:
            var counts = RunCounts()
            for (field, number) in zip(RunCounts.fields, numbers) {
                counts[keyPath: field.path] = Int(clamping: number)
            }
            self = .counts(counts)
        default: return nil
        }
    }

    var line: String {
        switch self {
        case .seed(let seed): "seed \(seed)"
        case .failed(let seed): "failed \(seed)"
        case .counts(let counts):
            "counts " + counts.named.map { "\($0.count)" }.joined(separator: " ")
        }
    }
}
