import EmakiLog
import EmakiPlatform
import Testing

@testable import EmakiSimulation

@Suite struct ExhaustiveTests {
    @Test("no state that a power cut may leave in one operation breaks a promise")
    func depthOne() throws {
        var sum = ExhaustiveCounts()
        var findings: [String] = []
        let operations =
            TestExtent.isLong
            ? Exhaustive.Operation.allCases : [.small, .several, .rotate, .idle, .close, .reopen]
        for workload in operations.map({ [$0] }) {
            sum =
                sum
                + (try Exhaustive.explore(workload) {
                    findings.append("\($0.violation)\n\($0.place)\n\($0.script.text)")
                })
        }
        #expect(findings.isEmpty, "\(findings.prefix(3).joined(separator: "\n"))")
        #expect(sum.workloads == operations.count)
        #expect(sum.crashPoints > 50)
        #expect(sum.opened > 200)
        #expect(sum.states >= sum.opened)
        print(
            "exhaustive, depth 1: \(sum.crashPoints) crash points, \(sum.states) states,"
                + " \(sum.opened) opened, \(sum.sampled) sampled")
    }

    @Test("workloads are all of each length, the short ones first")
    func workloads() {
        let all = Exhaustive.workloads(upTo: 3)
        // Of each length those without a retirement, and those with one and nothing of what
        // removes or seals.
        let others = Exhaustive.Operation.allCases.count - 1
        let wanted = [1, 2, 3].map { length in
            let powers = [others, others - 4, others - 5].map { base in
                (0..<length).reduce(1) { power, _ in power * base }
            }
            return powers[0] + powers[1] - powers[2]
        }
        #expect(all.count == wanted.reduce(0, +))
        #expect(Set(all).count == all.count)
        #expect(all.first?.count == 1)
    }

    @Test("a state of a script is the same each time, and a replay reaches it")
    func replay() throws {
        let text = "append a 1x100\ncrash at 1 state 1\nappend a 1x20000\nread"
        let script = try Script(text)
        #expect(script.text.hasSuffix(text + "\n"))
        let first = try Driver.run(script)
        #expect(first.violation == nil)
        #expect(first.counts.powerCuts == 1)
        #expect(try Driver.run(script).hash == first.hash)
    }

    @Test("a loss in one of the states is noticed")
    func loss() throws {
        // The disk as it was when the last group had begun; the reference says it had come back.
        let script = try Script("append a 1x10\nappend a 1x10")
        let driver = try Driver(script)
        var last: CrashPoint?
        driver.disk.setWitness { call, path, number, state in
            last = driver.crashPoint(call, path, callNumber: number, state)
        }
        try driver.runSteps()
        driver.disk.setWitness(nil)
        driver.core?.closeFiles()
        let state = try #require(last).state
        let point = driver.crashPoint(.write, "", callNumber: 0, state)
        var seen: [Promise] = []
        let plan = FatePlan(state.uncertain)
        for number in 0..<plan.stateCount {
            let fates = plan.fates(ofState: number)
            var left = state
            left.losePower { fates[$0.id] ?? .drop }
            let reader = Driver(script, after: point, SimulatedFileSystem(left))
            do throws(Violation) { _ = try reader.isOpen() } catch { seen.append(error.promise) }
            reader.core?.closeFiles()
        }
        #expect(seen.contains(.acknowledgedSurvives))
        #expect(seen.count < plan.stateCount, "where all was kept nothing is lost")
    }
}
