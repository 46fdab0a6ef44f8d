import Foundation
import Histogram

/// The latencies of a run in nanoseconds. Each thread records into one of its own; they are added.
package struct LatencyRecorder: Sendable {
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: nanosecondsMax, numberOfSignificantValueDigits: .three)

    /// Ten minutes; longer ones count as ten minutes.
    private static let nanosecondsMax: UInt64 = 600_000_000_000
    private static let ticksPerHalfDistance = 4

    package init() {}

    package mutating func record(_ nanoseconds: Int64) {
        histogram.record(min(UInt64(max(0, nanoseconds)), Self.nanosecondsMax))
    }

    package mutating func add(_ other: LatencyRecorder) { histogram.add(other.histogram) }

    /// Nil without samples.
    package var summary: ResultLine.Latency? {
        guard histogram.totalCount > 0 else { return nil }
        func us(_ percentile: Double) -> Double {
            Double(histogram.valueAtPercentile(percentile)) / 1000
        }
        return ResultLine.Latency(
            mean: histogram.mean / 1000, p50: us(50), p90: us(90), p99: us(99), p999: us(99.9),
            max: Double(histogram.max) / 1000)
    }

    /// Percent and microseconds, closer together towards the end.
    package var points: [[Double]]? {
        guard histogram.totalCount > 0 else { return nil }
        return histogram.percentiles(ticksPerHalfDistance: Self.ticksPerHalfDistance).map { step in
            [step.percentileLevelIteratedTo, Double(step.value) / 1000]
        }
    }
}
