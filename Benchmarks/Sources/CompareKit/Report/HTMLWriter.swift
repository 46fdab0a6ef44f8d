/// A report as one page that needs nothing else: its style and its pictures are in it.
package enum HTMLWriter {
    package static func text(_ report: Report) -> String {
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escaped(report.title))</title>
        <style>
        \(sheet)
        </style>
        <main>
        <h1>\(escaped(report.title))</h1>
        \(report.facts.map { "<p class=\"fact\">\(escaped($0))</p>" }.joined(separator: "\n"))
        \(report.sections.map(section).joined(separator: "\n"))
        </main>
        </html>

        """
    }

    private static func section(_ section: Report.Section) -> String {
        // Of points alone nobody sees a course; they stand in the table.
        let figures =
            section.charts.filter { $0.series.contains { $0.points.count > 1 } }.map(figure)
            + section.bars.filter { !$0.rows.isEmpty }.map(figure)
        let charts = figures.joined(separator: "\n")
        return """
            <section>
            <h2>\(escaped(section.title))</h2>
            <p>\(prose(section.lead))</p>
            \(charts.isEmpty ? "" : "<div class=\"charts\">\n\(charts)\n</div>")
            <div class="tables">
            \(section.tables.map(table).joined(separator: "\n"))
            </div>
            </section>
            """
    }

    private static func figure(_ chart: Chart) -> String {
        let keys = chart.series.map { series in
            """
            <span class="key"><svg viewBox="0 0 22 8"><line class="\(style(of: series.name))" \
            x1="1" x2="21" y1="4" y2="4"/></svg>\(escaped(series.name))</span>
            """
        }
        return figure(chart.title, ChartWriter(chart).svg, keys)
    }

    private static func figure(_ chart: BarChart) -> String {
        let keys = chart.parts.enumerated().map { part, name in
            """
            <span class="key"><svg viewBox="0 0 22 8"><rect class="b0 part\(part)" \
            width="22" height="8"/></svg>\(escaped(name))</span>
            """
        }
        return figure(chart.title, BarWriter(chart).svg, keys)
    }

    private static func figure(_ title: String, _ picture: String, _ keys: [String]) -> String {
        """
        <figure>
        <figcaption>\(escaped(title))</figcaption>
        \(picture)
        <div class="keys">\(keys.joined())</div>
        </figure>
        """
    }

    private static func table(_ table: Report.Table) -> String {
        func row(_ cells: [String], _ tag: String) -> String {
            let cells = cells.map { "<\(tag)>\(cell($0))</\(tag)>" }
            return "<tr>\(cells.joined())</tr>"
        }
        let caption = table.caption.isEmpty ? "" : "<caption>\(escaped(table.caption))</caption>"
        return """
            <div class="wide"><table>\(caption)
            <thead>\(row(table.columns, "th"))</thead>
            <tbody>
            \(table.rows.map { row($0, "td") }.joined(separator: "\n"))
            </tbody>
            </table></div>
            """
    }

    /// The spread, in brackets, steps back behind the median.
    private static func cell(_ text: String) -> String {
        guard let open = text.range(of: " ("), text.hasSuffix(")") else { return escaped(text) }
        return escaped(String(text[..<open.lowerBound]))
            + " <small>\(escaped(String(text[open.upperBound...].dropLast())))</small>"
    }

    /// With code between backticks.
    private static func prose(_ text: String) -> String {
        escaped(text).split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .map { $0.offset % 2 == 1 ? "<code>\($0.element)</code>" : String($0.element) }
            .joined()
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }

    /// Each engine has its colour, whatever else is in a chart; ours are thick, the device is dashed.
    static func style(of name: String) -> String {
        let place = "c\(place(of: name))"
        if name == "raw" { return place + " raw" }
        return name.hasPrefix("emaki") ? place + " ours" : place
    }

    /// What fills an engine's bars.
    static func colour(of name: String) -> String { "b\(place(of: name))" }

    private static func place(of name: String) -> Int {
        [
            "raw", "emaki, loop", "emaki, threads", "emaki, pool", "rocksdb", "leveldb", "lmdb",
            "sqlite", "postgresql", "redis",
        ].firstIndex(of: name) ?? 9
    }

    private static let sheet = """
        :root { color-scheme: light dark; --ground: #fdfdfb; --ink: #1d1f23; --soft: #5f646e;
          --rule: #dddfe3; --c0: #7a7f88; --c1: #c2185b; --c2: #7b1fa2; --c3: #ad5a00;
          --c4: #0b63b5; --c5: #00796b; --c6: #558b2f; --c7: #9a7400; --c8: #3949ab;
          --c9: #d84315; }
        @media (prefers-color-scheme: dark) { :root { --ground: #15171b; --ink: #e6e7ea;
          --soft: #a0a5af; --rule: #33373f; --c0: #9aa0ab; --c1: #ff6fa5; --c2: #cf8dfb;
          --c3: #ffb061; --c4: #6fb6ff; --c5: #4fd1bf; --c6: #a3d977; --c7: #e5c452;
          --c8: #9fa8ff; --c9: #ff9068; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--ink);
          font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 1180px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: 1.7rem; margin: 0 0 12px; }
        h2 { font-size: 1.25rem; margin: 44px 0 6px; }
        p { margin: 6px 0 14px; max-width: 46rem; }
        .fact { margin: 0; color: var(--soft); font-size: .92rem; max-width: 60rem; }
        .charts { display: grid; gap: 20px 28px;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
        figure { margin: 0; min-width: 0; max-width: 600px; }
        figcaption { font-weight: 600; margin-bottom: 2px; }
        figure > svg { width: 100%; height: auto; display: block; }
        svg text { fill: var(--soft); font: 12.5px system-ui, sans-serif; }
        svg .grid { stroke: var(--rule); stroke-width: 1; }
        polyline, line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
        .ours { stroke-width: 3; }
        .raw { stroke-dasharray: 5 4; stroke-width: 2; }
        .bar { stroke-width: 1.2; stroke-dasharray: none; opacity: .55; }
        \((0...9).map { ".c\($0) { stroke: var(--c\($0)); } circle.c\($0) { fill: var(--c\($0)); }" }
            .joined(separator: "\n"))
        circle { stroke: none !important; }
        \((0...9).map { ".b\($0) { fill: var(--c\($0)); }" }.joined(separator: "\n"))
        .mark { stroke: var(--soft); stroke-dasharray: 3 3; stroke-width: 1.2; }
        .bars text { paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
        .part0 { opacity: .4; }
        .part2 { opacity: .7; }
        .keys { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: .85rem;
          color: var(--soft); }
        .key { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; }
        .key svg { width: 22px; height: 8px; }
        .tables { display: flex; flex-wrap: wrap; column-gap: 40px; }
        .wide { max-width: 100%; overflow-x: auto; margin-top: 18px; }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
        caption { text-align: left; font-weight: 600; padding-bottom: 4px; }
        th, td { text-align: right; padding: 4px 12px 4px 0; white-space: nowrap;
          border-bottom: 1px solid var(--rule); }
        th { color: var(--soft); font-weight: 500; }
        th:first-child, td:first-child { text-align: left; }
        small { color: var(--soft); font-size: .82em; }
        code { font-size: .92em; }
        """
}
