import EmakiLog
import EmakiPlatform
import Synchronization

/// When appenders of a closed loop end.
struct BenchStop: Sendable {
    /// A number of events that all appenders share.
    final class Quota: Sendable {
        private let left: Atomic<Int>

        init(_ count: Int) { left = Atomic(count) }

        func take(_ count: Int) -> Bool {
            left.wrappingSubtract(count, ordering: .relaxed).oldValue >= count
        }
    }

    /// On the monotonic clock.
    var instant: Int64
    var quota: Quota?

    func allows(_ count: Int, now: Int64) -> Bool {
        guard now < instant else { return false }
        return quota?.take(count) ?? true
    }
}

/// One appender with one append outstanding: a task, or a plain thread.
struct BenchAppender: ~Copyable {
    private let log: EventLog
    private var feed: BenchFeed
    private var samples: BenchSamples
    private var tally = BenchTally()
    private let batchEvents: Int

    /// The first append is always made, so that a tiny run on a busy machine is not empty.
    private static let beforeStart = Int64.min

    init(_ session: BenchSession) throws(LogError) {
        log = session.log
        feed = try BenchFeed(session.plan, session.payload, session.streams)
        samples = BenchSamples(for: session.latency)
        batchEvents = session.plan.batchEvents
    }

    /// Appends from a task until it is time to stop.
    mutating func run(until stop: BenchStop) async -> BenchTally {
        var now = Self.beforeStart
        while stop.allows(batchEvents, now: now), !tally.isHopeless {
            now = await append(since: nil)
        }
        return finish()
    }

    /// Appends from a plain thread until it is time to stop.
    mutating func runBlocking(until stop: BenchStop) -> BenchTally {
        var now = Self.beforeStart
        while stop.allows(batchEvents, now: now), !tally.isHopeless {
            now = appendBlocking(since: nil)
        }
        return finish()
    }

    /// One append, whose latency counts from `intended`; nil: from the call.
    /// - Returns: the instant after it.
    nonisolated(nonsending) mutating func append(since intended: Int64?) async -> Int64 {
        do throws(LogError) {
            try feed.prepare()
            let started = SystemClock.monotonicNanoseconds()
            let wasStoredBefore =
                if feed.isSingle {
                    try await log.append(feed.event, to: feed.stream, expecting: feed.expecting)
                        .wasStoredBefore
                } else {
                    try await log.append(feed.parts).wasStoredBefore
                }
            return try settle(wasStoredBefore, since: intended ?? started)
        } catch {
            return settle(error)
        }
    }

    /// As `append(since:)`, blocking the thread.
    mutating func appendBlocking(since intended: Int64?) -> Int64 {
        do throws(LogError) {
            try feed.prepare()
            let started = SystemClock.monotonicNanoseconds()
            let wasStoredBefore =
                if feed.isSingle {
                    try log.blocking.append(
                        feed.event, to: feed.stream, expecting: feed.expecting
                    ).wasStoredBefore
                } else {
                    try log.blocking.append(feed.parts).wasStoredBefore
                }
            return try settle(wasStoredBefore, since: intended ?? started)
        } catch {
            return settle(error)
        }
    }

    /// Everything that surrounds an append, and no append: what the measuring itself costs.
    mutating func rehearse(_ count: Int) throws(LogError) {
        for _ in 0..<count {
            try feed.prepare()
            let started = SystemClock.monotonicNanoseconds()
            _ = try settle(false, since: started)
        }
        samples.handOver()
    }

    private mutating func settle(
        _ wasStoredBefore: Bool, since started: Int64
    ) throws(LogError) -> Int64 {
        let now = SystemClock.monotonicNanoseconds()
        samples.add(now - started)
        if wasStoredBefore {
            // Nothing was written, so this is not an append that was measured.
            tally.fail("the events were stored before; choose another --base")
        } else {
            tally.succeed(events: batchEvents)
        }
        try feed.advance()
        return now
    }

    private mutating func settle(_ error: LogError) -> Int64 {
        tally.fail("\(error)")
        do throws(LogError) { try feed.startOver() } catch { tally.fail("\(error)") }
        return SystemClock.monotonicNanoseconds()
    }

    /// Hands over the last samples.
    mutating func finish() -> BenchTally {
        samples.handOver()
        return tally
    }
}
