import Foundation
import Testing

@testable import EmakiSimulation

/// Scripts that once broke a promise, each as `emaki fuzz` had shrunk it.
@Suite struct KeptScriptTests {
    static let folder = Bundle.module.resourceURL?.appending(path: "Scripts")
    static let names: [String] = {
        let found = try? FileManager.default.contentsOfDirectory(atPath: folder?.path ?? "")
        return (found ?? []).filter { $0.hasSuffix(".script") }.sorted()
    }()
    @Test("a script that once broke a promise keeps it", arguments: names)
    func keeps(_ name: String) throws {
        let file = try #require(Self.folder?.appending(path: name))
        let script = try Script(String(decoding: try Data(contentsOf: file), as: UTF8.self))
        let report = try Driver.run(script)
        #expect(report.violation == nil)
    }

    @Test("every kept script is there")
    func areThere() {
        #expect(Self.names.count >= 2)
    }
}
