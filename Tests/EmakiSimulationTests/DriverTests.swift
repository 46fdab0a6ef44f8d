import Testing

@testable import EmakiSimulation

@Suite struct DriverTests {
    @Test("shrink")
    func shrink() throws {
        var counts = RunCounts()
        var seen: Set<String> = []
        for seed in 1...1500 as ClosedRange<UInt64> {
        let script = RandomScript.make(seed: seed)
        let report = try Driver.run(script)
            counts = counts + report.counts
            guard let violation = report.violation, !violation.text.hasPrefix("the receipt of a") else { continue }
        var s = Shrinker(script, violation) { try? Driver.run($0).violation }
        s.run()
            if seen.insert("\(s.violation)").inserted { print("seed \(seed) runs \(s.runCount) \(s.violation)\n\(s.script.text)") }
        }
        for (name, path) in RunCounts.fields { print(name, counts[keyPath: path]) }
    }
}
