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

    @Test("the lives in which calls fail seal, merge, purge and forget")
    func lives() throws {
        let counts = try CallFailures.unharmed()
        #expect(counts.purges == 1)
        #expect(counts.forgettings == 1)
        #expect(counts.sealings >= 4)
        #expect(counts.merges >= 2)
    }
}
