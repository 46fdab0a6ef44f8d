import Foundation

/// The tests that mutants are tried against: how long each takes, and which mutants it reaches.
///
/// A test that never asks for a mutant cannot kill it, so it is not run for it; a mutant that no
/// test asks for survives without a run.
struct TestCatalog: Codable {
    struct Entry: Codable {
        var id: String
        var title: String
        var seconds: Double
        /// Ids of mutants.
        var reached: Set<String>
        /// Of the engine and of the test's own file, when it was measured.
        var fingerprint: String
    }

    var entries: [Entry] = []

    /// Runs each test that is not known yet, or has changed, once, without a mutant. All must pass.
    /// A test that was too slow the last time waits until somebody asks for slow ones.
    mutating func measure(
        _ program: TestProgram, _ mutants: [Mutant], selection: String, folder: URL, limit: Double,
        jobCount: Int, fingerprint: (String) -> String
    ) throws {
        let pattern = try Regex(selection)
        let tests = try program.list().filter { $0.firstMatch(of: pattern) != nil }
        guard !tests.isEmpty else { throw Failure("no test matches \(selection)") }
        entries.removeAll { !tests.contains($0.id) }
        let known = Set(
            entries.filter { $0.fingerprint == fingerprint($0.id) || $0.seconds > limit }
                .map(\.id))
        let missing = tests.filter { !known.contains($0) }
        entries.removeAll { !known.contains($0.id) }
        note("measuring \(missing.count) of \(tests.count) tests without a mutant")
        let measured = Measured()
        DispatchQueue.concurrentPerform(iterations: jobCount) { job in
            for index in stride(from: job, to: missing.count, by: jobCount) {
                if measured.hasFailed { return }
                let test = missing[index]
                let map = folder.appending(path: "reached-\(job)")
                measured.add(Result { try Self.measure(test, program, mutants, map: map) })
            }
        }
        var failure: (any Error)?
        for result in measured.results {
            do {
                var entry = try result.get()
                entry.fingerprint = fingerprint(entry.id)
                entries.append(entry)
            } catch {
                failure = error
            }
        }
        // What was measured stays measured.
        if let failure { throw failure }
    }

    private final class Measured: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var results: [Result<Entry, any Error>] = []

        func add(_ result: Result<Entry, any Error>) { lock.withLock { results.append(result) } }

        var hasFailed: Bool {
            lock.withLock {
                results.contains { if case .failure = $0 { true } else { false } }
            }
        }
    }

    private static func measure(
        _ test: String, _ program: TestProgram, _ mutants: [Mutant], map: URL
    ) throws -> Entry {
        try Data(count: mutants.count + 1).write(to: map)
        var title = test
        let started = Date()
        let verdict = try program.run(
            [test], environment: [MutantSwitch.reachedVariable: map.path],
            secondsMax: { _ in 600 }, passed: { name, _ in title = name })
        guard verdict == .passed else {
            throw Failure("\(test) does not pass without a mutant: \(verdict)")
        }
        let bytes = try Data(contentsOf: map)
        let reached = mutants.filter { bytes[$0.number] != 0 }.map(\.point.id)
        return Entry(
            id: test, title: title, seconds: -started.timeIntervalSinceNow, reached: Set(reached),
            fingerprint: "")
    }

    /// Tests that reach a mutant, the likeliest and quickest first, in batches: a batch is one
    /// process, and what it costs grows from one to the next.
    func batches(for id: String, notSlowerThan limit: Double, killers: [String]) -> [[Entry]] {
        let rank = Dictionary(
            killers.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: min)
        func cost(_ entry: Entry) -> Double {
            // What killed a neighbour is worth its time before anything else.
            rank[entry.title].map { entry.seconds * 0.01 * Double($0 + 1) } ?? entry.seconds
        }
        let reaching = entries.filter { $0.reached.contains(id) && $0.seconds <= limit }
            .sorted { cost($0) < cost($1) }
        var batches: [[Entry]] = []
        var budget = 0.5
        var spent = Double.infinity
        for entry in reaching {
            if spent + entry.seconds > budget {
                if !batches.isEmpty { budget = min(budget * 4, 20) }
                batches.append([])
                spent = 0
            }
            batches[batches.count - 1].append(entry)
            spent += entry.seconds
        }
        return batches
    }

    /// What it costs to find out that a mutant survives.
    func seconds(reaching id: String, notSlowerThan limit: Double) -> Double {
        entries.filter { $0.reached.contains(id) && $0.seconds <= limit }
            .reduce(0) { $0 + $1.seconds }
    }

    /// How long a test may take before it counts as hung.
    func secondsMax(title: String) -> Double {
        let seconds = entries.first { $0.title == title }?.seconds ?? 60
        return 3 + 5 * seconds
    }
}
