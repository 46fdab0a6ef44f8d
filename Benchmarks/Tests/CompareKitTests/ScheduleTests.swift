import CompareKit
import Testing

@Suite struct ScheduleTests {
    @Test("arrivals go forward, end with the run and come as often as asked")
    func arrivals() {
        let second: Int64 = 1_000_000_000
        let schedule = Schedule(rate: 10_000, seed: 7, start: 5, end: 5 + second)
        var count = 0
        var last: Int64 = 0
        while let due = schedule.claim() {
            #expect(due >= last && due >= 5 && due < 5 + second)
            last = due
            count += 1
        }
        // Six standard deviations of a Poisson number.
        #expect(abs(count - 10_000) < 600)
        #expect(schedule.claim() == nil)
        #expect(schedule.drain() == 0)
    }

    @Test("the gaps are as different as those of independent arrivals")
    func gaps() {
        let schedule = Schedule(rate: 1_000, seed: 3, start: 0, end: 10_000_000_000)
        var gaps: [Double] = []
        var last: Int64 = 0
        while let due = schedule.claim() {
            gaps.append(Double(due - last))
            last = due
        }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        // Of an exponential distribution the deviation is the mean.
        #expect(abs(variance.squareRoot() / mean - 1) < 0.05)
    }

    @Test("what nobody claimed is counted at the end")
    func drain() {
        let seen = Schedule(rate: 1_000, seed: 1, start: 0, end: 1_000_000_000)
        var total = 0
        while seen.claim() != nil { total += 1 }
        let schedule = Schedule(rate: 1_000, seed: 1, start: 0, end: 1_000_000_000)
        _ = schedule.claim()
        #expect(schedule.drain() == total - 1)
    }

    @Test("beyond a rate that an engine does not hold, higher ones are skipped")
    func ladder() {
        var ladder = RateLadder()
        ladder.note("a", rate: 1_000, reached: 600)
        #expect(!ladder.skips("a", rate: 2_000))
        ladder.note("a", rate: 2_000, reached: 1_199)
        #expect(!ladder.skips("a", rate: 2_000))
        #expect(ladder.skips("a", rate: 2_001))
        #expect(!ladder.skips("b", rate: 5_000))
    }

    @Test("each repetition has all jobs, in another order, and rates go up")
    func plan() {
        let contestants = [
            Contestant("raw"), Contestant("emaki", "loop"), Contestant("emaki", "threads"),
            Contestant("sqlite"),
        ]
        func jobs(_ seed: UInt64) -> [Job] {
            RunPlan.jobs(
                .full, items: ["A", "B", "C", "D", "E", "G"], contestants: contestants, seed: seed)
        }
        let first = jobs(1)
        let second = jobs(1 << 32)
        #expect(first != second)
        #expect(first.count == second.count)
        #expect(first.allSatisfy { second.contains($0) })
        let rates = first.compactMap { job -> Double? in
            guard case .append(_, _, let rate) = job.kind, rate > 0 else { return nil }
            return rate
        }
        #expect(rates == rates.sorted())
        // The device alone keeps no store and writes no batches.
        #expect(!first.contains { $0.contestant.engine == "raw" && "CDE".contains($0.item) })
        #expect(!first.contains { $0.contestant.variant == "loop" && "DE".contains($0.item) })
    }
}
