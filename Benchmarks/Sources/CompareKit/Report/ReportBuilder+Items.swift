/// The items that are no closed loop of appends.
extension ReportBuilder {
    func openLoop() -> Report.Section? {
        let groups = run.groups({ $0.item == "G" && $0.rate != nil }, by: { $0.rate ?? 0 })
        guard !groups.isEmpty else { return nil }
        var section = Report.Section(
            title: "Open loop: appends that arrive at random",
            lead: """
                256 appenders; latency counts from the arrival, so a stall meets all who arrive \
                meanwhile. A rate of which an engine does less than 60 % is its last.
                """)
        for (title, path) in [("p50", \ResultLine.Latency.p50), ("p99.9", \.p999)] {
            section.charts.append(
                Chart(
                    title: "Open loop, \(title)", xLabel: "arrivals a second",
                    yLabel: "latency / F", xAxis: .logarithmic,
                    series: Self.series(groups.map { ($0.key, $0.name, $0.lines) }) {
                        $0.inF(path)
                    }))
        }
        section.tables = Set(groups.map(\.key)).sorted().map { rate in
            Report.Table(
                caption: "\(NumberText.whole(rate)) arrivals a second",
                columns: ["engine", "F, us", "p50 / F", "p99 / F", "p99.9 / F", "done, %"],
                rows: groups.filter { $0.key == rate }.map { group in
                    let lines = group.lines
                    return [
                        group.name, lines.text(\.f), lines.text { $0.inF(\.p50) },
                        lines.text { $0.inF(\.p99) }, lines.text { $0.inF(\.p999) },
                        lines.text { $0.opsPerS.map { 100 * $0 / rate } },
                    ]
                })
        }
        return section
    }

    func histories() -> Report.Section? {
        let loads = run.groups({ $0.item == "D" && $0.op == "load" }, by: { _ in 0 })
        guard !loads.isEmpty else { return nil }
        func read(_ name: String, _ threads: Int, _ cache: String) -> String {
            run.lines.filter {
                $0.contestantName == name && $0.op == "read" && $0.threads == threads
                    && $0.cache == cache
            }.text(\.opsPerS, NumberText.whole)
        }
        return Report.Section(
            title: "Whole histories",
            lead: """
                A load by one appender in batches of 100 that mixes all streams; then histories of \
                20 events, of random streams, each payload checked. Cold: after the page cache was \
                dropped, as far as the run lasts; the engines' own caches are empty too.
                """,
            tables: [
                Report.Table(
                    caption: "",
                    columns: [
                        "engine", "load, events/s", "warm, 1 thread, /s", "warm, 2 threads, /s",
                        "cold, 1 thread, /s",
                    ],
                    rows: loads.map { group in
                        [
                            group.name, group.lines.text(\.eventsPerS, NumberText.whole),
                            read(group.name, 1, "warm"), read(group.name, 2, "warm"),
                            read(group.name, 1, "cold"),
                        ]
                    })
            ])
    }

    func recovery() -> Report.Section? {
        struct Key: Hashable {
            let store, tail: Int
        }
        // A slow engine's tail ends with its time, anywhere: it is named by what was asked of others.
        let groups = run.groups(
            { $0.op == "recover" },
            by: { Key(store: $0.storeEvents ?? 0, tail: Self.rounded($0.tailEvents ?? 0)) })
        guard !groups.isEmpty else { return nil }
        func sinceMain(_ path: KeyPath<ResultLine, Double?>) -> (ResultLine) -> Double? {
            { line in line[keyPath: path].map { $0 - (line.execMs ?? 0) } }
        }
        let ordered = groups.sorted {
            ($0.key.store, $0.key.tail, RunLines.rank($0.name))
                < ($1.key.store, $1.key.tail, RunLines.rank($1.name))
        }
        return Report.Section(
            title: "Recovery after kill -9",
            lead: """
                Milliseconds from the first line of the program's own code, servers' start \
                included. Engines without a commit of groups write fewer events in the time that \
                the tail has.
                """,
            charts: Set(ordered.map(\.key.store)).sorted().map { store in
                Chart(
                    title:
                        "First append after a kill, \(NumberText.axis(Double(store))) events stored",
                    xLabel: "events since", yLabel: "ms", xAxis: .logarithmic,
                    series: Self.series(
                        ordered.filter { $0.key.store == store }
                            .map { (Double($0.key.tail), $0.name, $0.lines) },
                        sinceMain(\.firstAppendMs)))
            },
            tables: [
                Report.Table(
                    caption: "",
                    columns: [
                        "events in the store", "and then", "engine", "open, ms",
                        "first append durable, ms", "the same / F", "first history read, ms",
                    ],
                    rows: ordered.map { group in
                        [
                            NumberText.whole(Double(group.key.store)),
                            NumberText.whole(Double(group.key.tail)), group.name,
                            group.lines.text(sinceMain(\.openMs)),
                            group.lines.text(sinceMain(\.firstAppendMs)),
                            group.lines.text { line in
                                guard let f = line.f, f > 0 else { return nil }
                                return sinceMain(\.firstAppendMs)(line).map { $0 * 1000 / f }
                            },
                            group.lines.text(sinceMain(\.firstReadMs)),
                        ]
                    })
            ])
    }

    /// To two digits that count.
    package static func rounded(_ count: Int) -> Int {
        var scale = 1
        while count / scale >= 100 { scale *= 10 }
        return count / scale * scale
    }

    private static let eventBytes = 256.0

    func space() -> Report.Section? {
        let groups = run.groups({ $0.op == "space" && $0.after == "load" }, by: { _ in 0 })
        guard !groups.isEmpty else { return nil }
        func lines(_ name: String, _ op: String, _ after: String?) -> [ResultLine] {
            run.lines.filter {
                $0.contestantName == name && $0.op == op && $0.after == after
            }
        }
        func times(_ name: String, _ op: String, _ after: String?) -> String {
            lines(name, op, after).text { $0.bytesPerEvent.map { $0 / Self.eventBytes } }
        }
        return Report.Section(
            title: "Bytes on the disk for an event of 256 bytes",
            lead: """
                All blocks of the folder, over the events. Ours holds segments of 32 MiB that are \
                written again and again, PostgreSQL files of its log: with few events they are most \
                of it. What our sealed files take by themselves stands beside.
                """,
            bars: [
                BarChart(
                    title: "Bytes for an event of \(NumberText.whole(Self.eventBytes)) bytes",
                    parts: ["after the load", "compacted", "data by itself"],
                    rows: groups.map { group in
                        BarChart.Row(
                            name: group.name,
                            values: [
                                lines(group.name, "space", "load"),
                                lines(group.name, "space", "compact"),
                                lines(group.name, "compact", nil),
                            ].map { $0.spread(\.bytesPerEvent)?.median })
                    }.filter { $0.values.contains { $0 != nil } },
                    mark: (name: "payload", value: Self.eventBytes))
            ],
            tables: [
                Report.Table(
                    caption: "",
                    columns: [
                        "engine", "after the load", "compacted", "data by itself",
                        "compacted / payload", "data / payload",
                    ],
                    rows: groups.map { group in
                        let name = group.name
                        return [
                            name, lines(name, "space", "load").text(\.bytesPerEvent),
                            lines(name, "space", "compact").text(\.bytesPerEvent),
                            lines(name, "compact", nil).text(\.bytesPerEvent),
                            times(name, "space", "compact"), times(name, "compact", nil),
                        ]
                    })
            ])
    }

    func workflows() -> Report.Section? {
        struct Key: Hashable {
            let variant, codec: String
            let inFlight: Int
        }
        let groups = run.groups(
            { $0.op == "workflow" },
            by: { Key(variant: $0.variant, codec: $0.note ?? "", inFlight: $0.appenders) })
        guard !groups.isEmpty else { return nil }
        return Report.Section(
            title: "Workflows of ours",
            lead: "From a call to what the caller sees of it, everything durable.",
            tables: [
                Report.Table(
                    caption: "",
                    columns: [
                        "workflow", "in flight", "payloads", "F, us", "p50 / F", "p50, ms",
                        "p99, ms", "a second",
                    ],
                    rows: groups.sorted {
                        ($0.key.variant, $0.key.inFlight) < ($1.key.variant, $1.key.inFlight)
                    }.map { group in
                        let lines = group.lines
                        return [
                            group.key.variant, "\(group.key.inFlight)", group.key.codec,
                            lines.text(\.f), lines.text { $0.inF(\.p50) },
                            lines.text { $0.latUs.map { $0.p50 / 1000 } },
                            lines.text { $0.latUs.map { $0.p99 / 1000 } },
                            lines.text(\.opsPerS, NumberText.whole),
                        ]
                    })
            ])
    }

    func failures() -> Report.Section? {
        let failed = run.lines.filter { $0.op == "failed" || ($0.errors > 0 && $0.item != "G") }
        guard !failed.isEmpty else { return nil }
        return Report.Section(
            title: "What failed", lead: "",
            tables: [
                Report.Table(
                    caption: "", columns: ["item", "engine", "errors", "why"],
                    rows: failed.map {
                        [$0.item, $0.contestantName, "\($0.errors)", $0.note ?? ""]
                    })
            ])
    }
}
