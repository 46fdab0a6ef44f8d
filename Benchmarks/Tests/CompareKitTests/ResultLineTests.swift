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
        line.othersCores = 0.25
        line.storeEvents = 20_000
        #expect(try ResultLine(decoding: line.encoded()) == line)
        #expect(try !line.encoded().contains("\n"))
    }

    @Test("null and a field that is not there are the same, and unknown fields are passed over")
    func absence() throws {
        let text = """
            {"engine":"emaki","op":"raw","lat_us":null,"rate":null,"seal_lag_bytes":7,\
            "lat_points":[[0.0,1.5]]}
            """
        let line = try ResultLine(decoding: text)
        #expect(line.latUs == nil)
        #expect(line.rate == nil)
        #expect(line.appenders == 1)
        #expect(line.latPoints == [[0, 1.5]])
    }

    @Test("a bad line is named by its number")
    func badLine() throws {
        let good = try ResultLine(decoding: #"{"engine":"a","op":"b"}"#).encoded()
        #expect(try ResultLine.lines(in: good + "\n\n" + good + "\n").count == 2)
        let failure = #expect(throws: LineFailure.self) {
            try ResultLine.lines(in: good + "\nnonsense\n")
        }
        #expect(failure?.line == 2)
    }

    @Test("rates are of the time that passed")
    func rates() {
        var line = ResultLine()
        (line.wallS, line.ops, line.events, line.payload) = (2, 10, 1_000, 256)
        line.setRates()
        #expect(line.opsPerS == 5)
        #expect(line.eventsPerS == 500)
        #expect(line.mbPerS == 0.128)
    }
}
