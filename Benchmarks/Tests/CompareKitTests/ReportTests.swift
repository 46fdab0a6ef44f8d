import CompareKit
import Testing

@Suite struct ReportTests {
    private func line(
        _ engine: String, _ variant: String = "", appenders: Int = 1, p50: Double, raw: Double,
        perSecond: Double = 1_000, others: Double = 0, rep: Int = 1
    ) -> ResultLine {
        var line = ResultLine()
        (line.engine, line.variant, line.op) = (engine, variant, "append")
        line.item = appenders == 1 ? "A" : "B"
        (line.appenders, line.ops, line.rep) = (appenders, 1_000, rep)
        line.latUs = ResultLine.Latency(
            mean: p50, p50: p50, p90: p50, p99: 2 * p50, p999: 3 * p50, max: 4 * p50)
        line.latPoints = [[0, p50 / 2], [50, p50], [100, 4 * p50]]
        (line.rawRefUs, line.eventsPerS, line.othersCores) = (raw, perSecond, others)
        return line
    }

    private func table(_ lines: [ResultLine], _ caption: String) throws -> Report.Table {
        let report = ReportBuilder(RunLines(lines)).report()
        return try #require(report.sections.first?.tables.first { $0.caption == caption })
    }

    @Test("a ratio is to the device beside that very program, not to the median of all")
    func ratios() throws {
        let table = try table(
            [
                line("sqlite", p50: 300, raw: 100, rep: 1),
                line("sqlite", p50: 100, raw: 50, rep: 2),
                line("sqlite", p50: 800, raw: 200, rep: 3),
            ], "1 appender")
        #expect(table.rows.count == 1)
        #expect(table.rows.first?[1] == "100 (50.0–200)")
        #expect(table.rows.first?[2] == "3.00 (2.00–4.00)")
        #expect(table.rows.first?[5] == "0.10 (0.05–0.20)")
    }

    @Test("the device comes first, then ours by client shape, then the others")
    func order() throws {
        let table = try table(
            [
                line("sqlite", p50: 3, raw: 1), line("emaki", "threads", p50: 2, raw: 1),
                line("leveldb", p50: 3, raw: 1), line("raw", "loop", p50: 1, raw: 1),
                line("emaki", "loop", p50: 1, raw: 1),
            ], "1 appender")
        #expect(
            table.rows.map { $0[0] }
                == ["raw", "emaki, loop", "emaki, threads", "leveldb", "sqlite"])
    }

    @Test("one repetition has no spread, and what was not measured is a dash")
    func absence() throws {
        var bare = line("sqlite", p50: 3, raw: 1)
        bare.latUs = nil
        let table = try table([bare], "1 appender")
        #expect(table.rows.first?[2] == "–")
        #expect(table.rows.first?[6] == "1,000")
    }

    @Test("a run beside which others worked is too busy, and can be had without them")
    func busy() {
        let quiet = (0..<18).map { line("sqlite", p50: 3, raw: 1, others: 0.1, rep: $0) }
        let loud = (0..<2).map { line("sqlite", p50: 3, raw: 1, others: 1.2, rep: $0) }
        #expect(!RunLines(quiet + loud).isTooBusy)
        #expect(RunLines(quiet + loud + loud).isTooBusy)
        let without = RunLines(quiet + loud).quiet
        #expect(without.lines.count == 18)
        #expect(without.leftOutCount == 2)
    }

    @Test("bytes are bars from zero, as long as what they show, of what was measured")
    func bars() throws {
        func space(_ engine: String, _ after: String?, _ bytes: Double) -> ResultLine {
            var line = ResultLine()
            (line.engine, line.item, line.after) = (engine, "F", after)
            line.op = after == nil ? "compact" : "space"
            line.bytesPerEvent = bytes
            return line
        }
        let report = ReportBuilder(
            RunLines([
                space("emaki", "load", 600), space("emaki", "compact", 400),
                space("emaki", nil, 200), space("lmdb", "load", 300),
            ])
        ).report()
        let chart = try #require(report.sections.last?.bars.first)
        #expect(chart.rows.map(\.name) == ["emaki", "lmdb"])
        #expect(chart.rows.map(\.values) == [[600, 400, 200], [300, nil, nil]])
        let page = HTMLWriter.text(report)
        func width(_ style: String) throws -> Double {
            let rest = try #require(page.split(separator: "<rect class=\"\(style)\" x=").last)
            let number = try #require(rest.split(separator: "width=\"").dropFirst().first)
            return try #require(Double(number.prefix { $0 != "\"" }))
        }
        let longest = try width("b9 part0")
        #expect(abs(try width("b9 part1") - longest * 400 / 600) < 0.2)
        #expect(abs(try width("b9 part2") - longest * 200 / 600) < 0.2)
        #expect(abs(try width("b6 part0") - longest * 300 / 600) < 0.2)
        #expect(!page.contains("b6 part1"))
    }

    @Test("the page needs nothing from elsewhere, and escapes what stands in lines")
    func page() {
        var failed = line("sqlite", p50: 3, raw: 1)
        (failed.op, failed.errors, failed.note) = ("failed", 1, "a <b> & \"c\" | d")
        let lines = [failed, line("emaki", "loop", p50: 2, raw: 1)]
        let report = ReportBuilder(RunLines(lines)).report()
        let page = HTMLWriter.text(report)
        #expect(page.contains("a &lt;b&gt; &amp; &quot;c&quot;"))
        #expect(!page.contains("http"))
        #expect(page.contains("<svg"))
        #expect(page.contains("prefers-color-scheme: dark"))
        let markdown = MarkdownWriter.text(report)
        #expect(markdown.contains("a <b> & \"c\" \\| d"))
        #expect(markdown.contains("| emaki, loop | 1.00 | 2.00 |"))
    }

    @Test("ends that differ by chance are one tail")
    func tails() {
        #expect(ReportBuilder.rounded(4_432) == 4_400)
        #expect(ReportBuilder.rounded(100_000) == 100_000)
        #expect(ReportBuilder.rounded(7) == 7)
    }
}
