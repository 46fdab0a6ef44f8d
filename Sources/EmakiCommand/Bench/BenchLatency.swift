import EmakiPlatform
import Histogram

/// The latencies of all appenders of a run, in nanoseconds.
///
/// Each appender gathers samples in a small buffer of its own and hands it over when it is full, so
/// that the one histogram stays in the CPU's cache however many appenders there are, and its lock
/// is taken once in many appends.
final class BenchLatency: @unchecked Sendable {
    private let lock = Lock()
    private var histogram = BenchLatency.emptyHistogram()

    /// Ten minutes; longer ones count as ten minutes.
    private static let nanosecondsMax: UInt64 = 600_000_000_000

    /// Points of the curve for each halving of what is left to 100 %.
    private static let ticksPerHalfDistance = 4

    private static func emptyHistogram() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: nanosecondsMax, numberOfSignificantValueDigits: .three)
    }

    fileprivate func add(_ samples: [UInt64], count: Int) {
        lock.withLock {
            for index in 0..<count {
                histogram.record(min(samples[index], Self.nanosecondsMax))
            }
        }
    }

    /// Forgets everything, after a warm-up.
    func reset() { lock.withLock { histogram.reset() } }

    var snapshot: Histogram<UInt64> { lock.withLock { histogram } }

    /// Nil without samples.
    var summary: BenchLatencySummary? {
        let histogram = snapshot
        guard histogram.totalCount > 0 else { return nil }
        func microseconds(_ percentile: Double) -> Double {
            Double(histogram.valueAtPercentile(percentile)) / 1000
        }
        return BenchLatencySummary(
            mean: histogram.mean / 1000, p50: microseconds(50), p90: microseconds(90),
            p99: microseconds(99), p999: microseconds(99.9),
            max: Double(histogram.max) / 1000,
            points: histogram.percentiles(ticksPerHalfDistance: Self.ticksPerHalfDistance).map {
                BenchLatencyPoint(
                    percent: $0.percentileLevelIteratedTo,
                    microseconds: Double($0.value) / 1000)
            })
    }
}

/// Microseconds.
struct BenchLatencySummary: Sendable {
    var mean, p50, p90, p99, p999, max: Double
    /// The whole curve, for a picture.
    var points: [BenchLatencyPoint] = []
}

/// So many percent took no longer than this.
struct BenchLatencyPoint: Sendable, Codable, Equatable {
    var percent: Double
    var microseconds: Double
}

/// One appender's samples on their way to the histogram.
struct BenchSamples {
    private let latency: BenchLatency
    private var buffer: [UInt64]
    private var count = 0

    private static let capacity = 32

    init(for latency: BenchLatency) {
        self.latency = latency
        buffer = [UInt64](repeating: 0, count: Self.capacity)
    }

    mutating func add(_ nanoseconds: Int64) {
        buffer[count] = UInt64(max(0, nanoseconds))
        count += 1
        if count == Self.capacity { handOver() }
    }

    /// Must be called at the end: what is still in the buffer would be missing.
    mutating func handOver() {
        latency.add(buffer, count: count)
        count = 0
    }
}
