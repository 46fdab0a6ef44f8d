import EmakiPlatform
import Testing

@testable import EmakiSimulation

@Suite struct CallFailureTests {
    @Test(
        "any call of a log's life fails, and no promise is broken",
        arguments: CallFailures.calls)
    func every(call: DoorCall) throws {
        var broken: [String] = []
        let counts = try CallFailures.survey(call, TestExtent.failures) { broken.append($0) }
        #expect(broken.isEmpty, "\(broken.prefix(3).joined(separator: "\n"))")
        print("failures of \(call): \(counts.runs) runs, \(counts.states) states compared")
    }
}
