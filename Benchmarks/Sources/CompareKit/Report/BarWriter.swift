/// Bars from zero, a few for each engine, as SVG.
struct BarWriter {
    private let chart: BarChart
    private let most: Double

    // In units of the picture, as `ChartWriter` has them.
    private static let width = 460.0
    private static let left = 112.0
    /// For the number behind the longest bar.
    private static let right = 64.0
    private static let barHeight = 13.0
    private static let gap = 9.0
    private static let top = 4.0
    private static let bottom = 24.0

    init(_ chart: BarChart) {
        self.chart = chart
        let values = chart.rows.flatMap { $0.values.compactMap(\.self) }
        most = max(1, values.max() ?? 0, chart.mark?.value ?? 0)
    }

    private func x(_ value: Double) -> Double {
        Self.left + value / most * (Self.width - Self.left - Self.right)
    }

    private var height: Double {
        let bars = chart.rows.map { $0.values.count { $0 != nil } }.reduce(0, +)
        return Self.top + Self.bottom + Double(bars) * Self.barHeight
            + Double(chart.rows.count) * Self.gap
    }

    var svg: String {
        var parts = [
            """
            <svg class="bars" viewBox="0 0 \(Int(Self.width)) \(Int(height))" role="img" \
            aria-label="\(HTMLWriter.escaped(chart.title))">
            """
        ]
        if let mark = chart.mark {
            let place = SVG.number(x(mark.value))
            let floor = height - Self.bottom
            parts.append(
                """
                <line class="mark" x1="\(place)" x2="\(place)" y1="0" y2="\(SVG.number(floor))"/>
                """)
            parts.append(SVG.text(x(mark.value), floor + 14, "middle", mark.name))
        }
        var y = Self.top
        for row in chart.rows {
            let bars = row.values.enumerated().filter { $0.element != nil }
            let middle = y + Double(bars.count) * Self.barHeight / 2
            parts.append(SVG.text(Self.left - 8, middle + 4, "end", row.name))
            for (part, value) in bars {
                parts += bar(row.name, part, value ?? 0, y)
                y += Self.barHeight
            }
            y += Self.gap
        }
        parts.append("</svg>")
        return parts.joined(separator: "\n")
    }

    private func bar(_ name: String, _ part: Int, _ value: Double, _ y: Double) -> [String] {
        let style = HTMLWriter.colour(of: name)
        return [
            """
            <rect class="\(style) part\(part)" x="\(SVG.number(Self.left))" y="\(SVG.number(y + 1))" \
            width="\(SVG.number(max(1, x(value) - Self.left)))" \
            height="\(SVG.number(Self.barHeight - 2))"/>
            """,
            SVG.text(x(value) + 5, y + Self.barHeight - 3, "start", NumberText.short(value)),
        ]
    }
}
