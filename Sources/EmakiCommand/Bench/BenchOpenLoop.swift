import EmakiLog
import EmakiPlatform

/// Open loop: appends arrive at random instants whether or not the log keeps up, and latency counts
/// from the arrival, so that waiting in line is part of it.
///
/// Plain threads claim the next arrival and sleep until it is due, as the contract has it. Tasks
/// must not block their executor, so one thread sleeps for all of them and wakes a free task for
/// each arrival; what that hand-over costs is part of the latency too.
extension BenchSession {
    func runOpenLoop(nanoseconds: Int64) async throws -> BenchTally {
        let start = SystemClock.monotonicNanoseconds()
        let schedule = BenchSchedule(
            rate: plan.rate, seed: plan.seed &+ UInt64(start), start: start,
            end: start + nanoseconds)
        let limit = start + nanoseconds + BenchPlan.overtimeNanoseconds
        var tally =
            plan.variant == .threads
            ? await runThreads(schedule, until: limit)
            : try await runTasks(schedule, until: limit)
        tally.miss(schedule.drain())
        return tally
    }

    private func runThreads(_ schedule: BenchSchedule, until limit: Int64) async -> BenchTally {
        let totals = BenchTotals()
        await BenchThreads.run(plan.appenderCount) { _ in
            BenchTimer.sharpen()
            let timer = BenchTimer()
            do throws(LogError) {
                var appender = try BenchAppender(self)
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
    private let end: Double
    private var instant: Double
    private var randomState: UInt64
    private var missedCount = 0

    init(rate: Double, seed: UInt64, start: Int64, end: Int64) {
        meanNanoseconds = 1e9 / rate
        randomState = seed
        instant = Double(start)
        self.end = Double(end)
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
