import Foundation

/// Tries mutants against the tests, some at a time, and writes down what became of each.
final class MutationRun: @unchecked Sendable {
    private let program: TestProgram
    private let stateFile: URL
    private let limit: Double
    private let jobCount: Int
    private let total: Int

    // Guarded by `lock`.
    private let lock = NSLock()
    private(set) var state: RunState
    private var waiting: [Mutant]
    private var doneCount = 0
    private var failure: (any Error)?
    /// The state is large, and a quick mutant takes less time than writing it down.
    private var savedAt = Date.distantPast
    private static let secondsBetweenSaves = 10.0

    init(
        _ program: TestProgram, _ mutants: [Mutant], state: RunState, stateFile: URL,
        limit: Double, jobCount: Int
    ) {
        self.program = program
        self.stateFile = stateFile
        self.limit = limit
        self.jobCount = jobCount
        self.state = state
        let untried = mutants.filter { mutant in
            guard let known = state.results[mutant.point.id] else { return true }
            return known.outcome == .survived && known.limit < limit
        }
        waiting = Self.cheapFilesFirst(untried, state.catalog, limit: limit)
        total = waiting.count
    }

    /// Neighbours stay together, because what killed one is likely to kill the next; files whose
    /// mutants are reached by quick tests come first, so that most is known soon.
    private static func cheapFilesFirst(
        _ mutants: [Mutant], _ catalog: TestCatalog, limit: Double
    ) -> [Mutant] {
        let files = Dictionary(grouping: mutants, by: \.point.file).map { file, mutants in
            let cost = mutants.reduce(0.0) { sum, mutant in
                sum + catalog.seconds(reaching: mutant.point.id, notSlowerThan: limit)
            }
            return (mean: cost / Double(mutants.count), file: file, mutants: mutants)
        }
        return files.sorted { ($0.mean, $0.file) < ($1.mean, $1.file) }.flatMap(\.mutants)
    }

    func run() throws {
        note("\(total) mutants to try")
        DispatchQueue.concurrentPerform(iterations: jobCount) { _ in
            while let mutant = self.next() {
                do {
                    try self.settle(mutant, try self.attempt(mutant))
                } catch {
                    self.lock.withLock { self.failure = self.failure ?? error }
                }
            }
        }
        try state.save(stateFile)
        if let failure { throw failure }
    }

    private func next() -> Mutant? {
        lock.withLock { failure == nil && !waiting.isEmpty ? waiting.removeFirst() : nil }
    }

    private func settle(_ mutant: Mutant, _ result: RunState.Result) throws {
        try lock.withLock {
            state.results[mutant.point.id] = result
            doneCount += 1
            if -savedAt.timeIntervalSinceNow > Self.secondsBetweenSaves {
                try state.save(stateFile)
                savedAt = Date()
            }
            let by = result.by.map { ": \($0)" } ?? ""
            note(
                "\(doneCount)/\(total) \(result.outcome.rawValue)"
                    + " in \(String(format: "%.1f", result.seconds)) s"
                    + " \(mutant.point.file):\(mutant.point.line) \(mutant.point.id)\(by)")
        }
    }

    private func attempt(_ mutant: Mutant) throws -> RunState.Result {
        let (catalog, neighbours) = lock.withLock { (state.catalog, killers(near: mutant)) }
        let batches = catalog.batches(
            for: mutant.point.id, notSlowerThan: limit, killers: neighbours)
        guard catalog.entries.contains(where: { $0.reached.contains(mutant.point.id) }) else {
            return .init(outcome: .unreached, by: nil, seconds: 0, limit: limit)
        }
        let started = Date()
        func result(_ outcome: RunState.Result.Outcome, _ by: String?) -> RunState.Result {
            .init(outcome: outcome, by: by, seconds: -started.timeIntervalSinceNow, limit: limit)
        }
        for batch in batches {
            let verdict = try program.run(
                batch.map(\.id),
                environment: [MutantSwitch.mutantVariable: "\(mutant.number)"],
                secondsMax: catalog.secondsMax)
            switch verdict {
            case .passed: continue
            case .failed(let title): return result(.killed, title)
            case .trapped(let title): return result(.trapped, title)
            case .hung(let title): return result(.hung, title)
            }
        }
        return result(.survived, nil)
    }

    /// Tests that killed mutants of the same function, then of the same file, most kills first.
    private func killers(near mutant: Mutant) -> [String] {
        let path = mutant.point.id.prefix { $0 != "|" } + "|"
        let function = path + mutant.point.function + "|"
        var counts: [String: Int] = [:]
        for (id, result) in state.results where id.hasPrefix(path) && result.outcome == .killed {
            counts[result.by ?? "", default: 0] += id.hasPrefix(function) ? 100 : 1
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(8).map(\.key)
    }
}
