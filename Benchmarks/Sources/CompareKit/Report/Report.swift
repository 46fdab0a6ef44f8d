/// What is said about a run, whatever it is written as.
package struct Report: Sendable {
    package var title: String
    /// Machine, date, load: one sentence each.
    package var facts: [String] = []
    package var sections: [Section] = []

    package struct Section: Sendable {
        package var title: String
        package var lead: String
        package var charts: [Chart] = []
        package var bars: [BarChart] = []
        package var tables: [Table] = []
    }

    package struct Table: Sendable, Equatable {
        package var caption: String
        package var columns: [String]
        package var rows: [[String]]
    }
}

/// A picture: lines over an axis, with the spread of each point.
package struct Chart: Sendable {
    package enum Axis: Sendable {
        /// Each further nine of a percentile takes the same room.
        case nines
        case logarithmic
    }

    package struct Point: Sendable, Equatable {
        package var x: Double
        package var y: Double
        package var least: Double
        package var most: Double
    }

    package struct Series: Sendable {
        package var name: String
        package var points: [Point]
    }

    package var title: String
    package var xLabel: String
    package var yLabel: String
    package var xAxis: Axis
    package var series: [Series]
}

/// A picture: bars from zero, a few for each engine.
package struct BarChart: Sendable {
    package struct Row: Sendable, Equatable {
        package var name: String
        /// One for each part; nil: not measured.
        package var values: [Double?]
    }

    package var title: String
    /// What the first, second and third bar of an engine are.
    package var parts: [String]
    package var rows: [Row]
    /// A value to compare all of them with.
    package var mark: (name: String, value: Double)?
}

extension Spread {
    /// "1.24 (1.20–1.31)"; without the brackets if there was one repetition.
    package func text(_ format: (Double) -> String) -> String {
        count > 1 ? "\(format(median)) (\(format(least))–\(format(most)))" : format(median)
    }
}
