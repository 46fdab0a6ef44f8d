import Testing

@testable import EmakiSimulation

@Suite struct DriverTests {
    /// What a failure prints is enough to see it again.
    private static func run(_ seed: UInt64, faultsPerThousand: Int) throws -> RunCounts {
        let script = RandomScript.make(seed: seed, faultsPerThousand: faultsPerThousand)
        let report = try Driver.run(script)
        guard let violation = report.violation else { return report.counts }
        let command =
            "emaki fuzz --seed \(seed) --seeds 1 --faults \(Double(faultsPerThousand) / 10)"
        Issue.record("\(violation)\n\(command)\n\(script.text)")
        return report.counts
    }

    @Test("random workloads with crashes of every kind keep every promise")
    func crashes() throws {
        var counts = RunCounts()
        let count = TestExtent.isLong ? 25 : 8
        for seed in 1...UInt64(count) {
            counts = counts + (try Self.run(seed, faultsPerThousand: 0))
        }
        #expect(counts.powerCuts > 8 * count)
        #expect(counts.cutsWhileOpening > count / 2)
        #expect(counts.kills > count / 2)
        #expect(counts.tornCuts > 0)
        #expect(counts.retirements > count / 2)
        #expect(counts.conflicts > 2 * count)
        #expect(counts.repetitions > count / 2)
        #expect(counts.marks > count / 2)
        print("random workloads: \(counts.crashes) crashes, \(counts.states) states compared")
    }

    @Test("random workloads with failing calls and damage keep every promise")
    func faults() throws {
        var counts = RunCounts()
        let count = TestExtent.isLong ? 30 : 8
        for seed in 1001...1000 + UInt64(count) {
            counts = counts + (try Self.run(seed, faultsPerThousand: 100))
        }
        #expect(counts.faults > 3 * count)
        #expect(counts.refusals > count / 2)
        #expect(counts.withoutSpace > 0)
        if TestExtent.isLong { #expect(counts.damagesFound > 0) }
        print("random faults: \(counts.faults) faults, \(counts.states) states compared")
    }

    @Test("two runs of one script do the same, call by call, and of two scripts do not")
    func repeats() throws {
        let script = RandomScript.make(seed: 5, faultsPerThousand: 50)
        let first = try Driver.run(script)
        let second = try Driver.run(script)
        #expect(first.hash == second.hash)
        #expect(first.counts == second.counts)
        #expect(try Driver.run(RandomScript.make(seed: 6)).hash != first.hash)
    }

    @Test("steps that make no sense where they stand do nothing")
    func nothing() throws {
        let steps = [
            "finish", "perform", "advance 3", "retry 4", "retire 0", "close", "close", "begin",
            "begin mark", "kill at 0", "kill at 0", "crash at 0 drop", "crash at 0 keep", "idle",
        ]
        let report = try Driver.run(try Script(steps.joined(separator: "\n")))
        #expect(report.violation == nil)
        #expect(report.counts.steps == steps.count)
    }

    @Test("others work between the calls of a paused preparation")
    func paused() throws {
        var lines: [String] = []
        let script = try Script("prepare paused\nadvance 3\nappend a 1x10\nadvance 99\nread")
        let report = try Driver.run(script) { lines.append($0) }
        #expect(report.violation == nil)
        #expect(report.counts.acknowledged == 1)
        let append = try #require(lines.firstIndex { $0.contains("writeDurably") })
        let before = lines[..<append]
        let after = lines[append...]
        #expect(before.contains { $0.contains("open MANIFEST.new") })
        #expect(!before.contains { $0.contains("open wal/00000001") })
        #expect(after.contains { $0.contains("open wal/00000001") })
    }

    // MARK: What is broken is noticed

    @Test("a disk that lies about syncs breaks D1, and is noticed")
    func lyingDisk() throws {
        let report = try Driver.run(
            try Script("fault lying-sync rate 1000\nappend a 1x10\ncrash at 0 drop"))
        #expect(report.violation?.promise == .acknowledgedSurvives)
        #expect(report.failedStep == 2)
    }

    @Test("an opening that is refused without a fault is noticed")
    func refusal() throws {
        // Both copies of MANIFEST go, and the script does not say so.
        let driver = try Driver(try Script("read"))
        try driver.disk.damage("MANIFEST", .zero(0..<8192))
        #expect(throws: Violation.self) { try driver.isOpen() }
    }
}
