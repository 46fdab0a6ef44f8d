import Testing

@testable import EmakiSimulation

@Suite struct DriverTests {
    @Test("random workloads keep every promise", arguments: 1...400)
    func randomWorkloads(seed: UInt64) throws {
        let script = RandomScript.make(seed: seed)
        let report = try Driver.run(script)
        if let violation = report.violation {
            let steps = script.steps.prefix((report.failedStep ?? 0) + 1)
            Issue.record("\(violation)\n\(Script(store: script.store, steps: Array(steps.suffix(12))).text)")
        }
    }
    @Test("count")
    func count() throws {
        var counts = RunCounts()
        for seed in 1...30 { counts = counts + (try Driver.run(RandomScript.make(seed: UInt64(seed)))).counts }
        for (name, path) in RunCounts.fields { print(name, counts[keyPath: path]) }
    }
}
