import EmakiLog
import EmakiPlatform

/// Open loop: appends arrive at random instants whether or not the log keeps up, and latency counts
/// from the arrival, so that waiting in line is part of it.
///
/// Plain threads claim the next arrival and sleep until it is due, as the contract has it. Tasks
/// must not block their executor, so one thread sleeps for all of them and wakes a free task for
/// each arrival; what that hand-over costs is part of the latency too.
extension BenchSession {
    func runOpenLoop(nanoseconds: Int64, from start: BenchStart) async throws -> BenchTally {
        let now = SystemClock.monotonicNanoseconds()
        let schedule = BenchSchedule(
            rate: plan.rate, seed: plan.seed &+ UInt64(now), nanoseconds: nanoseconds)
        var tally: BenchTally
        if plan.variant == .threads {
            tally = await runThreads(schedule, from: start)
        } else {
            tally = try await runTasks(schedule, until: schedule.begin(at: now))
        }
        // If no thread came so far, all arrivals are missed.
        schedule.begin(at: now)
        tally.miss(schedule.drain())
        return tally
    }

    private func runThreads(
        _ schedule: BenchSchedule, from start: BenchStart
    ) async -> BenchTally {
        let totals = BenchTotals()
        await BenchThreads.run(plan.appenderCount, from: start) { _, gate in
            BenchTimer.sharpen()
            let timer = BenchTimer()
            do throws(LogError) {
                var appender = try BenchAppender(self)
                let limit = schedule.begin(at: gate.pass())
                var now: Int64 = 0
                while now < limit, let due = schedule.claim() {
                    timer.sleep(until: due)
                    now = appender.appendBlocking(since: due)
                }
                totals.add(appender.finish())
            } catch {
                totals.add(BenchTally(error))
            }
        }
        return totals.tally
    }

    private func runTasks(
        _ schedule: BenchSchedule, until limit: Int64
    ) async throws -> BenchTally {
        let desk = BenchDesk()
        SystemThread.start(name: "bench-arrivals") {
            BenchTimer.sharpen()
            let timer = BenchTimer()
            while let due = schedule.claim() {
                timer.sleep(until: due)
                desk.arrive(due)
            }
            desk.close()
        }
        let executor: (any TaskExecutor)? = plan.variant == .loop ? log.loop : nil
        let tally = await withTaskGroup(of: BenchTally.self) { group in
            for _ in 0..<plan.appenderCount {
                group.addTask(executorPreference: executor) {
                    await serve(desk, until: limit)
                }
            }
            return await group.reduce(into: BenchTally()) { $0 += $1 }
        }
        schedule.addMissed(desk.waitingCount)
        return tally
    }

    private func serve(_ desk: BenchDesk, until limit: Int64) async -> BenchTally {
        do throws(LogError) {
            var appender = try BenchAppender(self)
            var now: Int64 = 0
            while now < limit, let due = await desk.next() {
                now = await appender.append(since: due)
            }
            return appender.finish()
        } catch {
            return BenchTally(error)
        }
    }
}

/// Poisson arrivals, claimed one after the other.
final class BenchSchedule: @unchecked Sendable {
    private let lock = Lock()
    private let meanNanoseconds: Double
    private let nanoseconds: Int64
    private var end = -Double.infinity
    private var instant = 0.0
    private var randomState: UInt64
    private var missedCount = 0
    private var begun: Int64?

    init(rate: Double, seed: UInt64, nanoseconds: Int64) {
        meanNanoseconds = 1e9 / rate
        randomState = seed
        self.nanoseconds = nanoseconds
    }

    /// Says when the first arrival may be; before, there is none. Only the first call counts.
    /// - Returns: until when arrivals are served.
    @discardableResult
    func begin(at start: Int64) -> Int64 {
        lock.withLock {
            if begun == nil {
                begun = start
                (instant, end) = (Double(start), Double(start + nanoseconds))
            }
            return (begun ?? start) + nanoseconds + BenchPlan.overtimeNanoseconds
        }
    }

    /// The next arrival, or nil after the last.
    func claim() -> Int64? { lock.withLock { advance() } }

    private func advance() -> Int64? {
        guard instant < end else { return nil }
        randomState &+= 1
        let uniform = Double(SplitMix.mix64(randomState) >> 11) * 0x1p-53
        instant += -Double.logarithm(1 - uniform) * meanNanoseconds
        return instant < end ? Int64(instant) : nil
    }

    func addMissed(_ count: Int) { lock.withLock { missedCount += count } }

    /// Ends the schedule.
    /// - Returns: arrivals that nobody served.
    func drain() -> Int {
        lock.withLock {
            while advance() != nil { missedCount += 1 }
            return missedCount
        }
    }
}
