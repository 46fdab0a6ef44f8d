import Foundation

/// Poisson arrivals, claimed one after the other by whoever is free. Latency counts from them, so
/// that waiting in line is part of it.
package final class Schedule: @unchecked Sendable {
    private let lock = NSLock()
    private let meanNanoseconds: Double
    private let end: Double
    private var instant: Double
    private var randomState: UInt64

    package init(rate: Double, seed: UInt64, start: Int64, end: Int64) {
        meanNanoseconds = 1e9 / rate
        randomState = seed
        instant = Double(start)
        self.end = Double(end)
    }

    /// The next arrival, or nil after the last.
    package func claim() -> Int64? { lock.withLock { advance() } }

    private func advance() -> Int64? {
        guard instant < end else { return nil }
        randomState &+= 1
        let uniform = Double(mix64(randomState) >> 11) * 0x1p-53
        instant += -log(1 - uniform) * meanNanoseconds
        return instant < end ? Int64(instant) : nil
    }

    /// Ends the schedule.
    /// - Returns: arrivals that nobody claimed.
    package func drain() -> Int {
        lock.withLock {
            var count = 0
            while advance() != nil { count += 1 }
            return count
        }
    }
}

/// Which rates of an open loop are still worth offering to an engine.
package struct RateLadder: Sendable {
    private var saturated: [String: Double] = [:]

    /// Under this share of the rate an engine does not hold it.
    package static let heldShareMin = 0.6

    package init() {}

    package mutating func note(_ engine: String, rate: Double, reached: Double) {
        guard reached < rate * Self.heldShareMin else { return }
        saturated[engine] = min(saturated[engine] ?? .infinity, rate)
    }

    package func skips(_ engine: String, rate: Double) -> Bool {
        saturated[engine].map { rate > $0 } ?? false
    }
}
