import Foundation

/// Appends: closed loops, in which each appender has one outstanding, and open ones.
extension EngineProgram {
    func closedLoop(seconds: Double, quota: Quota?) throws -> Measured {
        let nanoseconds = Int64(seconds * 1e9)
        if let pipe = try peer.pipe(lanes: plan.appenders) {
            let start = StartGate.now()
            let end = start.instant + nanoseconds
            return Measured(
                try closedLoop(through: pipe, until: end, quota: quota), since: start)
        }
        let gate = StartGate(plan.appenders)
        let tally = Threads.run(plan.appenders) { [self] _, tally in
            defer { gate.pass() }
            let session = try peer.session()
            var feed = Feed(payload, streams, batchCount: plan.batch)
            let end = gate.pass().instant + nanoseconds
            var now = Clock.nanoseconds()
            // The first append is always made, so that a tiny run is not empty.
            repeat {
                guard quota?.take(plan.batch) ?? true else { break }
                now = append(&feed, through: session, since: nil, &tally)
            } while now < end && !tally.isHopeless
        }
        return Measured(tally, since: gate.start)
    }

    func openLoop() throws -> Measured {
        let nanoseconds = Int64(plan.seconds * 1e9)
        let schedules = ScheduleSource(plan)
        var measured: Measured
        if let pipe = try peer.pipe(lanes: plan.appenders) {
            let start = StartGate.now()
            let limit = start.instant + nanoseconds + Self.overtimeNanoseconds
            let schedule = schedules.schedule(from: start.instant)
            measured = Measured(
                try openLoop(schedule, through: pipe, until: limit), since: start)
        } else {
            let gate = StartGate(plan.appenders)
            let tally = Threads.run(plan.appenders) { [self] _, tally in
                defer { gate.pass() }
                Clock.sharpen()
                let session = try peer.session()
                var feed = Feed(payload, streams, batchCount: plan.batch)
                let start = gate.pass().instant
                let schedule = schedules.schedule(from: start)
                let limit = start + nanoseconds + Self.overtimeNanoseconds
                var now = Clock.nanoseconds()
                while now < limit, !tally.isHopeless, let due = schedule.claim() {
                    Clock.sleep(until: due)
                    now = append(&feed, through: session, since: due, &tally)
                }
            }
            measured = Measured(tally, since: gate.start)
        }
        let missed = schedules.schedule(from: 0).drain()
        if missed > 0 {
            measured.tally.fail("\(missed) arrivals were still waiting 1 s after the end")
            measured.tally.errors += missed - 1
        }
        return measured
    }

    /// - Returns: the instant after it.
    private func append(
        _ feed: inout Feed, through session: any PeerSession, since due: Int64?,
        _ tally: inout Tally
    ) -> Int64 {
        feed.prepare()
        let started = due ?? Clock.nanoseconds()
        do {
            try session.append(feed.batch)
            tally.succeed(events: feed.batch.count)
        } catch {
            tally.fail("\(error)")
            feed.startStream()
        }
        let now = Clock.nanoseconds()
        tally.latency.record(now - started)
        return now
    }

    private func closedLoop(
        through pipe: any PeerPipe, until end: Int64, quota: Quota?
    ) throws -> Tally {
        var tally = Tally()
        var lanes = Lanes(self)
        for lane in lanes.indices where quota?.take(plan.batch) ?? true {
            try lanes.submit(lane, through: pipe, since: nil)
        }
        while lanes.outstanding > 0 {
            for lane in try pipe.completed(until: nil) {
                let now = lanes.settle(lane, &tally)
                guard now < end, quota?.take(plan.batch) ?? true else { continue }
                try lanes.submit(lane, through: pipe, since: nil)
            }
        }
        return tally
    }

    private func openLoop(
        _ schedule: Schedule, through pipe: any PeerPipe, until limit: Int64
    ) throws -> Tally {
        Clock.sharpen()
        var tally = Tally()
        var lanes = Lanes(self)
        var free = Array(lanes.indices)
        var due = schedule.claim()
        var now = Clock.nanoseconds()
        while now < limit, due != nil || lanes.outstanding > 0 {
            while let arrival = due, arrival <= now, let lane = free.popLast() {
                try lanes.submit(lane, through: pipe, since: arrival)
                due = schedule.claim()
            }
            if lanes.outstanding == 0, let arrival = due {
                Clock.sleep(until: arrival)
            } else {
                for lane in try pipe.completed(until: free.isEmpty ? limit : due ?? limit) {
                    _ = lanes.settle(lane, &tally)
                    free.append(lane)
                }
            }
            now = Clock.nanoseconds()
        }
        tally.errors += lanes.outstanding + (due == nil ? 0 : 1)
        return tally
    }
}

/// The appenders that one thread serves.
private struct Lanes {
    private var feeds: [Feed]
    private var since: [Int64]
    private(set) var outstanding = 0

    init(_ program: EngineProgram) {
        feeds = (0..<program.plan.appenders).map { _ in
            Feed(program.payload, program.streams, batchCount: program.plan.batch)
        }
        since = [Int64](repeating: 0, count: feeds.count)
    }

    var indices: Range<Int> { feeds.indices }

    mutating func submit(_ lane: Int, through pipe: any PeerPipe, since due: Int64?) throws {
        feeds[lane].prepare()
        since[lane] = due ?? Clock.nanoseconds()
        try pipe.submit(feeds[lane].batch, lane: lane)
        outstanding += 1
    }

    mutating func settle(_ lane: Int, _ tally: inout Tally) -> Int64 {
        let now = Clock.nanoseconds()
        tally.latency.record(now - since[lane])
        tally.succeed(events: feeds[lane].batch.count)
        outstanding -= 1
        return now
    }
}

/// The one schedule of a run, which begins when all appenders are there.
private final class ScheduleSource: @unchecked Sendable {
    private let lock = NSLock()
    private let plan: EnginePlan
    private var made: Schedule?

    init(_ plan: EnginePlan) { self.plan = plan }

    /// The first to ask says when it begins.
    func schedule(from start: Int64) -> Schedule {
        lock.withLock {
            if let made { return made }
            let schedule = Schedule(
                rate: plan.rate, seed: plan.seed &+ UInt64(start), start: start,
                end: start + Int64(plan.seconds * 1e9))
            made = schedule
            return schedule
        }
    }
}
