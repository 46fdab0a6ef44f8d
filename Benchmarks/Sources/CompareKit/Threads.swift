import Foundation

/// What threads of a run add up.
package struct Tally: Sendable {
    package var ops = 0
    package var events = 0
    package var errors = 0
    package var firstError: String?
    package var latency = LatencyRecorder()

    /// Who only fails gives up after so many.
    static let errorsMax = 100

    mutating func succeed(events count: Int) {
        ops += 1
        events += count
    }

    mutating func fail(_ reason: String) {
        errors += 1
        firstError = firstError ?? reason
    }

    var isHopeless: Bool { errors >= Self.errorsMax }

    mutating func add(_ other: Tally) {
        ops += other.ops
        events += other.events
        errors += other.errors
        firstError = firstError ?? other.firstError
        latency.add(other.latency)
    }
}

/// Plain threads that are waited for.
enum Threads {
    private final class Totals: @unchecked Sendable {
        private let lock = NSLock()
        private var total = Tally()

        func add(_ tally: Tally) { lock.withLock { total.add(tally) } }
        var tally: Tally { lock.withLock { total } }
    }

    private static let stackBytes = 1 << 20

    /// - Returns: the sum of what the threads did.
    static func run(
        _ count: Int, _ body: @escaping @Sendable (Int, inout Tally) throws -> Void
    ) -> Tally {
        let totals = Totals()
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            let thread = Thread {
                var tally = Tally()
                do { try body(index, &tally) } catch { tally.fail("\(error)") }
                totals.add(tally)
                group.leave()
            }
            thread.stackSize = stackBytes
            thread.start()
        }
        group.wait()
        return totals.tally
    }
}

/// A number of events that all appenders share.
final class Quota: @unchecked Sendable {
    private let lock = NSLock()
    private var left: Int

    init(_ count: Int) { left = count }

    func take(_ count: Int) -> Bool {
        lock.withLock {
            guard left >= count else { return false }
            left -= count
            return true
        }
    }
}
