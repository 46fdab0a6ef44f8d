/// Makes the report of a run's lines.
package struct ReportBuilder {
    let run: RunLines

    package init(_ run: RunLines) { self.run = run }

    package func report() -> Report {
        var report = Report(title: "Emaki beside others")
        report.facts = facts
        report.sections = [
            appends(), batches(), openLoop(), histories(), recovery(), space(), workflows(),
            failures(),
        ].compactMap { $0 }
        return report
    }

    private var facts: [String] {
        let lines = run.lines
        var facts = Set(lines.compactMap(\.machine)).sorted()
        let times = lines.compactMap(\.ts)
        if let first = times.min(), let last = times.max() { facts.append("\(first) to \(last).") }
        let f = lines.text(\.rawRefUs)
        facts.append("F, a raw 4 KiB durable write just before each program: \(f) us.")
        facts.append(
            "A number is the median of all repetitions, in brackets the least and the most."
                + " Closed loops are warmed up for 0.3 s.")
        let loads = lines.text(\.load1)
        facts.append(
            "Load \(loads). Others used more than half a core in \(run.busyCount) of"
                + " \(run.watchedCount) programs.")
        if run.leftOutCount > 0 {
            facts.append(
                "Left out: \(run.leftOutCount) programs beside which others used more than half a"
                    + " core.")
        }
        if run.isTooBusy {
            facts.append("THE MACHINE WAS TOO BUSY: these figures show proportions at best.")
        }
        let delays = Set(lines.compactMap(\.syncLatencyUs))
        for delay in delays.sorted() {
            facts.append("Some durable writes were delayed by \(NumberText.whole(delay)) us.")
        }
        let versions = Set(
            lines.filter { !($0.version ?? "").isEmpty }
                .map { "\($0.engine) \($0.version ?? "")" })
        if !versions.isEmpty { facts.append(versions.sorted().joined(separator: ", ") + ".") }
        return facts
    }

    private func appends() -> Report.Section? {
        let wanted: (ResultLine) -> Bool = { ["A", "B"].contains($0.item) && $0.op != "failed" }
        let groups = run.groups(wanted, by: \.appenders)
        guard !groups.isEmpty else { return nil }
        var section = Report.Section(
            title: "Durable appends",
            lead: """
                One event of 256 bytes an append, each appender with one outstanding. `raw` is the \
                device alone: a write of 4 KiB, and with several appenders the simplest group \
                commit, which checks and keeps nothing.
                """)
        let counts = Set(groups.map(\.key)).sorted()
        section.charts = [throughput(groups.map { ($0.key, $0.name, $0.lines) })]
        section.charts += counts.map { count in
            percentiles(
                "Latency, \(count) appender\(count == 1 ? "" : "s")",
                groups.filter { $0.key == count }.map { ($0.name, $0.lines) })
        }
        section.tables = counts.map { count in
            latencyTable(
                "\(count) appender\(count == 1 ? "" : "s")",
                groups.filter { $0.key == count }.map { ($0.name, $0.lines) })
        }
        return section
    }

    private func batches() -> Report.Section? {
        let groups = run.groups({ $0.item == "C" && $0.op != "failed" }, by: \.batch)
        guard !groups.isEmpty else { return nil }
        return Report.Section(
            title: "Batches of 100 events, all or nothing",
            lead: "One appender; five streams with twenty events each.",
            tables: [latencyTable("1 appender", groups.map { ($0.name, $0.lines) })])
    }

    func latencyTable(
        _ caption: String, _ rows: [(name: String, lines: [ResultLine])]
    ) -> Report.Table {
        Report.Table(
            caption: caption,
            columns: [
                "engine", "F, us", "p50 / F", "p99 / F", "p99.9 / F", "events/s × F", "events/s",
            ],
            rows: rows.map { name, lines in
                [
                    name, lines.text(\.f), lines.text { $0.inF(\.p50) },
                    lines.text { $0.inF(\.p99) }, lines.text { $0.inF(\.p999) },
                    lines.text(\.eventsPerF), lines.text(\.eventsPerS, NumberText.whole),
                ]
            })
    }

    private func throughput(_ groups: [(Int, String, [ResultLine])]) -> Chart {
        Chart(
            title: "Throughput", xLabel: "appenders", yLabel: "events in the time F",
            xAxis: .logarithmic,
            series: Self.series(groups.map { (Double($0.0), $0.1, $0.2) }, \.eventsPerF))
    }

    /// A line for each engine, with the spread of each of its points.
    static func series(
        _ groups: [(x: Double, name: String, lines: [ResultLine])],
        _ value: (ResultLine) -> Double?
    ) -> [Chart.Series] {
        var series: [Chart.Series] = []
        for (x, name, lines) in groups.sorted(by: { $0.x < $1.x }) {
            guard let spread = lines.spread(value) else { continue }
            let point = Chart.Point(
                x: x, y: spread.median, least: spread.least, most: spread.most)
            if let index = series.firstIndex(where: { $0.name == name }) {
                series[index].points.append(point)
            } else {
                series.append(Chart.Series(name: name, points: [point]))
            }
        }
        return series.sorted { RunLines.rank($0.name) < RunLines.rank($1.name) }
    }

    func percentiles(_ title: String, _ rows: [(name: String, lines: [ResultLine])]) -> Chart {
        let percents = [0, 10, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.99]
        let series = rows.compactMap { name, lines -> Chart.Series? in
            let plots = lines.compactMap { line in
                line.f.flatMap { f in line.latPoints?.map { [$0[0], $0[1] / f] } }
            }
            // Beyond what one sample stands for there is nothing to see.
            let ops = lines.map(\.ops).min() ?? 0
            let end = ops > 0 ? 100 * (1 - 1 / Double(ops)) : 0
            let shown = percents.filter { $0 <= end }
            let points = Percentiles.median(of: plots, at: shown).map {
                Chart.Point(x: $0[0], y: $0[1], least: $0[1], most: $0[1])
            }
            return points.isEmpty ? nil : Chart.Series(name: name, points: points)
        }
        return Chart(
            title: title, xLabel: "percentile", yLabel: "latency / F", xAxis: .nines,
            series: series)
    }
}
