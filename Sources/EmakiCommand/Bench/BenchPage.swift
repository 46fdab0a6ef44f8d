import Foundation

/// A verdict as one page that needs nothing else.
struct BenchPage {
    private let verdict: BenchVerdict
    private let earlier: BenchVerdict?

    init(_ verdict: BenchVerdict, earlier: BenchVerdict?) {
        (self.verdict, self.earlier) = (verdict, earlier)
    }

    var text: String {
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>emaki bench</title>
        <style>
        \(Self.sheet)
        </style>
        <main>
        <h1>\((verdict.f ?? 0).fixed(0)) us for a durable write, \
        \(((verdict.workflows.first?.p50 ?? 0) / 1000).fixed(1)) ms for a two-step workflow</h1>
        <p class="soft">\(Self.escaped(heading))</p>
        <p>\(Self.escaped(verdict.workflowSentence))</p>
        <p>\(Self.escaped(verdict.limit))</p>
        \(warnings.map { "<p class=\"warning\">\(Self.escaped($0))</p>" }.joined(separator: "\n"))
        <div class="charts">
        <figure><figcaption>A durable write, by method and size</figcaption>\(writes)</figure>
        <figure><figcaption>Latency of an append, by appenders</figcaption>\(latencies)</figure>
        </div>
        \(table)
        </main>
        </html>

        """
    }

    private var heading: String {
        var text = "\(verdict.machine), \(verdict.fileSystem), load \(verdict.load.fixed(2)),"
        text += " \(verdict.othersCores.fixed(2)) cores used by others; warmed up for 0.3 s."
        if let delay = verdict.syncLatencyMicroseconds {
            text += " Slow disk: \(delay.fixed(0)) us were added to each durable write of the log;"
            text += " F is without them."
        }
        return text
    }

    private var warnings: [String] {
        verdict.warnings
            + (verdict.isBusy
                ? ["Others used the machine, so these figures are not comparable."] : [])
    }

    // Pictures are small in their own units, so that letters are large enough on a telephone.
    private static let width = 460.0

    /// Bars: the median, and a hair to the 99th percentile.
    private var writes: String {
        let most = verdict.writes.map(\.p99).max() ?? 1
        let rowHeight = 34.0
        var parts: [String] = []
        func x(_ value: Double) -> Double { 128 + value / most * (Self.width - 128 - 60) }
        for (index, write) in verdict.writes.enumerated() {
            let y = Double(index) * rowHeight
            parts.append(
                """
                <text x="120" y="\(y + 21)" text-anchor="end">\(write.blockBytes / 1024) KiB, \
                \(Self.escaped(write.method))</text>
                <rect x="128" y="\(y + 6)" width="\(x(write.p50) - 128)" height="22"/>
                <line x1="\(x(write.p50))" x2="\(x(write.p99))" y1="\(y + 17)" y2="\(y + 17)"/>
                <text x="\(x(write.p99) + 6)" y="\(y + 21)">\(write.p50.fixed(0)) us</text>
                """)
        }
        let height = Double(verdict.writes.count) * rowHeight
        return "<svg viewBox=\"0 0 \(Self.width) \(height)\" role=\"img\">\(parts.joined())</svg>"
    }

    /// Percentiles, each further nine with the same room, over microseconds by powers.
    private var latencies: String {
        let curves = verdict.appends.filter { $0.shape != "thread" }
        let values = curves.flatMap { $0.points.map(\.microseconds) }.filter { $0 > 0 }
        let low = log10(values.min() ?? 1)
        let high = max(log10(values.max() ?? 10), low + 0.3)
        let height = 300.0
        func y(_ value: Double) -> Double {
            262 - (log10(max(value, 0.001)) - low) / (high - low) * 250
        }
        func x(_ percent: Double) -> Double {
            48 + min(4, -log10(max(1e-4, 1 - percent / 100))) / 4 * (Self.width - 72)
        }
        var parts = [0, 90, 99, 99.9, 99.99].map { percent in
            """
            <line class="grid" x1="\(x(percent))" x2="\(x(percent))" y1="12" y2="262"/>
            <text x="\(x(percent))" y="280" text-anchor="middle">\(Self.short(percent))</text>
            """
        }
        for power in Int(low.rounded(.down))...Int(high.rounded(.up)) {
            for step in [1.0, 3.0] {
                let value = pow(10, Double(power)) * step
                guard log10(value) >= low, log10(value) <= high else { continue }
                parts.append(
                    """
                    <line class="grid" x1="48" x2="\(Self.width - 24)" y1="\(y(value))" \
                    y2="\(y(value))"/>
                    <text x="42" y="\(y(value) + 4)" text-anchor="end">\(Self.short(value))</text>
                    """)
            }
        }
        for (index, curve) in curves.enumerated() {
            let path = curve.points.filter { $0.percent <= 99.99 }
                .map { "\(x($0.percent).fixed(1)),\(y($0.microseconds).fixed(1))" }
            parts.append(
                "<polyline class=\"c\(index)\" points=\"\(path.joined(separator: " "))\"/>")
        }
        let keys = curves.enumerated().map {
            "<span class=\"key\"><i class=\"c\($0.offset)\"></i>\($0.element.appenders)</span>"
        }
        return """
            <svg viewBox="0 0 \(Self.width) \(height)" role="img">\(parts.joined())\
            <text x="\(Self.width / 2)" y="297" text-anchor="middle">percentile; us</text></svg>
            <div class="soft">appenders \(keys.joined())</div>
            """
    }

    private var table: String {
        let head = [
            "appenders", "F, us", "p50 / F", "p99 / F", "p99.9 / F", "events/s", "events/s × F",
            "events a group", earlier == nil ? nil : "events/s before",
        ].compactMap { $0 }
        let rows = verdict.appends.map { append -> [String] in
            let before = earlier?.appends.first {
                $0.shape == append.shape && $0.appenders == append.appenders
            }
            return [
                append.shape == "thread" ? "1 plain thread" : "\(append.appenders)",
                append.f.fixed(1), (append.p50 / append.f).fixed(2),
                (append.p99 / append.f).fixed(1), (append.p999 / append.f).fixed(1),
                append.eventsPerSecond.fixed(0),
                (append.eventsPerSecond * append.f / 1e6).fixed(1),
                append.eventsPerGroup.fixed(1), before.map { $0.eventsPerSecond.fixed(0) },
            ].compactMap { $0 }
        }
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\($0)</\(tag)>" }.joined() + "</tr>"
        }
        let body = rows.map { row($0, "td") }.joined(separator: "\n")
        return "<div class=\"wide\"><table>\(row(head, "th"))\n\(body)</table></div>"
    }

    private static func short(_ value: Double) -> String {
        value >= 10_000 ? "\((value / 1000).fixed(0)) k" : String(format: "%g", value)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    }

    private static let sheet = """
        :root { color-scheme: light dark; --ground: #fdfdfb; --ink: #1d1f23; --soft: #5f646e;
          --rule: #dddfe3; --c0: #c2185b; --c1: #ad5a00; --c2: #00796b; --c3: #0b63b5; }
        @media (prefers-color-scheme: dark) { :root { --ground: #15171b; --ink: #e6e7ea;
          --soft: #a0a5af; --rule: #33373f; --c0: #ff6fa5; --c1: #ffb061; --c2: #4fd1bf;
          --c3: #6fb6ff; } }
        body { margin: 0; background: var(--ground); color: var(--ink);
          font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 10px; }
        p { margin: 6px 0; max-width: 46rem; }
        .soft { color: var(--soft); font-size: .9rem; }
        .warning { border-left: 4px solid var(--c1); padding-left: 12px; }
        .charts { display: grid; gap: 20px 28px; margin: 28px 0;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
        figure { margin: 0; min-width: 0; }
        figcaption { font-weight: 600; margin-bottom: 4px; }
        svg { width: 100%; height: auto; display: block; }
        svg text { fill: var(--soft); font: 12.5px system-ui, sans-serif; }
        rect { fill: var(--c3); }
        line { stroke: var(--soft); stroke-width: 1.5; }
        .grid { stroke: var(--rule); stroke-width: 1; }
        polyline { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
        .c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); }
        .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
        .key { margin-left: 12px; white-space: nowrap; }
        .key i { display: inline-block; width: 18px; border-top: 3px solid; margin-right: 6px;
          vertical-align: middle; }
        i.c0 { border-color: var(--c0); } i.c1 { border-color: var(--c1); }
        i.c2 { border-color: var(--c2); } i.c3 { border-color: var(--c3); }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
        th, td { text-align: right; padding: 4px 14px 4px 0; white-space: nowrap;
          border-bottom: 1px solid var(--rule); }
        th { color: var(--soft); font-weight: 500; }
        th:first-child, td:first-child { text-align: left; }
        """
}
