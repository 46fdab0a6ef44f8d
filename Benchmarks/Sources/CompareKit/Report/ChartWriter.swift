import Foundation

/// Lines over an axis, as SVG.
struct ChartWriter {
    private let chart: Chart
    private let xRange: ClosedRange<Double>
    private let yRange: ClosedRange<Double>

    // In units of the picture: small, so that letters are large enough on a telephone.
    private static let width = 460.0
    private static let height = 330.0
    private static let left = 50.0
    private static let right = 24.0
    private static let top = 10.0
    private static let bottom = 44.0

    init(_ chart: Chart) {
        self.chart = chart
        let points = chart.series.flatMap(\.points)
        let xs = points.map { Self.scaled($0.x, chart.xAxis) }
        let ys = points.flatMap { [$0.least, $0.most] }.filter { $0 > 0 }.map { log10($0) }
        xRange = Self.range(xs, padding: 0)
        yRange = Self.range(ys, padding: 0.08)
    }

    private static func scaled(_ x: Double, _ axis: Chart.Axis) -> Double {
        switch axis {
        case .nines: Percentiles.nines(x)
        case .logarithmic: log10(max(x, 1e-9))
        }
    }

    private static func range(_ values: [Double], padding: Double) -> ClosedRange<Double> {
        guard let least = values.min(), let most = values.max() else { return 0...1 }
        let room = max(most - least, 0.2)
        return least - room * padding...least + room * (1 + padding)
    }

    private func x(_ value: Double) -> Double {
        let share =
            (Self.scaled(value, chart.xAxis) - xRange.lowerBound)
            / (xRange.upperBound - xRange.lowerBound)
        return Self.left + share * (Self.width - Self.left - Self.right)
    }

    private func y(_ value: Double) -> Double {
        let share =
            (log10(max(value, 1e-9)) - yRange.lowerBound)
            / (yRange.upperBound - yRange.lowerBound)
        return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
    }

    var svg: String {
        var parts = [
            """
            <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" \
            aria-label="\(HTMLWriter.escaped(chart.title))">
            """
        ]
        parts += grid
        for series in chart.series { parts += lines(series) }
        parts.append("</svg>")
        return parts.joined(separator: "\n")
    }

    private var grid: [String] {
        let floor = Self.height - Self.bottom
        var parts = yTicks.flatMap { value in
            [
                SVG.line(Self.left, y(value), Self.width - Self.right, y(value)),
                SVG.text(Self.left - 6, y(value) + 4, "end", NumberText.axis(value)),
            ]
        }
        parts += xTicks.flatMap { value, label in
            [
                SVG.line(x(value), Self.top, x(value), floor),
                SVG.text(x(value), floor + 17, "middle", label),
            ]
        }
        let middle = (Self.left + Self.width - Self.right) / 2
        parts.append(SVG.text(middle, Self.height - 8, "middle", chart.xLabel))
        parts.append(
            """
            <text transform="translate(13 \(SVG.number((Self.top + floor) / 2))) rotate(-90)" \
            text-anchor="middle">\(HTMLWriter.escaped(chart.yLabel))</text>
            """)
        return parts
    }

    /// Powers of ten, and what lies between them where there is room.
    private var yTicks: [Double] {
        let room = yRange.upperBound - yRange.lowerBound
        let steps: [Double] = room > 2.5 ? [1] : room > 1.2 ? [1, 3] : [1, 2, 5]
        return Self.decades(in: yRange).flatMap { decade in steps.map { $0 * decade } }
            .filter { yRange.contains(log10($0)) }
    }

    private var xTicks: [(Double, String)] {
        switch chart.xAxis {
        case .nines:
            return [(0, "0"), (50, "50"), (90, "90"), (99, "99"), (99.9, "99.9"), (99.99, "99.99")]
                .filter { xRange.contains(Percentiles.nines($0.0)) }
        case .logarithmic:
            let values = Set(chart.series.flatMap { $0.points.map(\.x) }).sorted()
            // Those that are too near to the one before have no room for their name.
            var shown: [Double] = []
            for value in values where shown.last.map({ x(value) - x($0) >= 34 }) ?? true {
                shown.append(value)
            }
            return shown.map { ($0, NumberText.axis($0)) }
        }
    }

    private static func decades(in range: ClosedRange<Double>) -> [Double] {
        (Int(range.lowerBound.rounded(.down))...Int(range.upperBound.rounded(.up)))
            .map { pow(10, Double($0)) }
    }

    private func lines(_ series: Chart.Series) -> [String] {
        let style = HTMLWriter.style(of: series.name)
        let points = series.points.filter { $0.y > 0 }
        let path = points.map { "\(SVG.number(x($0.x))),\(SVG.number(y($0.y)))" }
            .joined(separator: " ")
        var parts = ["<polyline class=\"\(style)\" points=\"\(path)\"/>"]
        guard case .logarithmic = chart.xAxis else { return parts }
        for point in points {
            let place = SVG.number(x(point.x))
            if point.most > point.least {
                parts.append(
                    """
                    <line class="\(style) bar" x1="\(place)" x2="\(place)" \
                    y1="\(SVG.number(y(point.least)))" y2="\(SVG.number(y(point.most)))"/>
                    """)
            }
            parts.append(
                "<circle class=\"\(style)\" cx=\"\(place)\" cy=\"\(SVG.number(y(point.y)))\" r=\"3\"/>"
            )
        }
        return parts
    }
}
