import Foundation

/// What is made of several repetitions: the median, and all of the rest as a spread.
package struct Spread: Sendable, Equatable {
    package let median: Double
    package let least: Double
    package let most: Double
    package let count: Int

    /// Nil without numbers.
    package init?(_ numbers: [Double]) {
        guard let median = Spread.median(numbers), let least = numbers.min(),
            let most = numbers.max()
        else { return nil }
        (self.median, self.least, self.most, count) = (median, least, most, numbers.count)
    }

    /// Of an even number: the mean of both in the middle.
    package static func median(_ numbers: [Double]) -> Double? {
        guard !numbers.isEmpty else { return nil }
        let sorted = numbers.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1
            ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// The points of a percentile plot.
package enum Percentiles {
    /// The value at a percentile, between the points around it; beyond the last point the last.
    package static func value(at percent: Double, in points: [[Double]]) -> Double? {
        guard let first = points.first, let last = points.last else { return nil }
        guard percent > first[0] else { return first[1] }
        for (low, high) in zip(points, points.dropFirst()) where percent <= high[0] {
            guard high[0] > low[0] else { return high[1] }
            let share = (percent - low[0]) / (high[0] - low[0])
            return low[1] + share * (high[1] - low[1])
        }
        return last[1]
    }

    /// Where a percentile stands on an axis on which each further nine takes the same room:
    /// 0 for 0 %, 1 for 90 %, 2 for 99 %.
    package static func nines(_ percent: Double) -> Double {
        let rest = max(1 - percent / 100, 1e-7)
        return -log10(rest)
    }

    /// The median of several plots, at the same percentiles.
    package static func median(of plots: [[[Double]]], at percents: [Double]) -> [[Double]] {
        percents.compactMap { percent in
            Spread.median(plots.compactMap { value(at: percent, in: $0) }).map { [percent, $0] }
        }
    }
}
