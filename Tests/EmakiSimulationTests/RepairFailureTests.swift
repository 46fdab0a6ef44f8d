import EmakiLog
import EmakiPlatform
import Testing

@testable import EmakiSimulation

@Suite struct RepairFailureTests {
    @Test(
        "the k-th call of a repair fails in every way, for every k, and nothing more is lost",
        arguments: [RepairFailures.Harm.frames, .headers, .end, .unreadableEnd])
    func every(harm: RepairFailures.Harm) throws {
        var broken: [String] = []
        let counts = try RepairFailures.survey(harm, TestExtent.failures) { broken.append($0) }
        #expect(broken.isEmpty, "\(broken.prefix(3).joined(separator: "\n"))")
        #expect(counts.refusals > 0 && counts.repairs > 0)
        print("failures of a repair of \(harm): \(counts.runs) runs, \(counts.repairs) repaired")
    }
}
