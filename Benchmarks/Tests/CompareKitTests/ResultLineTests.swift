import CompareKit
import Testing

@Suite struct ResultLineTests {
    @Test("a line is read as it was written")
    func roundTrip() throws {
        var line = ResultLine()
        (line.engine, line.op, line.item) = ("sqlite", "append", "A")
        line.latUs = ResultLine.Latency(mean: 1, p50: 2, p90: 3, p99: 4, p999: 5, max: 6)
        line.latPoints = [[50, 2], [100, 6]]
        line.rawRefUs = 27.5
        #expect(try ResultLine(decoding: line.encoded()) == line)
    }
}
