import Testing

@testable import EmakiSimulation

@Suite struct DriverTests {
    @Test("one")
    func shrink() throws {
        let script = try Script("""
store block=8192 segment=131072 sync=direct ready=2 seed=1312
prepare
append s0 1x0
crash at 1 torn 2
append s0 1x49264
close
""")
        let report = try Driver.run(script, tell: { print($0) })
        print(report)
    }
}
