import Histogram

/// Latencies as rows of text, in steps of F.
struct DemoHistogram: Sendable {
    struct Row: Sendable {
        /// Multiples of F.
        var lower, upper: Double
        var count: UInt64
    }

    let rows: [Row]
    let totalCount: UInt64

    private static let steps: [Double] = [
        0, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 20, 50, 100, .infinity,
    ]
    private static let barWidth = 48.0

    /// `rawMicroseconds` is F.
    init(_ histogram: Histogram<UInt64>, rawMicroseconds: Double) {
        let unit = rawMicroseconds * 1000
        var rows: [Row] = []
        for (lower, upper) in zip(Self.steps, Self.steps.dropFirst()) {
            rows.append(Row(lower: lower, upper: upper, count: 0))
        }
        for value in histogram.recordedValues() {
            let multiple = Double(value.value) / unit
            guard let index = rows.firstIndex(where: { multiple < $0.upper }) else { continue }
            rows[index].count += value.count
        }
        self.rows = rows
        totalCount = histogram.totalCount
    }

    /// One line for each step between the first and the last that anything fell into.
    var lines: [String] {
        guard let first = rows.firstIndex(where: { $0.count > 0 }),
            let last = rows.lastIndex(where: { $0.count > 0 }), totalCount > 0
        else { return [] }
        let largest = rows.map(\.count).max() ?? 1
        return rows[first...last].map { row in
            let width = Double(row.count) / Double(largest) * Self.barWidth
            // A bar that rounds to nothing must not look like nothing.
            let leastWidth = row.count > 0 ? 1 : 0
            let bar = String(repeating: "#", count: max(leastWidth, Int(width.rounded())))
            let share = (Double(row.count) * 100 / Double(totalCount)).fixed(2)
            return Self.label(row) + " |" + Self.padded(share + " %", to: 9, left: true) + " " + bar
        }
    }

    private static func label(_ row: Row) -> String {
        guard row.upper.isFinite else { return padded("over \(text(row.lower)) F", to: 16) }
        guard row.lower > 0 else { return padded("up to \(text(row.upper)) F", to: 16) }
        return padded("\(text(row.lower)) to \(text(row.upper)) F", to: 16)
    }

    private static func text(_ multiple: Double) -> String {
        multiple == multiple.rounded() ? multiple.fixed(0) : multiple.fixed(2)
    }

    static func padded(_ text: String, to width: Int, left: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? space + text : text + space
    }
}
